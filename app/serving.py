"""What pages give to browsers beside Streamlit's own messages: points, sheets of thumbnails, words about a sample.

GET <base>/cutaway/blob/<token>                    bytes that a page published
GET <base>/cutaway/thumbs/<token>?s=1,5,9&side=32  one picture with the thumbnails of these samples, row by row
GET <base>/cutaway/sample/<token>/<sample>         JSON: its name, words about it, its thumbnail

Tokens are digests under a key that only this process knows: who was not sent one cannot guess it, and no address names
a file. Started without app/server.py there are no such addresses: bytes travel within the page as data URIs, and there
are no thumbnails and no words.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from streamlit import config

from app import resources
from models.errors import CutawayError

MOST_THUMBS = 400
SIDES = (8, 96)
"""Pixels of a thumbnail: the least and the most."""

HOVER_SIDE = 96
DECODERS = 4
HEADERS = {
    "Cache-Control": "private, max-age=31536000, immutable",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
_SECRET = secrets.token_bytes(32)
_served = threading.Event()

T = TypeVar("T")
Words = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """Which samples a page is about, and what may be said of them to whoever has its token."""

    dataset_id: str
    size: int  # samples are 0 .. size - 1
    passes: tuple[tuple[str, str], ...] = ()  # (what to call it, pass_id): its prediction is said
    texts: Callable[[int], Words] | None = None  # more words about a sample; called in another thread
    stamp: str = ""  # changes where `texts` says something else


def routes() -> list[BaseRoute]:
    """For the server's start."""
    _served.set()
    base = _base()
    return [
        Route(f"{base}/cutaway/blob/{{token}}", blob),
        Route(f"{base}/cutaway/thumbs/{{token}}", thumbs),
        Route(f"{base}/cutaway/sample/{{token}}/{{sample}}", sample_words),
    ]


def publish(data: bytes, media: str = "application/octet-stream") -> str:
    """The address of these bytes, the same for the same bytes; it holds until much else has been published."""
    if not _served.is_set():
        return f"data:{media};base64,{base64.b64encode(data).decode()}"
    token = _token(media.encode(), data)
    resources.blobs().put(token, (data, media))
    return f"{_base()}/cutaway/blob/{token}"


def publish_context(context: Context) -> str:
    """What `panes` wants as context_url; empty where nothing can be served."""
    if not _served.is_set():
        return ""
    said = repr((context.dataset_id, context.size, context.passes, context.stamp))
    token = _token(b"context", said.encode())
    resources.contexts().put(token, context)
    return f"{_base()}/cutaway/*/{token}"


def _base() -> str:
    path = str(config.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{path}" if path else ""


def _token(*parts: bytes) -> str:
    found = hashlib.blake2b(key=_SECRET, digest_size=20)
    for part in parts:
        found.update(len(part).to_bytes(8, "big"))
        found.update(part)
    return found.hexdigest()


# ---------------------------------------------------------------------------------------------------------- answers


async def blob(request: Request) -> Response:
    found = resources.blobs().get(request.path_params["token"])
    if found is None:
        return _gone()
    data, media = found
    # Compressing points takes longer than sending them, and would hold up every other page.
    return Response(data, media_type=media, headers=HEADERS | {"Content-Encoding": "identity"})


async def thumbs(request: Request) -> Response:
    context = resources.contexts().get(request.path_params["token"])
    if context is None:
        return _gone()
    ids = _ids(request.query_params.get("s", ""), context.size)
    side = _whole(request.query_params.get("side", "32"))
    if ids is None or side is None or not SIDES[0] <= side <= SIDES[1]:
        return PlainTextResponse(f"Ask for 1 to {MOST_THUMBS} samples of this dataset, 8 to 96 pixels each.", 400)
    return await _answered(lambda: _sheet(context, ids, side))


async def sample_words(request: Request) -> Response:
    context = resources.contexts().get(request.path_params["token"])
    sample = _whole(request.path_params["sample"])
    if context is None:
        return _gone()
    if sample is None or sample >= context.size:
        return PlainTextResponse("There is no such sample.", 404)
    return await _answered(lambda: JSONResponse(described(context, sample), headers={"Cache-Control": "no-store"}))


async def _answered(make: Callable[[], Response]) -> Response:
    """Made in a thread of our own few: the server's own answer everything else."""
    try:
        return await asyncio.get_running_loop().run_in_executor(_pool(), make)
    except CutawayError as error:
        return PlainTextResponse(str(error)[:400], 404)


def _gone() -> Response:
    return PlainTextResponse("This is no longer kept. Reload the page.", 404)


def _ids(text: str, size: int) -> list[int] | None:
    """Samples 0 .. size - 1, joined by commas; None where the text says anything else."""
    if len(text) > 12 * MOST_THUMBS:
        return None
    ids = [_whole(part) for part in text.split(",")]
    found = [i for i in ids if i is not None and i < size]
    return found if len(found) == len(ids) and 1 <= len(found) <= MOST_THUMBS else None


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 11 else None


# ---------------------------------------------------------------------------------------------------------- samples


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(DECODERS, "serving")


def _sheet(context: Context, ids: Sequence[int], side: int) -> Response:
    from analysis.store import digest
    from app.figures.tiles import sprite

    def drawn() -> bytes:
        images = resources.dataset(context.dataset_id)
        pictures = [images.thumbnail(sample, side) for sample in ids]
        return sprite(pictures, max(max(picture.size) for picture in pictures))

    key = digest(dataset=context.dataset_id, samples=list(ids), most=side)
    data = resources.sprites().made(key, drawn)
    media = "image/png" if data.startswith(b"\x89PNG") else "image/webp"
    return Response(data, media_type=media, headers=HEADERS)


def described(context: Context, sample: int) -> dict[str, Any]:
    """What hovering says of a sample: {"name", "words": [[what, is], ...], "src": data URI}."""
    from app.figures.tiles import TINY, name_of, percent, sprite

    dataset, row = resources.store().dataset(context.dataset_id), _row(context, sample, None)
    words: list[tuple[str, str]] = [("Label", name_of(row.label, dataset.class_names) or "none")]
    for title, pass_id in context.passes:
        asked = resources.store().pass_record(pass_id)
        seen = _row(context, sample, pass_id) if asked else None
        if asked and seen and seen.prediction is not None:
            sure = "" if seen.confidence is None else f", {percent(seen.confidence)}"
            words.append((title, name_of(seen.prediction, asked.class_names) + sure))
    words += [(str(what), str(said)) for what, said in (context.texts(sample) if context.texts else ())]
    image = resources.dataset(context.dataset_id).thumbnail(sample, HOVER_SIDE)
    side = min(HOVER_SIDE, max(image.size))
    kind = "png" if side <= TINY else "webp"
    src = f"data:image/{kind};base64,{base64.b64encode(sprite([image], side)).decode()}"
    return {"sample": sample, "name": row.name, "words": words, "src": src}


def _row(context: Context, sample: int, pass_id: str | None) -> Any:
    """One sample as one pass sees it: samples are numbered without gaps."""
    from analysis.records import Filter

    every = Filter(context.dataset_id, pass_id=pass_id)
    return resources.store().samples(every, limit=1, offset=sample)[0]
