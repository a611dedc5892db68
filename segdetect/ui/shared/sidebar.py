"""The controls beside every result: which picture, which grid, compared with what, how strict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from segdetect.comparing.banks import batch_bank
from segdetect.errors import SegDetectError
from segdetect.message import counted
from segdetect.pictures.formats import SUPPORTED
from segdetect.pictures.loading import LoadedImage
from segdetect.samples.catalogue import SAMPLES, sample_bytes
from segdetect.settings import Scope, Settings
from segdetect.ui.shared.controls import KEPT, SCOPE_HELP, SCOPE_LABELS, read_engine, read_grid, read_rule
from segdetect.ui.shared.desk import lay, show_forget, show_forget_good, take_back
from segdetect.ui.shared.file_pages import FilePage, choose_page, pages_of
from segdetect.ui.shared.good_pictures import good_plan, offer_good, reference_pages
from segdetect.ui.shared.ignored import ignored_of
from segdetect.ui.shared.kept import show_trouble
from segdetect.ui.shared.left_out import show_left_out
from segdetect.ui.shared.page import callback, caught, part, show_error
from segdetect.ui.shared.plan_choice import show_plans
from segdetect.ui.shared.plan_in_use import follow_plan, planned, record_plan
from segdetect.ui.shared.plan_pictures import allowed_images
from segdetect.ui.shared.remembered import remembered
from segdetect.ui.shared.session import (
    Upload,
    engines,
    keep_uploads,
    kept_uploads,
    loaded,
    upload_errors,
    uploads_left_out,
)
from segdetect.ui.shared.texts import plain, shown

# The sample is the same on both pages, under a name for each: of a parameter that belongs to two pages, Streamlit
# takes away what the address says when the visitor goes back from one to the other.
SAMPLE_KEYS: Final = ("sample", "compare-sample")
_WINDOW_STEPS: Final = 500
_SETTINGS: Final = "inspect-settings"


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """What the visitor asks for.

    Args:
        image: a picture.
        settings: what to do with it.
        bank: the pictures to compare it with.
        is_frame: the picture is not here: an empty frame of its size stands for it, of which nothing can be asked.
    """

    image: LoadedImage
    settings: Settings
    bank: tuple[LoadedImage, ...] = ()
    is_frame: bool = False


@part("Reading the settings")
def read_request(troubles: DeltaGenerator) -> Request | None:
    """Draw the controls and return what they say; None while there is no picture that can be opened.

    Args:
        troubles: where to say which pictures cannot be opened; the sidebar may be closed.
    """
    engines()
    with st.sidebar:
        image, peers = read_picture(troubles)
        follow_plan(troubles)
        place = st.container()
        grid = read_grid()
        scope, bank = _scope(peers, image)
        with st.expander("More", icon=":material/tune:", key="more"):
            engine = read_engine()
            rule = read_rule(engine=engine, scope=scope)
        ignore = None if image is None else ignored_of(image)
        settings = planned(Settings(grid=grid, engine=engine, scope=scope, rule=rule, ignore=ignore))
        # What is kept as a plan is known once all controls were read.
        with place:
            show_plans(settings, image=image)
    record_plan()
    note_settings(settings)
    lay(st.session_state.get("sample"))
    if image is None:
        return None
    if ignore is not None and scope is Scope.BATCH:
        # Each of the others has its own answer, where it says so.
        bank = tuple(peer for peer in bank if ignore.fits(peer.size_wh))
    return Request(image, settings, (*bank, *allowed_images(settings)))


def note_settings(settings: Settings) -> None:
    """Keep what the controls of the Inspect page say, for `inspect_settings`."""
    st.session_state[_SETTINGS] = settings


def inspect_settings() -> Settings:
    """What the controls of the Inspect page said when it was drawn last."""
    found: Settings = st.session_state.get(_SETTINGS, Settings())
    return found


def choose_sample(key: str | None, *, on: Sequence[str] = SAMPLE_KEYS) -> None:
    """Callback: show a bundled sample in place of the visitor's pictures, on every page; None shows theirs."""
    for name in on:
        st.session_state[name] = key


def read_picture(troubles: DeltaGenerator, prefix: str = "") -> tuple[LoadedImage | None, tuple[Upload, ...]]:
    """The picture to inspect, and the files of all that were dropped in together, which are not opened.

    Args:
        troubles: where to say which pictures cannot be opened.
        prefix: tells apart several pages. One with a prefix chooses among several pictures by itself.
    """
    take_back(prefix)
    st.file_uploader(
        "Picture",
        accept_multiple_files=True,
        key="files",
        on_change=_uploaded,
        help=f"One picture ({SUPPORTED}), or several of the same kind to compare with each other, also as a ZIP. They "
        "stay on this machine. An inspection that was exported as JSON is opened again.",
    )
    if not st.session_state.get(f"{prefix}sample"):
        show_forget()
    with troubles:
        for error in upload_errors("uploads"):
            show_error(error)
        show_left_out(uploads_left_out("uploads"))
    titles = {sample.key: sample.title for sample in SAMPLES}
    own = f"{prefix}sample"
    sample = st.selectbox(
        "Or a sample",
        [*titles],
        format_func=lambda key: titles.get(key, key),
        index=None,
        placeholder="choose a sample",
        key=own,
        **KEPT,
    )
    choose_sample(sample, on=[name for name in SAMPLE_KEYS if name != own])
    if sample:
        return loaded(remembered("sample", sample, lambda: Upload(f"{sample}.png", sample_bytes(sample)))), ()
    uploads = kept_uploads("uploads")
    if not uploads:
        return None, ()
    if prefix and len(uploads) > 1:
        first = next((image for page in pages_of(uploads) if (image := opened_quietly(page)) is not None), None)
        if first is not None:
            return first, uploads
    return _opened(_choose(uploads), troubles), uploads


@callback
def _uploaded() -> None:
    """Callback: show what was just dropped in, even if it is a file once more; on the Compare page on the right."""
    state = st.session_state
    before, at = kept_uploads("uploads"), state.get("shown") or 0
    keep_uploads("files", "uploads", exports=True)
    choose_sample(None)
    uploads = kept_uploads("uploads")
    left = Counter(before)
    left.subtract(uploads)
    new = [number for number, upload in enumerate(uploads) if left[upload] < 0]
    if new:
        state["shown"], state["left-shown"], state["right-shown"] = _first_opened(uploads, new), 0, new[-1]
        return
    shown = before[at] if at < len(before) else None
    state["shown"] = uploads.index(shown) if shown in uploads else 0
    state["left-shown"] = state["right-shown"] = 0


def _first_opened(uploads: Sequence[Upload], numbers: Sequence[int]) -> int:
    """The first of these that can be opened; the first of all where none can."""
    can = (
        number for number in numbers if any(opened_quietly(page) is not None for page in pages_of([uploads[number]]))
    )
    return next(can, numbers[0])


def _choose(uploads: Sequence[Upload]) -> Upload:
    if len(uploads) == 1:
        return uploads[0]
    number = st.selectbox(
        f"Show (of {len(uploads)} pictures)",
        range(len(uploads)),
        format_func=lambda i: shown(uploads[i].name) if i < len(uploads) else "",
        key="shown",
        persist_state="session",
    )
    return uploads[number or 0]


def _opened(upload: Upload, troubles: DeltaGenerator) -> LoadedImage | None:
    """The picture, on the page that the visitor chose, windowed as they chose; errors are shown in their place."""

    def report(error: SegDetectError) -> None:
        with troubles:
            show_error(error)

    with caught("Opening the picture", report):
        page = choose_page(upload)
        image = page.load()
        if image.window is not None and image.value_range is not None:
            window = _window(image)
            image = image if window is None else page.load(window=window)
        return image
    return None


def _window(image: LoadedImage) -> tuple[float, float] | None:
    """The window that the visitor chose; None while it stands where the picture's own does."""
    low, high = image.value_range or (0.0, 1.0)
    own = image.window or (low, high)
    step = (high - low) / _WINDOW_STEPS or 1.0
    chosen = st.slider(
        "Brightness window",
        low,
        high,
        own,
        step,
        # A step of one or more leaves no decimals worth reading; without them no mark depends on the language.
        format="%.0f" if step >= 1 else "localized",
        key=f"window-{image.sha256[:12]}-{image.page}",
        persist_state="session",
        help="This picture is deeper than a screen can show. Values below the window are black, above it white; what "
        "is outside it cannot be told apart.",
    )
    # A slider that was moved and put back stands a step or less beside the picture's own window.
    untouched = all(abs(mine - its) <= step for mine, its in zip(chosen, own, strict=True))
    return None if untouched else chosen


def opened_quietly(page: FilePage) -> LoadedImage | None:
    """A picture to compare with; one that cannot be opened is left out, and reported when it is chosen itself."""
    try:
        return page.load()
    except SegDetectError:
        return None


def _scope(peers: Sequence[Upload], image: LoadedImage | None) -> tuple[Scope, tuple[LoadedImage, ...]]:
    pages = pages_of(peers)
    choices = [Scope.SELF, Scope.REFERENCES, *([Scope.BATCH] if len(pages) > 1 else [])]
    if st.session_state.get("scope") not in (None, *choices):
        st.session_state["scope"] = Scope.SELF
    scope = st.segmented_control(
        "Compare with",
        choices,
        default=Scope.SELF,
        required=True,
        format_func=SCOPE_LABELS.__getitem__,
        key="scope",
        help=SCOPE_HELP,
        **KEPT,
    )
    if scope is Scope.BATCH:
        opened = (opened_quietly(page) for page in batch_bank(pages))
        return Scope.BATCH, tuple(image for image in opened if image is not None)
    if scope is Scope.REFERENCES:
        return Scope.REFERENCES, read_references(image)
    return Scope.SELF, ()


def read_references(image: LoadedImage | None = None) -> tuple[LoadedImage, ...]:
    """Draw the choice of known-good pictures, and open them; those that cannot be opened are said and left out.

    Args:
        image: the picture that is compared with them, which is never compared with itself; None for several.
    """
    st.file_uploader(
        "Known-good pictures",
        accept_multiple_files=True,
        key="reference-files",
        on_change=keep_uploads,
        args=("reference-files", "references"),
        help="One is enough to start; three to ten, taken like the picture in question, make the verdict reliable.",
    )
    show_forget_good()
    offer_good()
    show_trouble("good-pictures")
    for error in upload_errors("references"):
        show_error(error)
    show_left_out(uploads_left_out("references"))
    images = []
    for page in reference_pages():
        try:
            images.append(page.load())
        except SegDetectError as error:
            show_error(error)
    st.caption(plain(_told(images, image)))
    return tuple(images)


def _told(good: Sequence[LoadedImage], image: LoadedImage | None) -> str:
    """How many known-good pictures are in use, whose they are, and whether the picture itself is left out."""
    plan = good_plan()
    of_plan = "" if plan is None else f" of {plan}"
    used = [one for one in good if image is None or one.identity != image.identity]
    if not used:
        return "none in use yet" if not good else "none in use: the picture itself is not compared with itself"
    told = f"{counted(len(used), 'known-good picture')} in use{of_plan}"
    return told if len(used) == len(good) else f"{told}; the picture itself is one of the {len(good)} and is left out"
