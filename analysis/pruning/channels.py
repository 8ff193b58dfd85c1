"""Which channels of a network must go together, and their removal: weights become smaller, not zero.

Torch-Pruning's dependency graph (Fang et al. 2023) finds the coupled layers by following a forward pass. Added to it:
shortcuts that pad with zeros (option A of the CIFAR networks) couple nothing, and are told afterwards which channels
are left on both sides; heads of attention go as a whole, so that the scale of their products stays right; what the
network answers with is never touched.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from analysis.errors import NotApplicable
from analysis.pruning.shortcuts import apart, shortcuts
from models.dry_run import dry_run
from models.errors import ModelError
from models.preprocessing import Preprocessing

_CANNOT_TELL = (LookupError, ArithmeticError, AttributeError, TypeError, ValueError, RuntimeError, AssertionError)


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """One side of one layer that has the channels of a group."""

    name: str
    layer: nn.Module
    output: bool  # whether they are its outputs
    places: tuple[int, ...]  # of the layer's own channels
    channels: tuple[int, ...]  # for each of those, the group's channel that it belongs to


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Channels that stay or go in several layers at once."""

    name: str  # of the first layer that makes them
    units: tuple[tuple[int, ...], ...]  # what goes as one: a channel, one of each of a layer's groups, a head
    members: tuple[Member, ...]
    root: tuple[nn.Module, Any] = field(repr=False)  # where Torch-Pruning starts from

    @property
    def channels(self) -> int:
        return sum(map(len, self.units))

    def of_units(self, values: Tensor) -> Tensor:
        """(channels,) -> (units,): the mean over each."""
        return torch.stack([values[list(unit)].mean() for unit in self.units])


class Channels:
    """The groups of a network, which is to be a copy: `remove` changes it."""

    def __init__(self, network: nn.Module, preprocessing: Preprocessing, what: str = "This network") -> None:
        import torch_pruning

        self.network, self.preprocessing, self.what = network.eval(), preprocessing, what
        self._names = {module: name for name, module in network.named_modules()}
        self._attention = _attention(network, what)
        self._shortcuts = shortcuts(network)
        self._graph = torch_pruning.DependencyGraph()
        network.requires_grad_(True)  # the graph of gradients is what is followed
        image = torch.randn(1, preprocessing.channels, *preprocessing.size, generator=torch.Generator().manual_seed(0))
        image = image.to(next(network.parameters()).device)
        try:
            with torch.inference_mode(False), torch.enable_grad(), apart(self._shortcuts):
                self._graph.build_dependency(network, image, forward_fn=_answer, verbose=False)
                self.groups = tuple(self._found())
        except _CANNOT_TELL as error:
            raise NotApplicable(f"{what}: which of its channels go together cannot be told ({error}).") from error
        finally:
            network.requires_grad_(False)
        if not self.groups:
            raise NotApplicable(f"{what} has no channels that can be removed: what it answers with must stay.")

    def remove(self, units: Mapping[Group, Sequence[int]]) -> None:
        """Take units (their numbers) out of groups, for good. NotApplicable where the network does not run after it."""
        for group, numbers in units.items():
            gone = sorted(channel for number in numbers for channel in group.units[number])
            if gone:
                self._remove(group, gone)
        for shortcut in self._shortcuts:
            shortcut.tell()
        for attention in self._attention:
            attention.num_heads = attention.proj.in_features // attention.head_dim
            attention.attn_dim = attention.proj.in_features
        self.network.requires_grad_(False)
        try:
            dry_run(self.network, self.preprocessing)
        except ModelError as error:
            raise NotApplicable(f"{self.what}: its channels cannot be removed. {error}") from error

    def _remove(self, group: Group, gone: list[int]) -> None:
        found = self._graph.get_pruning_group(*group.root, gone)
        if not self._graph.check_pruning_group(found):
            raise NotApplicable(f"{self.what}: nothing would be left of the layer '{group.name}'.")
        for dep, places in found:
            output = self._graph.is_out_channel_pruning_fn(dep.handler)
            for shortcut in self._shortcuts:
                shortcut.note(dep.target.module, output, places)
        with torch.no_grad():
            found.prune()

    def _found(self) -> Iterator[Group]:
        import torch_pruning
        from torch_pruning import ops

        heads = {a.qkv: a for a in self._attention}
        for found in self._graph.get_all_groups():
            root, start = found[0].dep.target.module, found[0].dep.handler
            if root in heads:  # the way back through the heads' split is the one that can be followed
                root, start = heads[root].proj, torch_pruning.prune_linear_in_channels
                found = self._graph.get_pruning_group(root, start, list(range(root.in_features)))
            if any(dep.target.type == ops.OPTYPE.OUTPUT for dep, _ in found):
                continue
            members = tuple(m for item in found.items if (m := self._member(item)) is not None)
            units = self._units(len(found[0].idxs), members)
            yield Group(next(m.name for m in members if m.output), units, members, (root, start))

    def _member(self, item: Any) -> Member | None:
        """None for what has no channels of its own: sums, reshapes, activations."""
        layer = item.dep.target.module
        if layer not in self._names or next(layer.parameters(recurse=False), None) is None:
            return None
        if any(r is None for r in item.root_idxs):
            raise ValueError(f"those of '{self._names[layer]}' are mixed on the way")
        output = self._graph.is_out_channel_pruning_fn(item.dep.handler)
        return Member(self._names[layer], layer, output, tuple(item.idxs), tuple(item.root_idxs))

    def _units(self, count: int, members: Sequence[Member]) -> tuple[tuple[int, ...], ...]:
        """Heads where the members are an attention's; else one channel from each of a layer's groups."""
        layers = [m.layer for m in members]
        for attention in self._attention:
            if attention.qkv in [m.layer for m in members if m.output]:
                size = attention.head_dim
                return tuple(tuple(range(start, start + size)) for start in range(0, count, size))
        groups = max([1, *(n for layer in layers if (n := _groups(layer)) is not None)])
        return tuple(tuple(range(place, count, count // groups)) for place in range(count // groups))


def _groups(layer: nn.Module) -> int | None:
    """Into how many equal parts a layer's channels must fall; None where one may go alone."""
    if isinstance(layer, nn.GroupNorm):
        return layer.num_groups
    if isinstance(layer, nn.modules.conv._ConvNd) and not layer.groups == layer.out_channels == layer.in_channels:  # pyright: ignore[reportPrivateUsage]
        return layer.groups
    return None


def _answer(network: nn.Module, image: Any) -> Tensor:
    """What follows the last layer marks the answer, whose channels must stay."""
    return network(image) * 1.0


def _attention(network: nn.Module, what: str) -> list[Any]:
    """timm's plain attention layers; NotApplicable for others, whose heads Torch-Pruning would not see."""
    from timm.layers.attention import Attention

    found = []
    for name, module in network.named_modules():
        if type(module) is Attention and type(module.q_norm) is nn.Identity and type(module.norm) is nn.Identity:
            found.append(module)
        elif hasattr(module, "num_heads"):
            raise NotApplicable(
                f"{what}: '{name}' is a {type(module).__name__}, whose heads cannot be removed. That works for "
                "convolutional networks and for plain vision transformers of timm. Zero its weights instead, with a "
                "method such as magnitude."
            )
    return found
