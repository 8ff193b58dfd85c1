"""The first principal component of a map's channels, by the smaller of the two Gram matrices."""

import torch
from torch import Tensor


def first_component(channels: Tensor, sign: Tensor | None = None) -> Tensor:
    """Project every place onto the direction in channel space in which places differ most.

    channels (N, C, h, w) -> (N, h, w). The sign, which a decomposition leaves open, is the one that correlates
    with `sign` (N, h, w), by default the energy of the channels at each place.
    """
    rows, columns = channels.shape[2:]
    places = torch.nan_to_num(channels).flatten(2).transpose(1, 2).double()
    places = places - places.mean(dim=1, keepdim=True)
    if rows * columns <= channels.shape[1]:
        # P P^T = U S^2 U^T, and the projection P v is U S.
        values, vectors = torch.linalg.eigh(places @ places.transpose(1, 2))
        projected = vectors[:, :, -1] * values[:, -1:].clamp_min(0).sqrt()
    else:
        _, vectors = torch.linalg.eigh(places.transpose(1, 2) @ places)
        projected = (places @ vectors[:, :, -1:]).squeeze(2)
    maps = projected.unflatten(1, (rows, columns)).to(channels.dtype)
    return oriented(maps, channels.square().sum(dim=1) if sign is None else sign)


def oriented(maps: Tensor, like: Tensor) -> Tensor:
    """The maps (N, h, w), each with the sign that correlates with `like` (N, h, w)."""
    centred = like - like.mean(dim=(1, 2), keepdim=True)
    agreement = (maps * centred).sum(dim=(1, 2), keepdim=True)
    return torch.where(agreement < 0, -maps, maps)
