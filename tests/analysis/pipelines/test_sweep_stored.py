"""Images that others corrupted, as in CIFAR-10-C, in place of computed ones."""

from pathlib import Path

import numpy as np
import pytest

from analysis.errors import BadParameter
from analysis.pipelines import sweep, sweep_cells, sweep_plan
from analysis.robustness.applying import corrupted
from tests.analysis.pipelines.sweep_specimens import DIGITS, cells, dataset, digits, imported, swept

COUNT = 50


@pytest.fixture
def folder(workspace: Path, tmp_path: Path) -> Path:
    """Two corruptions of our own making, written as the published files are."""
    images, labels = digits(COUNT)
    made = tmp_path / "digits-c"
    made.mkdir()
    for name in ("fog", "contrast"):
        levels = [corrupted(images, np.arange(COUNT), name, s, seed=0) for s in range(1, 6)]
        np.save(made / f"{name}.npy", np.concatenate(levels))
    np.save(made / "labels.npy", np.tile(labels, 5))
    return made


def test_stored_images_give_what_computed_ones_give(workspace, folder):
    data, stored = dataset(workspace, COUNT), imported(workspace, folder, class_names=DIGITS)
    given = {"models": ["digits-cnn"], "dataset": data, "limit": 20, "severities": (2, 5)}
    computed = sweep.asked(None, workspace, corruptions=["contrast", "fog"], **given)
    swept(workspace, computed)
    before = set(cells(workspace))
    read = sweep.asked(None, workspace, stored=stored, **given)
    assert read["sweep_id"] != computed["sweep_id"]
    swept(workspace, read)
    assert len(set(cells(workspace)) - before) == 4  # the clean one is shared
    plans = [sweep_plan.load_plan(workspace, a["sweep_id"]) for a in (computed, read)]
    assert [c.name for c in plans[1].record.conditions] == ["clean", "contrast/2", "contrast/5", "fog/2", "fog/5"]
    assert any("read from files" in remark for remark in plans[1].record.remarks)
    for condition in range(5):
        one, other = (sweep_cells.cell_path(workspace, p.cell_id(0, condition, 0)).read_bytes() for p in plans)
        assert one == other


def test_files_that_are_not_of_these_images_are_refused(workspace, folder):
    stored = imported(workspace, folder, class_names=DIGITS)
    given = {"models": ["digits-cnn"], "stored": stored}
    with pytest.raises(BadParameter, match="there are 50 for 60 clean ones"):
        sweep.asked(None, workspace, dataset=dataset(workspace, 60), **given)
    data = dataset(workspace, COUNT)
    with pytest.raises(BadParameter, match="holds no images under 'snow'; it holds: contrast, fog"):
        sweep.asked(None, workspace, dataset=data, corruptions=["snow"], **given)
    with pytest.raises(BadParameter, match="does not say what was done to its images"):
        sweep.asked(None, workspace, models=["digits-cnn"], dataset=data, stored=data)
