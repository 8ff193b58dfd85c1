"""Which axes of an activation are its map.

Decided from shapes: the map is the pair of neighbouring axes whose strides against the input agree.
Where several readings fit (a map as wide as it has channels), the module's type decides, then what
its likes do elsewhere in the network. Token sequences are read with the grids seen before them.
"""

import math
import re
from collections import Counter

from torch import Tensor, nn

from models.classifier import Layout, Tap
from models.dry_run import BATCH, DryRun

MAX_PREFIX = 16
_ATTENTION = re.compile(r"attn|attention|factoratt|(^|_)mha$")
_AROUND_ATTENTION = re.compile(r"block|grid|norm|layers|stages")  # "cls_attn_blocks", "attn_norm" hold or precede it
_OVER_TOKENS = re.compile(
    r"(^|\.)(mlp|linear|norm)_tokens(\.|$)"
)  # Mixer's and ResMLP's layers across places: (N, C, tokens)
_KEEPS_NCHW = re.compile(r"(Conv|Norm|Pool|BatchNorm\w*|ConvNorm\w*)\w*2d")

Grid = tuple[int, int]


def in_attention(name: str) -> bool:
    """Whether a module lies inside an attention layer, or is one."""
    return any(_ATTENTION.search(part) and not _AROUND_ATTENTION.search(part) for part in name.split("."))


def find_taps(module: nn.Module, run: DryRun) -> dict[str, Tap]:
    """Every output that can be read as a map or a vector, in order of execution."""
    return Reader(module, run).read()


class Reader:
    """One network's outputs, read in order; what was seen before helps with what comes."""

    def __init__(self, module: nn.Module, run: DryRun) -> None:
        self.modules = dict(module.named_modules())
        self.run = run
        self.rows, self.columns = run.size
        self.readings = {n: self._readings(n, t) for n, t in run.outputs.items() if t.ndim == 4 and len(t) == BATCH}
        sure = [(type(self.modules[n]), r[0]) for n, r in self.readings.items() if len(r) == 1]
        self.by_type = {k: Counter(r for t, r in sure if t is k) for k, _ in sure}
        self.overall = Counter(r for _, r in sure)
        self.grids: list[Grid] = list(dict.fromkeys(self._declared_grids()))
        self.prefixes = {0, *self._declared_prefixes()}

    def read(self) -> dict[str, Tap]:
        taps: dict[str, Tap] = {}
        for name, tensor in self.run.outputs.items():
            if len(tensor) != BATCH or tensor.numel() == 0:
                continue  # windows or patches moved into the batch
            tap = self._tap(name, tensor)
            if tap is not None:
                taps[name] = tap
                if tap.layout in ("nchw", "nhwc") and tap.spatial and not in_attention(name):
                    self._saw(tap.grid)
        return self._in_order(taps)

    def _in_order(self, taps: dict[str, Tap]) -> dict[str, Tap]:
        """Without the sequences that Hiera keeps sorted by mask unit; only its last grid is row by row."""
        if not any(type(m).__name__ == "Unroll" for m in self.modules.values()):
            return taps
        last = min((t.grid for t in taps.values() if t.layout == "tokens"), default=None)
        return {n: t for n, t in taps.items() if t.layout != "tokens" or t.grid == last}

    def _tap(self, name: str, tensor: Tensor) -> Tap | None:
        if tensor.ndim == 4:
            layout = self._four(name)
            if layout is None:
                return None
            grid = _grid(tensor, layout)
            return self._make(name, layout, tensor.shape[1 if layout == "nchw" else 3], grid, 0)
        if tensor.ndim == 3:
            found = self._tokens(name, tensor)
            return found and self._make(name, "tokens", tensor.shape[2], found[0], found[1])
        return self._make(name, "vector", tensor.shape[1], (1, 1), 0) if tensor.ndim == 2 else None

    def _make(self, name: str, layout: Layout, channels: int, grid: Grid, prefix: int) -> Tap:
        return Tap(name, layout, channels, grid, prefix, (self.rows / grid[0], self.columns / grid[1]))

    def _readings(self, name: str, tensor: Tensor) -> list[Layout]:
        """The layouts that a 4-D output's shape allows."""
        module = self.modules[name]
        leaf = next(module.children(), None) is None
        if leaf and in_attention(name) and not isinstance(module, nn.Linear) and not _is_nchw(module):
            return []  # attention matrices, or queries and keys per head
        return [layout for layout in ("nchw", "nhwc") if self._fits(_grid(tensor, layout))]

    def _fits(self, grid: Grid) -> bool:
        """Whether rows and columns shrank alike, to within the rounding of one cell."""
        down, across = self.rows / grid[0], self.columns / grid[1]
        if min(down, across) < 1:
            return False
        if self.rows == self.columns:
            return grid[0] == grid[1]
        return abs(grid[0] - self.rows / across) < 1 or abs(grid[1] - self.columns / down) < 1

    def _four(self, name: str) -> Layout | None:
        readings = self.readings[name]
        if len(readings) < 2:
            return readings[0] if readings else None
        module = self.modules[name]
        if _is_nchw(module):
            return "nchw"
        if isinstance(module, nn.Linear | nn.LayerNorm):
            return "nhwc"
        counts = self.by_type.get(type(module)) or self.overall
        return "nhwc" if counts["nhwc"] > counts["nchw"] else "nchw"

    def _tokens(self, name: str, tensor: Tensor) -> tuple[Grid, int] | None:
        """Grid and prefix count of a token sequence (N, prefix + h * w, C)."""
        length = tensor.shape[1]
        if _OVER_TOKENS.search(name):
            return None
        known = list(reversed(self.grids))
        declared = [(g, p) for g in known for p in sorted(self.prefixes) if length == g[0] * g[1] + p]
        loose = [(g, p) for p in range(MAX_PREFIX + 1) for g in known if length == g[0] * g[1] + p]
        halved = [(g, p) for g in self._halved() for p in sorted(self.prefixes) if length == g[0] * g[1] + p]
        found = [(g, p) for g, p in declared + loose + halved if g[0] * g[1] > p]
        if not found and not self.grids:
            found = self._even(length)
        if found and found[0][0] not in self.grids:
            self._saw(found[0][0])
        return found[0] if found else None

    def _even(self, length: int) -> list[tuple[Grid, int]]:
        """Grids of square patches that divide the image, for networks that tell of none."""
        found = []
        for prefix in (*sorted(self.prefixes), *range(MAX_PREFIX + 1)):
            rows = round(math.sqrt(max(length - prefix, 0) * self.rows / self.columns))
            if rows > 1 and self.rows % rows == 0 and self.columns % (self.rows // rows) == 0:
                columns = self.columns // (self.rows // rows)
                found += [((rows, columns), prefix)] if rows * columns + prefix == length else []
        return found

    def _halved(self) -> list[Grid]:
        """Grids that strided token layers may make of the known ones."""
        found: list[Grid] = []
        for rows, columns in self.grids:
            while min(rows, columns) > 1:
                rows, columns = -(-rows // 2), -(-columns // 2)
                found.append((rows, columns))
        return found

    def _saw(self, grid: Grid) -> None:
        if grid in self.grids:
            self.grids.remove(grid)
        self.grids.append(grid)  # the latest is the likeliest

    def _declared_grids(self) -> list[Grid]:
        declared = (getattr(m, "grid_size", None) for m in self.modules.values())
        return [
            tuple(g)
            for g in declared
            if isinstance(g, tuple | list) and len(g) == 2 and all(isinstance(s, int) for s in g)
        ]

    def _declared_prefixes(self) -> list[int]:
        declared = (getattr(m, "num_prefix_tokens", None) for m in self.modules.values())
        return [p for p in declared if isinstance(p, int)]


def _grid(tensor: Tensor, layout: Layout) -> Grid:
    shape = tensor.shape
    return (shape[2], shape[3]) if layout == "nchw" else (shape[1], shape[2])


def _is_nchw(module: nn.Module) -> bool:
    if isinstance(module, nn.Conv2d | nn.BatchNorm2d | nn.GroupNorm | nn.InstanceNorm2d):
        return True
    return bool(_KEEPS_NCHW.search(type(module).__name__))
