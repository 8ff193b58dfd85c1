"""Names of the Robustness page as people read them: corruptions, conditions, families, numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.sweeps import CLEAN, Member, SweepCondition, SweepRecord

GROUPS: Mapping[str, tuple[str, ...]] = {
    "noise": ("gaussian_noise", "shot_noise", "impulse_noise", "speckle_noise"),
    "blur": ("defocus_blur", "glass_blur", "motion_blur", "zoom_blur", "gaussian_blur"),
    "weather": ("snow", "frost", "fog", "spatter"),
    "digital": ("brightness", "contrast", "saturate", "elastic_transform", "pixelate", "jpeg_compression"),
}
"""As Hendrycks and Dietterich group theirs; the four that they add to the fifteen stand where they belong."""

EXTRA = ("speckle_noise", "gaussian_blur", "spatter", "saturate")
"""The four that mean and mCE leave out."""

_WORDS = {"jpeg_compression": "JPEG compression", "elastic_transform": "elastic transform", CLEAN: "clean"}
_BRIEF = {
    "elastic_transform": "elastic",
    "jpeg_compression": "JPEG",
    "gaussian_blur": "Gaussian",
    "gaussian_noise": "Gaussian",
}

NUMBERS = {"margin": "margin", "angle": "angle", "length": "length", "confidence": "confidence"}

SCORES: Mapping[str, str] = {
    "accuracy": "Accuracy",
    "error": "Error",
    "gap": "Accuracy gap",
    "ece": "ECE",
    "nll": "NLL",
    "brier": "Brier score",
    "agreement": "Agreement",
    "mean_angle": "Mean angle",
    "var_angle": "Variance of angle",
    "mean_length": "Mean length",
    "var_length": "Variance of length",
    "mean_margin": "Mean margin",
    "var_margin": "Variance of margin",
    "auroc_msp": "AUROC max-softmax",
    "auroc_max_logit": "AUROC max-logit",
    "auroc_energy": "AUROC energy",
}
"""What a cell of the table can say; "error" and "gap" come from the accuracy."""


def corruption(name: str) -> str:
    """`Gaussian noise`, `JPEG compression`, `clean`."""
    found = _WORDS.get(name) or name.replace("_", " ")
    return found.replace("gaussian", "Gaussian")


def brief(name: str) -> str:
    """As the head of a narrow column under its group: `Gaussian`, `JPEG`."""
    return _BRIEF.get(name) or corruption(name).removesuffix(" noise").removesuffix(" blur")


def group(name: str) -> str:
    """Of a corruption; "other" for those that are not of the benchmark."""
    return next((g for g, names in GROUPS.items() if name in names), "clean" if name == CLEAN else "other")


def condition(given: SweepCondition) -> str:
    """`clean`, `fog 3`."""
    return f"{corruption(given.corruption)} {given.severity}" if given.severity else corruption(given.corruption)


def representation(sweep: SweepRecord, at: tuple[int, int]) -> str:
    """`net-lrr-80 · fog 3`."""
    return f"{sweep.members[at[0]].name} · {condition(sweep.conditions[at[1]])}"


def family(member: Member) -> str:
    """What a variant's colour says: the method that made it, "deck", or "" for a model that is no variant."""
    return member.method or ("deck" if member.kind == "deck" else "")


def families(members: Sequence[Member]) -> list[str]:
    return [family(member) for member in members]


def family_label(name: str) -> str:
    """`global magnitude`, `dense`."""
    return name.replace("_", " ") if name else "dense"
