"""Quantised variants: near their base, small on disk, open again, and the rest of the app can use them."""

import numpy as np
import pytest
import torch

from analysis.attribution import METHODS
from analysis.attribution.capture import run_pass
from analysis.attribution.runner import Subject, attribute
from analysis.attribution.targets import ranked_with
from analysis.errors import NotApplicable
from analysis.pruning import PRUNERS
from analysis.pruning.asking import reason_against
from analysis.pruning.examples import Examples
from models import cards, catalogue
from models.facts import facts
from models.quantised import Int8Layer
from tests.analysis.pruning.making import change, images, logits, reopened


@pytest.fixture(scope="module")
def base():
    return catalogue.load("shapes-cnn")


@pytest.fixture(scope="module")
def examples() -> Examples:
    rng = np.random.default_rng(0)
    return Examples(rng.integers(0, 256, (32, 64, 64, 3), dtype=np.uint8), rng.integers(0, 12, 32))


@pytest.mark.parametrize("head", [False, True])
def test_static_covers_convolutions_and_opens_again(base, examples, head, tmp_path):
    network, structure = change(base, "int8_static", examples=examples, head=head)
    assert len(structure["replaced"]) == 19 + head
    given = images(base, 8)
    found = reopened(base, network, structure, tmp_path)
    assert torch.equal(logits(found.module, given), logits(network, given))
    error = (logits(network, given) - logits(base.module, given)).abs().mean()
    assert 0 < error < 0.1 * logits(base.module, given).abs().mean()
    assert (found.head is None) == head
    size = cards.weights_of(tmp_path / "v.json").stat().st_size
    assert size < 0.35 * sum(v.numel() * v.element_size() for v in base.module.state_dict().values())


def test_dynamic_covers_linear_layers_only(examples, tmp_path):
    base = catalogue.load("shapes-vit")
    network, structure = change(base, "int8_dynamic")
    replaced = [network.get_submodule(name) for name in structure["replaced"]]
    assert len(replaced) == 4 * 4 + 1  # qkv, proj, fc1, fc2 of four blocks, and the head
    assert all(isinstance(m, Int8Layer) and m.codes.ndim == 2 and not m.static for m in replaced)
    given = images(base)
    found = reopened(base, network, structure, tmp_path)
    assert torch.equal(logits(found.module, given), logits(network, given))
    # in torch's own a large image changes the answer to the others of its batch
    alone, beside = logits(network, given[:1]), logits(network, torch.cat([given[:1], 50 * given[1:]]))[:1]
    torch.testing.assert_close(alone, beside, rtol=1e-4, atol=1e-4)


def test_a_convolutional_network_has_its_head_only(base):
    _, structure = change(base, "int8_dynamic")
    assert list(structure["replaced"]) == ["fc"]
    with pytest.raises(NotApplicable, match="no linear layer besides the head"):
        change(base, "int8_dynamic", head=False)
    assert "Linear layers only" in PRUNERS["int8_dynamic"].note.reads


def test_it_is_counted_and_looked_into_like_any_other(base, examples, tmp_path):
    network, structure = change(base, "int8_static", examples=examples)
    found = reopened(base, network, structure, tmp_path)
    assert facts(found).macs == facts(base).macs
    assert found.taps.keys() == base.taps.keys()
    assert found.default_tap == base.default_tap
    given = images(base, 1).requires_grad_()
    found.module(given)[0, 3].backward()
    wanted = images(base, 1).requires_grad_()
    base.module(wanted)[0, 3].backward()
    cosine = torch.nn.functional.cosine_similarity(given.grad.flatten(), wanted.grad.flatten(), dim=0)
    assert cosine > 0.5  # rounding moves ReLUs, not what matters


def test_static_needs_images(base):
    with pytest.raises(NotApplicable, match="measured on images"):
        change(base, "int8_static")


@pytest.mark.parametrize(
    ("name", "serves"), [("gradcam", True), ("eigencam", True), ("saliency", True), ("cam", False)]
)
def test_explanations_work_or_say_why_not(base, examples, name, serves, tmp_path):
    network, structure = change(base, "int8_static", examples=examples, head=True)
    found = reopened(base, network, structure, tmp_path)
    given, method, tap = images(found, 2), METHODS[name], found.tap()
    taken = run_pass(found.module, given, [tap], lambda logits: ranked_with([], logits, logits.shape[1]))
    subject = Subject(found, found.module, given, taken)
    taps = [tap] if method.reads_tap else []

    def maps() -> torch.Tensor:
        return attribute(subject, method, method.bound(), taps, torch.eye(12)[[1, 2]], eigen=False).values

    if serves:
        assert torch.isfinite(maps()).all()
        assert maps().any()
    else:
        with pytest.raises(NotApplicable, match="linear head"):
            maps()


def test_pruning_it_further_by_gradients_is_refused(base, examples, tmp_path):
    network, structure = change(base, "int8_static", examples=examples)
    found = reopened(base, network, structure, tmp_path)
    assert "Prune its parent instead" in str(reason_against(PRUNERS["snip"], found))
    all_of_it, structure = change(base, "int8_static", examples=examples, head=True)
    whole = reopened(base, all_of_it, structure, tmp_path / "whole")
    assert "A quantised variant has none" in str(reason_against(PRUNERS["global_magnitude"], whole))
