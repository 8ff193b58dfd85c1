"""The app: its pages and what they share. Started by `cutaway run`, or `streamlit run app/main.py`."""

import streamlit as st

from app.settings import ROOT
from app.views import explain

SIDEBAR_PX = 330
# Maps need the room that Streamlit's wide layout leaves empty at both sides, and a message that comes in above
# what is on show must not be scrolled away by the browser.
STYLE = """<style>
.stMainBlockContainer, [data-testid=stBottomBlockContainer] { padding-inline: 2rem !important }
[data-testid=stMain] { overflow-anchor: none }
</style>"""

st.set_page_config("Cutaway", str(ROOT / "assets" / "icon.png"), layout="wide", initial_sidebar_state=SIDEBAR_PX)
st.html(STYLE)
st.logo((ROOT / "assets" / "logo.svg").read_text("utf-8"), size="large")
st.navigation([st.Page(explain.page, title="Explain", url_path="explain", default=True)], position="hidden").run()
