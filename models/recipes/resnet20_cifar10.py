"""ResNet-20 on CIFAR-10 from scratch: SGD with one cycle of the learning rate.

    cutaway train resnet20-cifar10 --data cifar10-train.zip --test cifar10-test.zip

Optimiser and augmentation are those of He et al. (2016, section 4.2: SGD, momentum 0.9, pad 4 and
crop, mirror); the schedule is one cycle (Smith 2018), which reaches the same accuracy in a fifth of
the epochs. bf16 autocast about halves the time on a CPU that has the instructions. An exponential
moving average of the weights is what is saved.
"""

from models.preprocessing import CIFAR
from models.recipes.recipe import Recipe
from models.recipes.training import Settings

RECIPE = Recipe(
    name="resnet20-cifar10",
    summary="ResNet-20 (He et al. 2016) trained from scratch on CIFAR-10",
    architecture="resnet20_cifar",
    preprocessing=CIFAR,
    settings=Settings(epochs=40, batch=128, peak_lr=0.4, ema_decay=0.998, augmentation=("mirror", "shift")),
    class_names=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    data="the 50,000 CIFAR-10 training images (a zip with one folder a class, torchvision's files, a dataset)",
    minutes=60,
)
