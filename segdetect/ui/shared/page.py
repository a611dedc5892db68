"""What every page begins with, the box that every page shows alike, and what keeps a failure in its place."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, ParamSpec
from urllib.parse import quote

import streamlit as st

from segdetect.errors import CancelledError, DamagedPlanError, SegDetectError, SettingsError
from segdetect.log import begin_log, event
from segdetect.memo import process_budget
from segdetect.ui.browser.scripts import load_scripts
from segdetect.ui.shared.download_files import keep_downloads
from segdetect.ui.shared.held import hold_set, noting
from segdetect.ui.shared.jobs import foreground, spare_jobs, visitor
from segdetect.ui.shared.locale import localized
from segdetect.ui.shared.public_address import ask_nobody
from segdetect.ui.shared.texts import plain
from segdetect.ui.shared.upload_names import keep_names

_LOG: Final = logging.getLogger(__name__)
_TROUBLES: Final = "callback-troubles"
_SHOWN: Final = "page-shown"
_SIDEBAR_PX: Final = 270

P = ParamSpec("P")

ASSETS: Final = Path(__file__).parent / "assets"

PLANS_PAGE: Final = "pages/plans.py"
PAGES: Final = (
    ("streamlit_app.py", "Inspect", ":material/frame_inspect:"),
    ("pages/compare.py", "Compare", ":material/compare:"),
    ("pages/batch.py", "Batch", ":material/stacks:"),
    ("pages/watch.py", "Watch", ":material/visibility:"),
    (PLANS_PAGE, "Plans", ":material/bookmarks:"),
    ("pages/review.py", "Review", ":material/rate_review:"),
    ("pages/history.py", "History", ":material/history:"),
    ("pages/evaluate.py", "Evaluate", ":material/query_stats:"),
    ("pages/method.py", "Method", ":material/menu_book:"),
    ("pages/system.py", "System", ":material/monitor_heart:"),
)

# Drawn by the style sheet, since Streamlit takes pictures out of HTML; each verdict has a shape of its own.
_SHAPES: Final = {
    "normal": "<path d='M20 6 9 17l-5-5'/>",
    "suspicious": "<path d='M12 3 2 20h20L12 3z'/><path d='M12 10v4m0 3v.01'/>",
    "anomalous": "<path d='M8 2h8l6 6v8l-6 6H8l-6-6V8z'/><path d='M12 7v6m0 4v.01'/>",
    "disagree": "<circle cx='8.500' cy='12' r='6.500'/><circle cx='15.500' cy='12' r='6.500'/>",
    "cannot-tell": "<circle cx='12' cy='12' r='10'/><path d='M9 9a3 3 0 1 1 4 2.8c-.7.3-1 .9-1 1.7m0 3.5v.01'/>",
}


def _mask(verdict: str) -> str:
    picture = (
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='black' stroke-width='2.2' "
        f"stroke-linecap='round' stroke-linejoin='round'>{_SHAPES[verdict]}</svg>"
    )
    address = f'url("data:image/svg+xml,{quote(picture)}") center / contain no-repeat'
    return f".sd-{verdict} .sd-icon {{ -webkit-mask: {address}; mask: {address}; }}"


_STYLE: Final = """
<style>
.stMainBlockContainer { padding-top: 4rem; padding-bottom: 3rem; max-width: 1800px; }
.stSidebar [data-testid="stSidebarHeader"] { margin-bottom: 0; }
/* So much of its width goes to the controls that three choices stand in one line. */
@media (min-width: 768px) {
  .stSidebar [data-testid="stSidebarContent"] { padding-inline: .5rem; }
  .stSidebar [data-testid="stButtonGroup"] button { padding-inline: .7rem; }
}
[data-testid="stMetricValue"], .sd-figures, [data-testid="stDataFrame"] { font-variant-numeric: tabular-nums; }
.sd-banner { display: flex; gap: .9rem; align-items: flex-start; padding: .8rem 1.1rem; border-radius: .6rem;
  border: 1px solid; border-left-width: 6px; }
.sd-banner .sd-icon { flex: none; width: 2.1rem; height: 2.1rem; margin-top: .1rem; background: currentColor; }
.sd-banner .sd-word { display: inline; font-size: 1.35rem; font-weight: 700; line-height: 1.3;
  margin: 0 .5rem 0 0; padding: 0; }
.sd-banner .sd-said { flex: 1; min-width: 0; text-wrap: pretty; }
.sd-banner .sd-lead { display: inline; font-size: 1.05rem; font-weight: 600; margin-right: .7rem; }
.sd-banner .sd-beside { display: inline-block; padding: 0 .6rem; border: 1px solid;
  border-radius: 1rem; font-size: .9rem; vertical-align: .08rem; }
.sd-banner .sd-why { margin-top: .2rem; max-width: 120ch; text-wrap: pretty; }
.sd-banner .sd-why summary { width: fit-content; cursor: pointer; }
.sd-banner .sd-why p, .sd-banner .sd-why ul { margin: .2rem 0 0; } .sd-banner ul:empty { display: none; }
/* The bar of the Inspect page: what does not fit beside the whole sentence goes to further lines, unseen. */
.sd-bar { flex-wrap: wrap; align-content: flex-start; align-items: center; gap: 0 .7rem; height: 3rem; padding: 0 .9rem;
  border-left-width: 5px; overflow: hidden; white-space: nowrap; }
.sd-bar > * { height: 100%; line-height: calc(3rem - 2px); }
.sd-bar .sd-told { display: flex; align-items: center; gap: .7rem; max-width: 100%; min-width: 0; }
.sd-bar .sd-icon { flex: none; width: 1.6rem; height: 1.6rem; margin: 0; }
.sd-bar .sd-word { margin: 0; flex: none; }
/* A sentence too long for one line takes two, so that the place it ends with and what stands beside it are read. */
.sd-bar .sd-lead { margin: 0; flex: 0 1 auto; min-width: 0; max-height: 2.5rem; overflow: hidden; white-space: normal;
  text-wrap: balance;
  font-size: 1rem; line-height: 1.25rem; }
.sd-bar .sd-beside { flex: none; max-width: 45%; overflow: hidden; text-overflow: ellipsis; line-height: 1.5rem; }
.sd-bar .sd-strength { display: flex; flex: none; align-items: center; gap: .5rem; font-size: .85rem; }
.sd-bar .sd-gauge { position: relative; width: 5rem; height: .5rem; border-radius: .25rem;
  background: color-mix(in srgb, currentColor 18%, transparent); }
.sd-bar .sd-gauge i { position: absolute; inset: 0 auto 0 0; border-radius: inherit;
  background: currentColor; opacity: .6; }
/* The mark is taller than the bar, and is seen on its filled part, too. */
.sd-bar .sd-gauge::after { content: ""; position: absolute; inset: -.25rem auto -.25rem 50%; width: 2px;
  background: currentColor; }
.sd-bar .sd-about { flex: 1 1 0; min-width: 8rem; overflow: hidden; text-overflow: ellipsis; text-align: right;
  font-size: .85rem; opacity: .8; }
.sd-why p, .sd-why ul { margin: .2rem 0 0; max-width: 70ch; } .sd-why ul:empty { display: none; }
@media (max-width: 1800px) { .sd-bar .sd-strength .sd-figures { display: none; } }
@media (max-width: 1100px) { .sd-bar .sd-strength { display: none; } }
/* The button beside the bar says the same, and the sentence needs the room: it ends with the place to look at. */
@media (min-width: 768px) and (max-width: 1439px) { .sd-bar .sd-beside { display: none; } }
@media (max-width: 767px) { .sd-bar { height: auto; min-height: 3rem; gap: .2rem .6rem; padding: .4rem .8rem;
  white-space: normal; } .sd-bar > * { height: auto; line-height: inherit; } .sd-bar .sd-told { display: contents; }
  .sd-bar .sd-lead { max-height: none; } .sd-bar .sd-beside { max-width: 100%; }
  .sd-bar .sd-about { flex-basis: 100%; text-align: left; } }
.sd-disagree { background: #b1730014; border-color: #c98a12; } .sd-disagree .sd-icon { color: #c98a12; }
.sd-normal { background: #1a7f3714; border-color: #2e9e52; } .sd-normal .sd-icon { color: #2e9e52; }
.sd-suspicious { background: #b1730014; border-color: #c98a12; } .sd-suspicious .sd-icon { color: #c98a12; }
.sd-anomalous { background: #d33f1514; border-color: #e0531f; } .sd-anomalous .sd-icon { color: #e0531f; }
.sd-cannot-tell { background: #4a6fa514; border-color: #6f8fc0; } .sd-cannot-tell .sd-icon { color: #6f8fc0; }
body [data-testid="stCaptionContainer"] { color: inherit; opacity: .8; }
:is(.st-key-review-answers, .st-key-review-steps) { gap: .5rem; }
:is(.st-key-review-answers, .st-key-review-steps) button { padding: 0 .6rem; }
/* What is under a figure belongs to it, and the buttons of two ways to begin are on one line. */
[class*="st-key-figures-"] [data-testid="stColumn"] > [data-testid="stVerticalBlock"] { gap: .2rem; }
.st-key-new-run [data-testid="stColumn"] > [data-testid="stVerticalBlock"] { height: 100%; }
.st-key-new-run [data-testid="stColumn"] > [data-testid="stVerticalBlock"] > :last-child { margin-top: auto; }
[class*="st-key-heading-"] { min-height: 2.5rem; }
@media (min-width: 641px) { .st-key-batch-actions { justify-content: flex-end; } }
/* White on the bright accent of the dark theme is hard to read. */
.stApp [data-testid="stBaseButton-primary"]:not(:disabled) { color: light-dark(#fff, #0f1624); }
/* Where nothing hovers, a table's tools are always there: they get a line of their own. Those of charts,
   which would lie over the legend, are left out. */
@media (hover: none) {
  [data-testid="stDataFrame"] [data-testid="stElementToolbar"] { opacity: 1; }
  [data-testid="stElementContainer"]:has(> [data-testid="stFullScreenFrame"] > [data-testid="stDataFrame"]) {
    margin-top: 2.2rem; }
  :is(.st-key-batch-strip, .st-key-batch-drift, .st-key-batch-places) .modebar { display: none; }
}
/* On a phone the strip is slid sideways; the next picture peeps in to say so. */
.st-key-sizes [data-testid="stHorizontalBlock"] { overflow-x: auto; scroll-snap-type: x proximity;
  padding-bottom: .4rem; }
.st-key-sizes [data-testid="stColumn"] { min-width: 9.2rem; scroll-snap-align: start; }
/* On a phone the controls are a sheet over the lower part of the page, and the links to pages take few lines of it. */
@media (max-width: 767px) {
  /* What is scrolled goes on behind the line with the controls, unseen. */
  .stApp [data-testid="stHeader"] { height: 3.5rem; min-height: 0; background: light-dark(#fff, #0f1624); }
  [data-testid="stExpandSidebarButton"] { width: auto; padding: 0 .6rem; gap: .3rem; }
  [data-testid="stExpandSidebarButton"]::after { content: "Controls"; font-size: .95rem; }
  .stSidebar[data-collapsed="false"] { position: fixed !important; inset: auto 0 0 0 !important; width: 100% !important;
    max-width: none; height: 82dvh !important; border-radius: 1rem 1rem 0 0; overflow: hidden;
    box-shadow: 0 0 0 100vmax rgb(0 0 0 / .38); }
  .stSidebar [data-testid="stSidebarHeader"] { height: 3.2rem; }
  .stSidebar .st-key-pages { display: grid; grid-template-columns: repeat(3, 1fr); gap: 0 .3rem; }
  .st-key-pages > * { width: auto; }
  .st-key-pages a { min-height: 2.5rem; }
  :is([data-testid="stExpandSidebarButton"], [data-testid="stSidebarCollapseButton"]) [data-testid="stIconMaterial"] {
    rotate: -90deg; }
}
@media (max-width: 640px) {
  /* What a run is doing in a line of its own, and its buttons in one below it. */
  [class*="st-key-batch-run-"] > :first-child { flex-basis: 100%; }
  /* Two figures stand beside one another, as do the pictures called out last. */
  [class*="st-key-figures-"] [data-testid="stHorizontalBlock"] { gap: .5rem 1rem; }
  [class*="st-key-figures-"] [data-testid="stColumn"] { flex: 1 1 calc(50% - 1rem); min-width: calc(50% - 1rem); }
  .st-key-watch-last [data-testid="stHorizontalBlock"] { gap: .6rem; }
  .st-key-watch-last [data-testid="stColumn"] { flex: 0 0 calc(33.3% - .4rem); min-width: 0; }
  .st-key-watch-last [data-testid="stColumn"]:empty { display: none; }
  /* The search takes two lines: name and more, verdict and days. */
  .st-key-history-search-row [data-testid="stHorizontalBlock"] { gap: .4rem .8rem; }
  .st-key-history-search-row [data-testid="stColumn"] { flex: 1 1 0; min-width: 0; }
  .st-key-history-search-row [data-testid="stColumn"]:nth-child(1) { flex-basis: calc(100% - 8rem); }
  .st-key-history-search-row [data-testid="stColumn"]:nth-child(2) { order: 2; flex-basis: 35%; }
  .st-key-history-search-row [data-testid="stColumn"]:nth-child(3) { order: 2; flex-basis: 50%; }
  .st-key-history-search-row [data-testid="stColumn"]:nth-child(4) { order: 1; flex: 0 0 auto; width: auto; }
  /* So does the choice of what is reviewed, so that the picture in question is seen whole. */
  .st-key-review-what-row [data-testid="stHorizontalBlock"] { gap: .4rem .8rem; }
  .st-key-review-what-row [data-testid="stColumn"] { flex: 1 1 0; min-width: 0; }
  .st-key-review-what-row [data-testid="stColumn"]:nth-child(1) { flex-basis: 50%; }
  .st-key-review-what-row [data-testid="stColumn"]:nth-child(2) { flex-basis: 35%; }
  .st-key-review-what-row [data-testid="stColumn"]:nth-child(3) { flex-basis: 100%; }
  .stMain:has(.st-key-review-place) .st-key-review-lead { display: none; }
  .st-key-watch-counts { flex-direction: row; }
  .st-key-watch-counts > * { flex: 1 1 0; width: auto; min-width: 0; }
  [data-testid="stMarkdownContainer"] table { display: block; overflow-x: auto; }
}
/* What has the focus is not the page that is open: a ring, and not that page's ground. */
[data-testid="stPageLink-NavLink"]:focus-visible { outline: 2px solid currentColor; outline-offset: -2px;
  background: none; }
/* However many files there are, the controls below them stay in reach. */
.stSidebar [data-testid="stFileChips"] > div:first-child {
  max-height: 11rem; overflow-y: auto; }
/* Streamlit fades what a run has not drawn over yet, in sixty pictures a second of the whole page: what twenty people
   who wait cost the browser is more than what they wait for. Here it is faint at once, after a while. */
:is([data-stale="true"], .stTabs [role="tablist"]) { transition: none !important; opacity: 1 !important; }
.sd-late [data-stale="true"] { opacity: .4 !important; }
/* The contents of a long text: before it, and beside it where there is room. */
.st-key-method-contents { max-width: 860px; padding-bottom: 1rem; }
.st-key-method-contents ul { columns: 2 16rem; list-style: none; padding: 0; margin: 0; }
.st-key-method-contents li { margin: 0; padding: .15rem 0; break-inside: avoid; }
@media (min-width: 1500px) {
  .st-key-method-body { flex-direction: row; gap: 4rem; align-items: flex-start; }
  .st-key-method-body > :has(> .st-key-method-contents) { order: 1; position: sticky; top: 5rem; flex: 0 1 20rem; }
  .st-key-method-contents ul { columns: 1; }
  .st-key-method-body > :has(> .st-key-method-text) { flex: none; }
}
/* Lines of some 80 characters, however wide the window is; what stands in a row takes the width it needs. */
[data-testid="stMain"] :is([data-testid="stVerticalBlock"] > [data-testid="stElementContainer"] >
  [data-testid="stMarkdown"], [data-testid="stAlert"]) :is(p, ul, ol) { max-width: 40em; text-wrap: pretty; }
@media (min-width: 640px) { [class*="st-key-history-which-"] { display: none; } }
/* The tools of the table below, which come where it is pointed at, lie over nothing. */
@media (hover: hover) { :is(.st-key-history-search-row, .st-key-batch-found-row) { padding-bottom: 1.4rem; } }
/* A high picture does not push what is said of it, or may be said of it, out of sight. */
:is(.st-key-review-place, .st-key-history-picture) img { max-height: max(20rem, 100vh - 25rem); object-fit: contain; }
:is(.st-key-batch-gallery, [class*="st-key-gallery-"]) img { max-height: 16rem; object-fit: contain; }
.sd-hero { font-size: 1.15rem; max-width: 62ch; margin-bottom: .4rem; }
</style>
"""
_SHEET: Final = _STYLE.replace("</style>", "\n".join(map(_mask, _SHAPES)) + "\n</style>")


@contextmanager
def page(title: str) -> Iterator[None]:
    """A whole page: what each begins with, then its own; a failure that none of its parts kept is said at its end."""
    with foreground().work():
        with part("This page"):
            _set_up(title)
            for error in st.session_state.pop(_TROUBLES, ()):
                show_error(error)
        with part("This page"):
            yield


def _set_up(title: str) -> None:
    """Title, icon, style and navigation."""
    st.session_state[_SHOWN] = title
    ask_nobody()
    hold_set()
    keep_names()
    keep_downloads()
    if title != "Inspect":
        # Nobody looks at a second opinion from another page.
        spare_jobs().leave(visitor())
    icon = ASSETS / "icon.svg"
    st.set_page_config(
        page_title="SegDetect" if title == "Inspect" else f"{title} - SegDetect",
        page_icon=str(icon),
        layout="wide",
        # As wide as its longest control needs: what is left is the picture's.
        initial_sidebar_state=_SIDEBAR_PX,
        menu_items={"about": "SegDetect finds what is unlike the rest of a picture. Nothing leaves this machine."},
    )
    st.html(_SHEET)
    st.logo(str(ASSETS / "logo.svg"), size="large", icon_image=str(icon))
    load_scripts()
    with st.sidebar, st.container(key="pages", gap="xsmall"):
        for path, label, page_icon in PAGES:
            st.page_link(path, label=plain(label), icon=page_icon)
    try:
        process_budget()
        begin_log("dashboard")
    except SettingsError as error:
        show_error(error)
        st.stop()


def show_error(error: SegDetectError) -> None:
    """The error's sentence in a box where it happened; the rest of the page stays."""
    name = f"**{plain(error.file)}**: " if error.file else ""
    remedy = f"\n\n{plain(localized(error.remedy))}." if error.remedy else ""
    st.error(f"{name}{plain(localized(error.problem))}.{remedy}", icon=":material/error:")
    show_way_to_mend(error)


def show_way_to_mend(error: SegDetectError) -> None:
    """A link to where a plan is mended, below the error that says that it has to be; none on that page itself."""
    if isinstance(error, DamagedPlanError) and st.session_state.get(_SHOWN) != "Plans":
        named = {"plan": error.file}
        st.page_link(PLANS_PAGE, label="Mend it on Plans", icon=":material/build:", query_params=named)


@contextmanager
def part(name: str) -> Iterator[None]:
    """A part of a page, as a context or on a function: a failure in it is said in its place, and the rest stays.

    Streamlit's own ways to end a run (`st.stop`, `st.rerun`) are no failures, and pass.

    Args:
        name: what it shows or does, as it goes on with "... failed".
    """

    def told(error: SegDetectError) -> None:
        if not isinstance(error, CancelledError):
            event("refused", level=logging.WARNING, what=name, error=type(error).__name__, problem=str(error.problem))
        show_error(error)

    with caught(name, told):
        yield


def callback(work: Callable[P, object]) -> Callable[P, None]:
    """A callback of a widget whose failure is said at the beginning of the page that is drawn next.

    Streamlit would show nothing of that page, and has no place yet for what a callback draws.
    """

    @functools.wraps(work)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        with caught("What you chose", lambda error: st.session_state.setdefault(_TROUBLES, []).append(error)):
            with noting():
                work(*args, **kwargs)
            return
        st.rerun()  # the whole page, where a fragment alone would be drawn next

    return guarded


@contextmanager
def caught(name: str, report: Callable[[SegDetectError], object]) -> Iterator[None]:
    """Hand every failure to `report`; one that nobody foresaw goes into the server's log too."""
    try:
        yield
    except SegDetectError as error:
        report(error)
    except Exception as error:
        _LOG.exception("%s failed", name)
        report(fault(error, name))


def fault(error: BaseException, name: str) -> SegDetectError:
    """What a failure is for a visitor; of one that nobody foresaw nothing is theirs to see or to mend."""
    if isinstance(error, SegDetectError):
        return error
    if isinstance(error, MemoryError):
        return SegDetectError(
            f"{name} failed, since the memory of this machine is used up",
            remedy="Take a smaller picture or a coarser grid, or close other programs",
        )
    return SegDetectError(
        f"{name} failed ({type(error).__name__}), which is a fault of the program and not of your picture",
        remedy="Try it once more, or with another engine. What the server wrote in its log helps to mend it",
    )
