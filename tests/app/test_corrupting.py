"""`cutaway corrupt`, as a user types it."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from analysis.robustness import CORRUPTIONS
from analysis.robustness.applying import corrupted
from tests.app.typed import answered, cutaway


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 32, 3), np.uint8)).save(path)
    return path


def test_a_picture_is_altered_and_what_was_done_is_said(image, tmp_path, capsys):
    out = tmp_path / "new" / "noisy.png"
    words = ("corrupt", image, "--name", "gaussian_noise", "--severity", 4, "--seed", 7, "--out", out)
    found = answered(capsys, *words)
    assert (found["table"], found["level"], found["height_px"], found["width_px"]) == ("cifar", 0.09, 48, 32)
    pixels = np.asarray(Image.open(image))
    expected = corrupted(pixels[None], np.zeros(1, int), "gaussian_noise", 4, seed=7)[0]
    assert np.array_equal(np.asarray(Image.open(out)), expected)
    assert cutaway(*words) == 0
    assert "gaussian_noise at severity 4, 32 x 48 pixels" in capsys.readouterr().out


def test_parameters_and_sizes(image, tmp_path, capsys):
    out = tmp_path / "f.png"
    words = ("corrupt", image, "--name", "single_frequency", "--params", "row=0", "--params", "column=8", "--out", out)
    found = answered(capsys, *words, "--size", 16)
    assert (found["height_px"], found["width_px"]) == (24, 16)
    assert found["params"] == {"row": 0, "column": 8, "norm": 0.0}
    assert answered(capsys, *words, "--size", "none")["height_px"] == 48


def test_an_edit_takes_a_mask(image, tmp_path, capsys):
    mask = np.zeros((48, 32), np.uint8)
    mask[10:20, 10:20] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    words = ("corrupt", image, "--name", "background_removed", "--severity", 5, "--out", tmp_path / "f.png")
    answered(capsys, *words, "--mask", tmp_path / "mask.png")
    found = np.asarray(Image.open(tmp_path / "f.png"))
    assert (found[mask == 0] == 127).all()
    assert np.array_equal(found[mask > 0], np.asarray(Image.open(image))[mask > 0])
    capsys.readouterr()
    assert cutaway(*words) == 1
    assert "needs a mask" in capsys.readouterr().err


def test_all_are_listed_by_group(capsys):
    found = answered(capsys, "corrupt", "--list")["corruptions"]
    assert {each["name"] for each in found} == {method.name for method in CORRUPTIONS}
    groups = [each["group"] for each in found]
    assert groups[0] == "noise"
    assert len(set(groups)) == 1 + sum(a != b for a, b in pairwise(groups))  # each in one piece
    assert cutaway("corrupt", "--list") == 0
    said = capsys.readouterr().out.splitlines()
    assert "geometry:" in said
    assert any(line.startswith("  rotation: Rotation (Engstrom") for line in said)
    assert any("needs --mask" in line for line in said)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--name", "fog"), 2, "--out is missing"),
        (("--out", "f.png"), 2, "--name is missing"),
        (("--name", "hue", "--out", "f.what"), 2, "names no format"),
        (("--name", "hue", "--out", "f.png", "--size", "large"), 2, "neither a number"),
        (("--name", "hue", "--out", "f.png", "--severity", "6"), 2, "equal to 5"),
        (("--name", "hues", "--out", "f.png"), 1, "Did you mean: hue"),
        (("--name", "pgd", "--out", "f.png"), 1, "attacks a network"),
        (("--name", "hue", "--out", "f.png", "--params", "way=left"), 1, "hue has no parameter"),
        (("--name", "hue", "--out", "f.png", "--mask", "nothing.png"), 1, "nothing.png"),
    ],
)
def test_mistakes(image, words, code, said, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert cutaway("corrupt", image, *words) == code
    assert said in " ".join(capsys.readouterr().err.split())
    assert not Path("f.png").exists()
