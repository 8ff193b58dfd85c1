"""The page of show_panes.py."""

import base64
import io
from dataclasses import dataclass

import numpy as np
import streamlit as st
from PIL import Image

from app import frame, resources, serving
from app.widgets.embeddings.panes import NONE, Colouring, Drawn, Raster, UploadMark, panes, resolve


@dataclass
class Ring:
    level: float
    x: np.ndarray
    y: np.ndarray


def clouds(n: int, classes: int, dims: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    codes = np.sort(rng.integers(0, classes, n))
    rng = np.random.default_rng(seed)
    middles = rng.normal(0, 6, (classes, dims))
    spread = rng.uniform(0.4, 1.6, (classes, 1))
    points = middles[codes] + rng.normal(0, 1, (n, dims)) * spread[codes]
    return points.astype(np.float32), codes


def rings(points: np.ndarray) -> list[Ring]:
    t = np.linspace(0, 2 * np.pi, 80)
    mid, wide = np.nanmean(points, 0), np.nanstd(points, 0)
    return [
        Ring(s, mid[0] + k * wide[0] * np.cos(t), mid[1] + k * wide[1] * np.sin(t))
        for s, k in ((0.2, 0.5), (0.5, 1), (0.9, 2))
    ]


def raster(points: np.ndarray) -> Raster:
    low, high = points.min(0), points.max(0)
    counts, _, _ = np.histogram2d(points[:, 0], points[:, 1], 256, [[low[0], high[0]], [low[1], high[1]]])
    grey = np.log1p(counts.T[::-1]) / np.log1p(counts.max())
    rgba = np.zeros((256, 256, 4), np.uint8)
    rgba[..., :3] = 120
    rgba[..., 3] = 200 * grey
    out = io.BytesIO()
    Image.fromarray(rgba).save(out, "PNG")
    return Raster(out.getvalue(), (float(low[0]), float(low[1]), float(high[0]), float(high[1])))


def flag(name: str, usual: str = "") -> str:
    return st.query_params.get(name, usual)


st.set_page_config("Panes", layout="wide")
st.html(frame.STYLE)
n, count, classes, dims = (
    int(flag(k, v)) for k, v in (("n", "1000"), ("panes", "2"), ("classes", "10"), ("dims", "2"))
)
mixed = flag("mixed")
key = "shown"
drawn = []
codes = np.zeros(n, int)
for i in range(count):
    own = 5 - dims if mixed and i else dims
    points, codes = clouds(n, classes, own, 3 + i)
    if n > 20:
        points[:5] = np.nan
    rows = np.sort(np.random.default_rng(0).choice(n, n // 10, replace=False)) if flag("rows") else None
    drawn.append(
        Drawn(
            f"Shapes CNN · penultimate · UMAP {i}",
            f"n_neighbors 15, min_dist 0.1, seed {i}",
            points,
            ("PC 1 (34 %)", "PC 2 (20 %)", "PC 3 (8 %)")[:own],
            rings(points) if flag("contours") and own == 2 else None,
            raster(points[5:]) if flag("raster") and own == 2 else None,
            rows,
        )
    )
if flag("why"):
    drawn[-1] = Drawn("Waiting", "UMAP", None, why="UMAP of 50,000 samples: about 40 seconds.", progress=0.4)
names = [f"class {i}" if i % 7 else f"a class with a rather long name, number {i} <b>bold</b>" for i in range(classes)]
held: np.ndarray | None = st.session_state.get("held")
hidden: list[int] = st.session_state.get("hidden", [])
lit = np.full(n, 2, np.uint8)
if held is not None:
    lit[:] = 1
    lit[held] = 2
if flag("lit"):
    lit[codes > 2] = 1
lit[np.isin(codes, hidden)] = 0
if flag("kind") == "number":
    values = np.random.default_rng(0).gamma(2, 1, n)
    values[::9] = np.nan
    colouring = Colouring("number", values=values, low=0, high=6, title="Loss", unit="nats")
else:
    given = codes.copy()
    given[::50] = NONE
    colouring = Colouring("category", codes=given, names=names, title="Truth")


def choose(event) -> None:
    found = resolve(event, drawn, lit)
    before = st.session_state.get("held")
    if event["mode"] == "add" and before is not None:
        found = np.union1d(before, found)
    if event["mode"] == "remove":
        found = np.setdiff1d(np.arange(n) if before is None else before, found)
    st.session_state["held"] = found if len(found) else None


def pick(sample: int) -> None:
    st.session_state["sample"] = sample


def hide(given) -> None:
    st.session_state["hidden"] = list(given)


marks = []
if flag("uploads"):
    out = io.BytesIO()
    Image.effect_mandelbrot((64, 48), (-2, -1, 1, 1), 60).save(out, "PNG")
    src = f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"
    marks = [
        UploadMark(i, d.points[n // 2 + 7 * i].tolist(), "my <i>photo</i>.jpg", src)
        for i, d in enumerate(drawn)
        if d.points is not None
    ]
context = ""
if datasets := resources.store().datasets():
    context = serving.publish_context(
        serving.Context(datasets[0].dataset_id, datasets[0].size, (), lambda sample: [("Depth", f"{sample % 7} <b>")])
    )
panes(
    drawn,
    colouring,
    lit=None if held is None and not hidden and not flag("lit") else lit,
    context_url=context,
    height=int(flag("height", "560")),
    key=key,
    shared_camera=bool(flag("shared")),
    sample=st.session_state.get("sample"),
    uploads=marks,
    hidden=hidden,
    on_choose=choose,
    on_pick=pick,
    on_hide=hide,
)
st.write("held:", "all" if held is None else len(held), "picked:", st.session_state.get("sample"))
if st.button("Rerun"):
    pass
