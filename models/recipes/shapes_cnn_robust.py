"""Shapes-CNN-robust: the network of Shapes-CNN, trained on images under attack (Madry et al. 2018).

Three steps of projected gradient descent within 3/255 stand for the paper's seven within 8/255: the
network is small and the figures' contrast is as low as 0.11. The same attacks are tried on Shapes-CNN.
"""

from models.recipes.adversary import Attack
from models.recipes.recipe import Recipe, Wanted
from models.recipes.shapes_cnn import ATTACKS, PREPROCESSING
from models.recipes.training import Settings

RECIPE = Recipe(
    name="shapes-cnn-robust",
    summary="ResNet-20 for 64 px trained on Shapes under attack: PGD, L-infinity, 3/255 in 3 steps",
    architecture="resnet20_shapes",
    preprocessing=PREPROCESSING,
    settings=Settings(
        epochs=8,
        batch=128,
        peak_lr=0.3,
        ema_decay=0.99,
        augmentation=("mirror", "turn"),
        attack=Attack.on(PREPROCESSING, eps=3, step=1.5, steps=3),
    ),
    train=Wanted("shapes", {"count": 24_000}),
    tests={"shapes": Wanted("shapes", {"count": 4000, "split": "test"})},
    attacks=ATTACKS,
    minutes=15,
)
