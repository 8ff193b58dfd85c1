"""The training loop that all recipes share.

SGD or AdamW with one cycle of the learning rate and of momentum (Smith 2018), augmentation on the
batch, an exponential moving average of the weights (which is what is kept), bf16 autocast where asked,
adversarial training (Madry et al. 2018), and learning from another network (Hinton et al. 2015). Seeded:
the same seed, machine and number of threads give the same network, to the last bit.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from models.preprocessing import Preprocessing
from models.recipes.adversary import Attack
from models.recipes.augmentation import AUGMENTATIONS, Augmentation

Report = Callable[[float, str], None]
"""(fraction done, message); raising stops the training."""

Watch = Callable[[nn.Module, int, int], None]
"""Called after every step with the network, the steps done and those there are; may alter the weights in place."""

TEMPERATURE = 4.0  # of the softmax that a network learns from its teacher by
TAUGHT = 0.5  # the teacher's part of the loss; the labels' is the rest


@dataclass(frozen=True, slots=True)
class Settings:
    """What a training is made of, beside network and data."""

    epochs: int
    again: int = 0  # epochs of a second cycle, which starts from the averaged weights of the first
    batch: int = 128
    optimiser: Literal["sgd", "adamw"] = "sgd"
    peak_lr: float = 0.4
    warm_up: float = 0.2  # part of the steps in which the learning rate rises
    weight_decay: float = 5e-4  # of weights with two axes or more
    ema_decay: float = 0.998
    augmentation: tuple[Augmentation, ...] = ("mirror", "shift")
    attack: Attack | None = None  # every batch is attacked before it is learnt from
    attack_ramp: float = 0.0  # part of the steps in which the attack grows from nothing to its size
    autocast: bool = True  # bf16
    seed: int = 0


def fit(
    make: Callable[[], nn.Module],
    images: np.ndarray,
    labels: np.ndarray,
    settings: Settings,
    *,
    preprocessing: Preprocessing,
    device: str | torch.device = "cpu",
    report: Report | None = None,
    teacher: nn.Module | None = None,
    watch: Watch | None = None,
) -> nn.Module:
    """Train a network from random weights, or from those that it has.

    images (N, H, W, C) uint8 of the network's input size, labels (N,) -> the averaged network, in eval mode.
    `make` is called after seeding; what it returns is trained in place, the averaged one is a copy. Parameters that
    want no gradient stay as they are. The caller's random state is left as it was.
    """
    cycle = partial(
        _cycle, images=images, labels=labels, preprocessing=preprocessing, device=device, teacher=teacher, watch=watch
    )
    whole = settings.epochs + settings.again
    first = replace(settings, again=0)
    network = cycle(make, settings=first, report=_part(report, 0, settings.epochs / whole))
    if settings.again:
        start, second = network, replace(first, epochs=settings.again, seed=settings.seed + 1)
        network = cycle(lambda: start, settings=second, report=_part(report, settings.epochs / whole, 1))
    return network


def _part(report: Report | None, start: float, end: float) -> Report:
    """Progress of a part of the work."""
    return lambda fraction, message: report(start + (end - start) * fraction, message) if report else None


def _cycle(
    make: Callable[[], nn.Module],
    *,
    images: np.ndarray,
    labels: np.ndarray,
    settings: Settings,
    preprocessing: Preprocessing,
    device: str | torch.device,
    report: Report,
    teacher: nn.Module | None,
    watch: Watch | None,
) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        network = make().to(device).to(memory_format=torch.channels_last)
        average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(settings.ema_decay), use_buffers=True)
        steps = max(len(images) // settings.batch, 1)
        optimiser, schedule = _optimiser(network, settings, steps)
        loop = _batches(images, labels, settings, preprocessing, device)
        total, losses = settings.epochs * steps, 0.0
        network.train()
        for step, (batch, targets) in enumerate(loop, start=1):
            ramp = settings.attack_ramp * total
            loss = _loss(network, batch, targets, settings, min(step / ramp, 1.0) if ramp else 1.0, teacher)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            if watch is not None:
                watch(network, step, total)
            average.update_parameters(network)
            losses += loss.item()
            if step % 10 == 0 or step % steps == 0:
                place = (step - 1) % steps + 1
                report(step / total, f"epoch {(step - 1) // steps + 1} of {settings.epochs}, loss {losses / place:.3f}")
            losses = 0.0 if step % steps == 0 else losses
    return average.module.eval()


def inputs(images: np.ndarray | Tensor, preprocessing: Preprocessing) -> Tensor:
    """(N, H, W, C) uint8 -> (N, C, H, W) float32, normalised as the classifier does."""
    scaled = torch.as_tensor(images).permute(0, 3, 1, 2).float() / 255
    mean, std = (
        torch.tensor(v, device=scaled.device).view(1, -1, 1, 1) for v in (preprocessing.mean, preprocessing.std)
    )
    return (scaled - mean) / std


def _batches(
    images: np.ndarray, labels: np.ndarray, settings: Settings, preprocessing: Preprocessing, device: str | torch.device
) -> Iterator[tuple[Tensor, Tensor]]:
    """Augmented batches of all epochs; what does not fill a batch waits for the next epoch's order."""
    generator = torch.Generator().manual_seed(settings.seed)
    y, size = torch.from_numpy(labels.astype(np.int64)), min(settings.batch, len(images))
    for _ in range(settings.epochs):
        for index in torch.randperm(len(y), generator=generator)[: len(y) // size * size].split(size):
            batch = inputs(images[index.numpy()], preprocessing)
            for name in settings.augmentation:
                batch = AUGMENTATIONS[name](batch, generator)
            yield batch.to(device, memory_format=torch.channels_last), y[index].to(device)


def _loss(
    network: nn.Module,
    batch: Tensor,
    targets: Tensor,
    settings: Settings,
    attacked: float,
    teacher: nn.Module | None,
) -> Tensor:
    if settings.attack is not None:
        batch = settings.attack.scaled(attacked)(network, batch, targets, settings.autocast)
        batch = batch.contiguous(memory_format=torch.channels_last)
    with torch.autocast(batch.device.type, dtype=torch.bfloat16, enabled=settings.autocast):
        logits = network(batch).float()
        loss = F.cross_entropy(logits, targets)
        if teacher is None:
            return loss
        with torch.no_grad():
            taught = teacher(batch).float()
    return (1 - TAUGHT) * loss + TAUGHT * distillation(logits, taught)


def distillation(logits: Tensor, taught: Tensor) -> Tensor:
    """How far a network's softened answers are from its teacher's (Hinton et al. 2015, section 2).

    logits, taught (N, L) -> (): T^2 times the mean divergence KL(teacher, network), both at temperature T = 4.
    """
    ours, theirs = (F.log_softmax(each / TEMPERATURE, dim=1) for each in (logits, taught))
    return TEMPERATURE**2 * F.kl_div(ours, theirs, reduction="batchmean", log_target=True)


def _optimiser(
    network: nn.Module, settings: Settings, steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    learnt = [p for p in network.parameters() if p.requires_grad]
    decayed = [p for p in learnt if p.ndim > 1]
    plain = [p for p in learnt if p.ndim == 1]
    groups = [{"params": decayed, "weight_decay": settings.weight_decay}, {"params": plain, "weight_decay": 0.0}]
    if settings.optimiser == "sgd":
        optimiser = torch.optim.SGD(groups, lr=settings.peak_lr, momentum=0.9, nesterov=True)
    else:
        optimiser = torch.optim.AdamW(groups, lr=settings.peak_lr)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, settings.peak_lr, epochs=settings.epochs, steps_per_epoch=steps, pct_start=settings.warm_up
    )
    return optimiser, schedule
