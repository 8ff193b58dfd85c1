"""`cutaway corrupt`: one picture, altered."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from app import arguments, terminal
from app.terminal import AsJson

if TYPE_CHECKING:
    import numpy as np

    from analysis.robustness.registry import Corruption


def corrupt(
    image: Annotated[Path | None, typer.Argument(metavar="IMAGE", help="An image file.")] = None,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="What is done to it, as --list says.")] = None,
    severity: Annotated[int, typer.Option(min=1, max=5, help="From hardly to hard.")] = 3,
    out: Annotated[Path | None, typer.Option(metavar="F.png", dir_okay=False, help="The altered picture.")] = None,
    seed: Annotated[int, typer.Option(help="Of chance: the same seed, the same picture.")] = 0,
    params: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="What it lets you turn; may be given again.")
    ] = None,
    mask: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the object is, for edits: an image, 0 elsewhere.")
    ] = None,
    size: Annotated[
        str, typer.Option(metavar="PIXELS|none", help="The shorter side is cut down to this; none leaves it.")
    ] = "224",
    listed: Annotated[bool, typer.Option("--list", help="List what can be done, by group.")] = False,
    as_json: AsJson = False,
) -> None:
    """Alter a picture: noise, blur, weather, another size or place, another background.

    Severities are those of the published tables for images of that size: 32, 64 or 224 pixels, said in the answer. The
    shorter side is cut down to 224 pixels unless --size says otherwise, because on a large photograph they hardly show.
    """
    if listed or (image is None and name is None):
        terminal.answer(*_listed(), as_json)
        return
    if image is None or name is None or out is None:
        lacking = "an IMAGE" if image is None else "--name" if name is None else "--out"
        raise typer.BadParameter(f"{lacking} is missing: cutaway corrupt IMAGE --name fog --severity 3 --out fog.png.")
    side, kind = _side(size), _format(out)
    with terminal.stdout_kept_for_the_answer():
        from analysis.pipelines import corrupting
        from analysis.pipelines.files import picture
        from analysis.robustness import CORRUPTIONS

        method = CORRUPTIONS[name]
        bound = method.bound(arguments.pairs(params or [], "--params"))
        shown = _mask(mask) if mask else None
        found = corrupting.altered(
            picture(image).pixels, name, severity, seed=seed, params=bound, mask=shown, side=side
        )
        rows, columns = found.shape[:2]
        table, level = corrupting.level_of(method, severity, rows, columns)
        _write(found, out, kind)
    record = {
        "image": str(image),
        "name": name,
        "severity": severity,
        "params": bound,
        "seed": seed,
        "table": table,
        "level": level,
        "height_px": rows,
        "width_px": columns,
        "out": str(out),
    }
    terminal.answer(record, _lines(record), as_json)


def _side(text: str) -> int | None:
    if text == "none":
        return None
    if not text.isdigit() or int(text) < 1:
        raise typer.BadParameter(f"'{text}' is neither a number of pixels nor none.", param_hint="--size")
    return int(text)


def _mask(file: Path) -> "np.ndarray":
    from analysis.datasets.masks import mask_of

    return mask_of(file.read_bytes(), file.name)


def _format(out: Path) -> str:
    """Of pictures, as Pillow calls it, by the ending of a name."""
    from PIL import Image

    kind = Image.registered_extensions().get(out.suffix.lower(), "")
    if kind not in Image.SAVE:
        raise typer.BadParameter(f"'{out.name}' names no format of pictures; end it in .png.", param_hint="--out")
    return kind


def _write(pixels: "np.ndarray", out: Path, kind: str) -> None:
    """Whole or not at all."""
    from PIL import Image

    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_name(f".{out.name}.part")
    try:
        Image.fromarray(pixels).save(unfinished, kind)
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)


def _lines(record: dict[str, Any]) -> Iterable[str]:
    levels = "of all sizes" if record["table"] == "any" else f"of the table {record['table']}"
    size = f"{record['width_px']} x {record['height_px']} pixels"
    yield f"{record['out']}: {record['name']} at severity {record['severity']}, {size}, levels {levels}"


_NEEDS = {"corruption": "", "edit": "; needs --mask", "attack": "; needs a network: for sweeps"}


def _listed() -> tuple[dict[str, Any], Iterable[str]]:
    from analysis.robustness import CORRUPTIONS
    from analysis.robustness.registry import Group

    order = get_args(Group)
    methods = sorted(CORRUPTIONS, key=lambda method: order.index(method.group))  # within a group, as registered
    found = [_record(method) for method in methods]
    return {"corruptions": found}, _listing(found)


def _record(method: "Corruption") -> dict[str, Any]:
    return {
        "name": method.name,
        "label": method.label,
        "kind": method.kind,
        "group": method.group,
        "paper": method.note.paper,
        "benchmark": method.benchmark,
        "extra": method.extra,
        "random": method.random,
        "levels": {table: list(levels) for table, levels in method.levels.items()},
        "reads": method.note.reads,
        "fails": method.note.fails,
        "differs": method.note.differs,
        "parameters": [{"name": p.name, "default": p.default, "expected": p.expected} for p in method.parameters],
    }


def _listing(found: Sequence[dict[str, Any]]) -> Iterable[str]:
    for group, methods in groupby(found, key=lambda each: each["group"]):
        yield f"{group}:"
        for each in methods:
            yield f"  {each['name']}: {each['label']} ({each['paper']}{_NEEDS[each['kind']]})"
            yield from (f"      {p['name']}={p['default']}   ({p['expected']})" for p in each["parameters"])
