"""A picture in the geometry of a dataset: held to the samples of the dataset itself."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from analysis.datasets.opened import OpenDataset
from analysis.errors import NotApplicable
from analysis.passes.features import feature_path
from analysis.pipelines import predict
from analysis.pipelines.geometry_placing import placed
from analysis.pipelines.predict import DATASETS, PASSES
from analysis.store import Store
from analysis.types import Picture
from models import catalogue
from tests.analysis.pipelines.sweep_specimens import dataset

COUNT, MODEL = 150, "digits-cnn"
OTHERS = tuple("abcdefghijkl")


@pytest.fixture
def store(workspace: Path) -> Iterator[Store]:
    with Store.open(workspace) as opened:
        yield opened


@pytest.fixture
def digits(workspace: Path, store: Store) -> OpenDataset:
    return OpenDataset.open(workspace / DATASETS / dataset(workspace, COUNT, store))


def picture(digits: OpenDataset, sample: int, **changes) -> Picture:
    found = Picture("d" * 64, f"{sample}.png", digits.images([sample])[0])
    return dataclasses.replace(found, **changes)


def test_a_sample_of_the_dataset_lies_where_it_lies(workspace, store, digits):
    classifier = catalogue.load(MODEL)
    record = predict.predict(classifier, digits, store, workspace, taps=["relu2", "penultimate"])
    features = np.load(feature_path(workspace / PASSES / record.pass_id, "penultimate")).astype(np.float64)
    weight = classifier.head.weight.double().numpy()
    found = placed(store, workspace, record, classifier, picture(digits, 7))
    np.testing.assert_allclose(found.features, features[7], rtol=1e-5, atol=1e-5)
    assert found.tap == "penultimate"
    assert found.neighbours.indices[0, 0] == 7
    assert found.neighbours.distances[0, 0] == pytest.approx(0, abs=1e-5)

    cosines = weight @ features[7] / np.linalg.norm(weight, axis=1) / np.linalg.norm(features[7])
    np.testing.assert_allclose(found.weight_angles, np.degrees(np.arccos(cosines)), atol=1e-3)
    means = np.stack([features[digits.labels == c].mean(axis=0) for c in range(10)])
    centre = means.mean(axis=0)
    centred = features[7] - centre
    cosines = (means - centre) @ centred / np.linalg.norm(means - centre, axis=1) / np.linalg.norm(centred)
    np.testing.assert_allclose(found.mean_angles, np.degrees(np.arccos(cosines)), atol=1e-3)
    distances = np.linalg.norm(means - features[7], axis=1)
    np.testing.assert_allclose(found.mean_distances, distances, rtol=1e-4)
    assert found.nearest_means.tolist() == np.argsort(distances).tolist()

    lengths = np.linalg.norm(features, axis=1)
    assert found.length.value == pytest.approx(lengths[7], rel=1e-5)
    assert found.length.of_all == pytest.approx(100 * (lengths < lengths[7]).mean(), abs=0.7)
    assert found.length.all_samples == COUNT
    logits = features @ weight.T + classifier.head.bias.double().numpy()
    guesses = logits.argmax(axis=1)
    assert found.predictions[0].index == guesses[7]
    alike = lengths[guesses == guesses[7]]
    assert found.length.class_samples == len(alike)
    assert found.length.of_class == pytest.approx(100 * (alike < lengths[7]).mean(), abs=100 / len(alike))
    ahead = [
        (logits[7, guesses[7]] - logits[7, j]) / np.linalg.norm(weight[guesses[7]] - weight[j])
        for j in range(10)
        if j != guesses[7]
    ]
    assert found.margin.value == pytest.approx(min(ahead), rel=1e-4)
    assert 0 <= found.margin.of_all <= 100
    assert found.remarks == ()


def test_at_a_layer_without_a_head_there_are_no_angles_to_weights(workspace, store, digits):
    classifier = catalogue.load(MODEL)
    record = predict.predict(classifier, digits, store, workspace, taps=["relu2", "penultimate"])
    found = placed(store, workspace, record, classifier, picture(digits, 3), tap="relu2")
    assert found.weight_angles is None
    assert found.margin is None
    assert np.isfinite(found.mean_angles).all()
    with pytest.raises(NotApplicable, match="conv1"):
        placed(store, workspace, record, classifier, picture(digits, 3), tap="conv1")


def test_where_the_network_names_no_class_of_the_dataset_means_are_of_the_datasets_own(workspace, store):
    opened = OpenDataset.open(workspace / DATASETS / dataset(workspace, COUNT, store, class_names=OTHERS))
    classifier = catalogue.load(MODEL)
    record = predict.predict(classifier, opened, store, workspace, taps=["penultimate"])
    assert set(record.class_map) == {-1}
    features = np.load(feature_path(workspace / PASSES / record.pass_id, "penultimate")).astype(np.float64)
    found = placed(store, workspace, record, classifier, picture(opened, 7))
    means = np.stack([features[opened.labels == c].mean(axis=0) for c in range(12) if (opened.labels == c).any()])
    distances = np.linalg.norm(means - features[7], axis=1)
    assert len(found.mean_distances) == 12
    np.testing.assert_allclose(found.mean_distances[:10], distances, rtol=1e-4)
    assert np.isnan(found.mean_distances[10:]).all()
    assert found.nearest_means.tolist() == np.argsort(distances).tolist()
    assert found.weight_angles is not None
    assert len(found.weight_angles) == 10
    assert found.length.class_samples > 0
    assert found.remarks == ()


def test_without_labels_there_are_no_means(workspace, store):
    labels = np.full(COUNT, -1)
    digits = OpenDataset.open(workspace / DATASETS / dataset(workspace, COUNT, store, labels=labels))
    classifier = catalogue.load(MODEL)
    record = predict.predict(classifier, digits, store, workspace, taps=["penultimate"])
    photo = picture(digits, 3, pixels=Image.new("RGB", (50, 40), "red"), remarks=("turned by EXIF",))
    found = placed(store, workspace, record, classifier, photo)
    assert np.isnan(found.mean_angles).all()
    assert found.nearest_means.size == 0
    assert np.isfinite(found.weight_angles).all()
    assert any("no class means" in said for said in found.remarks)
    assert any("turned by EXIF" in said for said in found.remarks)


def test_another_network_is_refused(workspace, store, digits):
    classifier = catalogue.load(MODEL)
    record = predict.predict(classifier, digits, store, workspace, taps=["penultimate"])
    with pytest.raises(NotApplicable, match="other weights"):
        placed(store, workspace, dataclasses.replace(record, model_id="0" * 64), classifier, picture(digits, 3))
