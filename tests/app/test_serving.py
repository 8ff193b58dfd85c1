"""What browsers fetch: only what was published, only under its token, only of its dataset."""

import asyncio
import base64
import io
import json
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from PIL import Image
from starlette.applications import Starlette

from app import resources, serving
from tests.app.filled import CONFIDENCE, SIZE, fill


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


def ask(path: str, query: str = "") -> Answer:
    """One GET, as a server would pass it on."""
    found = Answer(0, {}, b"")

    async def receive() -> dict:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message) -> None:
        if message["type"] == "http.response.start":
            found.status = message["status"]
            found.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            found.body += message.get("body", b"")

    scope = {"type": "http", "method": "GET", "path": path, "query_string": query.encode(), "headers": []}
    app = Starlette(routes=serving.routes())
    with ThreadPoolExecutor(1) as apart:  # a browser test before this one leaves a loop running here
        apart.submit(asyncio.run, app(scope | {"http_version": "1.1", "scheme": "http"}, receive, send)).result()
    return found


@pytest.fixture(autouse=True)
def _served(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    monkeypatch.setattr(serving, "_served", serving.threading.Event())
    serving.routes()
    yield
    resources.closing().close()
    st.cache_resource.clear()


@pytest.fixture
def published(workspace: Path) -> Callable[..., str]:
    """Publishes the small dataset with its first model's pass."""
    dataset, first, _ = fill(workspace)

    def publish(**others) -> str:
        return serving.publish_context(
            serving.Context(dataset.dataset_id, dataset.size, (("first", first.pass_id),), **others)
        )

    return publish


def thumbs(context: str) -> str:
    return context.replace("/*/", "/thumbs/")


def about(context: str, sample: object) -> str:
    return f"{context.replace('/*/', '/sample/')}/{sample}"


def test_bytes_come_back_as_they_were_and_may_be_kept() -> None:
    data = np.random.default_rng(0).bytes(5000)
    url = serving.publish(data)
    answer = ask(url)
    assert (answer.status, answer.body) == (200, data)
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-type"] == "application/octet-stream"


def test_the_same_bytes_have_one_address_and_others_another() -> None:
    assert serving.publish(b"points") == serving.publish(b"points")
    assert serving.publish(b"points") != serving.publish(b"point")
    assert serving.publish(b"points") != serving.publish(b"points", "image/png")


def test_a_token_depends_on_a_secret_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    before = serving.publish(b"points")
    monkeypatch.setattr(serving, "_SECRET", b"another process")
    assert serving.publish(b"points") != before


@pytest.mark.parametrize("token", ["0" * 40, "x", "..%2f..%2fetc%2fpasswd"])
@pytest.mark.parametrize("kind", ["blob/{}", "thumbs/{}", "sample/{}/1"])
def test_what_was_not_published_is_not_found(kind: str, token: str) -> None:
    answer = ask("/cutaway/" + kind.format(token), "s=1")
    assert answer.status == 404
    assert len(answer.body) < 100


def test_a_token_of_bytes_opens_no_dataset(published: Callable[..., str]) -> None:
    token = serving.publish(b"points").rsplit("/", 1)[1]
    assert ask(f"/cutaway/thumbs/{token}", "s=1").status == 404
    assert ask("/cutaway/blob/" + published().rsplit("/", 1)[1]).status == 404


def test_the_address_stands_below_the_servers_own_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving.config, "get_option", lambda name: "/some/where/")
    url = serving.publish(b"points")
    assert url.startswith("/some/where/cutaway/blob/")
    assert ask(url).body == b"points"


def test_without_the_servers_routes_bytes_travel_in_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "_served", serving.threading.Event())
    url = serving.publish(b"points", "image/png")
    assert url == "data:image/png;base64," + base64.b64encode(b"points").decode()
    assert serving.publish_context(serving.Context("d", 5)) == ""


def test_thumbnails_are_those_of_the_samples_in_their_order(published: Callable[..., str], workspace: Path) -> None:
    answer = ask(thumbs(published()), "s=7,0,59&side=32")
    assert answer.status == 200
    assert answer.headers["content-type"] == "image/png"
    sheet = np.asarray(Image.open(io.BytesIO(answer.body)).convert("RGB"))
    assert sheet.shape == (16, 16, 3)  # two columns of pictures of 8 pixels, which are not enlarged
    images = np.random.default_rng(0).integers(0, 256, (SIZE, 8, 8, 3), np.uint8)
    for place, sample in enumerate((7, 0, 59)):
        top, left = place // 2 * 8, place % 2 * 8
        assert np.array_equal(sheet[top : top + 8, left : left + 8], images[sample])


@pytest.mark.parametrize(
    "query",
    ["", "s=", "s=60", "s=-1", "s=1,,2", "s=1,x", "s=1.5", "s=%D9%A3", "s=1&side=7", "s=1&side=97", "s=1&side=x"],
)
def test_other_samples_and_sides_are_refused(query: str, published: Callable[..., str]) -> None:
    answer = ask(thumbs(published()), query)
    assert answer.status == 400
    assert b"1 to 400 samples" in answer.body


def test_four_hundred_thumbnails_and_no_more(published: Callable[..., str]) -> None:
    context = thumbs(published())
    assert ask(context, "s=" + ",".join(["3"] * 400)).status == 200
    assert ask(context, "s=" + ",".join(["3"] * 401)).status == 400


def test_hovering_says_the_name_the_label_and_what_the_model_says(published: Callable[..., str]) -> None:
    answer = ask(about(published(texts=lambda sample: [("Twice", str(2 * sample))]), 4))
    found = json.loads(answer.body)
    assert found["sample"] == 4
    assert found["words"] == [
        ["Label", "dog"],
        ["first", f"dog, {100 * CONFIDENCE[4]:.1f} %"],
        ["Twice", "8"],
    ]
    picture = Image.open(io.BytesIO(base64.b64decode(found["src"].partition(",")[2])))
    assert picture.size == (8, 8)


@pytest.mark.parametrize("sample", [60, -1, "x", "1.5", "99999999999999"])
def test_there_is_no_other_sample(sample: object, published: Callable[..., str]) -> None:
    assert ask(about(published(), sample)).status == 404


def test_a_dataset_that_is_gone_is_said_in_words(workspace: Path) -> None:
    context = serving.publish_context(serving.Context("0" * 64, 5))
    answer = ask(about(context, 1))
    assert answer.status == 404
    assert b"Traceback" not in answer.body
    assert ask(thumbs(context), "s=1").status == 404


def test_what_was_published_long_ago_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "BLOB_BYTES", 2500)
    urls = [serving.publish(bytes([i]) * 1000) for i in range(3)]
    assert [ask(url).status for url in urls] == [404, 200, 200]
