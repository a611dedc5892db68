"""SegDetect for Python programs: load a picture, inspect it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from segdetect.comparing.banks import batch_bank
from segdetect.errors import InputError, SettingsError, UnreadableImageError
from segdetect.files import storage_errors, write_atomic
from segdetect.inspection import Inspection
from segdetect.output.json_files import json_bytes, read_inspections
from segdetect.pictures.loading import LoadedImage, Pixels, image_from_pixels, load_image
from segdetect.pictures.page_choice import Pages
from segdetect.pictures.source_file import SourceFile
from segdetect.pictures.sources import read_sources
from segdetect.pipeline import Inspector
from segdetect.settings import EngineName, GridSize, Rule, RuleName, Scope, Settings, is_whole, member

# A path, the bytes of a file, RGB pixels, or what `load` returned.
PictureLike = str | os.PathLike[str] | bytes | bytearray | memoryview | Pixels | LoadedImage

_LONE: Final = (str, bytes, bytearray, memoryview, os.PathLike, np.ndarray, LoadedImage)
_DEFAULTS: Final = Settings()
# One for the process: what one call has described is there for the next. Making it starts no engine.
_INSPECTOR: Final = Inspector()


def load(
    picture: PictureLike, *, name: str = "", page: int = 0, window: tuple[float, float] | None = None
) -> LoadedImage:
    """Read a picture.

    Args:
        picture: a path (also of a folder or ZIP that holds a single picture), the bytes of a picture file, or a
            `(height, width, 3)` uint8 RGB array, which is copied. A loaded picture is returned as it is.
        name: what it is called in answers and errors; if left out, its path, or "picture".
        page: page, frame or view of a file that has several, 0-based; `pages` of what is returned says how many. An
            array has only page 0.
        window: source values to map to black and white, low first, for pictures deeper than 8 bits.

    Raises:
        SegDetectError: it cannot be read, is too large, has no such page, or is nothing that a picture can be made of.
    """
    name = str(name)
    _check_page(page, name)
    match picture:
        case LoadedImage():
            return picture
        case bytes() | bytearray() | memoryview():
            return _decoded(bytes(picture), name or "picture", page, _window(window))
        case np.ndarray():
            if page:
                raise _no_page(page, 1, name or "picture")
            return image_from_pixels(picture, name=name or "picture")
        case str() | os.PathLike():
            file = _only_file(_path(picture))
            return _decoded(file.data(), name or file.name, page, _window(window))
    raise InputError(
        f"something of the type {type(picture).__name__} is no picture",
        remedy="Give a path, the bytes of a picture file, an RGB array, or what segdetect.load returned",
        file=name,
    )


def inspect(
    picture: PictureLike,
    settings: Settings = _DEFAULTS,
    *,
    references: PictureLike | Iterable[PictureLike] | None = (),
    peers: PictureLike | Iterable[PictureLike] | None = (),
    grid: GridSize | int | None = None,
    engine: EngineName | str | None = None,
    rule: Rule | RuleName | str | None = None,
) -> Inspection:
    """Find the tiles of a picture that are unlike what they are compared with.

    They are compared with `references` where these are given, with `peers` where those are, else with each other; the
    scope of the settings follows. May be called from several threads; descriptions of pictures are kept for later
    calls.

    Args:
        picture: what to inspect; see `load`, which also opens other pages of a file than its first.
        settings: what to do; the options below take the place of its parts.
        references: known-good pictures; paths may also be folders and ZIP files, in which each page of a file counts,
            up to 100.
        peers: other pictures of the same batch, good or not; of more than 16, as many are chosen evenly.
        grid: tiles down and across, or one number for both, 1 to 32.
        engine: "auto", "fastdup", "dinov2" or "texture".
        rule: "auto", "gate", "calibrated", "fence" or "stock"; or a `Rule`, which "threshold" needs for its number.

    Raises:
        SegDetectError: a picture cannot be read, choices that contradict each other or are out of range, or an engine
            that cannot run or failed.
    """
    if not isinstance(settings, Settings):
        kind = type(settings).__name__
        raise SettingsError(f"something of the type {kind} is no settings", remedy="Give segdetect.Settings(...)")
    references, peers = _listed(references), _listed(peers)
    chosen = replace(
        settings,
        grid=settings.grid if grid is None else _grid(grid),
        engine=settings.engine if engine is None else member(EngineName, engine, "engine"),
        scope=_scope(settings.scope, references, peers),
        rule=settings.rule if rule is None else _rule(rule),
    )
    members = batch_bank(_paged(batch_bank(_found(peers)))) if peers else _paged(_found(references))
    bank = [_loaded(item) for item in members]
    return _INSPECTOR.inspect(load(picture), chosen, bank=bank)


def write_inspection(inspection: Inspection, path: str | os.PathLike[str]) -> None:
    """Write an inspection as JSON, exactly: `read_inspection` gets the same values back, to the last bit.

    Two inspections are equal (`==`) only where they are the same object; compare what is in them.

    Args:
        inspection: what `inspect` returned.
        path: the file; its folder is made where it is absent.

    Raises:
        SegDetectError: it cannot be written, or is no inspection.
    """
    place = _path(path)
    if not isinstance(inspection, Inspection):
        kind = type(inspection).__name__
        problem = f"something of the type {kind} is no inspection"
        raise InputError(problem, remedy="Give what segdetect.inspect returned", file=str(place))
    if place.is_dir():
        raise InputError("it is a folder", remedy="Name a file in it", file=str(place))
    with storage_errors(place.parent):
        write_atomic(place, json_bytes(inspection))


def read_inspection(path: str | os.PathLike[str]) -> Inspection:
    """An inspection that was written as JSON, here, on the Inspect page or by the command line.

    Args:
        path: the file. A run of several pictures is none; what failed beside its only inspection is not told.

    Raises:
        SegDetectError: it cannot be read, is damaged, of a later version, none of ours, or holds several or none.
    """
    place = _path(path)
    try:
        data = place.read_bytes()
    except OSError as error:
        raise InputError(
            f"it cannot be read ({error.strerror or error})", remedy="Check the path", file=str(place)
        ) from error
    found, _ = read_inspections(data, name=str(place))
    if len(found) > 1:
        raise InputError(
            f"it holds {len(found)} inspections", remedy="Open it on the Inspect page, or export one", file=str(place)
        )
    return found[0]


def _path(path: str | os.PathLike[str]) -> Path:
    """A path as it was given; an empty one would stand for the current folder and all that lies in it."""
    if not isinstance(path, str | os.PathLike):
        kind = type(path).__name__
        raise InputError(f"something of the type {kind} is no path", remedy="Give a text or a pathlib.Path")
    if not os.fspath(path):
        raise InputError("the path is empty", remedy="Name a file, or '.' for the current folder")
    return Path(path)


def _decoded(data: bytes, name: str, page: int, window: tuple[float, float] | None) -> LoadedImage:
    """A file's page. That there is none is said as programs count, from 0 on, and not as people do."""
    try:
        return load_image(data, name=name, page=page, window=window)
    except UnreadableImageError:
        if page and page >= (pages := load_image(data, name=name, window=window).pages):
            raise _no_page(page, pages, name) from None
        raise


def _check_page(page: int, name: str) -> None:
    if not is_whole(page) or page < 0:
        raise SettingsError(f"there is no page={page!r}", remedy="Pages count from 0 on", file=name)


def _no_page(page: int, pages: int, name: str) -> InputError:
    which = f"from 0 to {pages - 1}" if pages > 1 else "0, the only one"
    return InputError(f"there is no page={page} in it", remedy=f"Pages count from 0 on: give {which}", file=name)


def _window(window: tuple[float, float] | None) -> tuple[float, float] | None:
    if window is None:
        return None
    try:
        low, high = map(float, window)
    except (TypeError, ValueError):
        raise SettingsError(
            f"a window of {window!r} was asked for", remedy="Give two numbers, the lower one first"
        ) from None
    return low, high


def _only_file(path: Path) -> SourceFile:
    files = list(read_sources([path]))
    if len(files) != 1:
        raise InputError(f"it holds {len(files)} pictures", remedy="Name one of them", file=str(path))
    return files[0]


def _listed(pictures: PictureLike | Iterable[PictureLike] | None) -> list[PictureLike]:
    """A lone picture counts as a list of one: the letters of its path, or its rows, would make no sense."""
    if pictures is None:
        return []
    return list(pictures) if isinstance(pictures, Iterable) and not isinstance(pictures, _LONE) else [pictures]


def _found(pictures: list[PictureLike]) -> list[PictureLike | SourceFile]:
    """The pictures that paths stand for, unread, then those that are no paths."""
    paths = [_path(picture) for picture in pictures if isinstance(picture, str | os.PathLike)]
    others = [picture for picture in pictures if not isinstance(picture, str | os.PathLike)]
    return [*read_sources(paths), *others]


def _paged(items: Sequence[PictureLike | SourceFile]) -> list[PictureLike | SourceFile]:
    """Files by their pages, as the command line takes them."""
    pages = Pages(names=[item.name for item in items if isinstance(item, SourceFile)])
    return [part for item in items for part in (pages.of(item) if isinstance(item, SourceFile) else [item])]


def _loaded(item: PictureLike | SourceFile) -> LoadedImage:
    return (
        load_image(item.data(), name=item.name, page=item.page, sha256=item.sha256)
        if isinstance(item, SourceFile)
        else load(item)
    )


def _scope(asked: Scope, references: list[PictureLike], peers: list[PictureLike]) -> Scope:
    if references and peers:
        raise SettingsError("both references and peers were given", remedy="Give one or the other")
    given = Scope.REFERENCES if references else Scope.BATCH if peers else Scope.SELF
    if asked not in (Scope.SELF, given):
        word = "references" if asked is Scope.REFERENCES else "peers"
        raise SettingsError(f"the scope {asked} was asked for without {word}", remedy=f"Give pictures as {word}=[...]")
    return given


def _grid(grid: GridSize | int) -> GridSize:
    return grid if isinstance(grid, GridSize) else GridSize(grid, grid)


def _rule(rule: Rule | RuleName | str) -> Rule:
    return rule if isinstance(rule, Rule) else Rule(member(RuleName, rule, "rule"))
