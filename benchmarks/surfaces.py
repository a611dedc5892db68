"""Take the clean surfaces that `benchmarks.calibrate` learns from out of two packages of Debian.

python -m benchmarks.surfaces OUT ARCHIVE...

The archives are `0textures.pk3` of the package ufoai-textures 2.5-2 and `pak4-textures.pk3` of openarena-081-textures
0.8.5split-14 (`apt-get download`, then `dpkg-deb -x`). surfaces.csv names the textures: those of each kind that repeat
and show nothing else, chosen by eye. They are written as OUT/KIND/NAME.png.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
import zipfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import Final

from PIL import Image

LIST: Final = Path(__file__).with_suffix(".csv")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write them: 0 done, 2 a texture is in none of the archives."""
    parser = argparse.ArgumentParser(prog="surfaces", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("archives", type=Path, nargs="+", metavar="ARCHIVE")
    options = parser.parse_args(arguments)
    with LIST.open(newline="", encoding="utf-8") as file:
        wanted = [(row["kind"], row["texture"]) for row in csv.DictReader(file)]
    with ExitStack() as stack:
        archives = [stack.enter_context(zipfile.ZipFile(path)) for path in options.archives]
        holders = {name: archive for archive in archives for name in archive.namelist()}
        if missing := [name for _, name in wanted if name not in holders]:
            print(f"surfaces: {missing[0]} and {len(missing) - 1} more are in none of the archives", file=sys.stderr)
            return 2
        for kind, name in wanted:
            folder = options.out / kind
            folder.mkdir(parents=True, exist_ok=True)
            with Image.open(io.BytesIO(holders[name].read(name))) as image:
                image.convert("RGB").save(folder / f"{PurePosixPath(name).stem}.png")
    print(f"{len(wanted)} surfaces of {len({kind for kind, _ in wanted})} kinds are in {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
