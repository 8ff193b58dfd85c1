"""Zeros of maps, counted in a pass, against maps read by plain hooks; after cuts, and where nobody counted before."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from torch import nn

from analysis.errors import Cancelled
from analysis.passes import one, parts
from analysis.passes.forward import Forward
from analysis.passes.run import run_pass
from analysis.passes.zeros import zeros_of, zeros_path
from tests.analysis.passes.pictures import SMALL, Arrays, Net, classifier, noise

CLASSES = tuple(range(5))
TAPS = ("conv", "norm", "relu", "hidden", "logits", "penultimate")


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr(parts, "PART", 64)


@pytest.fixture
def images() -> Arrays:
    return noise(150)


@pytest.fixture
def network():
    """One channel is silent behind the ReLU."""
    module = Net()
    found = classifier(module)
    module.norm.bias[3] = -1e6
    return found


def maps_of(network, images, *names: str) -> dict[str, np.ndarray]:
    with reading(network.module, *names) as found, torch.inference_mode():
        network.module(SMALL.tensor(images.images(range(len(images)))))
    return {n: t.numpy() for n, t in found.items()}


@contextmanager
def reading(module: nn.Module, *names: str) -> Iterator[dict[str, torch.Tensor]]:
    """What these modules give, cloned: the ReLU writes over what it is given."""
    found: dict[str, torch.Tensor] = {}

    def keep(name: str) -> Callable[..., None]:
        return lambda module, inputs, output: found.update({name: output.clone()})

    handles = [module.get_submodule(n).register_forward_hook(keep(n)) for n in names]
    yield found
    for handle in handles:
        handle.remove()


def run(network, images, folder, **given):
    (result,) = run_pass([network], images, [folder], class_maps=[CLASSES], taps=TAPS, **given)
    return result


def test_zeros_of_maps_are_those_that_hooks_find(tmp_path, images, network):
    run(network, images, tmp_path, batch=16)
    assert not list(tmp_path.glob("zeros-*"))
    for tap, maps in maps_of(network, images, "conv", "norm", "relu").items():
        found = zeros_of(tmp_path, tap)
        assert found is not None
        assert np.array_equal(found.samples, (maps == 0).sum(axis=(1, 2, 3))), tap
        assert np.array_equal(found.channels, (maps == 0).sum(axis=(0, 2, 3))), tap
        assert (found.cells, found.finite) == (64, 150)
        samples, channels = found.shares
        assert samples.mean() == channels.mean() == pytest.approx((maps == 0).mean())
    relu = zeros_of(tmp_path, "relu")
    assert relu is not None
    assert np.flatnonzero(relu.shares[1] == 1).tolist() == [3]
    assert 0.2 < relu.shares[0].mean() < 0.9, "pooled, all other channels would have no zeros"
    pooled = np.load(tmp_path / "features-relu.npy")
    assert np.count_nonzero(pooled == 0) < np.count_nonzero(maps_of(network, images, "relu")["relu"] == 0) / 64


def test_zeros_of_vectors_are_those_of_the_features(tmp_path, images):
    class Rectified(Net):
        def __init__(self):
            super().__init__()
            self.last = nn.ReLU()

        def forward(self, images):
            return self.fc(self.last(self.hidden(self.relu(self.norm(self.conv(images))).mean((2, 3)))))

    run(classifier(Rectified()), images, tmp_path)
    for tap in ("hidden", "logits", "penultimate"):
        values, found = np.load(tmp_path / f"features-{tap}.npy"), zeros_of(tmp_path, tap)
        assert found is not None
        assert found.cells == 1
        assert np.array_equal(found.samples, (values == 0).sum(axis=1))
        assert np.array_equal(found.channels, (values == 0).sum(axis=0))
        assert (found.samples.sum() > 0) == (tap == "penultimate")


def test_samples_that_are_not_finite_are_not_counted_by_channel(tmp_path, images):
    class Broken(Net):
        def forward(self, images):
            maps = self.conv(images)
            maps[images[:, 0, 0, 0] > 1] = float("nan")
            return self.fc(self.hidden(self.relu(self.norm(maps)).mean((2, 3))))

    network = classifier(Broken())
    run(network, images, tmp_path)
    maps, found = maps_of(network, images, "relu")["relu"], zeros_of(tmp_path, "relu")
    finite = np.isfinite(maps).all(axis=(1, 2, 3))
    assert found is not None
    assert 20 < finite.sum() < 130
    assert found.finite == finite.sum()
    assert np.array_equal(found.channels, (maps[finite] == 0).sum(axis=(0, 2, 3)))


def test_a_pass_that_was_cut_ends_with_the_same_zeros(tmp_path, images, network):
    def stop(fraction: float, message: str) -> None:
        if fraction > 0.5:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        run(network, images, tmp_path / "cut", batch=16, report=stop)
    assert list((tmp_path / "cut").glob("zeros-*"))
    assert not zeros_path(tmp_path / "cut").exists()
    run(network, images, tmp_path / "cut")
    run(network, images, tmp_path / "whole", batch=16)
    assert zeros_path(tmp_path / "cut").read_bytes() == zeros_path(tmp_path / "whole").read_bytes()
    assert not list((tmp_path / "cut").glob("zeros-*"))


def test_a_pass_that_began_without_counting_goes_on_and_has_no_zeros(tmp_path, images, network, monkeypatch):
    run(network, images, tmp_path)
    zeros_path(tmp_path).unlink()
    with monkeypatch.context() as patch:
        patch.setattr(one.OnePass, "feed", None)  # nothing is computed again for them
        run(network, images, tmp_path)
    assert zeros_of(tmp_path, "relu") is None
    (tmp_path / "part-00001.parquet").unlink()
    run(network, images, tmp_path)
    assert zeros_of(tmp_path, "relu") is None
    assert not list(tmp_path.glob("zeros*"))


def test_features_that_are_lost_bring_zeros_with_them(tmp_path, images, network):
    run(network, images, tmp_path)
    whole = zeros_path(tmp_path).read_bytes()
    zeros_path(tmp_path).unlink()
    (tmp_path / "features-conv.npy").unlink()
    run(network, images, tmp_path)
    assert zeros_path(tmp_path).read_bytes() == whole


def test_a_damaged_file_is_none(tmp_path, images, network):
    run(network, images, tmp_path)
    whole = zeros_path(tmp_path).read_bytes()
    for damage in (whole[:300], whole[:-200], b""):
        zeros_path(tmp_path).write_bytes(damage)
        assert zeros_of(tmp_path, "relu") is None


def test_nothing_is_counted_where_no_taps_are_kept(tmp_path, images, network):
    run_pass([network], images, [tmp_path], class_maps=[CLASSES])
    assert not list(tmp_path.glob("zeros*"))
    forward = Forward(network, ("relu",), autocast=False)
    assert forward(torch.from_numpy(images.stored[:2])).zeros == {}


@pytest.mark.parametrize("autocast", [False, True])
def test_maps_of_every_layout_and_size(autocast):
    class Layouts(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 40, 3, padding=1)
            self.first = nn.ReLU()
            self.tokens = nn.ReLU()
            self.fc = nn.Linear(40, 5)

        def forward(self, images):
            maps = self.first(self.conv(images))
            tokens = self.tokens(maps.flatten(2).transpose(1, 2) - 0.5)
            return self.fc(tokens.mean(1))

    network = classifier(Layouts(), SMALL)
    assert {network.taps[t].layout for t in ("first", "tokens")} == {"nchw", "tokens"}
    pixels = torch.from_numpy(noise(70).stored)
    with reading(network.module, "first", "tokens") as seen:
        found = Forward(network, ("first", "tokens"), autocast, zeros=True)(pixels).zeros
    assert torch.equal(found["first"], (seen["first"] == 0).sum((2, 3)))
    assert torch.equal(found["tokens"], (seen["tokens"] == 0).sum(1))
    assert 0.2 < found["tokens"].mean() / 256 < 0.9
