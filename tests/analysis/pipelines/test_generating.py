"""Generated datasets as a job."""

import json
from pathlib import Path
from typing import Any

import pytest

from analysis.datasets.opened import OpenDataset
from analysis.errors import BadParameter
from analysis.pipelines.generating import compute, finish
from analysis.records import DatasetRecord
from analysis.types import silent


class Taken:
    """A store that notes what it is given."""

    def __init__(self) -> None:
        self.records: list[DatasetRecord] = []

    def save_dataset(self, record: DatasetRecord, samples: Path) -> None:
        assert samples.is_file()
        self.records.append(record)


def asked(workspace: Path, **params: Any) -> dict[str, Any]:
    return {"kind": "digits", "name": "mine", "params": params, "workspace": str(workspace)}


def test_from_knobs_to_the_store(tmp_path: Path) -> None:
    arguments = asked(tmp_path, split="test")
    result = compute(arguments, silent)
    assert json.loads(json.dumps(result)) == result
    store = Taken()
    assert finish(store, tmp_path, arguments, result)["dataset_id"] == result["dataset_id"]  # type: ignore[arg-type]
    (record,) = store.records
    assert (record.name, record.size, record.params["split"]) == ("mine", 360, "test")
    assert len(OpenDataset.open(tmp_path / "datasets" / record.dataset_id)) == 360


def test_done_twice_it_is_one_dataset_under_its_latest_name(tmp_path: Path) -> None:
    first = compute(asked(tmp_path), silent)
    again = {**asked(tmp_path), "name": "other"}
    assert compute(again, silent) == first
    store = Taken()
    finish(store, tmp_path, again, first)  # type: ignore[arg-type]
    assert store.records[0].name == "other"
    assert len(list((tmp_path / "datasets").iterdir())) == 1


def test_a_knob_that_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(BadParameter, match="count"):
        compute(asked(tmp_path, count=5), silent)
