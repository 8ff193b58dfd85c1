"""Made-up panes, to look at the component alone: python -m streamlit run tests/show_panes.py --server.port 8602

Then /?n=50000&panes=2&classes=10&dims=2&kind=category. Others: lit=1, why=1, rows=1, uploads=1, raster=1, height=560.
"""

from pathlib import Path

import streamlit as st

from app import serving

app = st.App(Path(__file__).with_name("show_panes_page.py"), routes=serving.routes())
