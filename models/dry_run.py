"""One forward pass over random images that notes what every module gave, and leaves no trace."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from models.errors import NotAClassifier, WrongInputSize
from models.preprocessing import Preprocessing

BATCH = 2


@dataclass(slots=True, eq=False)
class DryRun:
    """Outputs and inputs of a network's modules, in the order in which they finished for the last time."""

    size: tuple[int, int]  # rows, columns of the images
    outputs: dict[str, Tensor] = field(default_factory=dict)  # as they left the module, before anything wrote to them
    inputs: dict[str, Tensor] = field(default_factory=dict)  # of linear maps only
    logits: Tensor = field(default_factory=lambda: torch.empty(0))  # (BATCH, L)

    def gradients(self, score: Tensor, names: list[str]) -> dict[str, Tensor | None]:
        """The score's gradient at those outputs; None where it does not depend on them."""
        wanted = [n for n in names if self.outputs[n].requires_grad]
        if not wanted or not score.requires_grad:
            return dict.fromkeys(names)
        tensors = [self.outputs[n] for n in wanted]
        found = torch.autograd.grad(score, tensors, retain_graph=True, allow_unused=True)
        return dict.fromkeys(names) | dict(zip(wanted, found, strict=True))


def dry_run(module: nn.Module, preprocessing: Preprocessing) -> DryRun:
    """Run two random images of the preprocessing's size, in eval mode, gradients recorded.

    Works inside `torch.inference_mode`, with frozen parameters, and restores hooks and train flags.
    """
    reference = next((p for p in module.parameters() if p.is_floating_point()), torch.empty(0))
    generator = torch.Generator().manual_seed(0)
    shape = (BATCH, preprocessing.channels, *preprocessing.size)
    run = DryRun(preprocessing.size)
    # weights made in inference mode cannot take part in a backward pass
    usable = not any(p.is_inference() for p in module.parameters())
    with torch.inference_mode(False), torch.set_grad_enabled(usable), _evaluating(module), _noting(module, run):
        images = torch.randn(shape, generator=generator).to(reference.device, reference.dtype)
        # not a leaf: the network may write to its input
        images = images.requires_grad_(usable).clone()
        try:
            logits = module(images)
        except Exception as error:
            wanted = f"{preprocessing.channels} x {preprocessing.size[0]} x {preprocessing.size[1]}"
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise WrongInputSize(f"The network does not run on images of {wanted}: {reason}") from error
    if not isinstance(logits, Tensor) or logits.ndim != 2 or len(logits) != BATCH:
        given = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
        raise NotAClassifier(
            f"A classifier gives one row of logits an image, ({BATCH}, L); this network gives {given}."
        )
    run.logits = logits
    return run


@contextmanager
def _evaluating(module: nn.Module) -> Iterator[None]:
    flags = {m: m.training for m in module.modules()}
    module.eval()
    try:
        yield
    finally:
        for part, flag in flags.items():
            part.training = flag


@contextmanager
def _noting(module: nn.Module, run: DryRun) -> Iterator[None]:
    handles = [m.register_forward_hook(_note(name, run)) for name, m in module.named_modules() if name]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _note(name: str, run: DryRun):
    def hook(module: nn.Module, inputs: tuple, output: object) -> Tensor | None:
        run.outputs.pop(name, None)  # called again: the last call counts, also for the order
        if not isinstance(output, Tensor) or not output.is_floating_point():
            return None
        run.outputs[name] = output
        if isinstance(module, nn.Linear) and inputs and isinstance(inputs[0], Tensor):
            run.inputs[name] = inputs[0]
        # what follows works on a copy, so that in-place layers do not overwrite what we keep
        return output.clone()

    return hook
