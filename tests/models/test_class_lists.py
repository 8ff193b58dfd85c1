"""Class names from text and JSON."""

import json

import pytest

from models import class_lists
from models.errors import CheckpointMismatch, ModelError

EXPECTED = ("tench", "goldfish", "great white shark")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("c.txt", "tench\ngoldfish\ngreat white shark\n"),
        ("c.txt", "\ufefftench\r\n\r\n  goldfish \r\ngreat white shark"),
        ("c.json", json.dumps(EXPECTED)),
        ("c.json", json.dumps({"1": "goldfish", "0": "tench", "2": "great white shark"})),
        ("c.json", json.dumps({"tench": 0, "great white shark": 2, "goldfish": 1})),
        ("c.json", json.dumps({str(i): [f"n{i}", n] for i, n in enumerate(EXPECTED)})),
        ("c.json", json.dumps([{"index": 2 - i, "name": n} for i, n in enumerate(reversed(EXPECTED))])),
        ("names", json.dumps(EXPECTED)),
    ],
)
def test_forms(tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert class_lists.read(tmp_path / name) == EXPECTED


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("c.json", b"{"),
        ("c.json", b'{"0": "a", "2": "b"}'),
        ("c.json", b"[1, 2]"),
        ("c.json", b"3"),
        ("c.json", b'["a", ""]'),
        ("c.json", b'{"a": "b"}'),
        ("c.json", b"[[]]"),
        ("c.txt", b"\n \n"),
        ("c.txt", b"\xff\xfe\x00binary"),
    ],
)
def test_what_is_no_list_is_refused(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=name):
        class_lists.read(tmp_path / name)


def test_the_number_of_names_must_fit():
    with pytest.raises(CheckpointMismatch, match=r"3 class names.*10 classes"):
        class_lists.checked(EXPECTED, 10, what="the file")
    assert class_lists.checked(None, 2, what="the file") == ("class 0", "class 1")
