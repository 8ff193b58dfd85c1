"""How the page is laid out: slim lines above, the panes at the left, what is linked to them at the right."""

STYLE = """<style>
.stMainBlockContainer { padding: 3.4rem 1rem 0.4rem !important }
.stMainBlockContainer > [data-testid=stVerticalBlock] { gap: 0.4rem }
[class*=st-key-embeddings-line] { gap: 0.5rem !important; row-gap: 0.25rem !important }
[class*=st-key-embeddings-chips] { gap: 0.3rem !important; row-gap: 0.15rem !important; min-height: 1.5rem }
[class*=st-key-embeddings-pane-] { gap: 0.2rem !important }
[class*=st-key-embeddings-panel] { padding: 0.4rem 0.6rem !important; gap: 0.35rem !important }
.st-key-embeddings-left { gap: 0.35rem !important }
:is([class*=st-key-embeddings-line], [class*=st-key-embeddings-pane-]) button { min-height: 1.8rem !important;
  padding-block: 0 !important }
[class*=st-key-embeddings-line] .react-aria-ComboBox > [role=group] { height: 1.85rem; min-height: 0 }
[class*=st-key-embeddings-line] input { padding-block: 0 !important; font-size: 0.85rem; height: 1.75rem }
:is([class*=st-key-embeddings-line], [class*=st-key-embeddings-chips], [class*=st-key-embeddings-pane-]) p {
  font-size: 0.85rem; margin: 0 }
[class*=st-key-embeddings-chips] p, [class*=st-key-embeddings-caution] p { font-size: 0.8rem }
[class*=st-key-embeddings-caution] p { white-space: nowrap; overflow: hidden; text-overflow: ellipsis }
[class*=st-key-embeddings-caution] :is([data-testid=stMarkdownContainer], [data-testid=stCaptionContainer]) {
  margin-bottom: 0 !important; overflow: hidden }
:is([class*=st-key-embeddings-line], [class*=st-key-embeddings-chips], [class*=st-key-embeddings-pane-])
  :is([data-testid=stMarkdownContainer], [data-testid=stCaptionContainer]) { margin-bottom: 0 !important }
</style>"""

HEIGHT = 610
"""Pixels of the panes."""

BESIDE = 690
"""Pixels of what stands beside them: as high as the panes with their lines."""

WIDTHS = (68, 32)
