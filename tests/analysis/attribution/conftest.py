"""Small networks of four families, with pictures that make their layers say something."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.catalogue import wrap
from models.classifier import Classifier, Tap
from models.preprocessing import Preprocessing


@dataclass(frozen=True)
class Case:
    """A classifier, a tap and images (N, 3, H, W) with the classes to explain."""

    classifier: Classifier
    tap: Tap
    images: Tensor
    classes: list[int]

    @property
    def module(self) -> nn.Module:
        return self.classifier.module

    @property
    def layer(self) -> nn.Module:
        return self.module.get_submodule(self.tap.name)

    def weights(self) -> Tensor:
        return nn.functional.one_hot(torch.tensor(self.classes), len(self.classifier.class_names)).float()


def images(count: int, rows: int, columns: int, seed: int = 0) -> Tensor:
    """Smooth random images: noise at three scales."""
    generator = torch.Generator().manual_seed(seed)
    total = torch.zeros(count, 3, rows, columns)
    for cells in (2, 5, 16):
        noise = torch.randn(count, 3, cells, cells, generator=generator)
        total += nn.functional.interpolate(noise, size=(rows, columns), mode="bilinear", align_corners=False)
    return total


def calibrated(module: nn.Module, batch: Tensor) -> nn.Module:
    """Give BatchNorm layers the statistics of a batch, so that random weights carry signal to the end."""
    norms = [m for m in module.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        norm.momentum = None
    with torch.no_grad():
        module.train()(batch)
    return module.eval()


def wrapped(module: nn.Module, size: tuple[int, int], classes: int, name: str = "test") -> Classifier:
    preprocessing = Preprocessing(size=size, resize=min(size))
    names = tuple(f"class {i}" for i in range(classes))
    return wrap(module, name=name, architecture=name, preprocessing=preprocessing, class_names=names)


def _case(module: nn.Module, size: tuple[int, int], classes: int, tap: str | None, count: int = 3) -> Case:
    batch = images(count, *size)
    classifier = wrapped(calibrated(module, images(8, *size, seed=1)), size, classes)
    with torch.no_grad():
        best = classifier.module(batch).topk(3).indices
    chosen = [int(best[n, n % 3]) for n in range(count)]
    return Case(classifier, classifier.tap(tap), batch, chosen)


@pytest.fixture(scope="session")
def resnet20() -> Case:
    from models.architectures.cifar_resnet import CifarResNet

    torch.manual_seed(0)
    return _case(CifarResNet(20), (32, 32), 10, "layer3")


@pytest.fixture(scope="session")
def resnet18() -> Case:
    from torchvision.models import resnet18

    torch.manual_seed(0)
    return _case(resnet18(num_classes=20), (96, 96), 20, "layer4")


def _spread(module: nn.Module) -> nn.Module:
    """Weights of variance 1 / inputs: a transformer's own initialisation is too small to tell classes apart."""
    for layer in module.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="linear")
    return module


@pytest.fixture(scope="session")
def vit() -> Case:
    import timm

    torch.manual_seed(0)
    module = timm.create_model("vit_tiny_patch16_224", img_size=64, num_classes=10, depth=4)
    return _case(_spread(module), (64, 64), 10, "blocks.2.norm1")


@pytest.fixture(scope="session")
def swin() -> Case:
    import timm

    torch.manual_seed(0)
    module = timm.create_model(
        "swin_tiny_patch4_window7_224", img_size=64, window_size=2, num_classes=10, embed_dim=24, depths=(1, 1, 2, 1)
    )
    return _case(_spread(module), (64, 64), 10, "layers.2")


@pytest.fixture(params=["resnet20", "resnet18", "vit", "swin"])
def case(request: pytest.FixtureRequest) -> Case:
    return request.getfixturevalue(request.param)


def state_of(module: nn.Module) -> dict[str, object]:
    """Everything that a method must leave as it came: weights, flags, gradients, hooks."""
    return {
        "weights": {k: v.clone() for k, v in module.state_dict().items()},
        "train": [m.training for m in module.modules()],
        "requires_grad": [p.requires_grad for p in module.parameters()],
        "grad": [None if p.grad is None else p.grad.clone() for p in module.parameters()],
        "hooks": [
            tuple(len(getattr(m, name)) for name in ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks"))
            for m in module.modules()
        ],
        "inplace": [getattr(m, "inplace", None) for m in module.modules()],
        "fused": [getattr(m, "fused_attn", None) for m in module.modules()],
    }


def assert_same_state(before: dict[str, object], after: dict[str, object]) -> None:
    for key, value in before.items():
        if key == "weights":
            assert all(torch.equal(v, after[key][k]) for k, v in value.items())
        elif key == "grad":
            pairs = zip(value, after[key], strict=True)
            assert all((a is None and b is None) or torch.equal(a, b) for a, b in pairs)
        else:
            assert value == after[key], key


def as_numpy(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy()
