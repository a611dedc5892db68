"""The bench: the stage with what stands around it, seen at once on a wide screen, one below the other elsewhere."""

from __future__ import annotations

from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

SIDE_PX: Final = 322
# Where the stage is wider than most pictures, what explains a tile is seen larger.
WIDE_SIDE_PX: Final = 420
_ROW: Final = ".st-key-bench > [data-testid=stLayoutWrapper] > [data-testid=stHorizontalBlock]"
_COLUMNS: Final = f"{_ROW} > [data-testid=stColumn]"
_STYLE: Final = f"""
<style>
.stAppHeader, .stAppHeader div {{ background: none; pointer-events: none; }}
.stAppHeader button, .stAppHeader a {{ pointer-events: auto; }}
.stMainBlockContainer {{ max-width: none; padding-left: 1rem; padding-right: 1rem; }}
/* The running sign would lie on the bar of the verdict; what lasts has a bar of its own, with a button that stops it. A
   lost connection is said there, too, and stays. */
[data-testid=stStatusWidget]:has([data-testid=stStatusWidgetRunningIcon]) {{ display: none; }}
.st-key-bench {{ container-type: inline-size; }}
.stMainBlockContainer > .stVerticalBlock {{ gap: .5rem; }}
.st-key-choice {{ display: none; }}
/* Where nothing is awaited any more, its place leaves no gap. */
[data-testid=stLayoutWrapper]:has(> .st-key-waiting):not(:has(img, button, [data-testid=stProgress],
  [data-testid=stAlert])) {{ position: absolute; }}
.st-key-film {{ position: relative; }}
.st-key-film > [data-testid=stLayoutWrapper] {{ position: absolute; top: 0; right: 0; width: auto; }}
.st-key-film-csv {{ width: auto; }}
.st-key-film-csv button {{ min-height: 2rem; padding: 0 .7rem; }}
.st-key-verdict-bar :is(button, [data-testid=stCaptionContainer]) {{ white-space: nowrap; }}
.st-key-verdict-bar > * {{ flex: none; width: auto; }}
.st-key-verdict-bar > :has(.sd-bar) {{ flex: 1 1 0; min-width: 0; }}
:is({_COLUMNS} > [data-testid=stVerticalBlock], .st-key-stage-place) {{ gap: .4rem; }}
.st-key-review-row {{ gap: .1rem .35rem; }}
.st-key-why-more [data-testid=stImageCaption] {{ font-size: .8rem; line-height: 1.35; }}
/* What is of the tile that was chosen before; the new one is explained already. */
.st-key-why-more.sd-older {{ opacity: .25; }}
.st-key-review-row button {{ min-height: 2rem; padding: 0 .55rem; }}
[class*="st-key-view-"] > [data-testid=stLayoutWrapper] {{ flex: 1 1 0; min-width: 0; }}
.st-key-view-scores > [data-testid=stLayoutWrapper]:has(> .st-key-stage-picture) {{ display: none; }}
.st-key-stage-scores {{ container-type: inline-size; }}
@media (min-width: 768px) {{
  .stMainBlockContainer {{ padding-top: .6rem; }}
  /* Clear of the menu in the corner. */
  .st-key-waiting {{ padding-right: 2.6rem; }}
  .st-key-verdict-bar {{ padding-right: 2.6rem; }}
  /* Clear of the logo and the button in the other corner, where the sidebar is folded away. */
  .stSidebar[data-collapsed=true] ~ * :is(.st-key-strip-line, .st-key-waiting, .st-key-verdict-bar) {{
    padding-left: 5.4rem; }}
}}
/* The verdict has a line of its own where it would not be read whole beside the buttons. */
@media (max-width: 1199px) {{
  .st-key-verdict-bar {{ flex-wrap: wrap; gap: .5rem .4rem; }}
  .st-key-verdict-bar > :has(.sd-bar) {{ flex-basis: 100%; }}
}}
@media (max-width: 767px) {{
  /* What stands beside the verdict keeps to one line, as do the choices of the stage: words without their signs. */
  .st-key-verdict-bar > :not(:has(.sd-bar)) {{ min-width: 0; }}
  .st-key-verdict-bar > .stVerticalBlock, .st-key-verdict-bar > :has(.st-key-second-opinion) {{ flex: 0 1 auto; }}
  :is(.st-key-verdict-bar, .st-key-stage-head) button
    :is(span:has(> [data-testid=stIconMaterial]), div[aria-hidden=true]) {{ display: none; }}
  /* Without the arrow that it was meant for, a margin would push the word off the middle. */
  :is(.st-key-verdict-bar, .st-key-stage-head) [data-testid=stPopoverButton] > div {{ margin-right: 0; }}
  .st-key-verdict-bar button {{ min-height: 2.6rem; padding: 0 .7rem; }}
  .st-key-stage-head {{ flex-wrap: nowrap; gap: .2rem; justify-content: space-between; }}
  .st-key-stage-head:has([data-testid=stCaptionContainer], .st-key-use-square-grid) {{ flex-wrap: wrap; }}
  .st-key-stage-head button {{ padding: 0 .7rem; min-height: 2.6rem; }}
  /* On a touch screen the tools of the chart would lie over its columns for good; two fingers zoom. */
  .st-key-heatmap .modebar {{ display: none; }}
  .st-key-why [data-testid=stImage] img {{ max-height: 38vh; object-fit: contain; }}
  .stMainBlockContainer {{ padding-left: .8rem; padding-right: .8rem; padding-top: 3.6rem; }}
}}
@media (min-width: 1440px) {{
  {_COLUMNS}:first-child {{ flex: 1 1 0; }}
  {_COLUMNS}:last-child {{ flex: 0 0 {SIDE_PX}px; }}
  .sd-folded-side {_COLUMNS}:last-child {{ display: none; }}
  .sd-folded-film .st-key-film {{ display: none; }}
  .st-key-heatmap {{ height: calc(100vh - 244px - var(--sd-above, 0px)); }}
  .st-key-why {{ min-height: calc(100vh - 338px - var(--sd-above, 0px)); }}
  /* The three answers stand in one line, below what they answer. */
  .st-key-review-row > :has([data-testid=stCaptionContainer]) {{ flex: 1 0 100%; }}
  /* Tiles of an elongated picture are tall; what is below them is to be seen, too. */
  .st-key-why [data-testid=stImage] img {{ max-height: 18vh; object-fit: contain; object-position: left; }}
}}
@media (min-width: 1800px) {{
  {_COLUMNS}:last-child {{ flex-basis: {WIDE_SIDE_PX}px; }}
}}
@media (max-width: 1439px) {{
  {_COLUMNS} {{ flex: 1 1 100%; min-width: 100%; }}
  /* As high as the picture needs with its rows and columns counted above and its colours explained below. */
  .st-key-heatmap {{ height: min(74vh, calc((100cqw - 24px) * var(--ratio) + 74px)); }}
}}
@media (max-width: 900px) {{
  .st-key-view-both {{ flex-direction: column; }}
  .st-key-view-both > [data-testid=stLayoutWrapper] {{ flex: none; width: 100%; }}
}}
</style>
"""


def take_window() -> None:
    """Lay the page out over the whole window, before any of it is drawn, so that nothing moves when the bench comes."""
    st.html(_STYLE)


def bench() -> tuple[DeltaGenerator, DeltaGenerator]:
    """Draw the empty bench; returns where the stage goes, and where what explains it goes."""
    with st.container(key="bench"):
        stage, side = st.columns([5, 2], gap="small")
    return stage, side
