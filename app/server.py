"""The server: the app's pages, and the work that a last time was cut short, which goes on before anybody opens one.

`streamlit run app/server.py`. With `app/main.py` in its place all is the same, but that work waits for the first page.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st

from app import serving
from app.settings import ROOT

log = logging.getLogger("cutaway")


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Open the store and go on with its work; at the end stop it where it is, so that it goes on next time."""
    from app import resources
    from models.errors import CutawayError

    try:
        await asyncio.to_thread(resources.work)
    except CutawayError as error:  # pages say it too, and try again
        log.warning("%s", error)
    yield
    await asyncio.to_thread(resources.closing().close)


app = st.App(ROOT / "app" / "main.py", lifespan=lifespan, routes=serving.routes())
