"""From a model and a dataset to points in the store: asked, computed once, found again, and what cannot be asked."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from analysis.datasets.opened import OpenDataset
from analysis.embeddings import Source
from analysis.errors import BadParameter, Cancelled, DataError, NotApplicable
from analysis.passes.features import feature_path
from analysis.pipelines import embedding, predict
from analysis.pipelines.measuring import pass_of
from analysis.pipelines.work import run_here
from analysis.projections import checking
from analysis.projections.registry import Given
from analysis.robustness.applying import corrupted
from analysis.store import Store
from models import catalogue
from models.errors import UnknownName, UnknownTap
from tests.analysis.pipelines.embedding_specimens import CLASSES, MODEL, dataset_in


@pytest.fixture
def store(workspace: Path) -> Iterator[Store]:
    with Store.open(workspace) as opened:
        yield opened


@pytest.fixture
def dataset(workspace: Path, store: Store) -> OpenDataset:
    return dataset_in(workspace, store)


@pytest.fixture
def passes(monkeypatch) -> list[str]:
    """The conditions of the passes that were run."""
    run, begun = predict.compute, []

    def compute(arguments, report):
        begun.append(arguments.get("condition"))
        return run(arguments, report)

    monkeypatch.setattr(predict, "compute", compute)
    return begun


def asked(store, workspace, dataset, **given):
    return embedding.asked(store, workspace, model=MODEL, dataset_id=dataset.record.dataset_id, **given)


def find(store, workspace, dataset, **given):
    return embedding.find(store, workspace, model=MODEL, dataset_id=dataset.record.dataset_id, **given)


def features_of(workspace, pass_id, tap="penultimate"):
    return np.load(feature_path(workspace / "passes" / pass_id, tap))


def test_the_pass_is_run_and_its_features_are_laid_out(workspace, store, dataset, passes):
    arguments = asked(store, workspace, dataset)
    assert find(store, workspace, dataset) is None
    heard = []
    done = run_here(store, workspace, "embed", arguments, lambda fraction, _: heard.append(fraction))
    assert heard == sorted(heard)
    assert heard[-1] == 1
    found = store.embeddings.one(done["embedding_ids"][0])
    assert (found.model_name, found.tap, found.condition, found.method) == (MODEL, "penultimate", "clean", "pca")
    assert (found.samples, found.fitted, found.dims, found.placing) == (60, 60, 2, "transform")
    assert found.pass_id == store.passes()[0].pass_id == done["pass_ids"][0]
    features = features_of(workspace, found.pass_id).astype(np.float64)
    centred = features - features.mean(axis=0)
    left, strengths, _ = np.linalg.svd(centred, full_matrices=False)
    points = store.embeddings.points(found.embedding_id)
    np.testing.assert_allclose(np.abs(points), np.abs(left[:, :2] * strengths[:2]), atol=1e-4)
    assert store.check() == []
    assert passes == ["clean"]


def test_what_was_asked_before_is_read_back(workspace, store, dataset, passes):
    arguments = asked(store, workspace, dataset)
    json.dumps(arguments, allow_nan=False)
    done = run_here(store, workspace, "embed", arguments)
    assert asked(store, workspace, dataset) == arguments  # also once the pass is there
    when = store.embeddings.one(done["embedding_ids"][0]).computed_at
    assert run_here(store, workspace, "embed", arguments) == done
    assert store.embeddings.one(done["embedding_ids"][0]).computed_at == when
    assert find(store, workspace, dataset).embedding_id == done["embedding_ids"][0]
    assert passes == ["clean"]


def test_what_differs_has_an_id_of_its_own(workspace, store, dataset):
    def key(**given):
        return asked(store, workspace, dataset, **given)["embedding_ids"][0]

    first = key(method="umap")
    others = [
        key(),
        key(method="umap", dims=3),
        key(method="umap", seed=1),
        key(method="umap", params={"n_neighbors": 16}),
        key(method="umap", tap="layer2"),
        key(method="umap", condition="fog/3"),
    ]
    assert len({first, *others}) == 7
    assert key(method="umap", params={"n_neighbors": 15}, tap="penultimate") == first  # its defaults
    assert key(seed=5) == key()  # PCA has no chance


def test_features_that_another_pass_has_are_used(workspace, store, dataset, passes):
    record = predict.predict(catalogue.load(MODEL), dataset, store, workspace, taps=("logits", "penultimate"))
    assert [s.tap for s in embedding.sources(store, workspace, record.dataset_id)] == ["logits", "penultimate"]
    run_here(store, workspace, "embed", asked(store, workspace, dataset))
    assert passes == []
    assert find(store, workspace, dataset).pass_id == record.pass_id
    assert embedding.source(store, workspace, MODEL, record.dataset_id).width == 64
    assert embedding.source(store, workspace, record.model_id, record.dataset_id, tap="logits").width == 10
    assert embedding.source(store, workspace, MODEL, record.dataset_id, tap="layer1") is None
    assert embedding.source(store, workspace, MODEL, record.dataset_id, "fog/1") is None


def test_a_job_that_was_cut_short_does_not_run_its_pass_again(workspace, store, dataset, passes, monkeypatch):
    arguments = asked(store, workspace, dataset, tap="layer2")

    def killed(fraction, message):
        if "laid out" in message or fraction > 0.6:
            raise Cancelled("Cancelled.")

    with pytest.raises(Cancelled):
        run_here(store, workspace, "embed", arguments, killed)
    assert store.passes() == []
    done = run_here(store, workspace, "embed", arguments)
    assert passes == ["clean"]
    assert [p.pass_id for p in store.passes()] == done["pass_ids"]
    assert store.embeddings.has(done["embedding_ids"][0])
    assert not [*(workspace / "embeddings").glob(".*")]


def test_what_was_laid_out_before_the_store_took_it_is_taken(workspace, store, dataset, monkeypatch):
    arguments = asked(store, workspace, dataset)
    computed = embedding.compute({**arguments, "workspace": str(workspace)}, lambda *_: None)
    (made,) = (workspace / "embeddings").glob(".*.made")
    assert sorted(p.name for p in made.iterdir()) == ["embedding.json", "placer.npz", "points.npy"]
    monkeypatch.setattr(embedding, "lay", lambda *_: pytest.fail("laid out again"))
    again = embedding.compute({**arguments, "workspace": str(workspace)}, lambda *_: None)
    assert again == computed
    embedding.finish(store, workspace, arguments, again)
    embedding.finish(store, workspace, arguments, again)
    assert store.embeddings.has(arguments["embedding_ids"][0])
    assert len(store.passes()) == 1
    assert not made.exists()


def test_quick_ones_are_laid_out_here(workspace, store, dataset):
    run_here(store, workspace, "embed", asked(store, workspace, dataset))
    source = embedding.source(store, workspace, MODEL, dataset.record.dataset_id)
    assert isinstance(source, Source)
    assert embedding.quick(store, workspace, source) == find(store, workspace, dataset)
    for method in ("lda", "class_directions"):
        made = embedding.quick(store, workspace, source, method)
        assert made == embedding.quick(store, workspace, source, method)
        assert made == find(store, workspace, dataset, method=method)
        assert made.placing == "transform"
    wide = embedding.quick(store, workspace, source, "pca", {"standardise": "true"}, dims=3, seed=9)
    assert (len(wide.axes), wide.seed, wide.params["standardise"]) == (3, 0, True)
    with pytest.raises(BadParameter, match="as a job"):
        embedding.quick(store, workspace, source, "umap")


def test_class_directions_are_angles_to_the_heads_weights(workspace, store, dataset):
    classifier = catalogue.load(MODEL)
    predict.predict(classifier, dataset, store, workspace, taps=("penultimate", "layer2"))
    source = embedding.source(store, workspace, MODEL, dataset.record.dataset_id)
    made = embedding.quick(store, workspace, source, "class_directions", classifier=classifier)
    weight = classifier.head.weight.numpy().astype(np.float64)
    features = features_of(workspace, source.pass_id).astype(np.float64)
    cosines = features @ weight.T / np.linalg.norm(features, axis=1)[:, None] / np.linalg.norm(weight, axis=1)
    angles = np.degrees(np.arccos(cosines))
    points = store.embeddings.points(made.embedding_id)
    for axis, said in enumerate(made.axes):
        place = next(i for i, name in enumerate(classifier.class_names) if f" {name} " in said)
        np.testing.assert_allclose(points[:, axis], angles[:, place], atol=1e-2)
    other = embedding.source(store, workspace, MODEL, dataset.record.dataset_id, tap="layer2")
    with pytest.raises(NotApplicable, match="penultimate"):
        embedding.quick(store, workspace, other, "class_directions")
    with pytest.raises(NotApplicable, match="layer2"):
        asked(store, workspace, dataset, method="class_directions", tap="layer2")


def test_a_condition_has_a_pass_of_its_own(workspace, store, dataset, passes):
    run_here(store, workspace, "embed", asked(store, workspace, dataset))
    done = run_here(store, workspace, "embed", asked(store, workspace, dataset, condition="fog/3"))
    assert passes == ["clean", "fog/3"]
    clean, fog = (find(store, workspace, dataset, condition=c) for c in ("clean", "fog/3"))
    assert (fog.embedding_id, fog.condition) == (done["embedding_ids"][0], "fog/3")
    assert store.pass_record(fog.pass_id).condition == "fog/3"
    assert pass_of(store, dataset.record.dataset_id, fog.model_id).pass_id == clean.pass_id
    apart = features_of(workspace, clean.pass_id) - features_of(workspace, fog.pass_id)
    assert np.abs(apart).max() > 0.1


def test_conditions_are_those_of_sweeps(dataset):
    condition = embedding.condition_of("gaussian_noise/2")
    assert condition.name == "gaussian_noise/2"
    places = np.arange(5, 9)
    pixels = dataset.pixels(places)
    np.testing.assert_array_equal(condition.change(pixels, places), corrupted(pixels, places, "gaussian_noise", 2))
    assert embedding.condition_of("clean").change is None
    with pytest.raises(BadParameter, match="like 'fog/3'"):
        embedding.condition_of("fog/6")
    with pytest.raises(UnknownName, match="fog"):
        embedding.condition_of("fogg/3")
    with pytest.raises(NotApplicable, match="network"):
        embedding.condition_of("fgsm/1")


def test_the_job_of_a_pass_takes_a_condition(workspace, store, dataset):
    arguments = {"model": MODEL, "dataset": dataset.record.dataset_id, "taps": ["penultimate"], "condition": "fog/3"}
    done = run_here(store, workspace, "predict", arguments)
    assert store.pass_record(done["pass_id"]).condition == "fog/3"
    wanted = asked(store, workspace, dataset, condition="fog/3")
    assert wanted["subjects"][0]["pass_id"] == done["pass_id"]


def test_classes_that_were_matched_by_hand_are_so_in_the_pass(workspace, store):
    dataset = dataset_in(workspace, store, classes=("red", "green", "blue"))
    model_id = catalogue.card(MODEL).model_id
    store.save_class_map(dataset.record.dataset_id, model_id, {0: 3, 2: 8})
    arguments = asked(store, workspace, dataset)
    run_here(store, workspace, "embed", arguments)
    assert store.passes()[0].class_map == (3, -1, 8)
    assert asked(store, workspace, dataset) == arguments


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"method": "umapp"}, UnknownName, "umap"),
        ({"params": {"standardize": True}}, BadParameter, "standardise"),
        ({"method": "umap", "params": {"metric": "manhatten"}}, BadParameter, "one of"),
        ({"dims": 4}, BadParameter, "2 or 3"),
        ({"seed": -1}, BadParameter, "seed"),
        ({"condition": "fog"}, BadParameter, "fog/3"),
        ({"others": [("resnet20-cifar10", "layer2", "clean")]}, BadParameter, "one source"),
        ({"method": "aligned_umap"}, BadParameter, "2 to 4"),
        ({"method": "aligned_umap", "others": [(MODEL, "", "clean")]}, BadParameter, "twice"),
    ],
)
def test_what_cannot_be_asked_is_said(workspace, store, dataset, given, error, said):
    with pytest.raises(error, match=said):
        asked(store, workspace, dataset, **given)


def test_what_is_not_there_is_said(workspace, store, dataset):
    with pytest.raises(UnknownName, match="resnet20"):
        embedding.asked(store, workspace, model="resnet20-cifar1O", dataset_id=dataset.record.dataset_id)
    with pytest.raises(UnknownName, match="dataset"):
        embedding.asked(store, workspace, model=MODEL, dataset_id="0" * 64)
    with pytest.raises(UnknownTap, match="layer9"):
        run_here(store, workspace, "embed", asked(store, workspace, dataset, tap="layer9"))
    with pytest.raises(BadParameter, match="60 samples"):
        run_here(store, workspace, "embed", asked(store, workspace, dataset, method="umap", params={"n_neighbors": 99}))
    bare = dataset_in(workspace, store, 12, labelled=False)
    with pytest.raises(NotApplicable, match="no labels"):
        asked(store, workspace, bare, method="lda")


def test_three_samples_make_no_picture(workspace, store):
    few = dataset_in(workspace, store, 3)
    with pytest.raises(NotApplicable, match="at least 4 samples"):
        run_here(store, workspace, "embed", asked(store, workspace, few))
    assert store.embeddings.all() == []


def test_rows_that_are_not_numbers_have_no_place(workspace, store, dataset):
    record = predict.predict(catalogue.load(MODEL), dataset, store, workspace, taps=("penultimate",))
    path = feature_path(workspace / "passes" / record.pass_id, "penultimate")
    values = np.load(path)
    values[[4, 7]] = np.nan
    np.save(path, values)
    source = embedding.source(store, workspace, MODEL, record.dataset_id)
    made = embedding.quick(store, workspace, source)
    points = store.embeddings.points(made.embedding_id)
    assert np.flatnonzero(np.isnan(points).any(axis=1)).tolist() == [4, 7]
    assert made.fitted == 58
    assert any("not finite" in each for each in made.remarks)
    assert store.embeddings.fitted_rows(made.embedding_id).tolist() == [n for n in range(60) if n not in (4, 7)]
    with pytest.raises(BadParameter, match="sample 4"):
        embedding.neighbours(store, workspace, source, 4)
    near = embedding.neighbours(store, workspace, source, 5, k=59)
    assert sorted(near.indices[0].tolist()) == [n for n in range(60) if n not in (4, 5, 7)]


def test_features_that_are_gone_are_said_with_what_to_run(workspace, store, dataset):
    run_here(store, workspace, "embed", asked(store, workspace, dataset, condition="fog/3"))
    source = embedding.source(store, workspace, MODEL, dataset.record.dataset_id, "fog/3")
    store.delete_pass(source.pass_id)
    assert embedding.sources(store, workspace, dataset.record.dataset_id) == []
    with pytest.raises(DataError, match=f"{MODEL} over 'colours-60-0' under fog/3 at penultimate"):
        embedding.neighbours(store, workspace, source, 0)
    kept = find(store, workspace, dataset, condition="fog/3")  # what was laid out is still there
    assert len(store.embeddings.points(kept.embedding_id)) == 60


def test_a_deleted_dataset_takes_its_embeddings_along(workspace, store, dataset):
    done = run_here(store, workspace, "embed", asked(store, workspace, dataset))
    store.delete_dataset(dataset.record.dataset_id)
    assert store.embeddings.one(done["embedding_ids"][0]) is None
    assert find(store, workspace, dataset) is None
    with pytest.raises(UnknownName, match="embedding"):
        store.embeddings.points(done["embedding_ids"][0])
    with pytest.raises(UnknownName, match="dataset"):
        asked(store, workspace, dataset)


def test_a_dataset_that_goes_while_it_is_laid_out_keeps_nothing(workspace, store, dataset):
    arguments = asked(store, workspace, dataset)
    computed = embedding.compute({**arguments, "workspace": str(workspace)}, lambda *_: None)
    store.delete_dataset(dataset.record.dataset_id)
    with pytest.raises(UnknownName, match="dataset"):
        embedding.finish(store, workspace, arguments, computed)
    assert store.counts()["embedding"] == 0


def test_neighbours_of_a_sample_leave_it_out(workspace, store, dataset):
    run_here(store, workspace, "embed", asked(store, workspace, dataset))
    source = embedding.source(store, workspace, MODEL, dataset.record.dataset_id)
    features = features_of(workspace, source.pass_id).astype(np.float64)
    for metric in ("cosine", "euclidean"):
        near = embedding.neighbours(store, workspace, source, 17, k=5, metric=metric)
        unit = features / np.linalg.norm(features, axis=1, keepdims=True)
        apart = 1 - unit @ unit[17] if metric == "cosine" else np.linalg.norm(features - features[17], axis=1)
        order = [n for n in np.argsort(apart) if n != 17][:5]
        assert near.indices[0].tolist() == order
        np.testing.assert_allclose(near.distances[0], apart[order], rtol=1e-4, atol=1e-6)
    with pytest.raises(BadParameter, match="0 to 59"):
        embedding.neighbours(store, workspace, source, 60)
    with pytest.raises(BadParameter, match="64 numbers"):
        embedding.neighbours(store, workspace, source, np.ones(3))


def test_a_turned_picture_lies_on_the_other():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(50, 2)).astype(np.float32)
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    found = embedding.aligned(3 * points @ turn + 5, points)
    np.testing.assert_allclose(found.points, points, atol=1e-5)
    np.testing.assert_allclose(found.displacement, 0, atol=1e-5)
    with pytest.raises(NotApplicable, match="50 x 3 and 50 x 2"):
        embedding.aligned(np.zeros((50, 3)), points)


def test_many_samples_are_placed_among_those_that_were_laid_out(tmp_path):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "features.npy", rng.normal(size=(200_000, 32)).astype(np.float32))
    mapped = np.load(tmp_path / "features.npy", mmap_mode="r")
    laid = checking.laid_out("pca", mapped, Given(), {}, most=2000)
    assert (laid.fitted, laid.points.shape, laid.placing) == (2000, (200_000, 2), "transform")
    assert len(laid.fitted_rows) == 2000
    assert np.isfinite(laid.points).all()
    assert any("198,000 were placed" in each for each in laid.remarks)


def test_sources_are_laid_out_together(workspace, store, dataset, monkeypatch):
    def together(name, features, given, params, most=None):
        assert name == "aligned_umap"
        return [checking.laid_out("pca", each, given) for each in features]

    monkeypatch.setattr(checking, "laid_out_jointly", together)
    others = [(MODEL, "layer2", "clean")]
    arguments = asked(store, workspace, dataset, method="aligned_umap", others=others)
    assert len(set(arguments["embedding_ids"])) == 2
    done = run_here(store, workspace, "embed", arguments)
    first, second = (store.embeddings.one(each) for each in done["embedding_ids"])
    assert first.group == second.group == arguments["group"] != ""
    assert (first.tap, second.tap) == ("penultimate", "layer2")
    assert find(store, workspace, dataset, method="aligned_umap", others=others) == first
    assert find(store, workspace, dataset, method="aligned_umap", tap="layer2", others=[(MODEL, "", "clean")]) is None
    assert find(store, workspace, dataset, method="umap") is None


def test_a_store_that_lost_its_rows_takes_the_folder_as_it_is(workspace, store, dataset):
    arguments = asked(store, workspace, dataset)
    done = run_here(store, workspace, "embed", arguments)
    before = store.embeddings.one(done["embedding_ids"][0])
    with store._database.cursor() as db:
        db.execute("DELETE FROM embedding")
    assert find(store, workspace, dataset) is None
    run_here(store, workspace, "embed", arguments)
    assert find(store, workspace, dataset) == before
    shutil.rmtree(workspace / "embeddings" / before.embedding_id)
    assert find(store, workspace, dataset) is None
    run_here(store, workspace, "embed", arguments)
    assert find(store, workspace, dataset).embedding_id == before.embedding_id


def test_classes_are_the_specimens(dataset):
    assert dataset.record.class_names == CLASSES
