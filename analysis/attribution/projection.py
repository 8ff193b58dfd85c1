"""The first principal component of a map's channels, by the smaller of the two Gram matrices."""

import torch
from torch import Tensor

DENSE = 128  # rows up to which all eigenvectors are found as fast as one


def first_component(channels: Tensor, sign: Tensor | None = None) -> Tensor:
    """Project every place onto the direction in channel space in which places differ most.

    channels (N, C, h, w) -> (N, h, w). The sign, which a decomposition leaves open, is the one that correlates
    with `sign` (N, h, w), by default the energy of the channels at each place.
    """
    rows, columns = channels.shape[2:]
    places = torch.nan_to_num(channels).flatten(2).double()  # (N, C, h * w)
    places -= places.mean(dim=2, keepdim=True)
    if rows * columns <= channels.shape[1]:
        # P^T P = V S^2 V^T over places, and the projection u^T P is S v^T.
        value, vector = leading(places.mT @ places)
        projected = vector * value.clamp_min(0).sqrt()[:, None]
    else:
        _, vector = leading(places @ places.mT)
        projected = (vector[:, None] @ places)[:, 0]
    maps = projected.unflatten(1, (rows, columns)).to(channels.dtype)
    return oriented(maps, channels.square().sum(dim=1) if sign is None else sign)


def leading(grams: Tensor) -> tuple[Tensor, Tensor]:
    """The largest eigenvalue (N,) and its unit vector (N, n) of symmetric float64 matrices (N, n, n)."""
    if grams.shape[-1] <= DENSE or grams.is_cuda:
        values, vectors = torch.linalg.eigh(grams)
        return values[:, -1], vectors[:, :, -1]
    pairs = [_lanczos(each) for each in grams.cpu()]
    values, vectors = (torch.stack(part).to(grams.device) for part in zip(*pairs, strict=True))
    return values, vectors


def _lanczos(gram: Tensor) -> tuple[Tensor, Tensor]:
    """One pair to machine precision in a twentieth of the time of all pairs."""
    from scipy.sparse.linalg import ArpackError, eigsh

    start = gram[gram.diagonal().argmax()].numpy()  # a fixed start, so that the result is too
    try:
        values, vectors = eigsh(gram.numpy(), k=1, v0=start)
    except ArpackError:  # no gap between the first two, or a matrix of zeros
        all_values, all_vectors = torch.linalg.eigh(gram)
        return all_values[-1], all_vectors[:, -1]
    return torch.from_numpy(values)[0], torch.from_numpy(vectors)[:, 0]


def oriented(maps: Tensor, like: Tensor) -> Tensor:
    """The maps (N, h, w), each with the sign that correlates with `like` (N, h, w)."""
    centred = like - like.mean(dim=(1, 2), keepdim=True)
    agreement = (maps * centred).sum(dim=(1, 2), keepdim=True)
    return torch.where(agreement < 0, -maps, maps)
