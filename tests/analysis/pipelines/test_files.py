"""Explaining files by name."""

from pathlib import Path

import pytest
from PIL import Image

from analysis.errors import UnreadableImage
from analysis.pipelines.files import explain_files


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.linear_gradient("L").convert("RGB").save(path)
    return path


def test_five_lines_are_enough(photo: Path, workspace: Path) -> None:
    (found,) = explain_files([photo], methods=["gradcam", "eigencam"], workspace=workspace)
    assert [m.method for m in found.maps] == ["gradcam", "eigencam"]
    (again,) = explain_files([str(photo)], methods=["gradcam"], workspace=workspace)
    assert again.maps[0].from_store


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnreadableImage, match="No such file"):
        explain_files([tmp_path / "none.png"])
