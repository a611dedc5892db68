"""What small hostile files cost: python benchmarks/hostile_files.py [--only WORD] [--engine texture]

Writes files of less than 10 MB that decode to as much, or take as long, as their formats allow, and inspects each with
the command line in a process of its own. Prints the seconds on the clock, the seconds of processors, which a busy
machine changes less, the most memory that it and its children hold at one time, the most of its largest child, and what
it said; a tiny picture comes first, for what the program itself costs. Ends with 1 where one takes more than 10 seconds
of processors above the tiny picture, or more than 1.5 GB. Linux alone tells the memory.
"""

from __future__ import annotations

import argparse
import io
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import imagecodecs
import numpy as np

ROOT: Final = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.support import bombs  # noqa: E402
from tests.support.profile_files import WIDE  # noqa: E402

MOST_SECONDS: Final = 10.0
MOST_BYTES: Final = 1_500_000_000
MOST_FILE_BYTES: Final = 10_000_000
TINY: Final = "tiny.png"
POLL_SECONDS: Final = 0.02


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split(":")[0])
    parser.add_argument("--only", default="", metavar="WORD", help="files whose names have it")
    parser.add_argument("--engine", default="texture")
    options = parser.parse_args()
    failures, baseline = 0, 0.0
    for name, make in FILES.items():
        if options.only not in name and name != TINY:
            continue
        data = make()
        assert len(data) < MOST_FILE_BYTES, (name, len(data))
        seconds, busy, peak, largest, said = inspected(name, data, options.engine)
        baseline = busy if name == TINY else baseline
        bad = busy - baseline > MOST_SECONDS or peak > MOST_BYTES
        failures += bad
        figures = f"{len(data) / 1e6:6.2f} MB{seconds:7.1f} s{busy:7.1f} s{peak / 1e6:7.0f} MB{largest / 1e6:6.0f} MB"
        print(f"{'!!' if bad else '  '} {name:32}{figures}  {said}", flush=True)
    return 1 if failures else 0


def inspected(name: str, data: bytes, engine: str) -> tuple[float, float, int, int, str]:
    """Seconds, seconds of processors, the most bytes of memory of all and of a child, and what was said of the file."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, name.replace(" ", "_"))
        file.write_bytes(data)
        options = ["--engine", engine, "--out", folder + "/out"]
        started, before, peak, largest = time.monotonic(), processor_seconds(), 0, 0
        with tempfile.TemporaryFile("w+") as output:
            command = [sys.executable, "-m", "segdetect", "inspect", str(file), *options]
            process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
            while process.poll() is None:
                children = [memory(pid) for pid in children_of(process.pid)]
                peak, largest = max(peak, memory(process.pid) + sum(children)), max(largest, *children, 0)
                time.sleep(POLL_SECONDS)
            seconds, busy = time.monotonic() - started, processor_seconds() - before
            output.seek(0)
            lines = [line for line in output.read().splitlines() if file.name in line]
    said = lines[-1].rsplit(file.name, 1)[1].strip(": ")[:90] if lines else f"exit code {process.returncode}"
    return seconds, busy, peak, largest, said


def processor_seconds() -> float:
    """What ended children have used of processors."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def children_of(pid: int) -> list[int]:
    """The children of a process, but for copies of it that are to become another program."""
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        own = Path(f"/proc/{pid}/cmdline").read_bytes()
        return [int(child) for child in listed if Path(f"/proc/{child}/cmdline").read_bytes() != own]
    except OSError:
        return []


def memory(pid: int) -> int:
    """The memory that a process holds; 0 when it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        return 0


def zip_of(members: dict[str, bytes]) -> bytes:
    """A deflated archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def holes(side: int) -> np.ndarray:
    """Values of which half are none."""
    values = np.zeros((side, side), np.float32)
    values[:, ::2] = np.nan
    return values


def black() -> np.ndarray:
    """As many pixels as a small file may decode to where its decoder takes twice the room."""
    return np.zeros((4400, 8900, 3), np.uint8)


FILES: Final[dict[str, Callable[[], bytes]]] = {
    TINY: lambda: bombs.png(64, 64, colour=2, depth=8),
    "line of 1,500,000 x 10.png": lambda: bombs.png(1_500_000, 10, colour=2, depth=8),
    "79 megapixels.png": lambda: bombs.png(8900, 8900, colour=2, depth=8),
    "79 megapixels grey.png": lambda: bombs.png(8900, 8900, colour=0, depth=8),
    "16-bit with transparency.png": lambda: bombs.png(5400, 5400, colour=6, depth=16),
    "16-bit with a profile.png": lambda: bombs.png(6200, 6200, colour=2, depth=16, profile=WIDE),
    "16-bit grey.png": lambda: bombs.png(8900, 8900, colour=0, depth=16),
    "frames.png": lambda: bombs.png(4000, 4000, colour=0, depth=8, frames=100),
    "frames.gif": lambda: bombs.gif((8000, 8000), 200),
    "tiny frames.gif": lambda: bombs.gif((40, 40), 50_000),
    "black.webp": lambda: bombs.saved("RGB", (8900, 4400), "WEBP", method=0),
    "black.jpg": lambda: bombs.jpeg(8900),
    "progressive.jpg": lambda: bombs.jpeg(6000, repeats=90, progressive=True),
    "black.bmp.zip": lambda: zip_of({"a.bmp": bombs.saved("RGB", (8800, 8800), "BMP")}),
    "black.heic": lambda: bombs.heic((4000, 4000)),
    "black.avif": lambda: imagecodecs.avif_encode(black(), level=50, speed=10),
    "black.jp2": lambda: imagecodecs.jpeg2k_encode(black(), level=0),
    "black.jxl": lambda: imagecodecs.jpegxl_encode(black(), effort=1),
    "black.pbm": lambda: b"P4 8900 8900\n" + bytes(1113 * 8900),
    "deflated.dcm": lambda: bombs.deflated_dicom(230_000_000, rows=10_000, columns=11_500),
    "frame larger than it says.dcm": lambda: bombs.dicom_of_jpeg(
        bombs.saved("L", (25_000, 25_000), "JPEG"), rows=64, columns=64
    ),
    "strip larger than it says.tif": lambda: bombs.tiff_of_jpeg(64, 20_000),
    "samples.tif": lambda: bombs.tiff(300, samples=2000, bits=8),
    "64-bit.tif": lambda: bombs.tiff(5400, samples=1, bits=64),
    "holes.tif": lambda: bombs.tiff_of(holes(7700)),
    "16-bit colours.tif": lambda: bombs.tiff_of(np.zeros((6200, 6200, 3), np.uint16), photometric="rgb"),
    "pages.tif": lambda: bombs.tiff_of(np.zeros((8000, 64, 64), np.uint8), photometric="minisblack"),
    "members.zip": lambda: zip_of({f"{number}.txt": b"" for number in range(60_000)}),
    "archives.zip": lambda: zip_of(
        {f"{number}.zip": zip_of({f"{name}.txt": b"" for name in range(5_000)}) for number in range(60)}
    ),
}


if __name__ == "__main__":
    sys.exit(main())
