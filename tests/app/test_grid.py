"""The document that the map grid draws: raw values untouched, equal maps once, class-agnostic ones apart."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

from analysis.attribution import METHODS
from analysis.types import AttributionMap, Explanation, Picture, Prediction, Request
from app.figures.grid import Row, document
from app.figures.pictures import shown, thumbnail
from models.preprocessing import CIFAR, Preprocessing

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
ALL = {m.name: m for m in METHODS}


@dataclass
class FakeClassifier:
    """As much of a classifier as the document reads."""

    name: str = "small"
    fingerprint: str = "f"
    preprocessing: Preprocessing = field(default_factory=lambda: CIFAR)


def attribution(
    method: str, target: str = "cat", taps: tuple[str, ...] = ("layer3",), **changes: Any
) -> AttributionMap:
    raw = np.random.default_rng(len(method)).normal(size=(8, 8)).astype(np.float32)
    known: dict[str, Any] = {
        "raw": raw, "method": method, "params": {}, "taps": taps, "target": target, "image": "d", "classifier": "f",
        "remarks": (), "seconds": 0.01, "device": "cpu", "computed_at": NOW,
    }  # fmt: skip
    return AttributionMap(**known | changes)


def row(
    maps: Sequence[AttributionMap], identical: tuple = (), request: Request | None = None, name: str = "cat.jpg"
) -> Row:
    top = tuple(Prediction(i, n, p, p) for i, (n, p) in enumerate([("cat", 0.7), ("dog", 0.3)]))
    found = Explanation("d", "f", top, tuple(maps), {"deeplift": "It has no rule."}, identical)
    picture = Picture("d", name, Image.new("RGB", (60, 40), "red"))
    return Row(picture, cast("Any", FakeClassifier()), found, request or Request(()))


def drawn(one: Row) -> list[dict[str, Any]]:
    return document([one], ALL)["rows"][0]["groups"]


def test_the_raw_map_arrives_as_it_was_computed() -> None:
    made = attribution("gradcam")
    sent = drawn(row([made]))[0]["maps"][0]
    assert sent["shape"] == [8, 8]
    assert np.array_equal(np.frombuffer(base64.b64decode(sent["raw"]), "<f4").reshape(8, 8), made.raw)


def test_the_document_is_json_and_its_stamp_follows_its_content() -> None:
    one, other = (document([row([attribution(m)])], ALL) for m in ("gradcam", "layercam"))
    json.dumps(one)
    assert one["stamp"] != other["stamp"]
    assert one["stamp"] == document([row([attribution("gradcam")])], ALL)["stamp"]


def test_identical_maps_are_shown_once_and_named_together() -> None:
    maps = [attribution("gradcam"), attribution("hirescam"), attribution("layercam")]
    sent = drawn(row(maps, identical=(("gradcam", "hirescam"),)))[0]["maps"]
    assert [m["method"] for m in sent] == ["gradcam", "layercam"]
    assert sent[0]["identical"] == ["Grad-CAM", "HiResCAM"]


def test_class_agnostic_maps_stand_apart_where_there_are_several_targets() -> None:
    maps = [attribution("gradcam", "cat"), attribution("gradcam", "dog"), attribution("eigencam", "any class")]
    groups = drawn(row(maps))
    assert [g["title"] for g in groups] == ["Evidence for cat", "Evidence for dog", "Whatever the class"]
    assert groups[2]["maps"][0]["agnostic"]


def test_layers_are_named_where_there_are_several() -> None:
    maps = [attribution("gradcam", taps=("layer1",)), attribution("gradcam", taps=("layer3",))]
    sent = drawn(row(maps, request=Request((), taps=("layer1", "layer3"))))[0]["maps"]
    assert [m["label"] for m in sent] == ["Grad-CAM · layer1", "Grad-CAM · layer3"]
    assert len({m["file"] for m in sent}) == 2


def test_the_view_is_the_part_that_the_network_sees() -> None:
    left, top, right, bottom = document([row([])], ALL)["rows"][0]["view"]
    assert (top, bottom) == pytest.approx((0, 1))
    assert left == pytest.approx(1 - right, abs=0.03)
    assert (right - left) * 60 == pytest.approx(40, abs=2)


def test_refusals_are_said_by_label() -> None:
    assert document([row([])], ALL)["rows"][0]["refused"] == [["DeepLIFT", "It has no rule."]]


def test_a_hostile_name_makes_a_harmless_file_name() -> None:
    sent = drawn(row([attribution("gradcam")], name="../../etc/<b>passwd</b>.png"))[0]["maps"][0]
    assert not set(sent["file"]) & set('/\\<>:"|?*')


def test_a_stored_map_says_when_it_was_computed() -> None:
    fresh, stored = (drawn(row([attribution("gradcam", from_store=s)]))[0]["maps"][0] for s in (False, True))
    assert fresh["stored"] == ""
    assert stored["stored"].startswith("2026-01-0")


def test_pictures_are_sent_small() -> None:
    large = Image.effect_noise((3000, 2000), 80).convert("RGB")
    assert len(shown(large)) < 900_000
    assert shown(Image.new("RGB", (32, 32))).startswith("data:image/png")
    assert len(thumbnail(large)) < 12_000
