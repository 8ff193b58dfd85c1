"""How large networks are, against what their publishers say."""

import pytest
from torch import nn
from torchvision.models import get_model, get_model_weights

from models import catalogue
from models.facts import facts
from models.preprocessing import Preprocessing

PLAIN = Preprocessing((224, 224), None, "bilinear", (0, 0, 0), (1, 1, 1))


@pytest.mark.parametrize("name", ["squeezenet1_0", "mobilenet_v3_small", "vit_b_16"])
def test_networks_are_as_large_as_torchvision_says(name: str) -> None:
    published = get_model_weights(name).DEFAULT.meta
    module = get_model(name).eval().requires_grad_(False)
    found = facts(catalogue.wrap(module, name=name, preprocessing=PLAIN))
    assert found.parameters == published["num_params"]
    assert found.macs / 1e9 == pytest.approx(published["_ops"], abs=0.001)


def test_a_network_counted_by_hand() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5))
    small = Preprocessing((8, 8), None, "bilinear", (0, 0, 0), (1, 1, 1))
    found = facts(catalogue.wrap(module.eval().requires_grad_(False), preprocessing=small))
    assert found.layers == 2
    assert found.parameters == (27 * 4 + 4) + (4 * 5 + 5)
    assert found.size_bytes == 4 * found.parameters
    assert found.macs == 6 * 6 * 4 * 27 + 4 * 5
