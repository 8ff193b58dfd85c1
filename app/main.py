"""The app: its pages and what they share. Started by `cutaway run`, or `streamlit run app/main.py`."""

import streamlit as st

from app import frame
from app.settings import ROOT

SIDEBAR_PX = 330

st.set_page_config("Cutaway", str(ROOT / "assets" / "icon.png"), layout="wide", initial_sidebar_state=SIDEBAR_PX)
st.html(frame.STYLE)
st.logo((ROOT / "assets" / "logo.svg").read_text("utf-8"), size="large")
page = st.navigation(list(frame.pages().values()), position="top")
frame.hear()
page.run()
frame.indicator(page.url_path)
