"""The command line, run as a user runs it, on a small network with random weights and on pictures of two colours."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from analysis.arrays import display
from app import cli
from models.architectures.cifar_resnet import CifarResNet

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ResNet-20 as it is born."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "newborn.safetensors"
    save_file(CifarResNet(20).state_dict(), path)
    return path


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("classes") / "classes.txt"
    path.write_text("\n".join(CLASSES), encoding="utf-8")
    return path


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return draw(tmp_path / "photo.png")


def draw(path: Path, size: tuple[int, int] = (60, 48)) -> Path:
    image = Image.new("RGB", size, "teal")
    image.paste("orange", (5, 5, 25, 30))
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
    return path


def loaded(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as arrays:
        return dict(arrays)


def cutaway(*words: object) -> int:
    """Run in this process; the exit code."""
    with pytest.raises(SystemExit) as left:
        cli.main([str(word) for word in words])
    return int(left.value.code or 0)


@pytest.fixture
def model(weights: Path, classes: Path) -> tuple[str, ...]:
    return ("--model", str(weights), "--arch", "resnet20_cifar", "--classes", str(classes))


def test_explain_writes_an_overlay_and_the_arrays_of_each_image_and_method(photo, model, tmp_path, capsys):
    out = tmp_path / "out"
    assert cutaway("explain", photo, *model, "--method", "gradcam,eigencam", "--out", out) == 0
    assert sorted(p.name for p in out.iterdir()) == [
        f"photo.{method}.{kind}" for method in ("eigencam", "gradcam") for kind in ("npz", "png")
    ]
    arrays = loaded(out / "photo.gradcam.npz")
    assert set(arrays) == {"raw", "map"}
    assert (arrays["raw"].dtype, arrays["raw"].shape) == (np.float32, (8, 8))
    assert (arrays["map"].dtype, arrays["map"].shape) == (np.float32, (32, 32))
    assert np.array_equal(arrays["map"], display(arrays["raw"], (32, 32)))
    with Image.open(out / "photo.gradcam.png") as overlay:
        assert overlay.mode == "RGB"
        assert overlay.width == overlay.height >= 256  # the centre square that the network sees
    said = capsys.readouterr().out
    assert "%" in said
    assert "photo.gradcam.png" in said


def test_json_is_all_that_stands_on_stdout(photo, model, tmp_path, capsys):
    out = tmp_path / "out"
    assert cutaway("explain", photo, *model, "--method", "gradcam", "--out", out, "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    (image,) = answer["images"]
    assert image["image"] == str(photo)
    assert len(image["top"]) == 5
    assert {row["name"] for row in image["top"]} <= set(CLASSES)
    probabilities = [row["probability"] for row in image["top"]]
    assert probabilities == sorted(probabilities, reverse=True)
    assert 0 < sum(probabilities) <= 1 + 1e-9
    (found,) = image["maps"]
    assert Path(found["png"]) == out / "photo.gradcam.png"
    assert Path(found["npz"]).is_file()
    assert answer["errors"] == []


def test_the_same_question_again_is_read_from_the_store(photo, model, tmp_path, capsys):
    words = ("explain", photo, *model, "--method", "gradcam", "--json")
    assert cutaway(*words, "--out", tmp_path / "one") == 0
    assert cutaway(*words, "--out", tmp_path / "two") == 0
    assert cutaway(*words, "--out", tmp_path / "three", "--no-store") == 0
    answers = [json.loads(text) for text in capsys.readouterr().out.replace("}\n{", "}\0{").split("\0")]
    assert [a["images"][0]["maps"][0]["from_store"] for a in answers] == [False, True, False]
    first, second = (loaded(tmp_path / name / "photo.gradcam.npz")["raw"] for name in ("one", "two"))
    assert np.array_equal(first, second)


def test_several_taps_and_targets_are_in_the_names(photo, model, tmp_path):
    out = tmp_path / "out"
    words = ("--method", "gradcam,eigencam", "--tap", "layer2,layer3", "--target", "cat,cat:dog", "--target", "7")
    assert cutaway("explain", photo, *model, *words, "--out", out) == 0
    targets = ("cat", "cat-rather-than-dog", "horse")
    expected = {f"photo.gradcam.{tap}.{target}.png" for tap in ("layer2", "layer3") for target in targets}
    expected |= {f"photo.eigencam.{tap}.png" for tap in ("layer2", "layer3")}  # asks for no class
    assert {p.name for p in out.glob("*.png")} == expected


def test_images_of_one_stem_do_not_overwrite_each_other(model, tmp_path):
    images = [draw(tmp_path / name) for name in ("cat.png", "other/cat.jpg", "cat-2.png", "third/CAT.png")]
    out = tmp_path / "out"
    assert cutaway("explain", *images, *model, "--method", "gradcam", "--out", out) == 0
    assert {p.name for p in out.glob("*.png")} == {
        "cat.gradcam.png",
        "cat-3.gradcam.png",  # cat-2 is another image's own name
        "cat-2.gradcam.png",
        "CAT-4.gradcam.png",  # the same as cat where a file system ignores case
    }


def test_a_bad_image_among_good_ones_is_told_and_the_others_are_done(photo, model, tmp_path, capsys):
    bad, other = tmp_path / "bad.png", draw(tmp_path / "other.png")
    bad.write_text("no picture")
    out, missing = tmp_path / "out", tmp_path / "missing.png"
    code = cutaway("explain", photo, bad, missing, other, *model, "--method", "gradcam", "--out", out, "--json")
    said = capsys.readouterr()
    answer = json.loads(said.out)
    assert code == 1
    assert [Path(i["image"]).name for i in answer["images"]] == ["photo.png", "other.png"]
    assert [Path(e["image"]).name for e in answer["errors"]] == ["bad.png", "missing.png"]
    assert [line.split(":")[0] for line in said.err.splitlines()] == ["cutaway", "cutaway"]
    assert {p.name for p in out.glob("*.png")} == {"photo.gradcam.png", "other.gradcam.png"}


def test_a_parameter_is_read_by_its_method(photo, model, tmp_path, capsys):
    words = ("explain", photo, *model, "--method", "occlusion", "--out", tmp_path / "out", "--json")
    assert cutaway(*words, "--param", "occlusion.stride=0.25") == 0
    (found,) = json.loads(capsys.readouterr().out)["images"][0]["maps"]
    assert found["params"]["stride"] == 0.25


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--method", "gradkam"), "Did you mean: gradcam"),
        (("--method", "gradcam", "--tap", "layer9"), "no layer 'layer9'"),
        (("--method", "gradcam", "--target", "lion"), "no class named 'lion'"),
        (("--method", "occlusion", "--param", "occlusion.stride=-1"), "'stride' takes"),
        (("--method", "occlusion", "--param", "occlusion.step=1"), "no parameter 'step'"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_1(words, said, photo, model, tmp_path, capsys):
    assert cutaway("explain", photo, *model, *words, "--out", tmp_path / "out", "--json") == 1
    streams = capsys.readouterr()
    assert streams.out == ""
    (line,) = streams.err.splitlines()
    assert line.startswith("cutaway: ")
    assert said in line


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--method", "gradcam", "--param", "stride=1"),
        ("--method", "gradcam", "--param", "occlusion.stride=1"),
        ("--method", ","),
        ("--method", "gradcam", "--fusion", "sum"),
    ],
)
def test_a_command_that_makes_no_sense_is_exit_code_2(words, photo, model, tmp_path):
    assert cutaway("explain", photo, *model, *words, "--out", tmp_path / "out") == 2


def test_a_file_of_weights_needs_its_architecture(photo, weights, tmp_path, capsys):
    assert cutaway("explain", photo, "--model", weights, "--method", "gradcam", "--out", tmp_path / "out") == 2
    assert "--arch" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (("--model", "resnet20-cifar11"), "no classifier named"),
        (("--model", "gone.pth", "--arch", "resnet20_cifar"), "no file gone.pth"),
    ],
)
def test_a_model_that_is_not_there_is_exit_code_1(model, said, photo, tmp_path, capsys):
    assert cutaway("explain", photo, *model, "--method", "gradcam", "--out", tmp_path / "out") == 1
    assert said in capsys.readouterr().err


def test_a_store_that_is_held_is_told_and_done_without(photo, model, tmp_path, workspace, capsys):
    """Another process holds it, as the app does."""
    hold = "import sys; from pathlib import Path; from analysis.store.store import Store\n"
    hold += "s = Store.open(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read(); s.close()"
    command = [sys.executable, "-c", hold, str(workspace)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        code = cutaway("explain", photo, *model, "--method", "gradcam", "--json", "--out", tmp_path / "out")
        holder.communicate("")
    said = capsys.readouterr()
    assert code == 0
    assert "Going on without the store" in said.err
    assert json.loads(said.out)["images"][0]["maps"]


def test_an_imported_model_is_used_by_its_name(photo, weights, classes, tmp_path, workspace, capsys):
    words = (
        "--arch",
        "resnet20_cifar",
        "--classes",
        classes,
        "--name",
        "mine",
        "--size",
        "40",
        "--mean",
        "0.5,0.5,0.5",
    )
    assert cutaway("import-model", weights, *words, "--json") == 0
    assert json.loads(capsys.readouterr().out)["name"] == "mine"
    assert cutaway("models", "--json") == 0
    assert "mine" in {m["name"] for m in json.loads(capsys.readouterr().out)["models"]}
    out = tmp_path / "out"
    assert cutaway("explain", photo, "--model", "mine", "--method", "gradcam", "--out", out) == 0
    assert loaded(out / "photo.gradcam.npz")["map"].shape == (40, 40)


def test_methods_say_what_may_be_turned(capsys):
    assert cutaway("methods", "--json") == 0
    methods = {m["name"]: m for m in json.loads(capsys.readouterr().out)["methods"]}
    assert methods["gradcam"]["kind"] == "gradients"
    assert methods["gradcam"]["paper"]
    assert methods["eigencam"]["class_agnostic"]
    for parameter in methods["occlusion"]["parameters"]:
        assert {"name", "type", "default", "range", "choices"} <= set(parameter)
    assert cutaway("methods") == 0
    assert "gradcam: Grad-CAM" in capsys.readouterr().out


def test_taps_lists_layout_map_and_stride(weights, capsys):
    assert cutaway("taps", weights, "--arch", "resnet20_cifar", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    taps = {t["name"]: t for t in answer["taps"]}
    assert answer["default_tap"] == "layer3"
    assert (taps["layer3"]["layout"], taps["layer3"]["grid"], taps["layer3"]["stride"]) == ("nchw", [8, 8], [4, 4])
    assert taps["fc"]["layout"] == "vector"
    assert cutaway("taps", "resnet20-cifar10") == 0
    assert "layer3: nchw, 64 channels, 8 x 8 cells of 4 px  (default)" in capsys.readouterr().out


def test_run_starts_streamlit_on_loopback_with_the_workspace(monkeypatch, tmp_path):
    started = []
    monkeypatch.chdir(tmp_path)  # run changes the folder; this puts it back
    monkeypatch.setattr(os, "execve", lambda *words: started.append(words))
    cutaway("run", "--port", "8765", "--workspace", "here")
    ((program, words, environment),) = started
    assert program == sys.executable
    assert words[1:4] == ["-m", "streamlit", "run"]
    assert Path(words[4]).is_file()
    assert words[words.index("--server.address") + 1] == "127.0.0.1"
    assert words[words.index("--server.port") + 1] == "8765"
    assert environment["CUTAWAY_WORKSPACE"] == str(tmp_path / "here")


def test_help_answers_at_once():
    """Under half a second of computing: time on the clock would measure what else the machine does."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = subprocess.run([sys.executable, "-m", "app", "--help"], capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert "explain" in found.stdout
    assert after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime < 0.5


def test_an_overlay_says_what_it_is_of(photo, model, tmp_path):
    assert cutaway("explain", photo, *model, "--method", "gradcam", "--target", "cat:dog", "--out", tmp_path) == 0
    with Image.open(tmp_path / "photo.gradcam.png") as overlay:
        said = json.loads(overlay.info["Description"])
    assert (said["target"], said["taps"], said["method"]) == ("cat rather than dog", ["layer3"], "gradcam")
