"""Shapes-CNN: a ResNet-20 with a strided stem on generated Shapes of 64 px."""

from models.preprocessing import Preprocessing
from models.recipes.adversary import Attack
from models.recipes.recipe import Recipe, Wanted
from models.recipes.training import Settings

PREPROCESSING = Preprocessing(size=(64, 64), resize=64, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
ATTACKS = {f"PGD-20, eps {eps}/255": Attack.on(PREPROCESSING, eps=eps, step=eps / 4, steps=20) for eps in (2, 4)}

RECIPE = Recipe(
    name="shapes-cnn",
    summary="ResNet-20 for 64 px (He et al. 2016, strided stem), trained on generated Shapes",
    architecture="resnet20_shapes",
    preprocessing=PREPROCESSING,
    settings=Settings(epochs=10, batch=128, peak_lr=0.3, ema_decay=0.99, augmentation=("mirror", "turn")),
    train=Wanted("shapes", {"count": 24_000}),
    tests={"shapes": Wanted("shapes", {"count": 4000, "split": "test"})},
    attacks=ATTACKS,
    minutes=7,
)
