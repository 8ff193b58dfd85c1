"""Digits-CNN: a small network on scikit-learn's handwritten digits, 8 x 8."""

from models.preprocessing import Preprocessing
from models.recipes.recipe import Recipe, Wanted
from models.recipes.training import Settings

RECIPE = Recipe(
    name="digits-cnn",
    summary="three convolutions on scikit-learn's 8 x 8 handwritten digits",
    architecture="cnn_digits",
    preprocessing=Preprocessing(size=(8, 8), resize=8, mean=(0.3,), std=(0.37,)),
    settings=Settings(epochs=40, batch=64, peak_lr=0.1, ema_decay=0.99, augmentation=("nudge",), autocast=False),
    train=Wanted("digits", {"split": "train"}),
    tests={"digits": Wanted("digits", {"split": "test"})},
    minutes=1,
)
