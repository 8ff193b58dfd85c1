"""Bounding boxes by image: COCO JSON, a folder of Pascal VOC XML files, or a CSV. All in pixels of the image."""

import csv
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from analysis.datasets.by_name import ByName
from analysis.datasets.layout import Box
from analysis.errors import BadTable, DataError

_MOST_XML = 1_000_000
_NAMES = ("file_name", "filename", "image", "file", "name", "path", "image_path", "img", "image_id")
_LABELS = ("label", "class", "category", "name", "class_name")
_SIDES = (
    ("left", "top", "right", "bottom"),
    ("xmin", "ymin", "xmax", "ymax"),
    ("x1", "y1", "x2", "y2"),
    ("x_min", "y_min", "x_max", "y_max"),
)
_SIZES = (("x", "y", "width", "height"), ("x", "y", "w", "h"), ("left", "top", "width", "height"))


def read_boxes(source: Path) -> ByName[list[Box]]:
    """Boxes by image; DataError where the source is none of the three forms or holds a box that is none."""
    if source.is_dir():
        found = list(_voc(source))
    elif source.suffix.lower() == ".json":
        found = list(_coco(source))
    elif source.suffix.lower() == ".xml":
        found = list(_voc_file(source))
    elif source.suffix.lower() in (".csv", ".tsv", ".txt"):
        found = list(_csv(source))
    else:
        raise DataError(
            f"'{source.name}' holds no boxes that can be read. Give COCO JSON, a folder of Pascal VOC XML files, or a "
            "CSV with columns file_name, left, top, right, bottom, label."
        )
    boxes: dict[str, list[Box]] = {}
    for image, box in found:
        boxes.setdefault(image, []).append(_checked(box, image, source.name))
    if not boxes:
        raise DataError(f"'{source.name}' holds no boxes.")
    return ByName(boxes)


def _coco(path: Path) -> Iterator[tuple[str, Box]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        names = {image["id"]: str(image["file_name"]) for image in content["images"]}
        categories = {c["id"]: str(c["name"]) for c in content.get("categories", [])}
        for each in content["annotations"]:
            left, top, width, height = map(float, each["bbox"])
            label = categories.get(each.get("category_id"), str(each.get("category_id", "")))
            yield names[each["image_id"]], (left, top, left + width, top + height, label)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise BadTable(
            f"'{path.name}' is no COCO file: expected JSON with 'images' (id, file_name), 'annotations' (image_id, "
            f"category_id, bbox of left, top, width, height) and 'categories' (id, name). Missing or wrong: {error}."
        ) from error


def _voc(folder: Path) -> Iterator[tuple[str, Box]]:
    for path in sorted(folder.rglob("*.xml")):
        yield from _voc_file(path)


def _voc_file(path: Path) -> Iterator[tuple[str, Box]]:
    try:
        text = path.read_bytes()
        if len(text) > _MOST_XML or b"<!ENTITY" in text or b"<!DOCTYPE" in text:
            raise BadTable(f"'{path.name}' is no Pascal VOC file: too long, or with entities of its own.")
        root = ElementTree.fromstring(text)
    except (OSError, ElementTree.ParseError) as error:
        raise BadTable(f"'{path.name}' is no Pascal VOC file (XML with 'annotation', 'object', 'bndbox').") from error
    image = (root.findtext("filename") or path.stem).strip()
    for each in root.iter("object"):
        sides = [each.findtext(f"bndbox/{side}") for side in ("xmin", "ymin", "xmax", "ymax")]
        left, top, right, bottom = (_number(side, path.name) for side in sides)
        yield image, (left, top, right, bottom, (each.findtext("name") or "").strip())


def _csv(path: Path) -> Iterator[tuple[str, Box]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            dialect = csv.excel_tab if path.suffix.lower() == ".tsv" else csv.excel
            reader = csv.DictReader(file, dialect=dialect)
            columns = {c.strip().lower(): c for c in reader.fieldnames or ()}
            image, sides, sized = _columns(columns, path.name)
            label = next((columns[c] for c in _LABELS if c in columns and columns[c] != image), None)
            for row in reader:
                a, b, c, d = (_number(row[s], path.name) for s in sides)
                box = (a, b, a + c, b + d) if sized else (a, b, c, d)
                yield str(row[image]), (*box, str(row[label] or "") if label else "")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadTable(f"'{path.name}' cannot be read as a CSV of boxes ({error}).") from error


def _columns(columns: Mapping[str, str], name: str) -> tuple[str, list[str], bool]:
    image = next((columns[c] for c in _NAMES if c in columns), None)
    for known, sized in (*((s, False) for s in _SIDES), *((s, True) for s in _SIZES)):
        if image is not None and all(side in columns for side in known):
            return image, [columns[side] for side in known], sized
    raise BadTable(
        f"'{name}' has the columns {', '.join(columns.values()) or 'none'}; boxes need file_name and left, top, right, "
        "bottom (or x, y, width, height), and may have label."
    )


def _number(text: Any, name: str) -> float:
    try:
        return float(text)
    except (TypeError, ValueError):
        raise BadTable(f"'{name}' has a box whose side is {text!r}, not a number.") from None


def _checked(box: Box, image: str, name: str) -> Box:
    left, top, right, bottom, _ = box
    if not all(map(math.isfinite, box[:4])) or right < left or bottom < top:
        raise BadTable(
            f"'{name}' has a box for '{image}' from ({left:g}, {top:g}) to ({right:g}, {bottom:g}): "
            "right must not be left of left, nor bottom above top."
        )
    return box
