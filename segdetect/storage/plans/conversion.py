"""Presets and sets of known-good pictures of former versions, made plans once. Their files stay as they are: a backup.

presets/HASH.json                    {"name", "why", "settings"}
references/HASH/index.json           {"name", "folder", "pictures": [{"name", "sha256"}, ...]}
references/HASH/FOLDER/0000.bin      its pictures; version 0.1 had them beside an index with names alone
plans/converted/presets-HASH         says that this one was converted
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, Final

from segdetect.documents.settings import read_settings
from segdetect.errors import StorageError
from segdetect.files import changing, checked_name, home, storage_errors, write_atomic
from segdetect.pictures.limits import MAX_PAGES
from segdetect.pictures.page_choice import page_name
from segdetect.pictures.paging import count_pages
from segdetect.settings import Scope, Settings
from segdetect.storage.plans.plan import GoodPicture, Plan
from segdetect.storage.plans.plans import Plans
from segdetect.storage.shelf import DAMAGE, read_record

Pictures = dict[str, bytes]
_LONGEST: Final = 80


def convert(plans: Plans, folder: Path | None = None) -> list[StorageError]:
    """Make plans of what former versions kept and no call before has converted.

    Args:
        plans: where to.
        folder: where former versions kept things; by default the user's data folder.

    Returns:
        What could not be converted, each with the reason; it is tried again next time.

    Raises:
        StorageError: the folder of plans cannot be written.
    """
    folder = folder or home()
    old = [*sorted(folder.glob("presets/*.json")), *sorted(folder.glob("references/*/index.json"))]
    done = plans.folder / "converted"
    if all((done / _mark(file)).exists() for file in old):
        return []
    troubles: list[StorageError] = []
    with storage_errors(done), changing(done):
        for file in old:
            if not (done / _mark(file)).exists():
                try:
                    _keep(plans, *_read(file))
                except (OSError, *DAMAGE) as error:
                    troubles.append(_not_converted(file, error))
                else:
                    write_atomic(done / _mark(file), b"")
    return troubles


def _mark(file: Path) -> str:
    """What says of an old entry that it was converted."""
    return f"presets-{file.stem}" if file.parent.name == "presets" else f"references-{file.parent.name}"


def _not_converted(file: Path, error: Exception) -> StorageError:
    place = "/".join(file.parts[-2:] if file.parent.name == "presets" else file.parts[-3:-1])
    return StorageError(
        f"what a former version kept could not be made a plan ({error})",
        remedy="Make the plan anew, and move this away",
        file=place,
    )


def _keep(plans: Plans, plan: Plan, pictures: Pictures) -> None:
    there = {one.name: one for one in plans.kept().whole}
    for name in _names(plan.name):
        if name not in there:
            plans.keep(replace(plan, name=name), pictures)
            return
        # A former call was stopped just after it had kept this one.
        same = there[name]
        if replace(plan, name=name, version=same.version, created=same.created) == same:
            return


def _names(name: str) -> Iterator[str]:
    """The name, and others for where it is taken: a preset and a set of pictures may have had the same."""
    yield name
    for number in count(2):
        end = f" ({number})"
        yield name[: _LONGEST - len(end)] + end


def _read(file: Path) -> tuple[Plan, Pictures]:
    return _read_preset(file) if file.parent.name == "presets" else _read_set(file)


def _read_preset(file: Path) -> tuple[Plan, Pictures]:
    record = read_record(file)
    settings = read_settings(record["settings"])
    return Plan(name=checked_name(record["name"]), settings=settings, notes=str(record["why"])), {}


def _read_set(file: Path) -> tuple[Plan, Pictures]:
    record = read_record(file)
    good: list[GoodPicture] = []
    pictures: Pictures = {}
    for number, entry in enumerate(record["pictures"]):
        name, data = _read_picture(file.parent, record, number, entry)
        digest = hashlib.sha256(data).hexdigest()
        pictures[digest] = data
        pages = min(count_pages(data, name), MAX_PAGES)
        good += [GoodPicture(name if pages == 1 else page_name(name, page), digest, page) for page in range(pages)]
    settings = Settings(scope=Scope.REFERENCES)
    return Plan(name=checked_name(record["name"]), settings=settings, good=tuple(good)), pictures


def _read_picture(folder: Path, record: Mapping[str, Any], number: int, entry: Any) -> tuple[str, bytes]:
    early = "folder" not in record
    inside = folder if early else folder / Path(record["folder"]).name
    data = (inside / f"{number:04d}.bin").read_bytes()
    name, sha256 = (str(entry), "") if early else (str(entry["name"]), str(entry["sha256"]))
    if sha256 and hashlib.sha256(data).hexdigest() != sha256:
        raise ValueError(f"{name} is damaged")
    return name, data
