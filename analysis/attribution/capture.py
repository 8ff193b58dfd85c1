"""The shared pass: one forward and one backward for every map over every tap, image and target.

Every score that is explained is a function of the logits, so its gradient at a tap is a sum of the
logits' gradients, weighted by the score's derivative by each logit. The pass keeps the gradients of
a few logits (the top five, and those asked for); any target among them then needs no further pass.

No graph is built before the first tap: the forward starts without gradients and the first hook to
fire turns them on. What a tap gave is cloned before the network goes on, because the next layer may
overwrite it in place (DenseNet `features`, ResNet `bn2`).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from analysis.errors import MethodError
from models.classifier import Tap
from models.errors import WrongInputSize
from models.taps import to_nchw

Choose = Callable[[Tensor], Tensor]
"""logits (N, L) -> classes (N, K) whose gradients are wanted, distinct in a row."""


@dataclass(frozen=True, slots=True, eq=False)
class Pass:
    """What one forward and one backward gave. Tensors are detached and on the network's device."""

    logits: Tensor  # (N, L) float32
    classes: Tensor  # (N, K) int64, the logits whose gradients are kept
    activations: dict[str, Tensor]  # tap -> (N, C, h, w) float32
    gradients: dict[str, Tensor]  # tap -> (K, N, C, h, w) float32

    def __len__(self) -> int:
        return len(self.logits)

    @property
    def nbytes(self) -> int:
        return sum(t.nbytes for t in (*self.activations.values(), *self.gradients.values(), self.logits))

    def covers(self, taps: Sequence[str], weights: Tensor) -> bool:
        """Whether the gradients of these targets (N, L) at these taps follow from what is kept."""
        kept = torch.zeros_like(weights, dtype=torch.bool).scatter_(1, self.classes, True)
        return set(taps) <= set(self.activations) and not bool((weights != 0).logical_and(~kept).any())

    def gradient(self, tap: str, weights: Tensor) -> Tensor:
        """The gradient of sum(weights * logits), weights (N, L) -> (N, C, h, w)."""
        if len(weights) != len(self):
            raise MethodError(f"{len(weights)} targets were given for {len(self)} images; give one for each.")
        parts, factors = self.gradients[tap], weights.gather(1, self.classes).T
        used = factors.any(dim=1).nonzero().flatten().tolist()
        if len(used) == 1 and bool((factors[used[0]] == 1).all()):
            return parts[used[0]]
        exact = torch.einsum("kn,knchw->nchw", factors[used].double(), parts[used].double())  # differences cancel
        return exact.float()

    def each(self) -> list["Pass"]:
        """N passes of one image each, with memory of their own."""
        return [
            Pass(
                self.logits[n : n + 1].clone(),
                self.classes[n : n + 1].clone(),
                {t: a[n : n + 1].clone() for t, a in self.activations.items()},
                {t: g[:, n : n + 1].clone() for t, g in self.gradients.items()},
            )
            for n in range(len(self))
        ]


def joined(passes: Sequence[Pass], taps: Sequence[str]) -> Pass:
    """One pass of many images from passes of fewer, all with the same number of kept classes."""
    return Pass(
        torch.cat([p.logits for p in passes]),
        torch.cat([p.classes for p in passes]),
        {t: torch.cat([p.activations[t] for p in passes]) for t in taps},
        {t: torch.cat([p.gradients[t] for p in passes], dim=1) for t in taps},
    )


@contextmanager
def borrowed(module: nn.Module) -> Iterator[nn.Module]:
    """The network in evaluation mode; train flags are as before afterwards."""
    training = [m for m in module.modules() if m.training]
    module.eval()
    try:
        yield module
    finally:
        for each in training:
            each.training = True


def ordinary(tensor: Tensor) -> Tensor:
    """The tensor, or a copy that autograd may use where it was made in inference mode."""
    return tensor.clone() if tensor.is_inference() else tensor


@contextmanager
def hooked(module: nn.Module, hooks: dict[str, Callable]) -> Iterator[None]:
    """Forward hooks by module name, gone afterwards."""
    handles = [module.get_submodule(name).register_forward_hook(hook) for name, hook in hooks.items()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def forward(module: nn.Module, images: Tensor) -> Tensor:
    """Logits (N, L); a refusal of the images' size becomes a clear message."""
    try:
        return module(images)
    except (AssertionError, ValueError) as error:  # how timm and torchvision refuse a size
        rows, columns = images.shape[-2:]
        raise WrongInputSize(f"The network does not take images of {rows} x {columns} pixels: {error}") from error


def run_pass(module: nn.Module, images: Tensor, taps: Sequence[Tap], choose: Choose) -> Pass:
    """One forward, one backward.

    images (N, C, H, W) -> activations and gradients at every tap for the chosen logits.
    """
    read: dict[str, Tensor] = {}

    def reader(name: str) -> Callable:
        def hook(_module: nn.Module, _inputs: object, output: Tensor) -> Tensor:
            torch.set_grad_enabled(True)
            leaf = output.clone()
            read[name] = leaf if leaf.requires_grad else leaf.requires_grad_()
            return read[name].clone()

        return hook

    hooks = {t.name: reader(t.name) for t in taps}
    with torch.inference_mode(False), torch.no_grad(), borrowed(module), hooked(module, hooks):
        logits = forward(module, ordinary(images).contiguous(memory_format=torch.channels_last))
        torch.set_grad_enabled(True)
        classes = choose(logits.detach())
        rows = _row_gradients(logits, classes, [read[t.name] for t in taps])
        activations = {t.name: to_nchw(read[t.name].detach(), t).float() for t in taps}
        gradients = {t.name: _stacked(g, t) for t, g in zip(taps, rows, strict=True)}
        return Pass(logits.detach().float(), classes, activations, gradients)


def _row_gradients(logits: Tensor, classes: Tensor, leaves: list[Tensor]) -> list[Tensor]:
    """Gradients of logits[:, classes[:, k]] for every k: per leaf a tensor (K, *leaf.shape)."""
    if not leaves or not classes.shape[1] or not logits.requires_grad:
        return [leaf.new_zeros(classes.shape[1], *leaf.shape) for leaf in leaves]
    found = []
    for k in range(classes.shape[1]):
        chosen = logits.gather(1, classes[:, k : k + 1]).sum()
        more = k + 1 < classes.shape[1]
        parts = torch.autograd.grad(chosen, leaves, retain_graph=more, allow_unused=True)
        found.append([torch.zeros_like(a) if g is None else g for a, g in zip(leaves, parts, strict=True)])
    return [torch.stack([row[i] for row in found]) for i in range(len(leaves))]


def _stacked(gradients: Tensor, tap: Tap) -> Tensor:
    """(K, N, ...) in the tap's layout -> (K, N, C, h, w)."""
    maps = to_nchw(gradients.detach().flatten(0, 1), tap).float()
    return maps.unflatten(0, gradients.shape[:2])
