"""Devices have names."""

import pytest

from analysis.engine import devices


def test_best_is_a_device_torch_takes():
    import torch

    assert devices.best() in ("cuda", "mps", "cpu")
    assert torch.zeros(1, device=devices.best()).sum() == 0


def test_the_processor_has_a_short_name():
    name = devices.describe("cpu")
    assert 2 < len(name) < 60
    assert "(R)" not in name
    assert name == name.strip()


@pytest.mark.parametrize(
    ("given", "short"),
    [
        ("Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz", "Intel Xeon Platinum 8481C"),
        ("AMD Ryzen 9 7950X 16-Core Processor", "AMD Ryzen 9 7950X"),
        ("NVIDIA H100 80GB HBM3", "NVIDIA H100"),
        ("Apple M2 Pro\n", "Apple M2 Pro"),
        ("", "CPU"),
    ],
)
def test_names_are_cut_to_what_people_say(given, short):
    assert devices._short(given) == short


@pytest.mark.gpu
def test_a_gpu_has_a_name():
    assert "NVIDIA" in devices.describe("cuda")
