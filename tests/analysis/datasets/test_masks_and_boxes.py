import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from analysis.datasets.box_files import read_boxes
from analysis.datasets.by_name import ByName
from analysis.datasets.importing import import_dataset
from analysis.datasets.masks import mask_of
from analysis.datasets.opened import OpenDataset
from analysis.errors import BadTable, DataError

NAMES = ("cat/a.png", "cat/b.png", "cat/deep/c.png", "dog/a.png", "dog/b.png", "dog/c.png")  # of `pets`


def png(values: np.ndarray, mode: str | None = None) -> bytes:
    buffer = io.BytesIO()
    image = Image.fromarray(values)
    (image if mode is None else image.convert(mode)).save(buffer, "PNG")
    return buffer.getvalue()


def mask_values(seed: int) -> np.ndarray:
    return np.random.default_rng(100 + seed).random((6, 8)) > 0.5


@pytest.fixture
def masks(tmp_path) -> Path:
    """A mask for each image but the last, named like it."""
    folder = tmp_path / "masks"
    for seed, name in enumerate(NAMES[:-1]):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(mask_values(seed).astype(np.uint8) * 255))
    return folder


def opened(datasets: Path, source: Path, **options) -> OpenDataset:
    return OpenDataset.open(datasets / import_dataset(source, datasets, "m", **options).dataset_id)


@pytest.mark.parametrize("packed", [False, True])
def test_masks_are_found_by_name(pets, masks, datasets, tmp_path, packed):
    if packed:
        with zipfile.ZipFile(tmp_path / "masks.zip", "w") as archive:
            for path in masks.rglob("*.png"):
                archive.write(path, path.relative_to(masks))
    found = opened(datasets, pets, masks=tmp_path / "masks.zip" if packed else masks)
    assert found.record.masks == 5
    for seed in range(5):
        np.testing.assert_array_equal(found.mask(seed), mask_values(seed))
    assert found.mask(5) is None


def test_masks_inside_the_folder_of_images_are_no_images(pets, masks, datasets):
    masks.rename(pets / "masks")
    found = opened(datasets, pets, masks=pets / "masks")
    assert (found.record.size, found.record.class_names, found.record.masks) == (6, ("cat", "dog"), 5)


def test_masks_in_one_flat_folder(tmp_path, datasets, image_bytes):
    """Found by the last part of the name, whatever the class; the ending may differ."""
    for folder, name in (("images/cat", "1.jpg"), ("images/dog", "2.jpg"), ("masks", "1.png"), ("masks", "2.png")):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        kind = "JPEG" if name.endswith("jpg") else "PNG"
        data = image_bytes(int(name[0]), kind=kind) if kind == "JPEG" else png(mask_values(int(name[0])))
        (tmp_path / folder / name).write_bytes(data)
    found = opened(datasets, tmp_path / "images", masks=tmp_path / "masks")
    np.testing.assert_array_equal(found.mask(1), mask_values(2))


def test_a_mask_of_a_name_in_two_classes_belongs_to_neither(pets, tmp_path, datasets):
    """`a.png` lies in cat and in dog: a flat folder of masks cannot say which it means."""
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "a.png").write_bytes(png(mask_values(0)))
    with pytest.raises(DataError, match="No mask of 'masks' has the name of one image"):
        import_dataset(pets, datasets, "m", masks=tmp_path / "masks")


def test_a_mask_that_equals_one_name_and_ends_another_belongs_to_the_first(tmp_path):
    names = ByName({"cat/a.png": 1, "b.png": 2, "/home/me/dog/c.png": 3})
    names.prepare(["cat/a.jpg", "x/cat/a.jpg", "cat/b.jpg", "dog/b.jpg", "dog/c.jpg"])
    assert names.find("cat/a.jpg") == 1
    assert names.find("x/cat/a.jpg") is None
    assert names.find("cat/b.jpg") is names.find("dog/b.jpg") is None
    assert names.find("dog/c.jpg") == 3
    assert names.find("cat/c.jpg") is None
    assert names.used == 2


def test_masks_of_another_size_are_skipped_and_listed(pets, masks, datasets):
    (masks / "cat" / "a.png").write_bytes(png(np.ones((3, 3), bool)))
    (masks / "cat" / "b.png").write_bytes(b"broken")
    record = import_dataset(pets, datasets, "m", masks=masks)
    reasons = dict(record.skipped_examples)
    assert (record.size, record.masks, record.skipped) == (6, 3, 2)
    assert reasons["mask cat/a.png"] == "is 3 x 3 pixels, but the image 8 x 6"
    assert "a text file" in reasons["mask cat/b.png"]


def test_masks_that_fit_no_image_are_refused(pets, tmp_path, datasets):
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "other.png").write_bytes(png(mask_values(0)))
    with pytest.raises(DataError, match=r"images are named like 'dog/c\.png', masks like 'other\.png'"):
        import_dataset(pets, datasets, "m", masks=tmp_path / "masks")
    assert list(datasets.iterdir()) == []
    with pytest.raises(DataError, match="There is no 'nowhere'"):
        import_dataset(pets, datasets, "m", masks=tmp_path / "nowhere")


def test_what_is_the_object():
    values = np.array([[0, 1], [2, 255]], np.uint8)
    np.testing.assert_array_equal(mask_of(png(values), "m"), values > 0)
    palette = Image.fromarray(values).convert("P")
    palette = Image.frombytes("P", (2, 2), values.tobytes())
    palette.putpalette([0, 0, 0, 9, 9, 9, 0, 0, 0] + [1] * 759)
    buffer = io.BytesIO()
    palette.save(buffer, "PNG")
    np.testing.assert_array_equal(mask_of(buffer.getvalue(), "m"), [[False, True], [True, False]])  # 255: unsure
    colours = np.zeros((2, 2, 3), np.uint8)
    colours[1, 0, 2] = 5
    np.testing.assert_array_equal(mask_of(png(colours), "m"), [[False, False], [True, False]])


# ------------------------------------------------------------------------------------------------------------ boxes


def coco(path: Path) -> Path:
    content = {
        "images": [{"id": 7, "file_name": "cat/a.png"}, {"id": 8, "file_name": "dog/b.png"}],
        "categories": [{"id": 3, "name": "ear"}],
        "annotations": [
            {"image_id": 7, "category_id": 3, "bbox": [1, 2, 3, 4]},
            {"image_id": 7, "category_id": 3, "bbox": [0, 0, 2.5, 1]},
            {"image_id": 8, "category_id": 3, "bbox": [5, 0, 1, 1]},
        ],
    }
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def voc(folder: Path) -> Path:
    for name, boxes in (("cat/a", ((1, 2, 4, 6), (0, 0, 2.5, 1))), ("dog/b", ((5, 0, 6, 1),))):
        sides = ("xmin", "ymin", "xmax", "ymax")
        objects = "".join(
            "<object><name>ear</name><bndbox>"
            + "".join(f"<{s}>{v}</{s}>" for s, v in zip(sides, box, strict=True))
            + "</bndbox></object>"
            for box in boxes
        )
        path = folder / f"{name.replace('/', '_')}.xml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"<annotation><filename>{name}.png</filename>{objects}</annotation>", encoding="utf-8")
    return folder


def csv(path: Path) -> Path:
    rows = ("cat/a.png,1,2,4,6,ear", "cat/a.png,0,0,2.5,1,ear", "dog/b.png,5,0,6,1,ear")
    path.write_text("\n".join(("file_name,xmin,ymin,xmax,ymax,label", *rows)), encoding="utf-8")
    return path


def csv_of_sizes(path: Path) -> Path:
    rows = ("ear,1,2,3,4,cat/a.png", "ear,0,0,2.5,1,cat/a.png", "ear,5,0,1,1,dog/b.png")
    path.write_text("\n".join(("class,x,y,width,height,image", *rows)), encoding="utf-8")
    return path


@pytest.mark.parametrize(("make", "name"), [(coco, "b.json"), (voc, "voc"), (csv, "b.csv"), (csv_of_sizes, "s.csv")])
def test_boxes_of_every_form(pets, datasets, tmp_path, make, name):
    found = opened(datasets, pets, boxes=make(tmp_path / name))
    assert found.record.boxes == 2
    assert sorted(found.boxes(0)) == [(0, 0, 2.5, 1, "ear"), (1, 2, 4, 6, "ear")]
    assert found.boxes(4) == [(5, 0, 6, 1, "ear")]
    assert found.boxes(1) == []


@pytest.mark.parametrize(
    ("name", "text", "match"),
    [
        ("a.json", "{}", "no COCO file"),
        ("b.json", "[1, 2", "no COCO file"),
        ("c.json", '{"images": [], "annotations": [{"image_id": 1, "bbox": [1, 2]}]}', "no COCO file"),
        ("a.csv", "file_name,a,b\nx,1,2\n", r"columns file_name, a, b; boxes need"),
        ("b.csv", "file_name,x1,y1,x2,y2\nx,1,2,three,4\n", "side is 'three'"),
        ("c.csv", "file_name,x1,y1,x2,y2\nx,5,2,3,4\n", "right must not be left of left"),
        ("d.csv", "file_name,x1,y1,x2,y2\nx,nan,2,3,4\n", "right must not"),
        ("e.csv", "file_name,x1,y1,x2,y2\n", "holds no boxes"),
        ("a.xml", "<annotation><object>", "no Pascal VOC file"),
        ("b.xml", '<!DOCTYPE x [<!ENTITY a "b">]><annotation/>', "entities of its own"),
        ("a.pdf", "x", "holds no boxes that can be read"),
    ],
)
def test_bad_boxes_are_refused(pets, datasets, tmp_path, name, text, match):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=match):
        import_dataset(pets, datasets, "b", boxes=path)
    assert not datasets.exists() or list(datasets.iterdir()) == []


def test_boxes_for_no_image_are_remarked(pets, datasets, tmp_path):
    path = tmp_path / "b.csv"
    path.write_text("file_name,x1,y1,x2,y2\nother.png,1,2,3,4\n", encoding="utf-8")
    record = import_dataset(pets, datasets, "b", boxes=path)
    assert record.boxes == 0
    assert any("No box has the name of one image" in r for r in record.remarks)


def test_a_box_file_names_its_images_in_its_own_way(tmp_path):
    """Absolute paths of another machine, other slashes, no folder."""
    path = tmp_path / "b.csv"
    path.write_text("filename,x1,y1,x2,y2\n/home/x/images/cat/a.png,1,2,3,4\nb.jpg,0,0,1,1\n", encoding="utf-8")
    boxes = read_boxes(path)
    assert boxes.find("b.png") == [(0, 0, 1, 1, "")]
    assert boxes.find("cat/a.png") == [(1, 2, 3, 4, "")]
    with pytest.raises(BadTable):
        read_boxes(tmp_path / "none.csv")


def test_arrays_take_no_masks_from_files(tmp_path, datasets, masks):
    np.savez(tmp_path / "a.npz", x=np.zeros((2, 4, 4), np.uint8), y=np.zeros(2, int))
    with pytest.raises(DataError, match="Save masks as 'masks'"):
        import_dataset(tmp_path / "a.npz", datasets, "a", masks=masks)
