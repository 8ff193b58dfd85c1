"""Noise of one frequency (Yin et al. 2019); see frequencies.py."""

from typing import Annotated

from torch import Tensor

from analysis.registry import Range
from analysis.robustness.draws import Draws
from analysis.robustness.frequencies import wave, with_wave
from analysis.robustness.registry import CORRUPTIONS
from analysis.robustness.warping import drawn_sign


@CORRUPTIONS.register(
    "single_frequency",
    label="Single frequency",
    group="frequency",
    paper="Yin et al. 2019, section 2",
    reads="A wave of that many cycles down and across, bright or dark first in each channel.",
    fails="One frequency says little of the others: see the Fourier heat map. Frequencies beyond half the side wrap.",
    differs="The phase, which the paper leaves open: a crest at the first pixel. Of the norms only 4 at 32 pixels and "
    "15.7 at 224 are the paper's.",
    levels={"cifar": (1.0, 2.0, 4.0, 6.0, 8.0), "tiny": (1.5, 3.0, 6.0, 9.0, 12.0), "imagenet": (4, 8, 15.7, 24, 32)},
    random=True,
)
def single_frequency(
    images: Tensor,
    level: float,
    draws: Draws,
    *,
    row: Annotated[int, Range(-112, 112)] = 4,
    column: Annotated[int, Range(-112, 112)] = 4,
    norm: Annotated[float, Range(0, 1000)] = 0.0,
) -> Tensor:
    """level: L2 norm in each channel, pixels from 0 to 1. row, column: cycles over the image. norm 0: level."""
    rows, columns, channels = *images.shape[-2:], images.shape[1]
    return with_wave(images, wave(rows, columns, row, column), norm or level, drawn_sign(draws.uniform(channels)))
