"""Files damaged in many ways: a dataset or a sentence, never another error, and nothing left behind."""

import contextlib
import random
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.datasets.importing import import_dataset
from analysis.datasets.opened import OpenDataset
from models.errors import CutawayError


def _zip(path: Path, pets: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for each in pets.rglob("*.png"):
            archive.write(each, each.relative_to(pets))


def _tar(path: Path, pets: Path) -> None:
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as archive:
        archive.add(pets, "pets")


def _arrays(path: Path, _: Path) -> None:
    images = np.random.default_rng(0).random((5, 6, 6, 3)).astype(np.float32)
    if path.suffix == ".npz":
        np.savez_compressed(path, x=images, y=np.arange(5) % 2)
    else:
        np.save(path, images)


def _parquet(path: Path, pets: Path) -> None:
    data = [p.read_bytes() for p in sorted(pets.rglob("*.png"))]
    pq.write_table(pa.table({"image": data, "label": list("ababab")}), path)


def _csv(path: Path, pets: Path) -> None:
    names = [p.relative_to(path.parent) for p in sorted(pets.rglob("*.png"))]
    path.write_text("path,label\n" + "".join(f"{n},{n.parts[1]}\n" for n in names), encoding="utf-8")


MAKERS: dict[str, Callable[[Path, Path], None]] = {
    "a.zip": _zip,
    "a.tar": _tar,
    "a.tar.gz": _tar,
    "a.npz": _arrays,
    "a.npy": _arrays,
    "a.parquet": _parquet,
    "a.csv": _csv,
}


def damaged(data: bytes, chance: random.Random) -> bytes:
    """A byte changed, some left out, some put in, or the end cut off; once or a few times."""
    made = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 6))):
        place, kind = chance.randrange(max(len(made), 1)), chance.randrange(4)
        if kind == 0 and made:
            made[place] = chance.randrange(256)
        elif kind == 1:
            del made[place : place + chance.randrange(1, 60)]
        elif kind == 2:
            made[place:place] = chance.randbytes(chance.randrange(1, 9))
        else:
            del made[max(place, len(made) // 2) :]
    return bytes(made)


@pytest.mark.parametrize("name", MAKERS)
def test_damage_is_a_dataset_or_a_sentence(pets, tmp_path, datasets, name):
    whole = tmp_path / name
    MAKERS[name](whole, pets)
    data, path = whole.read_bytes(), tmp_path / f"damaged-{name}"
    chance, refused = random.Random(name), 0
    for _ in range(40):
        path.write_bytes(damaged(data, chance))
        try:
            record = import_dataset(path, datasets, "damaged")
            opened = OpenDataset.open(datasets / record.dataset_id)
            assert len(opened.images(range(len(opened)))) == record.size
        except CutawayError:
            refused += 1
        with contextlib.suppress(FileNotFoundError):
            assert not list(datasets.glob(".*"))
    assert refused  # or the damage was none
    shutil.rmtree(datasets, ignore_errors=True)
