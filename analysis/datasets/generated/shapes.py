"""Shapes: 64 x 64 colour images of one shape with one texture, over a textured ground with distracting pieces.

Twelve classes: circle, triangle, square, star, each solid, striped or dotted. Place, size, turn and
colours vary; all shapes have the same range of areas, the same colours and the same textures, so that
none of these tells of the shape. Distractors are bars and crescents, three behind the object and one
before it. The mask is what is seen of the object (pixels covered at least by half).

A shortcut is a cue that shows one of the twelve classes by its hue (class k at k / 12 of a turn). With
the probability `predictivity` it shows the true class, else one of the eleven others, all alike; at
1 / 12 it tells nothing, at 0 it always lies. `availability` is its strength: opacity, and for a corner
mark and a border also the size, after the two dials of Hermann et al. (2024), "On the Foundations of
Shortcut Learning" (predictivity, and availability as the footprint in pixels). At 0 it cannot be seen.

Image i depends on seed, split and i alone: fewer images are the first of more. The cue, wrong labels
and the scene have random numbers of their own: the same seed with another cue gives the same scenes.
`imbalance` changes the classes and with them the scenes' objects.
"""

from collections.abc import Iterator
from typing import Annotated

import numpy as np

from analysis.datasets.generated import knobs, scenes
from analysis.datasets.generated.registry import GENERATORS, Generated
from analysis.registry import Range

CLASSES = tuple(f"{texture} {shape}" for shape in scenes.SHAPES for texture in scenes.TEXTURES)
BLOCK = 240  # images drawn at once; a multiple of the classes. Another one gives other images

_SCENE, _CUE, _LABELS = 0, 1, 2  # purposes of random numbers


@GENERATORS.register(
    "shapes",
    label="Shapes",
    reads="What is in the image is known: class, object mask, and whether a shortcut cue agrees with the class.",
    fails="Drawn images with flat figures: what holds here need not hold for photographs.",
    paper="Shortcuts after Hermann, Mobahi, Fel and Mozer (2024), On the Foundations of Shortcut Learning",
    differs="Availability is opacity and size in pixels of one cue; the paper's nesting is left out.",
)
def shapes(
    *,
    count: Annotated[int, Range(1, 1_000_000)] = 2000,
    seed: Annotated[int, Range(0, 2**31 - 1)] = 0,
    split: knobs.Split = "train",
    shortcut: scenes.Shortcut = "none",
    predictivity: Annotated[float, Range(0, 1)] = 0.95,
    availability: Annotated[float, Range(0, 1)] = 1.0,
    imbalance: Annotated[float, Range(0.001, 1)] = 1.0,
    label_noise: Annotated[float, Range(0, 1)] = 0.0,
) -> Iterator[Generated]:
    """Blocks of images (N, 64, 64, 3) uint8 with masks; columns true_label, shortcut, shortcut_agrees.

    imbalance: how often the rarest class comes for one image of the most frequent one (falling evenly
    from the first class to the last). label_noise: the part of the labels that is replaced by another
    class; `true_label` keeps the right one. shortcut: the class that the cue shows, -1 without a cue.
    """
    shares = knobs.frequencies(len(CLASSES), imbalance)
    for block in range(-(-count // BLOCK)):
        scene, cue, noise = (knobs.stream(seed, split, block, purpose) for purpose in (_SCENE, _CUE, _LABELS))
        truth = knobs.drawn(scene, BLOCK, shares)
        shown = knobs.others(cue, truth, len(CLASSES), cue.random(BLOCK) >= predictivity)
        if shortcut == "none":
            shown = np.full(BLOCK, -1)
        images, masks = scenes.scenes(scene, truth, scenes.Cue(shortcut, shown / len(CLASSES), availability))
        labels = knobs.others(noise, truth, len(CLASSES), noise.random(BLOCK) < label_noise)
        columns = {"true_label": truth, "shortcut": shown, "shortcut_agrees": shown == truth}
        yield Generated(images, labels, CLASSES, masks, columns).first(count - block * BLOCK)
