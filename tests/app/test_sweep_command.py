"""`cutaway sweep`, as a user types it."""

from pathlib import Path

import numpy as np
import pyarrow.csv
import pyarrow.parquet
import pytest

from analysis.store import Store
from tests.analysis.pipelines.sweep_specimens import dataset, keep
from tests.app.typed import answered, cutaway

COLUMNS = ["model", "corruption", "severity", "sample", "truth", "prediction"]
COLUMNS += ["confidence", "correct", "loss", "angle", "length", "margin"]


@pytest.fixture(autouse=True)
def digits(workspace: Path) -> None:
    """A dataset `digits60` and a variant `half`."""
    with Store.open(workspace) as store:
        dataset(workspace, 60, store)
    keep(workspace, "half")


def complaint(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    capsys.readouterr()
    assert cutaway("sweep", *words) != 0
    return " ".join(capsys.readouterr().err.split())


def test_a_sweep_answers_and_writes_its_table(capsys, tmp_path, workspace):
    words = ("sweep", "--models", "digits-cnn,half", "--data", "digits60", "--corruptions", "fog,contrast")
    words += ("--severities", "1,3-4", "--limit", "40", "--deck", "both=digits-cnn+half")
    found = answered(capsys, *words, "--out", tmp_path / "t.parquet")
    assert (found["samples"], found["reference"], len(found["cells"])) == (40, "digits-cnn", 3 * 7)
    table = pyarrow.parquet.read_table(tmp_path / "t.parquet")
    assert table.column_names == COLUMNS
    assert len(table) == 40 * 21
    rows = table.to_pylist()
    assert {(r["corruption"], r["severity"]) for r in rows} == {
        ("clean", 0), *(("fog", s) for s in (1, 3, 4)), *(("contrast", s) for s in (1, 3, 4))
    }  # fmt: skip
    assert all(r["correct"] == (r["truth"] == r["prediction"]) for r in rows)
    assert all((r["angle"] is None) == (r["model"] == "both") for r in rows)
    for cell in found["cells"]:
        keys = ("model", "corruption", "severity")
        mine = [r["correct"] for r in rows if all(r[k] == cell[k] for k in keys)]
        assert cell["accuracy"] == pytest.approx(np.mean(mine))
    assert answered(capsys, *words, "--out", tmp_path / "t.csv")["sweep_id"] == found["sweep_id"]
    typed = pyarrow.csv.read_csv(tmp_path / "t.csv")
    assert typed.column_names == COLUMNS
    assert len(typed) == len(table)
    assert cutaway(*words) == 0
    said = capsys.readouterr().out
    assert "half:" in said
    assert "over 6 corrupted cells" in said
    with Store.open(workspace) as store:
        assert [s.sweep_id for s in store.sweeps.all()] == [found["sweep_id"]]


def test_what_cannot_be_swept_is_said_in_a_line(capsys):
    plain = ("--models", "digits-cnn", "--data", "digits60", "--corruptions", "fog")
    assert "is not like 1-5" in complaint(capsys, *plain, "--severities", "high")
    assert "A severity is a whole number from 1 to 5; got 9." in complaint(capsys, *plain, "--severities", "9")
    assert "NAME=A+B" in complaint(capsys, *plain, "--deck", "both")
    assert "no model of this sweep" in complaint(capsys, *plain, "--deck", "d=digits-cnn+half")
    assert "matters to :spectral" in complaint(capsys, *plain, "--deck", "d=digits-cnn@fog/3+half")
    assert "choose the engine ray" in complaint(capsys, *plain, "--address", "127.0.0.1:6379")
    assert "Did you mean: fog" in complaint(capsys, *plain[:4], "--corruptions", "fogg")
    assert "There is no" in complaint(capsys, "--models", "digits-cn", *plain[2:])
    assert "digits6" in complaint(capsys, "--models", "digits-cnn", "--data", "digits6")
