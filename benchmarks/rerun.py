"""How long a rerun takes with many pictures, and what the caches hold: python benchmarks/rerun.py [--pictures 100]

Runs the Inspect page without a browser. After a changed setting (threshold, grid) it prints the median time of a rerun
with the overview of all pictures closed and open, beside the same rerun where every picture that the page asks for is
decoded and hashed again, as it was before there was a cache for it; each in the same run, so that the ratio holds on a
busy machine. Then it looks at one 16-bit picture in 30 brightness windows with little memory allowed.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from unittest import mock

import numpy as np
import tifffile
from PIL import Image

ROOT: Final = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from streamlit.testing.v1 import AppTest  # noqa: E402

from segdetect.memo import process_budget  # noqa: E402
from segdetect.pictures.loading import load_image  # noqa: E402
from segdetect.ui.shared import session  # noqa: E402
from segdetect.ui.shared.session import Upload, loaded  # noqa: E402

SIDE: Final = 1024
WINDOWS: Final = 30
PLENTY: Final = 4000  # megabytes that 30 windows do not fill
GRIDS: Final = (6, 8, 5, 9, 10, 4, 11, 12)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split(":")[0])
    parser.add_argument("--pictures", type=int, default=100, metavar="N")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="reruns of each kind, at most 8")
    parser.add_argument("--cache-mb", type=int, default=300, metavar="MB", help="for the brightness windows")
    parser.add_argument("--windows-only", action="store_true", help="as SEGDETECT_CACHE_MB allows")
    options = parser.parse_args()
    if options.windows_only:
        measure_windows()
        return
    for megabytes in (options.cache_mb, PLENTY):
        # In a process of its own, so that its growth is that of the windows.
        environment = os.environ | {"SEGDETECT_CACHE_MB": str(megabytes)}
        subprocess.run([sys.executable, __file__, "--windows-only"], env=environment, check=True)
    measure_reruns(options.pictures, options.rounds)


# ---- many pictures ---------------------------------------------------------------------------------------------------


def measure_reruns(pictures: int, rounds: int) -> None:
    """Print the reruns' times, each with and without the caches of files and pictures."""
    files = [(f"{number:03}{suffix}", data) for number, (suffix, data) in enumerate(made(pictures))]
    print(f"{pictures} pictures of {SIDE} x {SIDE}, {sum(len(data) for _, data in files) / 1e6:.0f} MB of files")
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=600)
    app.query_params["engine"] = "texture"
    app.run()
    first = seconds(lambda: app.file_uploader(key="files").set_value([(n, d, "image/png") for n, d in files]).run())
    print(f"{'first answer after the drop':52} {first:6.2f} s")
    for state in ("closed", "open"):
        if state == "open":
            app.session_state["all"] = True
            first = seconds(app.run)
            print(f"{'overview opened, all described':52} {first:6.2f} s")
        kinds: dict[str, list[Callable[[], object]]] = {
            "threshold": [changed_threshold(app, 1.5 + 0.01 * i) for i in range(2 * rounds)],
            "grid": [changed_grid(app, side) for side in GRIDS[:rounds]],
        }
        for kind, changes in kinds.items():
            tell(f"changed {kind}, overview {state}", [seconds(change) for change in changes[:rounds]])
        with everything_again():
            tell(
                f"  the same, all decoded and hashed again, {state}",
                [seconds(change) for change in kinds["threshold"][rounds:]][:3],
            )
    assert not app.exception
    budget = process_budget()
    print(f"{'kept between reruns':52} {budget.used_bytes / 1e6:6.0f} MB of {budget.max_bytes / 1e6:.0f} MB")


def changed_threshold(app: AppTest, threshold: float) -> Callable[[], object]:
    """A rerun with another threshold of the visitor's own."""

    def change() -> None:
        app.session_state["rule"] = "threshold"
        app.session_state["threshold"] = threshold
        app.run()

    return change


def changed_grid(app: AppTest, side: int) -> Callable[[], object]:
    """A rerun with another grid."""
    return lambda: app.slider(key="grid").set_value(side).run()


@contextmanager
def everything_again() -> Iterator[None]:
    """As before there were caches: each rerun hashes all uploads and decodes those that it asks for, the peers too."""

    def again(upload: Upload, **options: Any) -> Any:
        hashlib.sha256(upload.data).hexdigest()
        return load_image(upload.data, name=upload.name, **options)

    uploads = session.kept_uploads

    def all_opened(kept: str) -> tuple[Upload, ...]:
        for upload in uploads(kept):
            again(upload)
        return uploads(kept)

    with (
        mock.patch("segdetect.ui.inspect.overview.loaded", again),
        mock.patch("segdetect.ui.shared.sidebar.kept_uploads", all_opened),
    ):
        yield


def made(count: int) -> Iterator[tuple[str, bytes]]:
    """Pictures of a weave under grain, by turns PNG and JPEG."""
    y, x = np.indices((SIDE, SIDE))
    weave = 110 + 20 * ((x // 16 + y // 16) % 2)
    for number in range(count):
        grain = np.random.default_rng(number).integers(-20, 21, (SIDE, SIDE))
        image = Image.fromarray(np.repeat((weave + grain)[..., None], 3, axis=2).astype(np.uint8))
        buffer = io.BytesIO()
        if number % 2:
            image.save(buffer, "JPEG", quality=92)
            yield ".jpg", buffer.getvalue()
        else:
            image.save(buffer, "PNG", compress_level=1)
            yield ".png", buffer.getvalue()


# ---- many brightness windows -----------------------------------------------------------------------------------------


def measure_windows() -> None:
    """Print what the caches hold after 30 windows of one picture, and how much the process grew."""
    side = 2048
    values = np.random.default_rng(0).integers(0, 60_000, (side, side)).astype(np.uint16)
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, values)
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=600)
    app.query_params["engine"] = "texture"
    app.run()
    app.file_uploader(key="files").set_value([("deep.tif", buffer.getvalue(), "image/tiff")]).run()
    upload = app.session_state["uploads"][0]
    image = loaded(upload)
    before, most = resident_bytes(), 0
    for number in range(WINDOWS):
        app.session_state[f"window-{image.sha256[:12]}-0"] = (1000.0 + 100 * number, 50_000.0)
        app.run()
        most = max(most, process_budget().used_bytes)
    assert not app.exception
    allowed = process_budget().max_bytes
    assert most <= allowed
    print(
        f"{WINDOWS} brightness windows of a picture of {side} x {side}, {image.pixels.nbytes / 1e6:.0f} MB decoded each"
    )
    print(f"{'most that was kept':52} {most / 1e6:6.0f} MB of {allowed / 1e6:.0f} MB")
    print(f"{'the process grew by':52} {(resident_bytes() - before) / 1e6:6.0f} MB\n", flush=True)


def resident_bytes() -> int:
    """Memory of the process now, or, where the system does not tell, the most it ever was."""
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text().split()[1]) * resource.getpagesize()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def seconds(work: Callable[[], object]) -> float:
    """How long some work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def tell(what: str, times: list[float]) -> None:
    """Print the median and the range."""
    print(f"{what:52} {statistics.median(times):6.2f} s   ({min(times):.2f} to {max(times):.2f})")


if __name__ == "__main__":
    main()
