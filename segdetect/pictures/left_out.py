"""What is left out of a search, and why: what systems, tools and this program leave behind."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

HIDDEN: Final = "it is hidden: its name begins with a dot"
SYSTEM: Final = "a system left it behind"
BIN: Final = "it is a recycle folder"
THUMBNAILS: Final = "it holds a system's own thumbnails"
OFFICE_LOCK: Final = "an office program left it behind"
OWN_OUTPUT: Final = "this program wrote it"
NO_PICTURE: Final = "it is no picture"

# The file that makes a folder one of the program's outputs, and the folders of pictures in it.
OWN_RECORD: Final = "run.json"
OWN_PICTURES: Final = frozenset(("annotated", "masks", "heatmaps"))
OWN_RECORD_BYTES: Final = 1 << 20

_FOLDERS: Final = {
    **dict.fromkeys(("__macosx", "system volume information", "lost+found", "found.000"), SYSTEM),
    **dict.fromkeys(("network trash folder", "temporary items", "thevolumesettingsfolder"), SYSTEM),
    **dict.fromkeys(("@tmp", "@recently-snapshot", "#snapshot", "~snapshot", "@sharebin", "__pycache__"), SYSTEM),
    **dict.fromkeys(("@eadir", "@__thumb"), THUMBNAILS),
    **dict.fromkeys(("$recycle.bin", "recycler", "recycled", "#recycle", "@recycle", "@recycle.bin"), BIN),
}
_FILES: Final = {
    **dict.fromkeys(("thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "zbthumbnail.info"), THUMBNAILS),
    **dict.fromkeys(("desktop.ini", "icon\r", "picasa.ini"), SYSTEM),
}
# What programs call a file while they write it; it is renamed when it is whole.
_UNFINISHED: Final = (".part", ".partial", ".filepart", ".tmp", ".temp", ".crdownload", ".download", ".opdownload")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file or folder that was not inspected.

    Args:
        name: as pictures are named; a folder's ends in a slash.
        reason: why, as a clause: "it is no picture".
        maybe_picture: it may be a picture, or hold some; else its bytes say that it is none.
    """

    name: str
    reason: str
    maybe_picture: bool = True


def left_behind(name: str, *, folder: bool) -> str:
    """Why a file or folder of this name is left out of a search, in any case of letters; empty where it is not."""
    lower = name.lower()
    known = (_FOLDERS if folder else _FILES).get(lower)
    if known is not None:
        return known
    # "." and ".." are no hidden files: names in archives may hold them.
    if name.startswith(".") and name.strip("."):
        return HIDDEN
    if not folder and lower.startswith("synofile_thumb"):
        return THUMBNAILS
    return OFFICE_LOCK if not folder and name.startswith("~$") else ""


def is_unfinished(name: str) -> bool:
    """Whether a file of this name is still being written, and will get another."""
    return name.lower().endswith(_UNFINISHED)


def is_own_record(data: bytes) -> bool:
    """Whether a `run.json` is one of this program's."""
    try:
        record = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return isinstance(record, dict) and "segdetect" in record
