"""One network of a sweep: its answers to prepared images, and the rows that they become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from analysis.passes.collectors import Seen
from analysis.passes.forward import LOGITS, PENULTIMATE, Forward, out_of_memory, resolved
from analysis.passes.geometry import LinearHead
from analysis.passes.one import OutOfMemory, linear_head
from analysis.passes.plan import power_of_two, usual_batch
from analysis.passes.predictions import columns, log_softmax
from analysis.records import UNLABELLED
from models.classifier import Classifier

ROW = ("prediction", "correct", "confidence", "loss", "angle", "length", "margin")


class Answering:
    """A network that takes images in batches of its own, whoever else is shown them."""

    def __init__(self, classifier: Classifier, features: Sequence[str], autocast: bool, batch: int | None) -> None:
        """UnknownTap where it has no such features."""
        self.classifier = classifier
        self.features = resolved(classifier, features)
        self.forward = Forward(classifier, self.features, autocast)
        self.head = linear_head(classifier)
        usual = usual_batch([classifier.preprocessing.size], self.forward.device.type)
        self.batch = usual if batch is None else power_of_two(batch)
        self.halved = False

    def answers(self, pixels: Tensor) -> dict[str, np.ndarray]:
        """pixels (n, H, W, C) uint8, or float32 from 0 to 255 -> logits and features by tap, (n, D) float32 each.

        Half the batch where memory does not suffice, from there on. OutOfMemory, WrongInputSize, or what it raises.
        """
        exact = pixels.is_floating_point()  # then the pass would normalise these very numbers
        while True:
            try:
                outputs = [self.forward(piece.clone() if exact else piece) for piece in pixels.split(self.batch)]
                names = [LOGITS, *outputs[0].features]
                parts = {n: [o.logits if n == LOGITS else o.features[n] for o in outputs] for n in names}
                return {n: torch.cat(p).cpu().numpy() for n, p in parts.items()}
            except RuntimeError as error:
                if not out_of_memory(error):
                    raise
                self.halve()

    def halve(self) -> None:
        if self.forward.device.type == "cuda":
            torch.cuda.empty_cache()
        if self.batch == 1:
            rows, across = self.classifier.preprocessing.size
            raise OutOfMemory(
                f"The memory of this {self.forward.device.type} device does not suffice for {self.classifier.name} on "
                f"one image of {rows} x {across} pixels. Close what else uses it, or leave this model out."
            )
        self.batch, self.halved = self.batch // 2, True

    def attacked(
        self, pixels: Tensor, labels: np.ndarray, places: np.ndarray, asked: Mapping[str, Any], seed: int
    ) -> Tensor:
        """Clean images (n, H, W, C) uint8 as an attack on this network leaves them: float32 from 0 to 255.

        labels (n,): the classes that are attacked, where unknown the predicted ones.
        """
        unknown = labels == UNLABELLED
        if unknown.any():
            labels = np.where(unknown, self.answers(pixels)[LOGITS].argmax(axis=1), labels)
        with self.classifier.exclusive() as module:
            network = in_units(module, self.classifier)
            found = []
            for start in range(0, len(pixels), self.batch):
                part = slice(start, start + self.batch)
                found.append(attacked(network, pixels[part], labels[part], places[part], asked, seed))
        return torch.cat(found)


def in_units(module: nn.Module, classifier: Classifier) -> nn.Module:
    """The network for images from 0 to 1."""
    return _Normalising(module, classifier.preprocessing.mean, classifier.preprocessing.std).eval()


class _Normalising(nn.Module):
    def __init__(self, module: nn.Module, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.module, self.mean, self.std = module, mean, std

    def forward(self, images: Tensor) -> Tensor:
        mean, std = (torch.tensor(v, device=images.device).view(1, -1, 1, 1) for v in (self.mean, self.std))
        return self.module((images - mean) / std).float()


def attacked(
    network: nn.Module, pixels: Tensor, labels: np.ndarray, places: np.ndarray, asked: Mapping[str, Any], seed: int
) -> Tensor:
    """(n, H, W, C) uint8 -> the same as float32 from 0 to 255."""
    from analysis.robustness import attacking

    images = pixels.permute(0, 3, 1, 2).float() / 255
    classes = torch.from_numpy(np.asarray(labels, dtype=np.int64)).to(images.device)
    name, severity, params = asked["name"], asked["severity"], asked["params"]
    found = attacking.attacked(network, images, classes, places, name, severity, seed=seed, params=params)
    return found.permute(0, 2, 3, 1) * 255


# ------------------------------------------------------------------------------------------------------------- rows


def rows(
    answers: Mapping[str, np.ndarray], head: LinearHead | None, samples: np.ndarray, truth: np.ndarray
) -> dict[str, np.ndarray]:
    """The columns of a cell for n samples: see `sweep_cells.write_cell`.

    Where the logits are not numbers the answer is wrong, and all that is made of them is nan.
    """
    logits = answers[LOGITS]
    features = {PENULTIMATE: answers[PENULTIMATE]} if head is not None else {}
    found, _ = columns(Seen(0, range(len(logits)), truth, logits, features, head))
    kept = {name: found[name] for name in ROW}
    usable = np.asarray(np.isfinite(logits).all(axis=1))
    kept["correct"] = np.ma.masked_array(np.ma.getdata(kept["correct"]) & usable, truth == UNLABELLED)
    kept |= {n: np.ma.filled(kept[n].astype(np.float32), np.nan) for n in ("confidence", "loss", *ROW[4:])}
    return {"sample": samples.astype(np.int32)} | kept | _of_logits(logits, truth, usable)


def _of_logits(logits: np.ndarray, truth: np.ndarray, usable: np.ndarray) -> dict[str, np.ndarray]:
    """brier, max_logit, energy."""
    exact = np.where(usable[:, None], logits, 0).astype(np.float64)
    logs = log_softmax(exact)
    squares = np.exp(2 * logs).sum(axis=1)
    places = np.arange(len(logits))
    known = truth != UNLABELLED
    own = np.exp(logs[places, np.where(known, truth, 0)])
    most = exact.max(axis=1)
    total = most + np.log(np.exp(exact - most[:, None]).sum(axis=1))
    found = {
        "brier": np.where(known & usable, squares - 2 * own + 1, np.nan),
        "max_logit": np.where(usable, most, np.nan),
        "energy": np.where(usable, -total, np.nan),
    }
    return {name: values.astype(np.float32) for name, values in found.items()}


def joined(parts: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The columns of consecutive chunks as one."""
    return {name: np.ma.concatenate([p[name] for p in parts]) for name in parts[0]}


def not_numbers(columns: Mapping[str, np.ndarray]) -> int:
    """How many rows have no confidence, because the logits are not numbers."""
    return int(np.isnan(np.ma.getdata(columns["confidence"])).sum())
