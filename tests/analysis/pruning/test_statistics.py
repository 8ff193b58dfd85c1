"""Statistics against loops written out in float64, on layers of every form; the network is left as it came."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from analysis.errors import Cancelled, EmptyDataset, NotApplicable
from analysis.pruning import statistics
from analysis.pruning.examples import Examples
from analysis.pruning.layers import prunable
from analysis.pruning.statistics import KINDS, collect
from tests.analysis.pruning.specimens import (
    CLASSES,
    INPUT,
    assert_same_state,
    float64,
    loss_gradients,
    small,
    some_examples,
    state_of,
)

EXAMPLES = some_examples(10)


def close(found: dict[str, Tensor], expected: dict[str, Tensor], tolerance: float = 2e-4) -> None:
    assert set(found) == set(expected)
    for name, value in expected.items():
        assert found[name].shape == value.shape, name
        size = float(value.abs().max())
        assert size > 0
        np.testing.assert_allclose(found[name], value, rtol=tolerance, atol=tolerance * size, err_msg=name)


def taken(network: nn.Module, kinds: set[str], batch: int = 4, examples: Examples = EXAMPLES) -> statistics.Statistics:
    return collect(network, prunable(network), examples, INPUT, kinds, batch=batch)


def squares_by_loop(network: nn.Module, images: Tensor, labels: Tensor) -> dict[str, Tensor]:
    each = [loss_gradients(network, images[n : n + 1], labels[n : n + 1]) for n in range(len(images))]
    return {name: torch.stack([g[name].square() for g in each]).mean(0) for name in each[0]}


def test_gradients_and_squares_are_those_of_a_loop() -> None:
    network = small()
    found = taken(network, {"gradients", "squares"})
    double, images, labels = float64(network, EXAMPLES)
    close(dict(found.gradients), loss_gradients(double, images, labels))
    close(dict(found.squares), squares_by_loop(double, images, labels))


def test_products_are_the_hessian_times_the_gradient() -> None:
    """The whole Hessian of the loss at temperature 200, by differentiating twice."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 4, 3, stride=3), nn.ReLU(), nn.Flatten(), nn.Linear(16, CLASSES)).eval()
    found = taken(network.requires_grad_(False), {"products"}).products
    _, images, labels = float64(small(), EXAMPLES)
    double = network.double()
    weights = {name: module.weight for name, module in prunable(double).items()}
    sizes = [w.numel() for w in weights.values()]

    def mean_loss(flat: Tensor) -> Tensor:
        parts = {f"{n}.weight": p.view_as(w) for (n, w), p in zip(weights.items(), flat.split(sizes), strict=True)}
        return F.cross_entropy(torch.func.functional_call(double, parts, (images,)) / 200, labels)

    flat = torch.cat([w.reshape(-1) for w in weights.values()])
    hessian = torch.autograd.functional.hessian(mean_loss, flat)
    assert isinstance(hessian, Tensor)
    expected = (hessian @ torch.func.grad(mean_loss)(flat)).split(sizes)
    close(dict(found), {n: e.view_as(weights[n]) for n, e in zip(weights, expected, strict=True)}, 1e-3)


def test_norms_are_of_what_each_weight_multiplies() -> None:
    """||x||^2 is the second derivative by the weight of half the squared output, summed over the row's outputs."""
    network = small()
    found = taken(network, {"norms"}).norms
    double, images, _ = float64(network, EXAMPLES)
    layers = prunable(double)
    inputs: dict[str, Tensor] = {}
    for name, module in layers.items():
        module.register_forward_hook(lambda _m, given, _o, name=name: inputs.update({name: given[0].detach().clone()}))
    double(images)
    expected = {}
    for name, module in layers.items():
        norm = torch.zeros_like(module.weight)
        for place in np.ndindex(*module.weight.shape):
            one = torch.zeros_like(module.weight)
            one[place] = 1
            with torch.no_grad():
                module.weight.copy_(one)
                if module.bias is not None:
                    module.bias.zero_()
                norm[place] = module(inputs[name]).square().sum().sqrt()
        expected[name] = norm.detach()
    close(dict(found), expected)


def test_fractions_count_the_zeros_after_the_relu_that_follows() -> None:
    network = small()
    found = taken(network, {"fractions"}).fractions
    double, images, _ = float64(network, EXAMPLES)
    first = F.relu(double.bn1(double.conv1(images)))
    second = F.relu(double.conv2(first))
    third = F.adaptive_avg_pool2d(double.bn3(double.conv3(F.max_pool2d(second, (1, 2)))), (2, 1)).flatten(1)
    fourth = F.relu(double.fc1(third))
    assert set(found) == {"conv1", "conv2", "fc1"}  # none after conv3 and the head
    for name, output in (("conv1", first), ("conv2", second), ("fc1", fourth)):
        expected = (output == 0).double().movedim(1, 0).flatten(1).mean(1)
        np.testing.assert_allclose(found[name], expected, atol=1e-6)
        assert 0 < expected.mean() < 1


def test_all_kinds_at_once_are_each_by_itself() -> None:
    network = small()
    together = taken(network, set(KINDS))
    for kind in KINDS:
        alone = getattr(taken(network, {kind}), kind)
        assert alone
        for name, value in alone.items():
            torch.testing.assert_close(getattr(together, kind)[name], value, rtol=1e-6, atol=1e-9)


def test_one_forward_and_one_backward_a_batch_serve_every_kind() -> None:
    network = small()
    forwards, backwards = [], []
    network.conv1.register_forward_hook(lambda *_: forwards.append(1))
    network.fc2.register_full_backward_hook(lambda *_: backwards.append(1))
    taken(network, set(KINDS) - {"products"}, batch=5)
    assert (len(forwards), len(backwards)) == (2, 2)
    forwards.clear()
    backwards.clear()
    taken(network, {"norms", "fractions"}, batch=5)
    assert (len(forwards), len(backwards)) == (2, 0)


@pytest.mark.parametrize("batch", [1, 3, 10, 64])
def test_the_size_of_a_batch_changes_nothing(batch: int) -> None:
    network = small()
    once, other = taken(network, set(KINDS), 5), taken(network, set(KINDS), batch)
    for kind in KINDS:
        close(dict(getattr(other, kind)), dict(getattr(once, kind)), 1e-3)


@pytest.mark.parametrize("frozen", [False, True])
def test_the_network_is_left_as_it_came(frozen: bool) -> None:
    network = small().train()
    network.bn3.eval()
    network.requires_grad_(not frozen)
    network.conv2.weight.requires_grad_(frozen)
    before = state_of(network)
    taken(network, set(KINDS))
    assert_same_state(before, state_of(network))


def test_also_when_it_is_stopped_or_fails() -> None:
    network = small().train()
    before = state_of(network)

    def stop(fraction: float, _message: str) -> None:
        if fraction > 0:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        collect(network, prunable(network), EXAMPLES, INPUT, KINDS, batch=4, report=stop)
    assert_same_state(before, state_of(network))
    wrong = Examples(EXAMPLES.images, EXAMPLES.labels + CLASSES)
    with pytest.raises(NotApplicable, match=r"labels run from .* and the network has 4 classes"):
        taken(network, {"gradients"}, examples=wrong)
    assert_same_state(before, state_of(network))


def test_no_images_are_refused() -> None:
    with pytest.raises(EmptyDataset, match="at least one"):
        taken(small(), {"norms"}, examples=Examples(EXAMPLES.images[:0], EXAMPLES.labels[:0]))


class Standardised(nn.Conv2d):
    """Reads its weight in another form, as weight standardisation does."""

    def forward(self, x: Tensor) -> Tensor:
        weight = (self.weight - self.weight.mean((1, 2, 3), keepdim=True)) / self.weight.std((1, 2, 3), keepdim=True)
        return F.conv2d(x, weight)


class Twice(nn.Module):
    """One map used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.same = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.same(torch.tanh(self.same(x)))


class Windows(nn.Module):
    """A linear map on windows of the image, which stand before the samples or after them in its input's rows."""

    def __init__(self) -> None:
        super().__init__()
        self.map = nn.Linear(48, 5)

    def forward(self, x: Tensor) -> Tensor:
        rows = x.unfold(2, 4, 4).unfold(3, 4, 4).permute(2, 3, 0, 1, 4, 5).reshape(4, len(x), -1)  # windows first
        return torch.tanh(self.map(rows)).mean(0)[:, None, None, :]


class Attending(nn.Module):
    """Torch's own attention, which never calls its output map."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(24, 2, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        tokens = x.movedim(2, 1).flatten(2)  # rows of the image: (n, 8, 24)
        return self.attention(tokens, tokens, tokens)[0][:, None]


@pytest.mark.parametrize("first", [lambda: Standardised(3, 5, 3), Twice, Windows, Attending])
@pytest.mark.parametrize("batch", [4, 10])
def test_squares_are_right_for_layers_that_are_not_plain(first: Callable[[], nn.Module], batch: int) -> None:
    torch.manual_seed(1)
    network = nn.Sequential(first(), nn.Flatten(), nn.LazyLinear(CLASSES)).eval()
    network(torch.zeros(1, 3, 8, 8))
    found = taken(network, {"squares", "gradients"}, batch)
    _, images, labels = float64(small(), EXAMPLES)
    double = network.double()
    close(dict(found.squares), squares_by_loop(double, images, labels), 1e-3)
    close(dict(found.gradients), loss_gradients(double, images, labels), 1e-3)


def test_the_output_map_of_attention_is_seen() -> None:
    torch.manual_seed(1)
    network = nn.Sequential(Attending(), nn.Flatten(), nn.Linear(192, CLASSES)).eval()
    before = state_of(network)
    found = taken(network, {"norms"}).norms["0.attention.out_proj"]
    assert_same_state(before, state_of(network))
    _, images, _ = float64(small(), EXAMPLES)
    tokens = images.float().movedim(2, 1).flatten(2)
    attention = network[0].attention
    mixed = F.scaled_dot_product_attention(
        *(
            part.unflatten(2, (2, 12)).transpose(1, 2)
            for part in F.linear(tokens, attention.in_proj_weight, attention.in_proj_bias).chunk(3, dim=2)
        )
    )
    expected = mixed.transpose(1, 2).flatten(2).flatten(0, 1).norm(dim=0)
    torch.testing.assert_close(found, expected.expand(24, 24), rtol=1e-4, atol=1e-5)


def test_scales_are_the_gammas_that_follow() -> None:
    network = small()
    found = statistics.scales(network, prunable(network), INPUT)
    assert set(found) == {"conv1", "conv3"}
    assert torch.equal(found["conv1"], network.bn1.weight)
    assert torch.equal(found["conv3"], network.bn3.weight)
