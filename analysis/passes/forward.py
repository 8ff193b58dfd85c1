"""One classifier's forward pass over a batch, with what is read on the way: in evaluation mode, without gradients.

Images go in channels-last, which most convolutions run faster on; the network's weights stay as they are, and its
hooks and train flags are as before after every batch. Taps with a map give its mean over the cells (prefix tokens
left out), vectors come as they are. The head's input is read at the head itself.

With autocast the network runs in bfloat16 (float16 on a CUDA device without it), and a linear head is applied in
float32 to what it was given, so that logits are not rounded to eight bits.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from models.classifier import Classifier, Head, Tap
from models.errors import UnknownTap, WrongInputSize
from models.preprocessing import Preprocessing
from models.taps import to_nchw

LOGITS, PENULTIMATE = "logits", "penultimate"
"""Names that may be asked for like taps: the network's output, and the input of its linear head."""

_ROOM = 1 << 18  # numbers that a processor's cache holds
_NO_MEMORY = ("out of memory", "not enough memory", "can't allocate memory", "cannot allocate memory")


@dataclass(frozen=True, slots=True, eq=False)
class Outputs:
    """What a network said of n images, on its device."""

    logits: Tensor  # (n, L) float32
    features: dict[str, Tensor]  # tap -> (n, D) float32; PENULTIMATE among them where the head is linear
    zeros: dict[str, Tensor] = field(default_factory=dict)  # tap with a map -> (n, C) float32, cells that are 0


def normalised(pixels: Tensor, preprocessing: Preprocessing) -> Tensor:
    """(n, H, W, C) uint8 -> (n, C, H, W) float32, channels-last, the very numbers of `Preprocessing.tensor`.

    Mean and deviation are laid out for a whole row, four times as fast as three numbers broadcast over the last axis.
    The divisors are tensors, because on a GPU a number would be multiplied by its rounded inverse.
    """
    count, rows, columns, channels = pixels.shape
    device = pixels.device
    mean, std = (torch.tensor(v, device=device).repeat(columns) for v in (preprocessing.mean, preprocessing.std))
    scaled = pixels.reshape(count, rows, columns * channels).float().div_(torch.tensor(255.0, device=device))
    return scaled.sub_(mean).div_(std).view(count, rows, columns, channels).permute(0, 3, 1, 2)


def resolved(classifier: Classifier, taps: Sequence[str]) -> tuple[str, ...]:
    """The taps' own names, each once; UnknownTap where the network has no such place."""
    found = []
    for name in taps:
        if name == PENULTIMATE and classifier.head is None:
            raise UnknownTap(
                f"The head of {classifier.name} is not one linear map, so it has no input to keep. "
                f"Ask for a layer, for example {classifier.default_tap or next(iter(classifier.taps), 'none')}."
            )
        found.append(name if name in (LOGITS, PENULTIMATE) else classifier.tap(name).name)
    return tuple(dict.fromkeys(found))


def device_of(module: nn.Module) -> torch.device:
    return next((p.device for p in module.parameters()), torch.device("cpu"))


def out_of_memory(error: RuntimeError) -> bool:
    """Whether a device's memory did not suffice, as far as the message tells."""
    return isinstance(error, torch.OutOfMemoryError) or any(m in str(error).lower() for m in _NO_MEMORY)


class Forward:
    """Batches through one classifier. The network is held for one batch at a time."""

    def __init__(self, classifier: Classifier, taps: Sequence[str], autocast: bool, *, zeros: bool = False) -> None:
        """zeros: whether those of maps are counted."""
        self.classifier, self.counts = classifier, zeros
        self.taps = [classifier.taps[t] for t in taps if t not in (LOGITS, PENULTIMATE)]
        self.device = device_of(classifier.module)
        self.type = next((p.dtype for p in classifier.module.parameters() if p.is_floating_point()), torch.float32)
        self.autocast = _half(self.device) if autocast else None

    def __call__(self, pixels: Tensor) -> Outputs:
        """pixels (n, H, W, C) uint8, as the preprocessing crops them."""
        found: dict[str, Tensor] = {}
        zeros: dict[str, Tensor] | None = {} if self.counts else None
        with self.classifier.exclusive() as module, torch.inference_mode(), _exactly(self.device):
            images = normalised(pixels.to(self.device), self.classifier.preprocessing).to(self.type)
            with _reading(module, self.taps, self.classifier.head, found, zeros), self._casting():
                try:
                    logits = module(images)
                except (AssertionError, ValueError) as error:  # how timm and torchvision refuse a size
                    rows, columns = images.shape[-2:]
                    raise WrongInputSize(
                        f"{self.classifier.name} does not take images of {rows} x {columns} pixels: {error}"
                    ) from error
            head = self.classifier.head
            if self.autocast and head is not None:
                bias = None if head.bias is None else head.bias.float()
                logits = nn.functional.linear(found[PENULTIMATE], head.weight.float(), bias)
        return Outputs(logits.float(), found, zeros or {})

    @contextmanager
    def _casting(self) -> Iterator[None]:
        if self.autocast is None:
            yield
            return
        with torch.autocast(self.device.type, self.autocast):
            yield


def _half(device: torch.device) -> torch.dtype:
    if device.type == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.float16
    return torch.bfloat16


@contextmanager
def _exactly(device: torch.device) -> Iterator[None]:
    """On CUDA: the same algorithm every time, and float32 that is float32."""
    if device.type != "cuda":
        yield
        return
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
        yield


@contextmanager
def _reading(
    module: nn.Module,
    taps: Sequence[Tap],
    head: Head | None,
    found: dict[str, Tensor],
    zeros: dict[str, Tensor] | None,
) -> Iterator[None]:
    """Evaluation mode and hooks that fill `found`, and `zeros` where there is one; both are undone."""
    training = [m for m in module.modules() if m.training]
    with ExitStack() as stack:
        for tap in taps:
            handle = module.get_submodule(tap.name).register_forward_hook(_pooled(tap, found, zeros))
            stack.callback(handle.remove)
        if head is not None:
            handle = module.get_submodule(head.name).register_forward_pre_hook(_given(found))
            stack.callback(handle.remove)
        if training:
            module.eval()
        try:
            yield
        finally:
            for each in training:
                each.training = True


def _pooled(tap: Tap, found: dict[str, Tensor], zeros: dict[str, Tensor] | None) -> Callable[..., None]:
    """A hook that keeps the mean over cells (n, D) at once: the next layer may overwrite the output."""

    def hook(module: nn.Module, inputs: tuple, output: Tensor) -> None:
        maps = to_nchw(output, tap)
        found[tap.name] = maps.float().mean(dim=(2, 3))
        if zeros is not None and tap.spatial:
            zeros[tap.name] = _zeros(maps)

    return hook


def _zeros(maps: Tensor) -> Tensor:
    """(n, C, h, w) -> (n, C) float32: how many cells are exactly 0."""
    if maps.device.type != "cpu":
        return (maps == 0).sum(dim=(2, 3), dtype=torch.float32)
    # a few images at a time, as numbers in a place that stays in the cache: six times as fast as a sum of booleans
    count, channels, rows, columns = maps.shape
    size = channels * rows * columns
    some = max(1, min(count, _ROOM // max(size, 1)))
    found, room = (torch.empty(shape, dtype=torch.float32) for shape in ((count, channels), (some * size,)))
    for part, into in zip(maps.split(some), found.split(some), strict=True):
        is_zero = _like(part, room[: part.numel()])
        torch.sum(torch.eq(part, 0, out=is_zero), dim=(2, 3), out=into)
    return found


def _like(maps: Tensor, room: Tensor) -> Tensor:
    """This room (n C h w,) as maps (n, C, h, w) that lie in memory as these do: channels last, or first."""
    count, channels, rows, columns = maps.shape
    if maps.stride(1) == 1:
        return room.view(count, rows, columns, channels).permute(0, 3, 1, 2)
    return room.view(maps.shape)


def _given(found: dict[str, Tensor]) -> Callable[..., None]:
    """A hook that keeps what the head is given, (n, D)."""

    def hook(module: nn.Module, inputs: tuple) -> None:
        found[PENULTIMATE] = inputs[0].detach().float().clone()

    return hook
