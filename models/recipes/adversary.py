"""Projected gradient descent within an L-infinity ball (Madry et al. 2018, eq. in section 2.1)."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.preprocessing import Preprocessing


@dataclass(frozen=True, slots=True)
class Attack:
    """Steps along the sign of the loss's gradient, from a random start, kept within `eps` and within black and white.

    `eps` and `step` are in pixel units: of 255.
    """

    eps: float
    step: float
    steps: int
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def on(cls, preprocessing: Preprocessing, *, eps: float, step: float, steps: int) -> "Attack":
        return cls(eps, step, steps, preprocessing.mean, preprocessing.std)

    def scaled(self, factor: float) -> "Attack":
        """The same attack within a smaller ball."""
        return replace(self, eps=self.eps * factor, step=self.step * factor)

    def __call__(
        self,
        network: nn.Module,
        batch: Tensor,
        targets: Tensor,
        autocast: bool = False,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Normalised images (N, C, H, W) and classes (N,) -> attacked images, detached.

        The network is attacked in evaluation mode and left in the mode it came in. Random numbers come from
        `generator` (of the CPU), else from torch's own.
        """
        mean, std = (torch.tensor(v, device=batch.device).view(1, -1, 1, 1) for v in (self.mean, self.std))
        low, high = -mean / std, (1 - mean) / std
        reach, step = self.eps / 255 / std, self.step / 255 / std
        training = network.training
        network.eval()
        start = torch.rand(batch.shape, generator=generator).to(batch.device)
        moved = (batch + (2 * start - 1) * reach).clamp(low, high)
        for _ in range(self.steps):
            moved = moved.detach().contiguous(memory_format=torch.channels_last).requires_grad_(True)
            with torch.enable_grad(), torch.autocast(batch.device.type, dtype=torch.bfloat16, enabled=autocast):
                loss = F.cross_entropy(network(moved).float(), targets, reduction="sum")
            (gradient,) = torch.autograd.grad(loss, moved)
            moved = moved.detach() + gradient.sign() * step
            moved = torch.minimum(torch.maximum(moved, batch - reach), batch + reach).clamp(low, high)
        network.train(training)
        return moved.detach()
