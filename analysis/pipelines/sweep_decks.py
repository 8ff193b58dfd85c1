"""Decks: networks of a sweep that answer together (Diffenderfer et al. 2021, "A winning hand").

A plain deck takes the mean of its members' softmax. A gated one compares the spectrum of the images before it with
that of the images that each member was trained on, GATED images at a time, and asks only those whose own is nearest;
where all were trained on alike images nothing tells them apart, and it answers as a plain one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from analysis.errors import DataError
from analysis.passes.forward import LOGITS
from analysis.passes.predictions import log_softmax
from analysis.passes.stream import crop_of
from analysis.pipelines.sweep_conditions import condition_of
from analysis.pipelines.sweep_images import Images, Pictures
from analysis.pipelines.sweep_members import Answering, attacked, in_units, rows
from analysis.pipelines.sweep_networks import Networks
from analysis.pipelines.sweep_plan import CHUNK, Plan
from analysis.robustness import CORRUPTIONS
from analysis.robustness.spectra import closest, spectrum
from analysis.sweeps import CLEAN
from models.preprocessing import Preprocessing

GATED = 128
"""Images that are judged together."""


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


def trained_on(deck: Mapping[str, Any]) -> list[str]:
    """For each member of a gated deck what it was trained on; empty for a plain one."""
    return [deck["trained_on"].get(name, CLEAN) for name in deck["members"]] if deck["gate"] == "spectral" else []


def remarks_of(decks: Sequence[Mapping[str, Any]]) -> list[str]:
    """What must be said of the decks of a sweep."""
    found = []
    if decks:
        found.append(
            "A deck has no logits or features of its own: its confidence, loss and Brier score are of the mean softmax."
        )
    alike = [deck["name"] for deck in decks if len(set(trained_on(deck))) == 1]
    found += [
        f"All members of the deck '{name}' are said to be trained on the same images, so its gate lets them all answer."
        for name in alike
    ]
    return found


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


class Decks:
    """The decks of a sweep."""

    def __init__(self, plan: Plan, networks: Networks, pictures: Pictures) -> None:
        self._plan, self._networks, self._pictures = plan, networks, pictures
        self._spectra: dict[tuple[str, Preprocessing], np.ndarray] = {}

    def answers(
        self, deck: int, asked: Mapping[str, Any], span: slice, images: Images, logits: Mapping[int, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """Rows of a deck for a chunk. logits: of its members; not used under an attack.

        An attack is one on the whole deck, by the mean of its members' softmax.
        """
        of = self._plan.members_of(self._plan.record.members[deck])
        answering = [self._networks.answering(m) for m in of]
        crops = [crop_of(a.classifier.preprocessing) for a in answering]
        pixels = images[crops[0]]
        if asked["kind"] == "attack":
            if len(set(crops)) > 1:
                raise DataError("Its members crop images in different ways, so no image can attack them together.")
            pixels = self._attacked(answering, pixels, span, asked)
            logits = {m: a.answers(pixels)[LOGITS] for m, a in zip(of, answering, strict=True)}
        gate = self._gate(deck, crops[0])
        shown = pixels.round().to(torch.uint8) if pixels.is_floating_point() else pixels
        samples, truth = self._plan.samples[span], self._plan.truth[span]
        return deck_rows([logits[m] for m in of], shown, gate, samples, truth)

    def _attacked(self, answering: list[Answering], pixels: Tensor, span: slice, asked: Mapping[str, Any]) -> Tensor:
        network = DeckNetwork([in_units(a.classifier.module, a.classifier) for a in answering]).eval()
        truth, places, seed = self._plan.truth[span], self._plan.samples[span], self._plan.record.seed
        size = min(a.batch for a in answering)
        parts = [slice(s, s + size) for s in range(0, len(pixels), size)]
        with ExitStack() as held:
            for each in answering:
                held.enter_context(each.classifier.exclusive())
            return torch.cat([attacked(network, pixels[p], truth[p], places[p], asked, seed) for p in parts])

    def _gate(self, deck: int, crop: Preprocessing) -> Gate | None:
        """None where all members answer."""
        trained = trained_on(self._plan.deck(deck))
        if len(set(trained)) < 2:
            return None
        return Gate(trained, {name: self._spectrum(name, crop) for name in dict.fromkeys(trained)})

    def _spectrum(self, name: str, crop: Preprocessing) -> np.ndarray:
        """Of the sweep's first images, as members were trained on them."""
        if (name, crop) not in self._spectra:
            found = self._pictures.under(described(name), self._plan.samples[:CHUNK])
            self._spectra |= {(name, each): spectrum(pixels) for each, pixels in found.items()}
        return self._spectra[name, crop]


class DeckNetwork(nn.Module):
    """A deck for attacks: images from 0 to 1 -> the logarithm of its members' mean softmax."""

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def forward(self, images: Tensor) -> Tensor:
        shares = torch.stack([network(images).softmax(dim=1) for network in self.networks])
        return shares.mean(dim=0).clamp_min(1e-30).log()
