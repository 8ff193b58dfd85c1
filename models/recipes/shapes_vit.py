"""Shapes-ViT: a small vision transformer on generated Shapes of 64 px."""

from models.recipes.recipe import Recipe, Wanted
from models.recipes.shapes_cnn import ATTACKS, PREPROCESSING
from models.recipes.training import Settings

RECIPE = Recipe(
    name="shapes-vit",
    summary="small vision transformer (Dosovitskiy et al. 2021) trained on generated Shapes",
    architecture="vit_shapes",
    preprocessing=PREPROCESSING,
    settings=Settings(
        epochs=14,
        again=6,
        batch=64,
        optimiser="adamw",
        peak_lr=1e-3,
        warm_up=0.05,
        weight_decay=0.05,
        ema_decay=0.99,
        augmentation=("mirror", "turn"),
        autocast=False,
    ),
    train=Wanted("shapes", {"count": 24_000}),
    tests={"shapes": Wanted("shapes", {"count": 4000, "split": "test"})},
    attacks=ATTACKS,
    minutes=20,
)
