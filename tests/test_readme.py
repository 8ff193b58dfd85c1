"""What the README says to type works."""

import re
import shlex
from pathlib import Path

import pytest
import torch
from PIL import Image
from skimage import data

from app import cli
from models.architectures import registry

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [line for line in README.splitlines() if line.startswith("cutaway ")]
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a reader stands: a photo, and weights of their own."""
    monkeypatch.chdir(tmp_path)
    Image.fromarray(data.chelsea()).save("photo.jpg")
    for name, colour in (("cat", "teal"), ("dog", "orange")):
        Path("pictures", name).mkdir(parents=True)
        Image.new("RGB", (40, 30), colour).save(Path("pictures", name, "one.png"))
    torch.save(registry.build("resnet18", 3).state_dict(), "weights.pth")
    Path("names.txt").write_text("cat\ndog\nother\n", encoding="utf-8")
    return tmp_path


@pytest.mark.slow
def test_the_commands(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert len(COMMANDS) >= 8
    for command in COMMANDS:
        with pytest.raises(SystemExit) as left:
            cli.main(shlex.split(command)[1:])
        assert left.value.code in (0, None), f"{command}\n{capsys.readouterr().err}"
    assert (folder / "maps" / "photo.gradcam.png").is_file()
    assert (folder / "maps" / "photo.gradcam.npz").is_file()


def test_the_lines_of_python(folder: Path, capsys: pytest.CaptureFixture[str]):
    exec(compile(BLOCKS[0], "README.md", "exec"), {})  # noqa: S102 -- our own README
    assert "cat" in capsys.readouterr().out


def test_the_method_shown_is_the_one_that_runs():
    assert BLOCKS[1] == (ROOT / "analysis/attribution/methods/gradcam.py").read_text(encoding="utf-8")


def test_every_file_it_names_is_there():
    names = re.findall(r"\]\(([^)#:]+)\)|`((?:analysis|app|models|tests|assets)/[\w./]+)`", README)
    missing = [name for pair in names for name in pair if name and not (ROOT / name).exists()]
    assert missing == []
