"""The verb behind the page and the command line, on the bundled classifier and a real photograph."""

import gc
import json
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from analysis.attribution import METHODS
from analysis.attribution import capture as capture_module
from analysis.attribution.kept import KeptPasses
from analysis.datasets.decoding import decode
from analysis.datasets.samples import sample_pictures
from analysis.errors import BadParameter, Cancelled, MethodError
from analysis.pipelines import passing as pipeline
from analysis.pipelines.class_maps import map_classes
from analysis.pipelines.explain import explain
from analysis.store import Store
from analysis.types import Ask, Picture, Request
from models.catalogue import load
from models.classifier import Classifier
from models.errors import UnknownName, UnknownTap

POOLED = ("cam", "gradcam", "hirescam", "xgradcam", "shapleycam")


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return load("resnet20-cifar10")


@pytest.fixture(scope="module")
def photos() -> list[Picture]:
    return [decode(s.read(), s.name) for s in sample_pictures()[:3]]


@pytest.fixture
def store(workspace) -> Iterator[Store]:
    with Store.open(workspace) as opened:
        yield opened


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the shared passes that were made."""
    made: list[int] = []
    original = capture_module.run_pass

    def counting(module, images, taps, choose):
        made.append(len(images))
        return original(module, images, taps, choose)

    monkeypatch.setattr(pipeline, "run_pass", counting)
    return made


def request(*methods: str, **options) -> Request:
    return Request(methods=tuple(Ask(m) for m in methods), **options)


def test_the_cat_is_a_cat(classifier: Classifier, photos: list[Picture]) -> None:
    (explanation,) = explain(classifier, photos[:1], request("gradcam"))
    assert explanation.top[0].name == "cat"
    assert explanation.top[0].probability > 0.9
    assert sum(p.probability for p in explanation.top) <= 1
    (found,) = explanation.maps
    assert found.raw.shape == (8, 8)
    assert found.raw.dtype == np.float32
    assert found.target == "cat"
    assert found.taps == ("layer3",)


def test_all_methods_from_one_pass(classifier: Classifier, photos: list[Picture], passes: list[int]) -> None:
    names = [m.name for m in METHODS if m.kind in ("gradients", "activations", "head", "joint")]
    found = explain(classifier, photos, request(*names))
    assert passes == [3]
    assert all(not e.refused and len(e.maps) == len(names) for e in found)


def test_another_method_class_or_contrast_needs_no_new_pass(
    classifier: Classifier, photos: list[Picture], passes: list[int]
) -> None:
    kept = KeptPasses()
    first = explain(classifier, photos, request("gradcam"), kept=kept)
    second = first[0].top[1].name
    explain(classifier, photos[:1], request("layercam", "finercam", targets=(second,)), kept=kept)
    explain(classifier, photos[:1], request("gradcam", targets=(f"predicted:{second}",)), kept=kept)
    explain(classifier, photos[1:], request("eigencam", "gradcam++"), kept=kept)
    assert passes == [3]


def test_a_kept_pass_gives_the_very_same_map(classifier: Classifier, photos: list[Picture]) -> None:
    kept = KeptPasses()
    explain(classifier, photos, request("gradcam"), kept=kept)
    again = explain(classifier, photos[1:2], request("gradcam", targets=("dog",)), kept=kept)
    fresh = explain(classifier, photos[1:2], request("gradcam", targets=("dog",)))
    np.testing.assert_allclose(again[0].maps[0].raw, fresh[0].maps[0].raw, rtol=1e-4, atol=1e-6)


def test_asked_again_it_is_read_from_the_store(
    classifier: Classifier, photos: list[Picture], store: Store, passes: list[int]
) -> None:
    wanted = request("gradcam", "scorecam", "eigencam", targets=("predicted", "dog"))
    first = explain(classifier, photos, wanted, store=store)
    again = explain(classifier, photos, wanted, store=store)
    assert passes == [3]
    for one, other in zip(first, again, strict=True):
        assert one.top == other.top
        assert [m.method for m in one.maps] == [m.method for m in other.maps]
        for a, b in zip(one.maps, other.maps, strict=True):
            np.testing.assert_array_equal(a.raw, b.raw)
            assert (a.computed_at, a.target, a.from_store, b.from_store) == (b.computed_at, b.target, False, True)


def test_only_what_is_missing_is_computed(
    classifier: Classifier, photos: list[Picture], store: Store, passes: list[int]
) -> None:
    explain(classifier, photos[:2], request("gradcam"), store=store)
    found = explain(classifier, photos, request("gradcam", "layercam"), store=store)
    assert passes == [2, 3]
    assert [[m.from_store for m in e.maps] for e in found] == [[True, False], [True, False], [False, False]]


def test_other_parameters_are_another_result(classifier: Classifier, photos: list[Picture], store: Store) -> None:
    for k in (1.0, 2.0):
        asked = Request(methods=(Ask("fem", (("k", k),)),))
        assert not explain(classifier, photos[:1], asked, store=store)[0].maps[0].from_store


def test_identical_methods_are_named_together(classifier: Classifier, photos: list[Picture]) -> None:
    (found,) = explain(classifier, photos[:1], request(*POOLED, "layercam"))
    assert found.identical == (POOLED,)
    elsewhere = explain(classifier, photos[:1], request("gradcam", "hirescam", taps=("layer2",)))
    assert elsewhere[0].identical == ()


def test_cam_mean_over_space_is_the_logit(classifier: Classifier, photos: list[Picture]) -> None:
    (found,) = explain(classifier, photos[:1], request("cam"))
    head = classifier.head
    assert head is not None
    assert head.bias is not None
    best = found.top[0]
    expected = best.logit - float(head.bias[best.index])
    assert float(found.maps[0].raw.mean()) == pytest.approx(expected, rel=1e-4)


def test_maps_of_all_classes_average_to_the_logits(
    classifier: Classifier, photos: list[Picture], passes: list[int]
) -> None:
    kept = KeptPasses()
    explained = explain(classifier, photos, request("gradcam"), kept=kept)
    for found, explanation in zip(map_classes(classifier, photos, kept=kept), explained, strict=True):
        logits = found.values.mean(axis=(1, 2))
        for best in explanation.top:
            assert logits[best.index] == pytest.approx(best.logit, abs=1e-4)
    assert passes == [3]


def test_a_rather_than_b_is_the_difference(classifier: Classifier, photos: list[Picture]) -> None:
    targets = ("cat", "dog", "cat:dog")
    (found,) = explain(classifier, photos[:1], request("gradcam", targets=targets))
    cat, dog, both = (m.raw for m in found.maps)
    np.testing.assert_allclose(both, cat - dog, atol=1e-5)
    assert found.maps[2].target == "cat rather than dog"


def test_class_agnostic_maps_come_once(classifier: Classifier, photos: list[Picture]) -> None:
    (found,) = explain(classifier, photos[:1], request("eigencam", "gradcam", targets=("cat", "dog")))
    assert [(m.method, m.target) for m in found.maps] == [
        ("eigencam", "any class"),
        ("gradcam", "cat"),
        ("gradcam", "dog"),
    ]


def test_several_layers_and_their_fusion(classifier: Classifier, photos: list[Picture]) -> None:
    taps = ("layer2", "layer3")
    (apart,) = explain(classifier, photos[:1], request("layercam", "normgrad_layers", taps=taps))
    assert [m.taps for m in apart.maps] == [("layer2",), ("layer3",), taps]
    (one,) = explain(classifier, photos[:1], request("layercam", taps=taps, fusion="mean"))
    assert one.maps[0].raw.shape == (32, 32)
    assert 0 <= one.maps[0].raw.min() <= one.maps[0].raw.max() <= 1


def test_fusion_by_mean_equals_the_peer(classifier: Classifier, photos: list[Picture]) -> None:
    pgc = pytest.importorskip("pytorch_grad_cam")
    from analysis.arrays import stretched

    images = classifier.preprocessing.tensor([photos[0].pixels])
    classifier.module.requires_grad_(True)
    try:
        layers = [classifier.module.get_submodule(t) for t in ("layer2", "layer3")]
        with pgc.LayerCAM(classifier.module, layers) as cam:
            expected = cam(images, None)[0]
    finally:
        classifier.module.requires_grad_(False)
    (found,) = explain(classifier, photos[:1], request("layercam", taps=("layer2", "layer3"), fusion="mean"))
    np.testing.assert_allclose(stretched(found.maps[0].raw), expected, atol=3e-6)


def test_smoothing_changes_the_map_and_mirroring_does_not(classifier: Classifier, photos: list[Picture]) -> None:
    mirrored = Picture("mirrored", "m", photos[0].pixels.transpose(0))  # FLIP_LEFT_RIGHT
    smooth = explain(classifier, [photos[0], mirrored], request("gradcam", augment=True))
    plain = explain(classifier, photos[:1], request("gradcam"))
    a, b = (e.maps[0].raw for e in smooth)
    np.testing.assert_allclose(a, b[:, ::-1], rtol=1e-3, atol=1e-4)
    assert not np.allclose(a, plain[0].maps[0].raw, atol=1e-4)
    eigen = explain(classifier, photos[:1], request("gradcam", eigen_smooth=True))
    assert eigen[0].maps[0].raw.shape == (8, 8)
    assert not np.allclose(eigen[0].maps[0].raw, plain[0].maps[0].raw, atol=1e-4)


def test_what_cannot_serve_says_why_and_the_rest_goes_on(photos: list[Picture], classifier: Classifier) -> None:
    (found,) = explain(classifier, photos[:1], request("gradcam", "attention_rollout", "cam", taps=("layer2",)))
    assert [m.method for m in found.maps] == ["gradcam"]
    assert "attention" in found.refused["attention_rollout"]
    assert "'layer3'" in found.refused["cam"]


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        (request("gradcma"), UnknownName, "Did you mean: gradcam"),
        (request("gradcam", taps=("layer9",)), UnknownTap, "no layer 'layer9'"),
        (request("gradcam", targets=("unicorn",)), UnknownName, "no class named 'unicorn'"),
        (request("gradcam", targets=("10",)), MethodError, "classes are 0 to 9"),
        (request("gradcam", targets=("cat:3",)), MethodError, "against itself"),
        (Request(methods=(Ask("fem", (("k", 99),)),)), BadParameter, "from 0 to 5"),
        (Request(methods=(Ask("fem", (("q", 1),)),)), BadParameter, "no parameter 'q'"),
    ],
)
def test_a_wrong_request_says_what_to_do(
    classifier: Classifier, photos: list[Picture], wrong: Request, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        explain(classifier, photos[:1], wrong)


def test_cancelled_half_way_keeps_what_was_done(classifier: Classifier, photos: list[Picture], store: Store) -> None:
    def stop_at_scorecam(fraction: float, message: str) -> None:
        if "Score-CAM" in message and fraction > 0.6:
            raise Cancelled("stopped")

    wanted = request("gradcam", "scorecam")
    with pytest.raises(Cancelled):
        explain(classifier, photos[:1], wanted, store=store, report=stop_at_scorecam)
    (found,) = explain(classifier, photos[:1], wanted, store=store)
    assert [m.from_store for m in found.maps] == [True, False]
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in classifier.module.modules())


def test_progress_rises_to_the_end(classifier: Classifier, photos: list[Picture]) -> None:
    seen: list[float] = []
    explain(classifier, photos, request("gradcam", "scorecam"), report=lambda f, m: seen.append(f))
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(1.0)


def test_memory_is_flat_over_200_images(classifier: Classifier) -> None:
    generator = np.random.default_rng(0)
    from PIL import Image

    kept = KeptPasses(limit_bytes=4 * 2**20)

    def run(count: int, start: int) -> int:
        for number in range(start, start + count):
            pixels = Image.fromarray(generator.integers(0, 255, (64, 64, 3), dtype=np.uint8))
            explain(classifier, [Picture(str(number), "x", pixels)], request("gradcam", "eigencam"), kept=kept)
        gc.collect()
        return sum(t.nbytes for t in gc.get_objects() if type(t) is torch.Tensor)

    after_50, after_200 = run(50, 0), run(150, 50)
    assert kept.nbytes <= 4 * 2**20
    assert after_50 > 0, "no tensor was counted, so nothing would be noticed"
    assert after_200 <= after_50 * 1.05 + 2**20


def test_every_note_is_complete() -> None:
    for method in METHODS:
        for text in (method.label, method.note.paper, method.note.reads, method.note.fails):
            assert text.strip(), method.name
        assert method.note.reads.endswith("."), method.name
        assert json.dumps(method.bound())
