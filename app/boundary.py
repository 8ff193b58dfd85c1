"""Where errors end: those meant for the user are said calmly, anything else is a bug with a number."""

import logging
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec

import streamlit as st

from models.errors import CutawayError

log = logging.getLogger("cutaway")

P = ParamSpec("P")
FAILED = "boundary.failed"


def plain(text: str) -> str:
    """A text to be shown as it is: file names and messages are not Markdown."""
    return re.sub(r"([\\`*_{}\[\]()#+\-!$:<>~|])", r"\\\1", text)


def reported(error: Exception) -> str:
    """Log an error that nobody foresaw; what to tell the user."""
    number = uuid.uuid4().hex[:8]
    log.error("bug %s", number, exc_info=error)
    return f"This is a bug in Cutaway, not a mistake of yours. The log has the details under number {number}."


@contextmanager
def boundary() -> Iterator[None]:
    """Show what goes wrong inside; the page goes on after it."""
    try:
        yield
    except CutawayError as error:
        st.error(plain(str(error)), icon=":material/info:")
    except Exception as error:
        st.error(reported(error), icon=":material/bug_report:")


def guarded(callback: Callable[P, None]) -> Callable[P, None]:
    """A widget's callback that cannot take the page down: it runs before the page, outside its boundary."""

    @wraps(callback)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        st.session_state.pop(FAILED, None)
        try:
            callback(*args, **kwargs)
        except CutawayError as error:
            st.session_state[FAILED] = str(error)
        except Exception as error:
            st.session_state[FAILED] = reported(error)

    return run


def failed() -> None:
    """What went wrong in the last callback, until the next."""
    if said := st.session_state.get(FAILED):
        st.error(plain(said), icon=":material/info:")
