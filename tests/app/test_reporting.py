"""`cutaway sweep-report`."""

from pathlib import Path

import pytest

from analysis.store import Store
from tests import sweeps
from tests.app.typed import answered, cutaway


@pytest.fixture(autouse=True)
def made(workspace: Path, tmp_path: Path) -> None:
    with Store.open(workspace) as store:
        sweeps.kept(store, tmp_path / "parts", sweeps.record(members=2, corruptions=2, samples=10))


def test_a_sweep_becomes_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    target = tmp_path / "new" / "page.html"
    said = answered(capsys, "sweep-report", "made up", "--out", target)
    assert said["sweep_id"] == "made"
    assert said["file"] == str(target)
    assert said["bytes"] == len(target.read_bytes())
    assert target.read_text("utf-8").startswith("<!doctype html>")


def test_without_a_file_it_is_named_after_the_sweep(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cutaway("sweep-report", "mad") == 0
    assert (tmp_path / "made-up.html").is_file()
    assert "made-up.html: made up, 2 members under 2 corruptions" in capsys.readouterr().out


def test_an_unknown_sweep_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert cutaway("sweep-report", "nothing") == 1
    assert "made up" in capsys.readouterr().err
