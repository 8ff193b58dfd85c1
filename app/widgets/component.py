"""Custom components from files: HTML, CSS and plain JavaScript beside the Python that mounts them, no build step."""

from pathlib import Path

from streamlit.components import v2
from streamlit.components.v2.types import ComponentRenderer

HERE = Path(__file__).parent


def source(folder: str, *names: str) -> str:
    """The files one after the other: they share one scope."""
    return "\n".join((HERE / folder / name).read_text("utf-8") for name in names)


def component(name: str, css: str, js: str) -> ComponentRenderer:
    """Register once, at import: a component whose script ends with a function `mount(component)`."""
    html = f'<div class="{name}"></div>\n'
    entry = "\nexport default function (component) {\n  return mount(component);\n}\n"
    return v2.component(f"cutaway_{name}", html=html, css=css, js=js + entry)
