"""What the files that belong to one picture are called; never outside their folder, whatever the picture's name."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from segdetect.files import remove_unfinished
from segdetect.pictures.names import folded


class PictureFiles:
    """Files of one kind, one for each picture, in a folder.

    Args:
        folder: where they lie; made where it is absent. What was left half written in it is removed.
        ending: of their names, with its dot.

    Raises:
        OSError: the folder cannot be made.
    """

    def __init__(self, folder: Path, ending: str) -> None:
        self._folder, self._ending = folder, ending
        self._taken: set[str] = set()
        folder.mkdir(parents=True, exist_ok=True)
        remove_unfinished(folder, below=True)

    def path(self, name: str) -> Path:
        """Where the next picture's file lies; a name that was taken gets a number."""
        wanted = self._folder / picture_file(name, self._ending)
        path, number = wanted, 2
        while folded(str(path)) in self._taken:
            path, number = wanted.with_name(f"{wanted.stem}-{number}{self._ending}"), number + 1
        self._taken.add(folded(str(path)))
        return path


def picture_file(name: str, ending: str = ".png") -> PurePosixPath:
    """What a picture's file is called, below the folder of its kind.

    Args:
        name: the picture's, as given.
        ending: of the file's name, with its dot.

    >>> str(picture_file("cloth/a.jpg")), str(picture_file("../../etc/a.png", ".tiff"))
    ('cloth/a.png', 'a.tiff')
    >>> str(picture_file("scan.tif#2"))
    'scan#2.png'
    """
    # Control characters, and what Python makes of bytes in a file's name that are no UTF-8, cannot be named everywhere;
    # "C:" in front of a part leads to another drive on Windows.
    parts = [
        re.sub(r"[\x00-\x1f\ud800-\udfff]|(?<=^[\s\S]):", "_", part)
        for part in PurePosixPath(name.replace("\\", "/")).parts
    ]
    # "//" at the beginning is a root of its own.
    if not parts or parts[0].startswith("/") or ".." in parts:
        parts = parts[-1:]
    # File systems allow 255 bytes per name; leave room for the ending and a number.
    safe = [part.encode()[:230].decode(errors="ignore") for part in parts if part not in ("/", "//", "..", ".")]
    if not safe:
        return PurePosixPath(f"image{ending}")
    page = re.search(r"(?<=[^#])#+\d+$", safe[-1])
    last = safe[-1][: page.start()] if page else safe[-1]
    stem = (PurePosixPath(last).stem or last) + (page[0] if page else "")
    # Folders never end as pictures do, and pictures always, so that neither is in the other's place.
    folders = [f"{part}_" if part.lower().endswith(ending) else part for part in safe[:-1]]
    return PurePosixPath(*folders, f"{stem}{ending}")
