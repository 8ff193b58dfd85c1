"""Decks: networks of a sweep that answer together (Diffenderfer et al. 2021, "A winning hand").

A plain deck takes the mean of its members' softmax. A gated one compares the spectrum of the images before it with
that of the images that each member was trained on, GATED images at a time, and asks only those whose own is nearest;
where all were trained on alike images nothing tells them apart, and it answers as a plain one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from analysis.passes.forward import LOGITS
from analysis.passes.predictions import log_softmax
from analysis.pipelines.sweep_asking import condition_of
from analysis.pipelines.sweep_members import rows
from analysis.robustness import CORRUPTIONS
from analysis.robustness.spectra import closest, spectrum
from analysis.sweeps import CLEAN

GATED = 128
"""Images that are judged together."""

ALIKE = "All members of this deck are said to be trained on the same images, so the gate lets all of them answer."
NO_LOGITS = "A deck has no logits or features of its own: confidence, loss and Brier score are of the mean softmax."


class Gate:
    """Which members of a deck answer."""

    def __init__(self, trained_on: Sequence[str], references: Mapping[str, np.ndarray]) -> None:
        """trained_on: for each member the name of its images; references: spectra (H, W) by such names."""
        self.trained_on, self.names = list(trained_on), list(references)
        self.references = np.stack([references[n] for n in self.names])

    def open(self, pixels: Tensor) -> np.ndarray:
        """For images (n, H, W, C) uint8, which members answer: (K,) bool. One at least."""
        near = self.names[int(np.argmax(closest(spectrum(pixels), self.references)))]
        return np.array([name == near for name in self.trained_on])


def deck_rows(
    logits: Sequence[np.ndarray], pixels: Tensor, gate: Gate | None, samples: np.ndarray, truth: np.ndarray
) -> dict[str, np.ndarray]:
    """The columns of a deck's cell: logits (n, L) of each member, pixels (n, H, W, C) as one sees them."""
    mixed = []
    for start in range(0, len(samples), GATED):
        part = slice(start, start + GATED)
        answering = gate.open(pixels[part]) if gate is not None else np.ones(len(logits), dtype=bool)
        chosen = [each[part] for each, asked in zip(logits, answering, strict=True) if asked]
        mixed.append(mean_log_softmax(chosen))
    found = rows({LOGITS: np.concatenate(mixed)}, None, samples, truth)
    nothing = np.full(len(samples), np.nan, np.float32)
    return found | {"max_logit": nothing, "energy": nothing}


def mean_log_softmax(logits: Sequence[np.ndarray]) -> np.ndarray:
    """The logarithm of the mean softmax: (n, L) each -> (n, L) float32; nan where one of them is no number."""
    with np.errstate(invalid="ignore", divide="ignore"):
        usable = np.asarray(np.isfinite(np.stack(logits)).all(axis=(0, 2)))
        shares = [np.exp(log_softmax(np.where(usable[:, None], each, 0).astype(np.float64))) for each in logits]
        # far below what float32 tells from 0, so that a share of 0 does not make a number of minus infinity
        logs = np.log(np.maximum(np.mean(shares, axis=0), 1e-300))
    return np.where(usable[:, None], logs, np.nan).astype(np.float32)


def described(name: str) -> dict[str, Any]:
    """Of "clean" or "fog/3", as `sweep_images.Pictures` is asked for it."""
    condition = condition_of(name)
    if not condition.severity:
        return {"name": CLEAN, "severity": 0, "params": {}, "kind": ""}
    method = CORRUPTIONS[condition.corruption]
    return {
        "name": method.name,
        "severity": condition.severity,
        "params": method.bound(),
        "kind": method.kind,
    }


class DeckNetwork(nn.Module):
    """A deck for attacks: images from 0 to 1 -> the logarithm of its members' mean softmax."""

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def forward(self, images: Tensor) -> Tensor:
        shares = torch.stack([network(images).softmax(dim=1) for network in self.networks])
        return shares.mean(dim=0).clamp_min(1e-30).log()
