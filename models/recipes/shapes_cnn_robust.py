"""Shapes-CNN-robust: the network of Shapes-CNN, trained on images under attack (Madry et al. 2018).

Two steps of projected gradient descent within 2/255 stand for the paper's seven within 8/255: the
network is small and the figures' contrast is as low as 0.11. The attack grows over the first part of
the training; at full size from the start, nothing is learnt. The same attacks are tried on Shapes-CNN.
"""

from models.recipes.adversary import Attack
from models.recipes.recipe import Recipe, Wanted
from models.recipes.shapes_cnn import ATTACKS, PREPROCESSING
from models.recipes.training import Settings

RECIPE = Recipe(
    name="shapes-cnn-robust",
    summary="ResNet-20 for 64 px trained on Shapes under attack: PGD, L-infinity, 2/255 in 2 steps",
    architecture="resnet20_shapes",
    preprocessing=PREPROCESSING,
    settings=Settings(
        epochs=6,
        batch=128,
        peak_lr=0.3,
        ema_decay=0.99,
        augmentation=("mirror", "turn"),
        attack=Attack.on(PREPROCESSING, eps=2, step=1.5, steps=2),
        attack_ramp=0.6,
    ),
    train=Wanted("shapes", {"count": 24_000}),
    tests={"shapes": Wanted("shapes", {"count": 4000, "split": "test"})},
    attacks=ATTACKS,
    minutes=12,
)
