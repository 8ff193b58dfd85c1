"""Integer layers against the same sums in float64, by hand."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from models import quantised


def by_hand(layer: nn.Module, made: quantised.Int8Layer, x: torch.Tensor) -> torch.Tensor:
    """Round weights and inputs, multiply in float64: no code of the layer's own."""
    weight = layer.weight.detach().double()
    scales = weight.abs().flatten(1).amax(1) / 127
    shape = (-1, *[1] * (weight.ndim - 1))
    codes = torch.round(weight / scales.reshape(shape))
    if made.static:
        scale, zero = made.input_scale.double(), made.input_zero.double()
    else:
        scale, zero = x.double().abs().amax(-1, keepdim=True) / 63, 64
    rounded = (torch.round(x.double() / scale) + zero).clamp(0, 127) - zero
    bias = None if layer.bias is None else layer.bias.detach().double()
    if isinstance(layer, nn.Conv2d):
        options = (layer.stride, layer.padding, layer.dilation, layer.groups)
        return F.conv2d(rounded * scale, codes * scales.reshape(shape), bias, *options)
    return F.linear(rounded * scale, codes * scales.reshape(shape), bias)


LAYERS = [
    (nn.Conv2d(3, 8, 3, padding=1), (2, 3, 9, 9)),
    (nn.Conv2d(8, 8, 3, stride=2, groups=8, bias=False), (2, 8, 12, 12)),
    (nn.Conv2d(6, 4, (1, 5), padding=(0, 4), dilation=2), (1, 6, 7, 9)),
    (nn.Linear(20, 7), (5, 20)),
    (nn.Linear(20, 7, bias=False), (2, 3, 4, 20)),
]


CASES = [(*layer, True) for layer in LAYERS] + [(*layer, False) for layer in LAYERS[3:]]  # dynamic: linear maps


@pytest.mark.parametrize(("layer", "shape", "static"), CASES)
def test_it_computes_the_rounded_product(layer, shape, static):
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    made = quantised.int8(layer, -4.5, 4.5) if static else quantised.int8(layer)
    expected = by_hand(layer, made, x)
    with torch.inference_mode():
        torch.testing.assert_close(made(x).double(), expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(made(x.requires_grad_()).double(), expected, rtol=1e-5, atol=1e-5)
    with torch.no_grad():
        assert (made(x) - layer(x)).abs().mean() < 0.05 * layer(x).abs().mean()


def test_rows_do_not_depend_on_each_other():
    layer = quantised.int8(nn.Linear(30, 4))
    x = torch.randn(6, 30) * torch.tensor([1.0, 100, 1, 0.01, 1, 1])[:, None]
    with torch.inference_mode():
        torch.testing.assert_close(layer(x)[2:3], layer(x[2:3]), rtol=0, atol=0)
        assert torch.isfinite(layer(torch.zeros(2, 30))).all()


def test_the_gradient_is_that_of_the_rounded_weights_and_stops_where_inputs_are_cut_off():
    layer = nn.Linear(3, 1, bias=False)
    made = quantised.int8(layer, -1.0, 1.0)
    x = torch.tensor([[0.2, 5.0, -0.4]], requires_grad=True)
    made(x).sum().backward()
    expected = made.weight[0] * torch.tensor([1.0, 0.0, 1.0])
    torch.testing.assert_close(x.grad[0], expected)


def test_weights_given_later_are_used():
    first, second = (quantised.int8(nn.Linear(8, 3), -3, 3) for _ in range(2))
    x = torch.randn(4, 8)
    with torch.inference_mode():
        assert not torch.equal(first(x), second(x))
        first.load_state_dict(second.state_dict())
        assert torch.equal(first(x), second(x))
        assert torch.equal(copy.deepcopy(first)(x), second(x))


def test_zero_is_always_a_code_so_that_padding_adds_nothing():
    conv = nn.Conv2d(1, 1, 3, padding=1, bias=False)
    made = quantised.int8(conv, 2.0, 6.0)  # inputs that were never 0
    assert int(made.input_zero) == 0
    with torch.inference_mode():
        assert not made(torch.zeros(1, 1, 5, 5)).any()


def test_what_cannot_be_had_in_integers():
    assert quantised.fits(nn.Conv2d(3, 3, 3))
    assert not quantised.fits(nn.Conv2d(3, 3, 3, padding="same"))
    assert not quantised.fits(nn.Conv2d(3, 3, 3, padding=1, padding_mode="reflect"))
    assert not quantised.fits(nn.ConvTranspose2d(3, 3, 3))
