"""Measures of variants: against the definitions, through the job and the store, and what cannot be measured."""

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from analysis.datasets.generated.digits import source
from analysis.datasets.importing import import_dataset
from analysis.datasets.layout import SAMPLES
from analysis.errors import BadParameter, Cancelled
from analysis.geometry.similarity import cka
from analysis.passes import parts
from analysis.pipelines import measured, work
from analysis.pipelines.measuring import answers_of, asked, changed_samples, compared, compute, finish, pass_of
from analysis.pipelines.variants import members
from analysis.records import Filter
from analysis.store import Store, expected_calibration_error
from analysis.types import silent
from models import cards, catalogue
from models.classifier import Classifier
from models.errors import UnknownName
from models.preprocessing import Preprocessing
from models.quantised import int8

COUNT = 600  # more than a part


@pytest.fixture
def store(workspace: Path) -> Iterator[Store]:
    with Store.open(workspace) as opened:
        yield opened


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Handwritten digits with noise, so that the bundled network errs at times."""
    images, labels = source()
    noise = np.random.default_rng(0).normal(0, 60, (COUNT, 8, 8))
    return np.clip(images[:COUNT] + noise, 0, 255).astype(np.uint8)[..., None], labels[:COUNT]


@pytest.fixture
def dataset(workspace: Path, tmp_path: Path, store: Store, digits) -> str:
    """Its id."""
    images, labels = digits
    np.savez(tmp_path / "numbers.npz", x=images, y=labels)
    return imported(store, workspace, tmp_path / "numbers.npz", class_names=tuple("0123456789"))


def imported(store: Store, workspace: Path, file: Path, **options) -> str:
    record = import_dataset(file, workspace / "datasets", file.stem, **options)
    store.save_dataset(record, workspace / "datasets" / record.dataset_id / SAMPLES)
    return record.dataset_id


def pruned(share: float, base: str = "digits-cnn", **changes) -> Classifier:
    """The bundled network without its smallest weights."""
    found = catalogue.load(base)
    with torch.no_grad():
        for module in found.module.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                cut = module.weight.abs().flatten().kthvalue(max(1, int(share * module.weight.numel()))).values
                module.weight[module.weight.abs() <= cut] = 0
    return replace(catalogue.wrap(found.module, architecture=found.architecture, preprocessing=found.preprocessing,
                                  class_names=found.class_names), **changes)  # fmt: skip


def keep(workspace: Path, name: str, share: float, parent: str = "digits-cnn", **changes) -> str:
    """A variant's card and weights in the workspace; its fingerprint."""
    found, own = pruned(share), catalogue.card("digits-cnn")
    assert own is not None
    above = catalogue.card(parent, workspace / "models")
    made = replace(
        own,
        name=name,
        model_id=found.fingerprint,
        parent=parent,
        parent_id=above.model_id if above else "",
        accuracy={},
        profile=None,
    )
    cards.store(replace(made, **changes), found.module.state_dict(), workspace / "models")
    return found.fingerprint


def by_definition(base: Classifier, variant: Classifier, images: np.ndarray, labels: np.ndarray) -> dict:
    """All figures in float64, from two plain forward passes."""
    outputs = []
    for each in (base, variant):
        found: list[torch.Tensor] = []
        head = each.module.get_submodule(each.head.name)
        handle = head.register_forward_pre_hook(lambda m, i, f=found: f.append(i[0]))
        inputs = each.preprocessing.tensor([image_of(i) for i in images])
        with torch.no_grad():
            logits = each.module(inputs).double().numpy()
        handle.remove()
        outputs.append((logits, found[0].double().numpy()))
    (theirs, their_features), (ours, our_features) = outputs
    probabilities = np.exp(ours - ours.max(1, keepdims=True))
    probabilities /= probabilities.sum(1, keepdims=True)
    confidence, right = probabilities.max(1), ours.argmax(1) == labels
    ece = 0.0
    for i in range(15):
        inside = (confidence > i / 15) & (confidence <= (i + 1) / 15)
        if inside.any():
            ece += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    differs = ours.argmax(1) != theirs.argmax(1)
    return {
        "accuracy": right.mean(),
        "ece": ece,
        "agreement": 1 - differs.mean(),
        "cka": cka(their_features, our_features),
        "delta_logit": np.abs(ours - theirs).mean(),
        "changed": int(differs.sum()),
        "samples": len(images),
    }


def image_of(pixels: np.ndarray):
    from PIL import Image

    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def test_figures_are_as_defined(digits):
    base, variant = catalogue.load("digits-cnn"), pruned(0.7)
    found, expected = compared(base, variant, *digits), by_definition(base, variant, *digits)
    assert 0 < expected["changed"] < COUNT, "a test of differences needs some"
    assert found == pytest.approx(expected, abs=2e-5)
    assert (found["changed"], found["samples"]) == (expected["changed"], COUNT)
    assert compared(base, variant, *digits) == found


def test_a_network_is_like_itself(digits):
    base = catalogue.load("digits-cnn")
    found = compared(base, catalogue.load("digits-cnn"), *digits)
    assert (found["agreement"], found["delta_logit"], found["changed"]) == (1, 0, 0)
    assert found["cka"] == pytest.approx(1)
    alone = compared(None, base, *digits)
    assert alone["accuracy"] == found["accuracy"]
    assert (alone["agreement"], alone["cka"], alone["changed"]) == (None, None, None)


def test_without_labels_there_is_no_accuracy(digits):
    images, labels = digits
    base, variant = catalogue.load("digits-cnn"), pruned(0.7)
    found = compared(base, variant, images, np.full_like(labels, -1))
    assert (found["accuracy"], found["ece"]) == (None, None)
    assert found["changed"] == compared(base, variant, images, labels)["changed"]


def test_images_of_another_size_are_refused(digits):
    images, labels = digits
    base = catalogue.load("digits-cnn")
    for wrong, of in ((images[:, 1:], labels), (images, labels[:-1]), (images[:0], labels[:0])):
        with pytest.raises(BadParameter, match="rows, columns, channels"):
            compared(None, base, wrong, of)


@pytest.fixture
def family(workspace: Path) -> dict[str, str]:
    """digits-cnn > half > most: name -> fingerprint."""
    half = keep(workspace, "half", 0.5)
    return {"half": half, "most": keep(workspace, "most", 0.8, "half"),
            "digits-cnn": catalogue.load("digits-cnn").fingerprint}  # fmt: skip


def measure(store: Store, workspace: Path, models: list[str], dataset: str | None, speed: bool = False, **more) -> dict:
    arguments = asked(store, workspace, models, dataset, speed) | more
    return work.run_here(store, workspace, "measure", arguments)


def test_the_job_measures_a_variant_its_parent_and_the_first_of_its_family(workspace, store, dataset, family, digits):
    said: list[float] = []
    done = work.run_here(
        store, workspace, "measure", {"models": ["most"], "dataset": dataset, "speed": False},
        lambda fraction, message: said.append(fraction),
    )  # fmt: skip
    assert done == {"measures": 4, "speeds": 0, "remarks": [], "model_ids": family}
    assert said == sorted(said)
    assert said[-1] == 1
    found = {(m.model_id, m.base_id): m for m in store.measures(dataset_id=dataset)}
    first, half, most = (family[name] for name in ("digits-cnn", "half", "most"))
    assert set(found) == {(most, half), (most, first), (half, first), (first, "")}
    for name, share in (("half", 0.5), ("most", 0.8)):
        expected = by_definition(catalogue.load("digits-cnn"), pruned(share), *digits)
        row = asdict(found[family[name], first])
        assert {key: row[key] for key in expected} == pytest.approx(expected, abs=2e-5)
    assert found[first, ""].changed is None
    listed = {m.name: m for m in members(store, workspace / "models")}
    assert [m.base_id for m in listed["most"].measures if m.dataset_id] == sorted([half, first])
    assert listed["most"].profile is not None
    assert listed["most"].profile.sparsity == pytest.approx(0.8, abs=0.01)


def test_accuracy_and_ece_are_the_numbers_of_the_samples_page(workspace, store, dataset, family):
    measure(store, workspace, ["half"], dataset)
    record = pass_of(store, dataset, family["half"])
    assert record is not None
    (row,) = store.measures(family["half"])
    bins = store.reliability(Filter(dataset, pass_id=record.pass_id))
    assert row.accuracy == pytest.approx(record.accuracy)
    assert row.ece == pytest.approx(expected_calibration_error(bins), abs=1e-12)


def test_the_samples_that_change_can_be_kept_as_a_selection(workspace, store, dataset, family, digits):
    measure(store, workspace, ["most"], dataset)
    passes = [pass_of(store, dataset, family[name]) for name in ("most", "digits-cnn")]
    samples = changed_samples(store, dataset, passes[0].pass_id, passes[1].pass_id)
    predictions = [answers_of(c, *digits).prediction for c in (pruned(0.8), catalogue.load("digits-cnn"))]
    assert np.array_equal(samples, np.flatnonzero(predictions[0] != predictions[1]))
    row = next(m for m in store.measures(family["most"]) if m.base_id == family["digits-cnn"])
    assert len(samples) == row.changed > 0
    kept = store.save_selection("changed by pruning", samples, dataset)
    assert np.array_equal(store.selection_ids(kept.selection_id), samples)


def test_all_models_share_one_pass_and_what_is_there_is_not_computed_again(
    workspace, store, dataset, family, monkeypatch
):
    from analysis.datasets.opened import OpenDataset

    reads: list[int] = []
    plain = OpenDataset.pixels
    monkeypatch.setattr(OpenDataset, "pixels", lambda self, s: reads.append(len(s)) or plain(self, s))
    measure(store, workspace, ["half", "most"], dataset)
    assert sum(reads) == COUNT, "three networks, each image read once"
    keep(workspace, "other", 0.9)
    reads.clear()
    measure(store, workspace, ["half", "most", "other"], dataset)
    assert sum(reads) == COUNT
    assert len(store.passes(dataset)) == 4
    reads.clear()
    before = store.measures()
    measure(store, workspace, ["half", "most", "other"], dataset)
    assert reads == []
    assert store.measures() == before


def test_few_networks_are_open_at_a_time(workspace, store, dataset, family, monkeypatch):
    measure(store, workspace, ["half", "most"], dataset)
    together = store.measures()
    for record in store.passes():
        store.delete_pass(record.pass_id)
    monkeypatch.setattr(measured, "TOGETHER_BYTES", 1)
    sizes: list[int] = []
    plain = measured.run_together
    monkeypatch.setattr(measured, "run_together", lambda found, *a: sizes.append(len(found)) or plain(found, *a))
    measure(store, workspace, ["half", "most"], dataset)
    assert sizes == [1, 1, 1]
    assert store.measures() == together


def test_a_job_that_was_cut_short_goes_on(workspace, store, dataset, family, monkeypatch):
    monkeypatch.setattr(parts, "PART", 64)
    acknowledged = lambda: len(list(workspace.glob("passes/*/part-*.parquet")))  # noqa: E731

    def stop(fraction: float, message: str) -> None:
        if acknowledged():
            raise Cancelled("The work was cancelled.")

    arguments = {"models": ["half"], "dataset": dataset, "speed": False, "workspace": str(workspace)}
    with pytest.raises(Cancelled):
        compute(arguments, stop)
    assert 0 < acknowledged() < 2 * parts.count(COUNT)
    assert store.measures() == []
    result = json.loads(json.dumps(compute(arguments, silent)))
    assert finish(store, workspace, arguments, result)["measures"] == 2
    assert finish(store, workspace, arguments, result)["measures"] == 2, "a job's end may come twice"
    assert len(store.passes()) == 2


def test_a_dataset_without_labels(workspace, store, tmp_path, family, digits):
    np.savez(tmp_path / "plain.npz", x=digits[0][:40])
    dataset = imported(store, workspace, tmp_path / "plain.npz")
    done = measure(store, workspace, ["half"], dataset)
    assert "half: No sample's class is known to it, so there is no accuracy." in done["remarks"]
    (row,) = store.measures(family["half"])
    assert (row.accuracy, row.ece) == (None, None)
    assert row.agreement is not None


def test_a_model_of_other_classes_is_only_compared_by_features(workspace, store, dataset, family):
    names = ("zero", *(str(i) for i in range(1, 10)))
    other = keep(workspace, "renamed", 0.6, class_names=names)
    done = measure(store, workspace, ["renamed"], dataset)
    assert done["remarks"] == ["renamed: Their classes are not the same, so predictions and logits are not compared."]
    (row,) = store.measures(other)
    assert (row.agreement, row.changed, row.delta_logit) == (None, None, None)
    assert 0 < row.cka < 1
    assert row.accuracy is not None


def test_classes_matched_by_hand_hold_for_variants_too(workspace, store, tmp_path, family, digits):
    images, labels = digits
    np.savez(tmp_path / "words.npz", x=images, y=labels)
    dataset = imported(store, workspace, tmp_path / "words.npz", class_names=tuple("abcdefghijk"))
    measure(store, workspace, ["half"], dataset)
    assert store.measures(family["half"])[0].accuracy is None
    store.save_class_map(dataset, family["digits-cnn"], {i: i for i in range(10)})
    measure(store, workspace, ["half"], dataset)
    expected = compared(catalogue.load("digits-cnn"), pruned(0.5), images, labels)
    assert store.measures(family["half"])[0].accuracy == pytest.approx(expected["accuracy"])
    assert store.class_map(dataset, family["half"]) == {i: i for i in range(10)}


def test_what_cannot_be_opened_is_said_and_the_others_go_on(workspace, store, dataset, family):
    (workspace / "models" / "most.safetensors").write_bytes(b"no weights")
    done = measure(store, workspace, ["half", "most"], dataset)
    assert len(done["remarks"]) == 1
    assert done["remarks"][0].startswith("most was not measured:")
    assert done["measures"] == 2
    with pytest.raises(UnknownName, match="nobody"):
        measure(store, workspace, ["nobody"], dataset)
    with pytest.raises(BadParameter, match="Name at least one"):
        measure(store, workspace, [], dataset)


def test_a_variant_whose_parent_is_gone_is_measured_alone(workspace, store, dataset):
    own = keep(workspace, "orphan", 0.5, parent="gone")
    done = measure(store, workspace, ["orphan"], dataset)
    assert done["remarks"][0].startswith("gone was not measured:")
    (row,) = store.measures(own)
    assert (row.base_id, row.agreement) == ("", None)
    assert row.accuracy is not None


def test_any_two_models_can_be_compared(workspace, store, dataset, family):
    measure(store, workspace, ["half", "most"], dataset, against="most")
    bases = {m.base_id for m in store.measures(family["half"])}
    assert bases == {family["digits-cnn"], family["most"]}


def test_two_names_for_one_network_share_a_pass(workspace, store, dataset, family):
    keep(workspace, "half again", 0.5)
    assert measure(store, workspace, ["half", "half again"], dataset)["measures"] == 3
    assert len(store.passes(dataset)) == 2


def test_without_a_dataset_weights_are_counted_and_speed_is_taken(workspace, store, family, monkeypatch):
    monkeypatch.setattr(measured.speed, "SECONDS", 0)
    done = measure(store, workspace, ["half", "digits-cnn"], None, speed=True)
    assert (done["measures"], done["speeds"]) == (0, 2)
    assert {s.model_id for s in store.speeds()} == {family["half"], family["digits-cnn"]}
    assert [*store.profiles()] == [family["half"]], "the card of the other says it"
    assert store.passes() == []


def test_networks_without_a_linear_head_are_measured_but_for_cka(digits):
    torch.manual_seed(0)
    small = Preprocessing((8, 8), None, "bilinear", (0.5,), (0.5,))
    images = digits[0][:50, :8, :8]
    nets = [nn.Sequential(nn.Conv2d(1, 4, 8), nn.Flatten(), nn.LogSoftmax(1)).eval() for _ in range(2)]
    one, two = (catalogue.wrap(n.requires_grad_(False), preprocessing=small, class_names=tuple("abcd")) for n in nets)
    assert one.head is None
    found = compared(one, two, images, np.zeros(50, np.int64))
    assert found["cka"] is None
    assert found["agreement"] is not None


@pytest.mark.parametrize("name", ["digits-cnn", "shapes-cnn"])
def test_whole_number_weights_are_measured_like_others(name, digits):
    base, found = catalogue.load(name), catalogue.load(name)
    if name == "shapes-cnn":
        rng = np.random.default_rng(0)
        digits = rng.integers(0, 256, (40, *base.preprocessing.size, 3)).astype(np.uint8), rng.integers(0, 12, 40)
    found.module.fc = int8(found.module.fc)
    variant = catalogue.wrap(
        found.module,
        architecture=base.architecture,
        preprocessing=base.preprocessing,
        class_names=base.class_names,
    )
    figures = compared(base, variant, *digits)
    assert figures["agreement"] > 0.95
    assert figures["delta_logit"] > 0
    assert variant.head is None
    assert figures["cka"] == pytest.approx(1), "what comes before the head is as it was"
