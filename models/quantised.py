"""Layers that multiply 8-bit integers: weights in -127..127, inputs in 0..127, sums in 32 bits.

Weights have one scale for each output, symmetric. Inputs are rounded to 7 bits, as PyTorch's own x86 settings do,
so that no processor's 16-bit sums overflow. Their range is either fixed (static: measured on images beforehand) or
that of each row as it comes (dynamic, linear maps only; a row for itself, so that an answer does not depend on what
else is in the batch, unlike `torch.ao.quantization.quantize_dynamic`). Outputs are floats: what lies between the
layers (normalisation, activation, sums) is not quantised.

On a processor oneDNN's integer kernels compute, through torch. On other devices, and where gradients are asked for,
the same numbers are multiplied as floats; the gradient passes the rounding as if it were not there, and stops where
an input is cut off (Bengio et al. 2013, the straight-through estimator).
"""

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

LEVELS = 127  # the largest weight, and the largest input
_MIDDLE = 64  # what stands for 0 where rows are scaled one by one


class Int8Layer(nn.Module):
    """A convolution or linear map with 8-bit weights (codes * scales) and inputs; floats in, floats out."""

    codes: Tensor  # the weight's shape, int8
    scales: Tensor  # (O,) float32
    bias: Tensor | None  # (O,)
    input_scale: Tensor  # () float32; 0: found for each row
    input_zero: Tensor  # () int64: the code of 0

    def __init__(self, like: nn.Conv2d | nn.Linear) -> None:
        super().__init__()
        weight = like.weight
        self.geometry: tuple[Any, ...] = ()  # stride, padding, dilation, groups of a convolution
        if isinstance(like, nn.Conv2d):
            self.geometry = (list(like.stride), list(like.padding), list(like.dilation), like.groups)
        self.register_buffer("codes", torch.zeros(weight.shape, dtype=torch.int8, device=weight.device))
        self.register_buffer("scales", torch.ones(len(weight), device=weight.device))
        self.register_buffer("bias", None if like.bias is None else like.bias.detach().float().clone())
        self.register_buffer("input_scale", torch.zeros((), device=weight.device))
        self.register_buffer("input_zero", torch.full((), _MIDDLE, device=weight.device))
        self._packed: tuple[float, int, Tensor, Tensor] | None = None
        self.register_load_state_dict_post_hook(_forget)
        self.train(like.training)

    @property
    def weight(self) -> Tensor:
        """What the codes stand for, float32, of the layer's own shape."""
        return self.codes * self.scales.reshape(-1, *[1] * (self.codes.ndim - 1))

    @property
    def static(self) -> bool:
        return float(self.input_scale) > 0

    def forward(self, x: Tensor) -> Tensor:
        if self.input_scale.device.type != "cpu" or (torch.is_grad_enabled() and x.requires_grad):
            return self._in_floats(x)
        return self._in_integers(x)

    def extra_repr(self) -> str:
        return f"{tuple(self.codes.shape)}, int8"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_packed": None}  # packed weights can be neither copied nor stored

    def _in_floats(self, x: Tensor) -> Tensor:
        if self.static:
            scale, zero = self.input_scale, self.input_zero
        else:
            scale, zero = _row_scales(x), torch.full((), _MIDDLE, device=x.device)
        rounded = torch.round(x / scale) + zero
        cut = rounded.clamp(0, LEVELS)
        inside = torch.where(rounded == cut, x, x.detach())
        given = inside + ((cut - zero) * scale - x).detach()
        if self.geometry:
            return F.conv2d(given, self.weight, self.bias, *self.geometry)
        return F.linear(given, self.weight, self.bias)

    def _in_integers(self, x: Tensor) -> Tensor:
        scale, zero, packed, zeros = self._packed or self._pack()
        if self.geometry:
            codes = _rounded(x, scale, zero).contiguous()
            stride, padding, dilation, groups = self.geometry
            out = torch.ops.onednn.qconv2d_pointwise(
                codes, scale, zero, packed, self.scales, zeros, self.bias,
                stride, padding, dilation, groups, 1.0, 0, torch.float32, "none", [], "",
            )  # fmt: skip
            return out.contiguous()
        rows = x.reshape(-1, x.shape[-1])
        row_scales = None if self.static else _row_scales(rows)
        codes = _rounded(rows, scale if row_scales is None else row_scales, zero)
        bias = self.bias if row_scales is None else None
        out = torch.ops.onednn.qlinear_pointwise(
            codes.contiguous(), scale, zero, packed, self.scales, zeros, bias, 1.0, 0, torch.float32, "none", [], ""
        )
        if row_scales is not None:
            out = out * row_scales if self.bias is None else torch.addcmul(self.bias, out, row_scales)
        return out.reshape(*x.shape[:-1], -1)

    def _pack(self) -> tuple[float, int, Tensor, Tensor]:
        """The input's scale and zero, the weights as the kernel wants them, and their zeros. Done once."""
        scale = float(self.input_scale) if self.static else 1.0
        zero = int(self.input_zero)
        with torch.inference_mode(False), torch.no_grad():
            if self.geometry:
                stride, padding, dilation, groups = self.geometry
                packed = torch.ops.onednn.qconv_prepack(
                    self.codes, self.scales, scale, zero, stride, padding, dilation, groups
                )
            else:
                packed = torch.ops.onednn.qlinear_prepack(self.codes, None)
            self._packed = scale, zero, packed, torch.zeros(len(self.scales), dtype=torch.int64)
        return self._packed


def int8(layer: nn.Module, low: float | None = None, high: float | None = None) -> Int8Layer:
    """A layer with its weights rounded to 8 bits; `low`, `high`: the range of its inputs (static), None: dynamic."""
    made = Int8Layer(cast(nn.Conv2d | nn.Linear, layer))
    weight = cast(Tensor, layer.weight).detach().float()
    scales = weight.abs().flatten(1).amax(1).clamp_min(torch.finfo(torch.float32).tiny * 1e6) / LEVELS
    shaped = scales.reshape(-1, *[1] * (weight.ndim - 1))
    made.codes.copy_(torch.round(weight / shaped).clamp(-LEVELS, LEVELS).to(torch.int8))
    made.scales.copy_(scales)
    if low is not None and high is not None:
        low, high = min(low, 0.0), max(high, 0.0)  # 0 must be a code: it pads images
        scale = max(high - low, 1e-8) / LEVELS
        made.input_scale.fill_(scale)
        made.input_zero.fill_(round(-low / scale))
    return made


def fits(layer: nn.Module) -> bool:
    """Whether a layer can be had in integers: a plain linear map or convolution padded with zeros."""
    if type(layer) is nn.Linear:
        return True
    return type(layer) is nn.Conv2d and layer.padding_mode == "zeros" and not isinstance(layer.padding, str)


def _row_scales(x: Tensor) -> Tensor:
    """(..., 1): half the codes for what is below 0, half for what is above."""
    return x.detach().abs().amax(dim=-1, keepdim=True).clamp_min(1e-30) / (LEVELS - _MIDDLE)


def _rounded(x: Tensor, scale: float | Tensor, zero: int) -> Tensor:
    return (torch.round(x / scale) + zero).clamp_(0, LEVELS).to(torch.uint8)


def _forget(layer: nn.Module, _: object) -> None:
    """Other weights came in."""
    cast(Int8Layer, layer)._packed = None  # pyright: ignore[reportPrivateUsage]
