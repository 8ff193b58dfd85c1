"""Probes at a layer; known samples against those of another dataset, by a job, with the convention in words."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from analysis.measurements import Measurement
from app import resources
from app.widgets.geometry import separability
from tests.app.beside import closed, drawn, said
from tests.app.geometry_beside import measured, opened
from tests.embeddings_workspace import WHEN, Made, made


@pytest.fixture
def filled(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Made]:
    found = measured(workspace, 300, 4, 16, 1)
    rng = np.random.default_rng(0)
    head = SimpleNamespace(weight=torch.tensor(rng.normal(size=(4, 16))), bias=None)
    model = SimpleNamespace(name="net", fingerprint=found.passes[0].model_id, head=head)
    monkeypatch.setattr(resources, "classifier", lambda name: model)
    yield found
    closed()


@pytest.mark.usefixtures("filled")
def test_probes_are_listed_with_their_n() -> None:
    page = drawn(opened("separability"))
    table = page.dataframe[0].value
    assert "Linear probe" in table["Measure"].tolist()
    assert all(int(cell.replace(",", "")) > 0 for cell in table["n"])
    assert any("It takes a second dataset" in i.value for i in page.info)


def test_another_dataset_is_unknown(filled: Made, workspace: Path) -> None:
    other = made(workspace, 200, 3, 16, 1, seed=5, pictures=False)
    page = opened("separability", other=other.dataset.dataset_id[:12])
    table: Any = None
    for _ in range(30):
        drawn(page)
        found = [d.value for d in page.dataframe if "AUROC" in d.value]
        if found:
            table = found[0]
            break
    assert table["Score"].tolist() == ["Largest softmax", "Largest logit", "Energy", "k-th nearest neighbour"]
    assert table["n"].tolist()[0] == "300 + 200"
    assert ((table["AUROC"] >= 0) & (table["AUROC"] <= 100)).all()
    assert any("Unknown samples are the positive class" in c.value.replace("\\", "") for c in page.caption)
    page.segmented_control(key="geometry.separability.positive").set_value("known")
    for _ in range(30):
        drawn(page)
        if any("Known samples are the positive class" in c.value for c in page.caption):
            break
    turned = next(d.value for d in page.dataframe if "AUROC" in d.value)
    np.testing.assert_allclose(turned["AUROC"], table["AUROC"])


def test_a_model_that_was_not_run_over_it_is_offered(filled: Made, workspace: Path) -> None:
    other = made(workspace, 100, 3, 16, 0, seed=6, pictures=False)
    page = drawn(opened("separability", other=other.dataset.dataset_id[:12]))
    assert any(b.label.startswith("Run net over") for b in page.button)
    assert "**Known against unknown**" in said(page)


def test_a_dataset_that_the_model_was_run_over_is_set_against_it_unasked(filled: Made, workspace: Path) -> None:
    made(workspace, 100, 3, 16, 0, seed=6, pictures=False)
    run = made(workspace, 200, 3, 16, 1, seed=5, pictures=False)
    page = drawn(opened("separability"))
    assert page.selectbox(key="geometry.w.ood.other").value == run.dataset.dataset_id


def test_a_dash_in_the_table_says_why() -> None:
    nothing = Measurement(
        "p", "conv1", 0, "silhouette", {}, 1, float("nan"), 0, float("nan"), float("nan"), "",
        "not defined here because no sample has a class", (), 0.0, WHEN,
    )  # fmt: skip
    assert separability._cell(nothing) == separability._cell(None) == "–"
    two = replace(nothing, value=0.25, low=0.2, high=0.3, why="", samples=300)
    assert separability._cell(two) == "0.25 (0.2 to 0.3)"
