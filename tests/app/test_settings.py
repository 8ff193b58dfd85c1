"""Which folders pages may read."""

import os
from pathlib import Path

import pytest

from app.settings import ROOTS_VARIABLE, PathRefused, Settings, resolve


@pytest.fixture
def roots(tmp_path: Path) -> Settings:
    """Two roots, with a file in the first, and something that is nobody's business beside them."""
    for name in ("one", "two", "secret"):
        (tmp_path / name).mkdir()
    (tmp_path / "one" / "photos.zip").write_bytes(b"")
    given = os.pathsep.join(str(tmp_path / name) for name in ("one", "two"))
    return resolve(tmp_path / "workspace", {ROOTS_VARIABLE: given})


def test_the_home_folder_is_the_root_unless_others_are_named(tmp_path: Path) -> None:
    assert resolve(tmp_path, {}).roots == (Path.home().resolve(),)
    assert resolve(tmp_path, {ROOTS_VARIABLE: " "}).roots == (Path.home().resolve(),)


def test_what_lies_under_a_root_may_be_read(roots: Settings, tmp_path: Path) -> None:
    photos = tmp_path / "one" / "photos.zip"
    assert roots.readable(str(photos)) == photos
    assert roots.readable("photos.zip") == photos
    assert roots.readable(str(tmp_path / "two" / "..") + "/one/photos.zip") == photos
    assert roots.readable(str(tmp_path / "two")) == tmp_path / "two"
    roots.incoming.mkdir(parents=True)
    assert roots.readable(str(roots.incoming)) == roots.incoming


@pytest.mark.parametrize("path", ["secret", "secret/nothing", "one/../secret", "one/link", "workspace", "onerous"])
def test_what_lies_elsewhere_is_refused_with_the_variable(roots: Settings, tmp_path: Path, path: str) -> None:
    (tmp_path / "one" / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(PathRefused, match=ROOTS_VARIABLE):
        roots.readable(str(tmp_path / path))


@pytest.mark.parametrize("path", ["nothing.zip", "~nobody-of-that-name/x", "a\0b"])
def test_a_path_to_nothing_is_refused(roots: Settings, path: str) -> None:
    with pytest.raises(PathRefused):
        roots.readable(path)
