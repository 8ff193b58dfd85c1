"""What is being measured is not offered again."""

from types import SimpleNamespace

import pytest

from app import resources
from app.widgets.variants.measuring import being_measured


def job(models: list[str], dataset: str | None, kind: str = "measure", active: bool = True) -> SimpleNamespace:
    return SimpleNamespace(kind=kind, active=active, arguments={"models": models, "dataset": dataset})


def under_way(monkeypatch: pytest.MonkeyPatch, *jobs: SimpleNamespace) -> None:
    monkeypatch.setattr(resources, "work", lambda: SimpleNamespace(jobs=lambda: jobs))


def test_all_of_the_models_must_be_under_way_on_that_dataset(monkeypatch: pytest.MonkeyPatch) -> None:
    under_way(monkeypatch, job(["a", "b"], "few"), job(["c"], None))
    assert being_measured(["a"], "few")
    assert being_measured(["a", "c"], None)
    assert not being_measured(["a", "c"], "few")
    assert not being_measured(["a"], "many")
    assert not being_measured(["d"], None)


def test_work_that_is_over_or_of_another_kind_measures_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    under_way(monkeypatch, job(["a"], "few", active=False), job(["a"], "few", kind="prune"))
    assert not being_measured(["a"], "few")
    assert not being_measured([], None)
