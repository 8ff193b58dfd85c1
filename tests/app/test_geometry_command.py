"""`cutaway geometry`, as a user types it."""

import json
from html import unescape
from pathlib import Path

import numpy as np
import pyarrow.csv
import pyarrow.parquet
import pytest

from analysis.geometry import MEASURES
from analysis.passes.features import feature_path
from analysis.store import Store
from tests.analysis.pipelines.sweep_specimens import dataset, keep
from tests.app.typed import answered, cutaway

COUNT = 60
PLAIN = ("--model", "digits-cnn", "--data", f"digits{COUNT}")


@pytest.fixture(autouse=True)
def digits(workspace: Path) -> None:
    """A dataset `digits60` and a variant `half`."""
    with Store.open(workspace) as store:
        dataset(workspace, COUNT, store)
    keep(workspace, "half")


def complaint(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """What it says of what it cannot do, and that this is all it says."""
    capsys.readouterr()
    assert cutaway(*words) != 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "Traceback" not in said.err
    return " ".join(said.err.replace("│", " ").split())


def test_it_measures_the_main_layers_and_writes_a_table(capsys, tmp_path, workspace):
    out = tmp_path / "new" / "t.parquet"
    found = answered(capsys, "geometry", *PLAIN, "--out", out)
    (model,) = found["models"]
    assert (found["dataset"], found["condition"], model["name"]) == (f"digits{COUNT}", "clean", "digits-cnn")
    usual = {m.name for m in MEASURES if m.group != "similarity" and not m.slow}
    single = [n for n in model["numbers"] if not n["other_pass"]]
    assert {n["measure"] for n in single} == usual
    assert list(dict.fromkeys(n["tap"] for n in single)) == ["relu1", "relu2", "penultimate"]
    assert all(n["value"] is not None or n["why"] for n in single)
    (length,) = (n for n in single if n["measure"] == "length" and n["tap"] == "penultimate")
    features = np.load(feature_path(workspace / "passes" / length["pass_id"], "penultimate")).astype(np.float64)
    assert length["value"] == pytest.approx(np.median(np.linalg.norm(features, axis=1)))
    assert length["samples"] == COUNT
    table = pyarrow.parquet.read_table(out)
    assert table.num_rows == len(model["numbers"])
    rows = table.filter(pyarrow.compute.equal(table["measure"], "length")).to_pylist()
    assert rows[-1]["value"] == length["value"]
    assert rows[-1]["convention"] == MEASURES["length"].convention
    nothing = [r for r in table.to_pylist() if r["value"] is None]
    assert nothing
    assert all(r["why"].startswith("not defined here because") for r in nothing)
    assert found["stands_out"]


def test_variants_are_measured_together(capsys, tmp_path):
    out = tmp_path / "t.csv"
    words = ("--model", "digits-cnn,half", "--data", f"digits{COUNT}", "--measures", "length,cka,nc1_trace")
    found = answered(capsys, "geometry", *words, "--tap", "relu2,penultimate", "--out", out)
    assert [m["name"] for m in found["models"]] == ["digits-cnn", "half"]
    table = pyarrow.csv.read_csv(out)
    across = [r for r in table.to_pylist() if r["other_model"] == "half" and r["model"] == "digits-cnn"]
    assert [(r["tap"], r["other_tap"], r["measure"]) for r in across] == [
        ("relu2", "relu2", "cka"),
        ("penultimate", "penultimate", "cka"),
    ]
    assert cutaway("geometry", *words, "--tap", "relu2,penultimate") == 0
    said = capsys.readouterr().out
    assert "half over digits60: " in said
    assert "nc1_trace" in said
    assert "what stands out:" in said


def test_what_was_measured_before_is_read_back(capsys, monkeypatch):
    words = ("geometry", *PLAIN, "--measures", "length", "--no-similarity")
    first = answered(capsys, *words)
    monkeypatch.setattr("analysis.pipelines.work.run_here", lambda *_: pytest.fail("it was run again"))
    assert answered(capsys, *words) == first
    assert not any(n["other_pass"] for n in first["models"][0]["numbers"])


def test_all_layers_and_a_condition(capsys):
    found = answered(
        capsys, "geometry", *PLAIN, "--tap", "all", "--measures", "length", "--condition", "gaussian_noise/3"
    )
    assert found["condition"] == "gaussian_noise/3"
    numbers = [n for n in found["models"][0]["numbers"] if not n["other_pass"]]
    taps = [n["tap"] for n in numbers]
    assert taps[-1] == "penultimate"  # what the head gives is no layer of features
    assert len(taps) == 12
    same = {n["tap"]: n["same_as"] for n in numbers if n["same_as"]}
    assert same
    values = {n["tap"]: n["value"] for n in numbers}
    assert all(values[tap] == values[other] for tap, other in same.items())
    capsys.readouterr()
    words = ("--tap", "all", "--measures", "length", "--condition", "gaussian_noise/3")
    assert cutaway("geometry", *PLAIN, *words) == 0
    rows = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
    assert not set(rows) & set(same)
    assert set(taps) - set(same) <= set(rows)


def test_what_cannot_be_done_is_said_in_a_line(capsys):
    assert "nothing-such" in complaint(capsys, "geometry", "--model", "nothing-such", "--data", f"digits{COUNT}")
    assert "roundness" in complaint(capsys, "geometry", *PLAIN, "--measures", "roundness")
    assert "conv9" in complaint(capsys, "geometry", *PLAIN, "--tap", "conv9")
    assert "dataset" in complaint(capsys, "geometry", "--model", "digits-cnn", "--data", "no")
    assert "one to 6" in complaint(capsys, "geometry", "--model", ",", "--data", f"digits{COUNT}")


def test_parameters_make_another_number_beside_the_usual_one(capsys):
    words = ("geometry", *PLAIN, "--tap", "relu2,penultimate", "--measures", "cka,twonn,mle")
    usual = answered(capsys, *words)["models"][0]["numbers"]
    turned = (*words, "--param", "cka.estimator=biased", "--param", "mle.k=5", "--param", "twonn.discard=0")
    found = answered(capsys, *turned)["models"][0]["numbers"]
    assert {n["measure"] for n in found} == {"cka(estimator=biased)", "mle(k=5)", "twonn(discard=0)"}
    value = {(n["tap"], n["measure"].partition("(")[0]): n["value"] for n in usual}
    assert all(n["value"] != value[n["tap"], n["measure"].partition("(")[0]] for n in found)
    (five,) = (n for n in found if n["measure"] == "mle(k=5)" and n["tap"] == "penultimate")
    assert five["params"]["k"] == 5
    assert answered(capsys, *words)["models"][0]["numbers"] == usual
    assert cutaway(*turned) == 0
    said = capsys.readouterr().out
    assert "mle(k=5)" in said
    assert f"cka(estimator=biased) of relu2 with penultimate: {found[-1]['value']:.4g}"[:30] in said


def test_all_measures_with_one_turned(capsys):
    words = ("geometry", *PLAIN, "--tap", "penultimate", "--param", "knn_accuracy.metric=cosine")
    names = {n["measure"] for n in answered(capsys, *words)["models"][0]["numbers"]}
    assert "knn_accuracy(metric=cosine)" in names
    assert "knn_accuracy" not in names
    assert "knn_purity" in names


def test_other_parameters_are_read_back_too(capsys, monkeypatch):
    answered(capsys, "geometry", *PLAIN, "--measures", "mle,cka")
    words = ("geometry", *PLAIN, "--measures", "mle,cka", "--param", "mle.k=5", "--param", "cka.estimator=biased")
    first = answered(capsys, *words)
    monkeypatch.setattr("analysis.pipelines.work.run_here", lambda *_: pytest.fail("it was run again"))
    assert answered(capsys, *words) == first
    assert not first["stands_out"]


def test_wrong_parameters_are_refused(capsys):
    assert "no parameter 'j'" in complaint(capsys, "geometry", *PLAIN, "--param", "mle.j=5")
    assert "from 3 to 30" in complaint(capsys, "geometry", *PLAIN, "--param", "mle.k=2")
    assert "MEASURE.NAME=VALUE" in complaint(capsys, "geometry", *PLAIN, "--param", "k=2")
    said = complaint(capsys, "geometry", *PLAIN, "--measures", "twonn", "--param", "mle.k=5")
    assert "not among the measures" in said


def test_only_pairs_of_the_layers_that_were_asked(capsys):
    answered(capsys, "geometry", *PLAIN, "--measures", "cka")
    found = answered(capsys, "geometry", *PLAIN, "--tap", "relu2,penultimate", "--measures", "cka")
    assert [(n["tap"], n["other_tap"]) for n in found["models"][0]["numbers"]] == [("relu2", "penultimate")]


def test_the_files_that_can_be_written(capsys, tmp_path):
    words = ("geometry", *PLAIN, "--tap", "relu2,penultimate", "--measures", "length,cka")
    said = complaint(capsys, *words, "--out", tmp_path / "t.xlsx")
    assert "does not end in .csv, .parquet, .json or .html" in said
    for other in (("sweep", "--models"), ("predict", "--model"), ("embed", "--model")):
        typed = (*other, "digits-cnn", "--data", f"digits{COUNT}", "--out", tmp_path / "t.html")
        assert "does not end in .csv or .parquet" in complaint(capsys, *typed)
    found = answered(capsys, *words, "--out", tmp_path / "t.json")
    assert json.loads((tmp_path / "t.json").read_text("utf-8")) == found
    assert cutaway(*words, "--out", tmp_path / "t.html") == 0
    text = (tmp_path / "t.html").read_text("utf-8")
    assert text.startswith("<!doctype html>")
    assert MEASURES["length"].label in text
    assert found["training"][0] in unescape(text)
    assert not [path for path in tmp_path.iterdir() if path.suffix == ".part"]


def test_the_samples_of_each_number_are_told(capsys):
    assert cutaway("geometry", *PLAIN, "--tap", "penultimate", "--measures", "length") == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
    assert ["n", str(COUNT)] in rows


def test_methods_lists_the_measures(capsys):
    found = answered(capsys, "methods", "--family", "geometry")["methods"]
    assert {m["name"] for m in found} == {m.name for m in MEASURES}
    assert all(m["convention"] and m["paper"] and m["reads"] for m in found)
    assert cutaway("methods", "--family", "geometry") == 0
    assert "twonn" in capsys.readouterr().out
