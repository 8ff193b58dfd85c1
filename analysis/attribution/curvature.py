"""Second derivatives of a score by the activations at a tap."""

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from analysis.attribution.capture import borrowed, forward, hooked, ordinary
from models.classifier import Tap
from models.taps import to_nchw


def hessian_times_activations(module: nn.Module, images: Tensor, tap: Tap, weights: Tensor) -> Tensor:
    """The Hessian of sum(weights * logits) by the tap's activations, times those activations.

    images (N, C, H, W), weights (N, L) -> (N, C, h, w); zero where the layers above are piecewise linear.
    """
    read: list[Tensor] = []

    def hook(_module: nn.Module, _inputs: object, output: Tensor) -> Tensor:
        torch.set_grad_enabled(True)
        read[:] = [output.detach().clone().requires_grad_()]
        return read[0].clone()

    plain_attention = sdpa_kernel(SDPBackend.MATH)  # the fused kernels have no second derivative
    with torch.inference_mode(False), torch.no_grad(), plain_attention, borrowed(module):
        with hooked(module, {tap.name: hook}):
            logits = forward(module, ordinary(images))
        torch.set_grad_enabled(True)
        (leaf,) = read
        product = _second(torch.autograd.grad((logits * weights).sum(), leaf, create_graph=True)[0], leaf)
    return to_nchw(product.detach(), tap).float()


def _second(gradient: Tensor, leaf: Tensor) -> Tensor:
    if not gradient.requires_grad:
        return torch.zeros_like(leaf)
    (product,) = torch.autograd.grad(gradient, leaf, grad_outputs=leaf.detach(), allow_unused=True)
    return torch.zeros_like(leaf) if product is None else product
