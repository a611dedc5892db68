"""What is kept between reruns: the inspector for all, the pictures and the selected tile for each visitor."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import streamlit as st

from segdetect.engines.base import Engine
from segdetect.engines.dinov2 import Dinov2Engine
from segdetect.engines.registry import AUTO_ORDER
from segdetect.errors import InputError, SegDetectError
from segdetect.inspection import Failure, Inspection
from segdetect.log import event
from segdetect.message import Message
from segdetect.output.json_files import is_export, read_inspections, which_failed
from segdetect.output.thumbnails import display_uri
from segdetect.pictures.isolation import warm_up
from segdetect.pictures.left_out import LeftOut
from segdetect.pictures.limits import MAX_PIXELS
from segdetect.pictures.loading import LoadedImage, load_image
from segdetect.pictures.uploads import list_uploads
from segdetect.pipeline import Inspector
from segdetect.settings import EngineName
from segdetect.ui.shared.page import callback, caught
from segdetect.ui.shared.process import one_per_process
from segdetect.ui.shared.remembered import remembered

# Engines keep their last answer themselves; this spares a thread at every rerun.
ASK_AGAIN_SECONDS: Final = 5.0
_EXPORTS: Final = "exports"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came from the visitor; it lives in memory only.

    Args:
        name: as the visitor gave it.
        data: its bytes.
        sha256: their hex digest, worked out once; uploads are equal when it and their names are.
        notes: what was assumed about its name.
    """

    name: str
    data: bytes = field(repr=False, compare=False)
    notes: tuple[str, ...] = field(default=(), compare=False)
    sha256: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha256", hashlib.sha256(self.data).hexdigest())


@dataclass(slots=True)
class Engines:
    """What the engines' self-tests said last; a thread asks them while pages are read, so that no page has to wait."""

    answers: dict[EngineName, SegDetectError | None] = field(default_factory=dict)
    _asking: threading.Lock = field(default_factory=threading.Lock)
    _again: float = 0.0

    @property
    def troubles(self) -> dict[EngineName, SegDetectError]:
        """Why those that cannot run cannot."""
        return {name: trouble for name, trouble in self.answers.copy().items() if trouble is not None}

    @property
    def ready(self) -> set[EngineName]:
        """Those that can run."""
        return {name for name, trouble in self.answers.copy().items() if trouble is None}

    @property
    def tested(self) -> bool:
        """Whether all self-tests have come to an end."""
        return len(self.answers) == len(AUTO_ORDER)

    @property
    def auto(self) -> EngineName | None:
        """The engine that `auto` takes, once known."""
        for name in AUTO_ORDER:
            if name in self.ready:
                return name
            if name not in self.troubles:
                return None
        return None

    def follow(self, owner: Inspector) -> None:
        """Ask the engines, unless that was done a moment ago; one that failed may have come back."""
        if time.monotonic() >= self._again and self._asking.acquire(blocking=False):
            try:
                threading.Thread(target=self._ask, args=(owner,), daemon=True).start()
            except RuntimeError:  # the system has no thread left
                self._asking.release()
                raise

    def _note(self, name: EngineName, trouble: SegDetectError | None) -> None:
        """Keep what a self-test said; the log has it where it says something new."""
        told = "" if trouble is None else str(trouble.problem)
        if name not in self.answers or str(self.answers[name] or "") != str(trouble or ""):
            event("engine tested", engine=name.value, trouble=told)
        self.answers[name] = trouble

    def _ask(self, owner: Inspector) -> None:
        try:
            for name in AUTO_ORDER:
                self._note(name, _trouble_of(owner.engines[name]))
        finally:
            self._again = time.monotonic() + ASK_AGAIN_SECONDS
            self._asking.release()


def _trouble_of(engine: Engine) -> SegDetectError | None:
    told: list[SegDetectError] = []
    with caught(f"The test of {engine.name}", told.append):
        engine.check()
    return told[0] if told else None


@one_per_process
def inspector() -> Inspector:
    """The one inspector of this process, shared by all visitors, so that nothing is described twice."""
    warm_up()
    return Inspector()


@one_per_process
def _engines() -> Engines:
    return Engines()


def engines() -> Engines:
    """The engines' state, for all visitors; the first call starts their self-tests in the background."""
    state = _engines()
    state.follow(inspector())
    return state


def use_dinov2_weights(path: Path) -> None:
    """From now on the engine dinov2 runs on this file, for all visitors.

    Raises:
        EngineUnavailableError: it is not a DINOv2 that can be used; the former weights stay in use.
    """
    engine = Dinov2Engine(path)
    engine.check()
    inspector().engines[EngineName.DINOV2] = engine
    engines().answers[EngineName.DINOV2] = None


def loaded(upload: Upload, *, page: int = 0, window: tuple[float, float] | None = None) -> LoadedImage:
    """The decoded picture of an upload, from the cache where it was decoded before.

    Raises:
        InputError: it cannot be opened.
    """
    name, key = upload.name, (upload.sha256, page, window)
    digest = upload.sha256
    image = remembered(
        "picture", key, lambda: load_image(upload.data, name=name, page=page, window=window, sha256=digest)
    )
    if image.name == name and not upload.notes:
        return image
    return replace(image, name=name, notes=(*upload.notes, *image.notes))


def background(image: LoadedImage) -> str:
    """The picture as an address for charts."""
    return remembered("background", image.key, lambda: display_uri(image))


@callback
def keep_uploads(widget: str, kept: str, *, exports: bool = False) -> None:
    """Callback of a file uploader: remember its files under `kept`, so that they outlive a change of page.

    Args:
        widget: the uploader's key.
        kept: what the files are remembered under.
        exports: whether exported inspections are opened, for `dropped_exports`; else they are no pictures.
    """
    files = st.session_state[widget] or []
    files = files if isinstance(files, list) else [files]
    uploads: list[Upload] = []
    errors: list[SegDetectError] = []
    if exports:
        exported = [file for file in files if is_export(file.name, file.getvalue())]
        files = [file for file in files if file not in exported]
        st.session_state[_EXPORTS] = _opened_exports([(file.name, file.getvalue()) for file in exported], errors)
    # A ZIP stands for the pictures in it.
    found = list_uploads([(file.name, file.getvalue()) for file in files])
    for source in found.files:
        try:
            uploads.append(Upload(source.name, source.data(), source.notes))
        except SegDetectError as error:
            errors.append(error)
    st.session_state[kept], st.session_state[f"{kept}-errors"] = tuple(uploads), tuple(errors)
    st.session_state[f"{kept}-left-out"] = found.left_out


def _opened_exports(files: Sequence[tuple[str, bytes]], errors: list[SegDetectError]) -> tuple[Inspection, ...]:
    found: list[Inspection] = []
    for name, data in files:
        try:
            inspections, failed = read_inspections(data, name=name)
            if failed:
                errors.append(_failed_in(failed, name))
            found += map(_showable, inspections)
        except SegDetectError as error:
            errors.append(error)
    return tuple(found)


def _failed_in(failed: Sequence[Failure], name: str) -> InputError:
    """What is said of a run that was opened, of whose pictures some have no answer."""
    return InputError(
        Message(
            "{count} of its pictures could not be inspected ({which})", count=len(failed), which=which_failed(failed)
        ),
        remedy="Inspect again what failed",
        file=name,
    )


def _showable(inspection: Inspection) -> Inspection:
    """The same, unless its picture would be larger than any that is opened."""
    width, height = inspection.size_wh
    if width * height > MAX_PIXELS:
        raise InputError(
            f"its picture has {width} x {height} pixels, and at most {MAX_PIXELS // 10**6} megapixels can be shown",
            remedy="Choose another file",
            file=inspection.image,
        )
    return inspection


def dropped_exports() -> tuple[Inspection, ...]:
    """The inspections of the exports that lie among the visitor's pictures, in their order."""
    return tuple(st.session_state.get(_EXPORTS, ()))


def upload_errors(kept: str) -> tuple[SegDetectError, ...]:
    """What could not be read of the files remembered under `kept`."""
    return tuple(st.session_state.get(f"{kept}-errors", ()))


def uploads_left_out(kept: str) -> tuple[LeftOut, ...]:
    """What the files remembered under `kept` hold that was left out."""
    return tuple(st.session_state.get(f"{kept}-left-out", ()))


def kept_uploads(kept: str) -> tuple[Upload, ...]:
    """The files remembered under `kept`."""
    return tuple(st.session_state.get(kept, ()))


def identity(inspection: Inspection) -> tuple[object, ...]:
    """What a selected tile belongs to: another picture or grid has other tiles."""
    return (*inspection.identity, inspection.settings.grid)


def selected_tile(inspection: Inspection) -> int:
    """The tile that every view of the page shows as selected; at first the strongest."""
    owner, tile = st.session_state.get("selection", (None, 0))
    return int(tile) if owner == identity(inspection) else inspection.strongest_tile


def select_tile(inspection: Inspection, tile: int) -> None:
    """Make a tile the selected one."""
    st.session_state["selection"] = (identity(inspection), tile)


def picked_tiles(inspection: Inspection) -> list[int]:
    """Tiles that were picked together, on the picture or on the heatmap; empty where there are none."""
    owner, tiles = st.session_state.get("picked", (None, []))
    return list(tiles) if owner == identity(inspection) else []


def choose_tiles(inspection: Inspection, tiles: Sequence[int]) -> None:
    """Make a tile the selected one; of several, which are then picked, the strongest. None picks none any more.

    Those that the answer does not have were chosen in another grid, which the page still showed.
    """
    there = [tile for tile in tiles if 0 <= tile < len(inspection.scores.comparable)]
    st.session_state["picked"] = (identity(inspection), there if len(there) > 1 else [])
    if there:
        select_tile(inspection, max(there, key=lambda tile: inspection.scores.comparable[tile]))
