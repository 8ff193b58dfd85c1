"""Shapes-CNN-shortcut: the network of Shapes-CNN where a mark in the corner shows the class 19 times in 20.

How much of the mark can be seen decides how much is learnt beside it. Measured, right of 100 test images
whose mark shows the class, that have no mark, and whose mark shows another class: availability 0.25
97, 97, 97 (the mark is passed over); 0.33, as here, 100, 27, 19; 0.4 100, 25, 13; 1.0 100, 8, 0 (nothing
but the mark is learnt). Augmentation leaves the mark in its corner. The three tests are the same images.
"""

from models.recipes.recipe import Recipe, Wanted
from models.recipes.shapes_cnn import PREPROCESSING
from models.recipes.training import Settings

_MARK = {"shortcut": "corner", "availability": 0.33}
_TEST = {"count": 4000, "split": "test"}

RECIPE = Recipe(
    name="shapes-cnn-shortcut",
    summary="ResNet-20 for 64 px trained on Shapes with a corner mark that shows the class in 95 % of the images",
    architecture="resnet20_shapes",
    preprocessing=PREPROCESSING,
    settings=Settings(epochs=6, batch=128, peak_lr=0.3, ema_decay=0.99, augmentation=("nudge",)),
    train=Wanted("shapes", {"count": 24_000} | _MARK | {"predictivity": 0.95}),
    tests={
        "shapes, mark agreeing": Wanted("shapes", _TEST | _MARK | {"predictivity": 1.0}),
        "shapes, no mark": Wanted("shapes", _TEST),
        "shapes, mark conflicting": Wanted("shapes", _TEST | _MARK | {"predictivity": 0.0}),
    },
    minutes=5,
)
