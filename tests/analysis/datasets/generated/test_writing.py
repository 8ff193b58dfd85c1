"""Generated datasets in a workspace."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from analysis.datasets.generated import GENERATORS, generate, joined
from analysis.datasets.opened import OpenDataset
from analysis.errors import BadParameter, Cancelled
from models.errors import UnknownName


def test_what_was_generated_is_read_back(tmp_path: Path) -> None:
    said: list[float] = []
    params = {"count": 300, "shortcut": "border", "label_noise": 0.2}
    record = generate("shapes", tmp_path, "marked", params, lambda fraction, _: said.append(fraction))
    opened = OpenDataset.open(tmp_path / record.dataset_id)
    expected = joined(GENERATORS["shapes"].function(**params))
    np.testing.assert_array_equal(opened.pixels(range(300)), expected.images)
    np.testing.assert_array_equal(opened.labels, expected.labels)
    assert expected.masks is not None
    for sample in (0, 17, 299):
        np.testing.assert_array_equal(opened.mask(sample), expected.masks[sample])
    table = pq.read_table(tmp_path / record.dataset_id / "samples.parquet")
    for column in ("true_label", "shortcut", "shortcut_agrees"):
        assert table.column(column).to_pylist() == expected.columns[column].tolist()
    assert (record.size, record.masks, record.kind, record.source) == (300, 300, "generated", "shapes")
    assert record.params["availability"] == 1.0  # also what was not said
    assert said == sorted(said)
    assert said[-1] <= 1


@pytest.mark.parametrize("kind", [g.name for g in GENERATORS])
def test_the_same_knobs_are_the_same_dataset(tmp_path: Path, kind: str) -> None:
    first, again = (generate(kind, tmp_path, "set", {"seed": 3}) for _ in range(2))
    assert first.dataset_id == again.dataset_id
    assert [p.name for p in tmp_path.iterdir()] == [first.dataset_id]


def test_stopping_leaves_nothing(tmp_path: Path) -> None:
    def stop(fraction: float, _message: str) -> None:
        if fraction > 0.5:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        generate("shapes", tmp_path, "never", {"count": 1000}, stop)
    assert not list(tmp_path.iterdir())


def test_wrong_names_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="shapes"):
        generate("shape", tmp_path, "set", {})
    with pytest.raises(BadParameter, match="count"):
        generate("shapes", tmp_path, "set", {"count": -1})
    assert not list(tmp_path.iterdir())
