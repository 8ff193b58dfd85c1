"""One picture laid onto another, so that what differs is not how it was turned.

Schoenemann (1966, "A generalized solution of the orthogonal Procrustes problem", Psychometrika 31) for the rotation,
Schoenemann and Carroll (1970, Psychometrika 35) for the uniform scale and the shift: the least squares over samples
that are in both pictures. Reflections are allowed, since the methods themselves choose between them by chance.
"""

from dataclasses import dataclass

import numpy as np

from analysis.errors import BadParameter, NotApplicable


@dataclass(frozen=True, slots=True, eq=False)
class Aligned:
    """A picture laid onto another."""

    points: np.ndarray  # (N, d) float64, nan where there was no point
    scale: float
    rotation: np.ndarray  # (d, d) orthogonal; its determinant is -1 where the picture was mirrored
    residual: float  # what is left, root mean square, in the RMS radius of the other; 0: the same picture
    centre: np.ndarray  # (d,) of the picture, over the samples in both
    onto: np.ndarray  # (d,) of the other

    def moved(self, points: np.ndarray) -> np.ndarray:
        """More points of the same picture, uploads say, taken along. (M, d) -> (M, d) float64"""
        return _moved(points, self.centre, self.scale, self.rotation, self.onto)


def procrustes(points: np.ndarray, onto: np.ndarray) -> Aligned:
    """Shift, turn, mirror and scale (N, d) so that it lies nearest to onto (N, d), over rows that are finite in both.

    NotApplicable for fewer than two such rows, or where all of one picture's are in one place; BadParameter for
    pictures of other samples or dimensions.
    """
    both = _shared(points, onto)
    if both.sum() < 2:
        raise NotApplicable(f"Two pictures are aligned by samples that are in both; there are {int(both.sum())}.")
    ours, theirs = np.asarray(points[both], np.float64), np.asarray(onto[both], np.float64)
    centre, target = ours.mean(axis=0), theirs.mean(axis=0)
    ours, theirs = ours - centre, theirs - target
    size, target_size = float((ours**2).sum()), float((theirs**2).sum())
    if not (_spread(size, centre, len(ours)) and _spread(target_size, target, len(theirs))):
        raise NotApplicable("All points of one picture are in one place, so that there is nothing to align it by.")
    left, strengths, right = np.linalg.svd(ours.T @ theirs)
    rotation, scale = left @ right, float(strengths.sum()) / size
    residual = np.sqrt(np.square(scale * ours @ rotation - theirs).sum() / target_size)
    moved = _moved(points, centre, scale, rotation, target)
    return Aligned(moved, scale, rotation, float(residual), centre, target)


def displacement(points: np.ndarray, onto: np.ndarray) -> np.ndarray:
    """How far each sample is from its place in another picture, in that picture's RMS radius.

    (N, d), (N, d) -> (N,) float64: 1 is as far as its points typically are from their centre; nan for samples that
    are not in both, or where all are in one place. Align first.
    """
    both = _shared(points, onto)
    apart = np.full(len(points), np.nan)
    radius = rms_radius(onto[both])
    if radius > 0:
        apart[both] = np.linalg.norm(np.asarray(points[both], np.float64) - onto[both], axis=1) / radius
    return apart


def rms_radius(points: np.ndarray) -> float:
    """Root mean square distance of the finite points (N, d) from their centre; nan where there is none."""
    points = np.asarray(points[np.isfinite(points).all(axis=1)], np.float64)
    if not len(points):
        return float("nan")
    return float(np.sqrt(np.square(points - points.mean(axis=0)).sum(axis=1).mean()))


def _shared(points: np.ndarray, onto: np.ndarray) -> np.ndarray:
    if points.ndim != 2 or points.shape != onto.shape:
        raise BadParameter(
            f"Only pictures of the same samples in the same number of dimensions are compared; got {points.shape} and "
            f"{onto.shape}."
        )
    return np.logical_and(np.isfinite(points).all(axis=1), np.isfinite(onto).all(axis=1))


def _spread(size: float, centre: np.ndarray, count: int) -> bool:
    """Whether squared distances from the centre are more than the rounding of float32."""
    return size > count * 1e-13 * float((centre**2).sum()) and size > 0


def _moved(
    points: np.ndarray, centre: np.ndarray, scale: float, rotation: np.ndarray, target: np.ndarray
) -> np.ndarray:
    return scale * (np.asarray(points, np.float64) - centre) @ rotation + target
