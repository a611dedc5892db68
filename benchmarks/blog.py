"""The notebook's method as it was: tiles saved with Pillow, one fastdup run, its outliers. What speed.py compares with.

Run as a child process only: fastdup takes over signals and standard output. Commands come as JSON lines on standard
input, answers go as JSON lines to the file descriptor named by the first argument.
"""

import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("SENTRY_OPT_OUT", "1")
os.environ.setdefault("FASTDUP_PRODUCTION", "1")


def save_tiles(picture: str, folder: Path, grid: int = 7) -> None:
    """Cut as the notebook does: equal tiles, the rest dropped, each a PNG."""
    from PIL import Image

    folder.mkdir(parents=True)
    image = Image.open(picture, formats=["PNG"])
    width, height = image.width // grid, image.height // grid
    for row in range(grid):
        for col in range(grid):
            left, top = col * width, row * height
            tile = image.crop((left, top, left + width, top + height))
            tile.save(folder / f"tile_{row * grid + col:03d}.png")


def run_fastdup(tiles: Path, *, outliers: bool) -> float:
    """Seconds of one bare run on saved tiles; with `outliers`, also of asking for the answer."""
    import fastdup

    work = tiles.parent / "work"
    shutil.rmtree(work, ignore_errors=True)
    start = time.perf_counter()
    fd = fastdup.create(work_dir=str(work), input_dir=str(tiles))
    fd.run(overwrite=True, print_summary=False)
    if outliers:
        fd.outliers()
    return time.perf_counter() - start


def whole(picture: str) -> None:
    """The notebook's steps for one picture."""
    with tempfile.TemporaryDirectory(prefix="blog-") as folder:
        tiles = Path(folder) / "tiles"
        save_tiles(picture, tiles)
        run_fastdup(tiles, outliers=True)


def answer(command: dict) -> float:
    """Do one command and return the seconds it took."""
    start = time.perf_counter()
    if command["do"] == "bare":
        return run_fastdup(Path(command["tiles"]), outliers=False)
    for picture in command["pictures"]:
        whole(picture)
    return time.perf_counter() - start


def main() -> None:
    """Serve commands until standard input ends."""
    with os.fdopen(int(sys.argv[1]), "w") as answers:
        for line in sys.stdin:
            answers.write(json.dumps({"seconds": answer(json.loads(line))}) + "\n")
            answers.flush()


if __name__ == "__main__":
    main()
