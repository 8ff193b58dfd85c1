"""Families and comparisons from the command line, as a user types them."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from analysis.datasets.generated.digits import source
from analysis.pipelines import speed
from models import cards, catalogue
from tests.app.typed import answered, cutaway


def said(capsys: pytest.CaptureFixture[str], *words: object) -> list[str]:
    capsys.readouterr()
    assert cutaway(*words) == 0, capsys.readouterr().err
    return capsys.readouterr().out.splitlines()


@pytest.fixture(autouse=True)
def quick(monkeypatch) -> None:
    monkeypatch.setattr(speed, "WARM_UP", 0)
    monkeypatch.setattr(speed, "SECONDS", 0)


@pytest.fixture
def half(workspace: Path) -> str:
    """A variant of digits-cnn with half of each layer's weights; its name."""
    found, own = catalogue.load("digits-cnn"), catalogue.card("digits-cnn")
    assert own is not None
    for module in found.module.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.weight[module.weight.abs() <= module.weight.abs().median()] = 0
    same = {"architecture": found.architecture, "preprocessing": found.preprocessing, "class_names": found.class_names}
    made = catalogue.wrap(found.module, **same)
    card = replace(own, name="half", parent="digits-cnn", parent_id=own.model_id, model_id=made.fingerprint)
    cards.store(replace(card, accuracy={}, profile=None), found.module.state_dict(), workspace / "models")
    return "half"


@pytest.fixture
def data(tmp_path: Path, capsys) -> str:
    images, labels = source()
    np.savez(tmp_path / "numbers.npz", x=images[:200, ..., None], y=labels[:200])
    assert cutaway("import-data", tmp_path / "numbers.npz", "--name", "numbers") == 0
    return "numbers"


def test_models_are_listed_as_families(half, capsys):
    rows = answered(capsys, "variants")["models"]
    names = [row["name"] for row in rows]
    child = rows[names.index("digits-cnn") + 1]
    assert (child["name"], child["depth"], child["parent"]) == ("half", 1, "digits-cnn")
    assert all(row["depth"] == 0 for row in rows if row["name"] in ("digits-cnn", "shapes-vit"))
    parent = rows[names.index("digits-cnn")]
    assert (parent["profile"]["macs"], parent["profile"]["sparsity"]) == (3558016, 0)
    assert {"dataset_name": "digits", "accuracy": 0.9889}.items() <= parent["measures"][0].items()
    lines = said(capsys, "variants")
    assert any(
        line.startswith("digits-cnn: 0.0% zeros; 228 kB; 3.56 M MACs; accuracy 98.89% (digits, its card)")
        for line in lines
    )
    assert any(line.startswith("  half: ") for line in lines)


def test_a_variant_is_compared_with_its_base(half, data, capsys):
    found = answered(capsys, "compare", "digits-cnn", half, "--data", data)
    base, variant = found["models"]
    assert found["data"] == "numbers"
    assert (base["name"], variant["name"]) == ("digits-cnn", "half")
    assert variant["profile"]["sparsity"] == pytest.approx(0.5, abs=0.001)
    assert (base["profile"]["macs"], variant["profile"]["macs"]) == (3558016, 3558016)
    assert variant["profile"]["size_sparse"] < 0.6 * variant["profile"]["size_dense"]
    for model in found["models"]:
        assert model["speeds"][0]["latency_ms"] > 0
        assert f"{torch.get_num_threads()} thread" in model["speeds"][-1]["device"]
    ours = variant["measures"]
    assert ours["base_id"] == base["model_id"]
    assert ours["changed"] == round((1 - ours["agreement"]) * 200)
    assert 0 < ours["cka"] <= 1
    assert ours["delta_logit"] > 0
    assert base["measures"]["agreement"] is None
    assert base["measures"]["accuracy"] > 0.9
    assert any("Zeros alone give no speed-up" in remark for remark in found["remarks"])
    listed = {row["name"]: row for row in answered(capsys, "variants")["models"]}["half"]
    kept = [m for m in listed["measures"] if m["dataset_id"]]
    assert [m["accuracy"] for m in kept] == [ours["accuracy"]]
    assert any(f"accuracy {ours['accuracy']:.2%} (numbers)" in line for line in said(capsys, "variants"))


def test_the_table_has_a_line_a_figure(half, data, capsys):
    lines = said(capsys, "compare", "digits-cnn", half, "--data", data, "--no-speed")
    assert lines[0].split() == ["digits-cnn", "half"]
    table = {line[: lines[0].index("digits-cnn")].strip(): line for line in lines[1:]}
    assert table["zeros among prunable weights"].split()[-6:] == ["0.00%", "of", "56,224", "50.00%", "of", "56,224"]
    assert table["multiply-accumulates of one image"].split()[-2:] == ["3,558,016", "3,558,016"]
    assert table["predictions that change"].split()[-2] == "-"
    assert int(table["predictions that change"].split()[-1]) >= 0
    assert not any("images/s" in line for line in lines)
    assert any(line.startswith("note: Zeros alone") for line in lines)


def test_the_other_way_round_the_other_is_the_base(half, data, capsys):
    found = answered(capsys, "compare", half, "digits-cnn", "--data", data, "--no-speed")
    variant, base = found["models"]
    assert base["measures"]["base_id"] == variant["model_id"]
    assert base["measures"]["changed"] is not None
    assert variant["measures"]["changed"] is None, "it is the one that the other is compared with"
    assert not math.isnan(variant["measures"]["accuracy"])


def test_without_data_weights_and_speed_are_compared(half, capsys):
    found = answered(capsys, "compare", "digits-cnn", half)
    assert found["data"] is None
    assert [m["measures"] for m in found["models"]] == [None, None]
    assert all(m["profile"] and m["speeds"] for m in found["models"])


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("digits-cnn", "digits-cnn"), 2, "name two models"),
        (("digits-cnn", "digits-cn"), 1, "no classifier named 'digits-cn'"),
        (("digits-cnn", "shapes-cnn", "--data", "nothing"), 1, "no dataset named 'nothing'"),
    ],
)
def test_what_cannot_be_compared_is_one_line(words, code, message, capsys):
    assert cutaway("compare", *words) == code
    error = capsys.readouterr().err
    assert message in " ".join(error.split())
    assert "Traceback" not in error


def test_pruning_methods_say_what_they_need(capsys):
    methods = {m["name"]: m for m in answered(capsys, "methods", "--family", "pruning")["methods"]}
    assert methods["global_magnitude"]["needs_data"] is False
    assert methods["global_magnitude"]["scope"] == "global"
    assert methods["snip"]["needs_data"] is True
    assert all(m["paper"] and m["reads"] and m["fails"] and m["group"] for m in methods.values())
    assert "gradcam" not in methods
    lines = said(capsys, "methods", "--family", "pruning")
    assert any(line.startswith("snip: ") and "needs-data" in line for line in lines)
    same = answered(capsys, "methods", "--family", "attribution")
    assert same == answered(capsys, "methods")
    assert cutaway("methods", "--family", "cooking") == 2
