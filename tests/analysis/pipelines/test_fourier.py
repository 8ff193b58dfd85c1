"""Fourier heat maps, against errors counted by hand."""

from pathlib import Path

import numpy as np
import pytest
import torch

from analysis.datasets.importing import import_dataset
from analysis.datasets.opened import OpenDataset
from analysis.errors import BadParameter, Cancelled
from analysis.passes.forward import Forward
from analysis.pipelines import fourier
from analysis.pipelines.fourier_maps import FOLDER, read, save
from analysis.pipelines.work import KINDS, run_here
from analysis.robustness.draws import Draws
from analysis.store import Store
from analysis.types import silent
from models import catalogue

MODEL = "resnet20-cifar10"
NAMES = ("cat", "ship", "unicorn")


@pytest.fixture
def dataset(workspace: Path, tmp_path: Path) -> OpenDataset:
    """Forty pictures of 32 x 32; the last class is none of the classifier's."""
    labels = np.arange(40) % 3
    down, across = np.mgrid[:32, :32]
    chance = np.random.default_rng(0)
    pixels = np.empty((40, 32, 32, 3), np.uint8)
    for image, label in zip(pixels, labels, strict=True):
        blob = np.exp(-((down - 16) ** 2 + (across - 8 - 8 * label) ** 2) / 60)
        image[:] = (60 + 120 * blob[..., None] + chance.integers(0, 40, (32, 32, 3))).astype(np.uint8)
    np.savez(tmp_path / "small.npz", x=pixels, y=labels)
    folder = workspace / "datasets"
    record = import_dataset(tmp_path / "small.npz", folder, "small", class_names=NAMES)
    return OpenDataset.open(folder / record.dataset_id)


def computed(workspace: Path, dataset: OpenDataset, report=silent, **options) -> dict:
    asked = fourier.asked(None, workspace, models=[MODEL], dataset=dataset.record.dataset_id, extent=3, **options)
    return fourier.compute(asked | {"workspace": str(workspace)}, report)


def test_each_cell_is_the_share_of_wrong_answers_under_that_wave(workspace, dataset):
    done = computed(workspace, dataset, norm=6.0)
    assert done["computed"] == 6  # none, (0, 0) and four of eight
    (found,) = fourier.found(workspace, dataset=dataset.record.dataset_id)
    assert (found.extent, found.complete, found.norm, found.samples) == (3, True, 6.0, 40)
    assert (found.model, found.class_map, found.image_size) == (MODEL, (3, 8, -1), (32, 32))

    pixels, truth = dataset.pixels(range(40)), np.array([3, 8, -1])[dataset.labels]
    known = truth >= 0
    assert found.known == known.sum()
    forward = Forward(catalogue.load(MODEL), (), autocast=False)
    signs = np.where(Draws(0, "single_frequency", np.arange(40)).uniform(3).numpy() < 0.5, 1, -1)

    def wrong(images: np.ndarray) -> float:
        answers = forward(torch.from_numpy(images)).logits.argmax(dim=1).numpy()
        return float((answers != truth)[known].mean())

    assert found.clean == pytest.approx(wrong(pixels))
    down, across = np.mgrid[:32, :32] / 32
    for row in (-1, 0, 1):
        for column in (-1, 0, 1):
            wave = np.cos(2 * np.pi * (row * down + column * across))
            noise = 6 * wave[None, :, :, None] / np.linalg.norm(wave) * signs[:, None, None, :]
            noisy = ((pixels / 255 + noise) * 255).clip(0, 255)
            assert found.errors[1 + row, 1 + column] == pytest.approx(wrong((noisy + 1e-3).astype(np.uint8)), abs=0.04)
    assert np.array_equal(found.errors, found.errors[::-1, ::-1])


def test_what_is_there_is_not_computed_again_and_what_was_cut_short_goes_on(workspace, dataset):
    def cut(fraction: float, message: str) -> None:
        if message.startswith("frequency 3"):
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        computed(workspace, dataset, cut)
    (half,) = fourier.found(workspace)
    assert not half.complete
    assert np.isfinite(half.errors).sum() == 3  # the middle, and one frequency with its mirror
    heard = []
    assert computed(workspace, dataset, lambda fraction, message: heard.append(fraction))["computed"] == 3
    assert heard == sorted(heard)
    (whole,) = fourier.found(workspace)
    there = np.isfinite(half.errors)
    assert whole.complete
    assert np.array_equal(whole.errors[there], half.errors[there])
    assert computed(workspace, dataset)["computed"] == 0


def test_the_papers_norm_is_taken_unless_another_is_given(workspace, dataset):
    computed(workspace, dataset)
    computed(workspace, dataset, norm=1.0)
    assert {m.norm for m in fourier.found(workspace)} == {4.0, 1.0}
    assert [m.norm for m in fourier.found(workspace, norm=1.0)] == [1.0]
    assert fourier.found(workspace, models=["another"]) == []
    assert len(fourier.found(workspace, models=[catalogue.load(MODEL).fingerprint])) == 2


def test_two_names_take_one_map_and_two_networks_two(workspace, dataset):
    asked = fourier.asked(
        None, workspace, models=[MODEL, MODEL, "shapes-cnn"], dataset=dataset.record.dataset_id, extent=1, limit=6
    )
    assert asked["models"] == [MODEL, "shapes-cnn"]
    with pytest.raises(BadParameter, match="No class of 'small' is one of shapes-cnn's"):
        fourier.compute(asked | {"workspace": str(workspace)}, silent)
    asked["class_maps"] = {"shapes-cnn": {"0": 1, "1": 2}}
    done = fourier.compute(asked | {"workspace": str(workspace)}, silent)
    assert len(set(done["maps"])) == 2
    sizes = {m.model: m.image_size for m in fourier.found(workspace)}
    assert sizes[MODEL] == (32, 32)
    assert len(sizes) == 2


def test_the_job_leaves_its_files(workspace, dataset):
    with Store.open(workspace) as store:
        asked = fourier.asked(store, workspace, models=[MODEL], dataset=dataset.record.dataset_id, extent=1, limit=5)
        done = run_here(store, workspace, "fourier", asked)
    path = workspace / FOLDER / done["maps"][0]
    assert read(path).samples == 5
    assert path.stat().st_size < 20_000
    assert KINDS["fourier"].lane == "compute"


def test_a_damaged_file_is_left_out_and_made_again(workspace, dataset):
    done = computed(workspace, dataset, limit=5)
    path = workspace / FOLDER / done["maps"][0]
    (there,) = fourier.found(workspace)
    path.write_bytes(path.read_bytes()[:-200])
    assert fourier.found(workspace) == []
    assert save(workspace, there) == path
    assert np.array_equal(read(path).errors, there.errors)
    assert read(workspace / "nothing.npz") is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"extent": 4}, "odd"),
        ({"norm": 0.0}, "above 0"),
        ({"norm": float("nan")}, "above 0"),
        ({"limit": 0}, "at least one"),
        ({"models": []}, "at least one"),
    ],
)
def test_what_makes_no_sense_is_refused(workspace, options, said):
    with pytest.raises(BadParameter, match=said):
        fourier.asked(None, workspace, **{"models": [MODEL], "dataset": "d"} | options)
