"""Pictures of the user's own: a sample that is given again lies where it lies."""

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from analysis.datasets.decoding import decode
from analysis.datasets.importing import import_dataset
from analysis.datasets.layout import SAMPLES
from analysis.datasets.opened import OpenDataset
from analysis.errors import DataError, NotApplicable
from analysis.pipelines import embedding
from analysis.pipelines.work import run_here
from analysis.projections import PROJECTIONS
from analysis.projections.registry import Projected
from analysis.records import Filter
from analysis.store import Store
from models import catalogue
from models.classifier import Classifier
from tests.analysis.pipelines.embedding_specimens import MODEL, dataset_in


@pytest.fixture
def store(workspace: Path) -> Iterator[Store]:
    with Store.open(workspace) as opened:
        yield opened


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return catalogue.load(MODEL)


@pytest.fixture
def without_a_map(monkeypatch) -> None:
    """A method named umap that is PCA and has no map for what is new."""

    def function(features, given, **params):
        found = PROJECTIONS["pca"].function(features, given)
        return Projected(found.points, found.axes)

    monkeypatch.setitem(PROJECTIONS._methods, "umap", replace(PROJECTIONS["umap"], function=function))


def photographs(workspace: Path, store: Store, mode: str = "RGB") -> OpenDataset:
    """Image files of many sizes, larger and smaller than the network's input."""
    folder = workspace / f"photographs-{mode}"
    rng = np.random.default_rng(0)
    for number in range(24):
        kind = number % 3
        (folder / str(kind)).mkdir(parents=True, exist_ok=True)
        rows, columns = rng.integers(20, 90, 2)
        shape = (rows, columns) if mode == "L" else (rows, columns, 3)
        pixels = rng.integers(0, 80, shape) + 80 * kind
        Image.fromarray(pixels.astype(np.uint8)).save(folder / str(kind) / f"{number}.png")
    record = import_dataset(folder, workspace / "datasets", folder.name)
    store.save_dataset(record, workspace / "datasets" / record.dataset_id / SAMPLES)
    return OpenDataset.open(workspace / "datasets" / record.dataset_id)


def laid(store, workspace, dataset, **given):
    asked = embedding.asked(store, workspace, model=MODEL, dataset_id=dataset.record.dataset_id, **given)
    return store.embeddings.one(run_here(store, workspace, "embed", asked)["embedding_ids"][0])


def picture_of(dataset, sample):
    name, data = dataset.encoded(sample)
    return decode(data, name)


@pytest.mark.parametrize("kind", ["arrays", "photographs", "grey"])
@pytest.mark.parametrize("tap", ["penultimate", "layer2", "logits"])
def test_a_sample_given_again_lands_on_its_own_point(workspace, store, classifier, kind, tap):
    if kind == "arrays":
        dataset = dataset_in(workspace, store, 24)
    else:
        dataset = photographs(workspace, store, "L" if kind == "grey" else "RGB")
    found = laid(store, workspace, dataset, tap=tap)
    samples = [3, 17]
    placed = embedding.place(store, workspace, found, classifier, [picture_of(dataset, s) for s in samples])
    points = store.embeddings.points(found.embedding_id)
    reach = np.nanstd(points)
    assert np.abs(placed.points - points[samples]).max() < 1e-4 * reach
    assert placed.how == "transform"
    assert placed.neighbours.indices[:, 0].tolist() == samples
    spread = np.linalg.norm(placed.features, axis=1).max()
    assert placed.neighbours.distances[:, 0].max() < 1e-4 * spread
    assert placed.remarks == ()


def test_without_a_map_it_lands_among_its_neighbours(workspace, store, classifier, without_a_map):
    dataset = dataset_in(workspace, store, 60)
    for metric in ("euclidean", "cosine", "manhattan"):
        found = laid(store, workspace, dataset, method="umap", params={"metric": metric})
        placed = embedding.place(store, workspace, found, classifier, [picture_of(dataset, 17)])
        points = store.embeddings.points(found.embedding_id)
        assert placed.how == "neighbours"
        assert np.abs(placed.points[0] - points[17]).max() < 0.01 * points.std()
        assert placed.neighbours.indices[0, 0] == 17


def test_predictions_are_those_of_the_pass(workspace, store, classifier):
    dataset = dataset_in(workspace, store, 24)
    found = laid(store, workspace, dataset)
    samples = range(6)
    placed = embedding.place(store, workspace, found, classifier, [picture_of(dataset, s) for s in samples])
    rows = store.table(Filter(dataset.record.dataset_id, pass_id=found.pass_id)).to_pylist()
    for sample, said in zip(samples, placed.predictions, strict=True):
        assert said[0].name == rows[sample]["prediction"]
        assert said[0].probability == pytest.approx(rows[sample]["confidence"], abs=1e-5)
        assert said[0].name == classifier.class_names[said[0].index]
    assert len(placed.predictions[0]) == 5


def test_what_was_done_to_the_picture_is_said(workspace, store, classifier):
    dataset = dataset_in(workspace, store, 24)
    found = laid(store, workspace, dataset, condition="fog/3")
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.zeros((40, 60, 3), np.uint8)).save(buffer, "JPEG", exif=exif)
    placed = embedding.place(store, workspace, found, classifier, [decode(buffer.getvalue(), "mine.jpg")])
    assert any("mine.jpg: turned upright" in each for each in placed.remarks)
    assert any("changed by fog/3; the picture is taken as it is" in each for each in placed.remarks)


def test_another_model_is_refused(workspace, store, classifier):
    found = laid(store, workspace, dataset_in(workspace, store, 24))
    with pytest.raises(NotApplicable, match="other weights"):
        embedding.place(store, workspace, replace(found, model_id="f" * 64), classifier, [])


def test_without_features_a_map_still_serves_and_neighbours_say_what_to_run(
    workspace, store, classifier, without_a_map
):
    dataset = dataset_in(workspace, store, 24)
    mapped, other = laid(store, workspace, dataset), laid(store, workspace, dataset, method="umap")
    picture = picture_of(dataset, 5)
    before = embedding.place(store, workspace, mapped, classifier, [picture])
    store.delete_pass(mapped.pass_id)
    after = embedding.place(store, workspace, mapped, classifier, [picture])
    np.testing.assert_array_equal(after.points, before.points)
    assert after.neighbours is None
    assert any("Run the model over the dataset" in each for each in after.remarks)
    with pytest.raises(DataError, match=f"{MODEL} over 'colours-24-0' at penultimate"):
        embedding.place(store, workspace, other, classifier, [picture])
