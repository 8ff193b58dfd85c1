"""Published weights load and reach the accuracy measured for them elsewhere."""

import numpy as np
import pytest
import torch
from PIL import Image

from models import catalogue
from models.errors import CheckpointMismatch


@pytest.mark.parametrize(
    ("file", "architecture", "expected"),
    [("resnet20_cifar10.th", "resnet20_cifar", 0.915), ("resnet32_cifar10.th", "resnet32_cifar", 0.928)],
)
def test_cifar_resnets_reach_their_accuracy(shared, file, architecture, expected):
    found = catalogue.from_file(shared / file, architecture)
    with np.load(shared / "cifar10_test_first1000_lossless.npz") as data:
        images, labels = [Image.fromarray(x) for x in data["x"]], torch.from_numpy(data["y"])
    batches = found.preprocessing.tensor(images).split(250)
    with found.exclusive() as network, torch.inference_mode():
        predicted = torch.cat([network(b).argmax(1) for b in batches])
    assert (predicted == labels).double().mean().item() == pytest.approx(expected, abs=1e-9)


def test_lenet5_on_mnist(shared):
    found = catalogue.from_file(shared / "mnist_lenet5_clntrained.pt", "lenet5_mnist")
    with np.load(shared / "mnist_test.npz") as data:
        images, labels = torch.from_numpy(data["x"][:2000, None]).float() / 255, data["y"][:2000]
    with found.exclusive() as network, torch.inference_mode():
        predicted = network(images).argmax(1).numpy()
    assert (predicted == labels).mean() > 0.98
    assert found.head is not None
    assert (found.head.name, tuple(found.head.weight.shape)) == ("linear2", (10, 200))


def test_squeezenet_with_imagenet_names(shared):
    file, names = shared / "squeezenet1_0_deepcompression_torchvision.pth", shared / "imagenet-classes.json"
    found = catalogue.from_file(file, "squeezenet1_0", names)
    assert found.architecture == "torchvision/squeezenet1_0"
    assert (found.default_tap, found.head) == ("features", None)
    assert found.class_names[:2] == ("tench", "goldfish")
    with pytest.raises(CheckpointMismatch, match=r"1000 class names.*10 classes"):
        catalogue.from_file(shared / "resnet20_cifar10.th", "resnet20_cifar", names)
    with pytest.raises(CheckpointMismatch, match="not of resnet20_cifar"):
        catalogue.from_file(file, "resnet20_cifar")
    with pytest.raises(CheckpointMismatch, match="not of resnet20_cifar"):
        catalogue.from_file(shared / "mnist_lenet5_clntrained.pt", "resnet20_cifar")
