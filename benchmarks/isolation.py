"""What decoding in another process costs: python benchmarks/isolation.py [--rounds 40]

Each picture is loaded in turn in another process and within this one, so that the difference holds on a busy machine.
Prints the medians, the median difference and the ratio. Then how long a process takes to start, from nothing to the
first picture, and from a warm one.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import tifffile
from PIL import Image

ROOT: Final = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from segdetect.pictures.isolation import Decoders  # noqa: E402
from segdetect.pictures.limits import MAX_PIXELS  # noqa: E402
from segdetect.pictures.loading import decode_image  # noqa: E402

SIDE: Final = 1024
STARTS: Final = 5


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split(":")[0])
    parser.add_argument("--rounds", type=int, default=40, metavar="N")
    rounds = parser.parse_args().rounds
    pool = Decoders(1)
    print(f"{'picture':28}{'file':>9}{'apart':>11}{'within':>11}{'more':>11}{'ratio':>8}")
    for name, data in pictures().items():
        apart, within = paired(
            lambda data=data: load(pool.run, data), lambda data=data: load(within_this, data), rounds
        )
        more = statistics.median(one - other for one, other in zip(apart, within, strict=True))
        middle, other = statistics.median(apart), statistics.median(within)
        figures = "".join(f"{value * 1000:8.1f} ms" for value in (middle, other, more))
        print(f"{name:28}{len(data) / 1e6:6.2f} MB{figures}{middle / other:8.2f}")
    pool.close()
    measure_starts()


def pictures() -> dict[str, bytes]:
    """Files of the kinds that people have."""
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    y, x = np.indices((SIDE, SIDE))
    weave = np.repeat((110 + 20 * ((x // 8 + y // 8) % 2))[..., None], 3, axis=2) + random.integers(
        -9, 9, (SIDE, SIDE, 3)
    )
    deep = random.integers(0, 4096, (SIDE, SIDE), dtype=np.uint16)
    return {
        "PNG 1024 x 1024, weave": saved(weave.astype(np.uint8), "PNG"),
        "PNG 1024 x 1024, noise": saved(noise, "PNG"),
        "JPEG 1024 x 1024": saved(weave.astype(np.uint8), "JPEG", quality=90),
        "TIFF 1024 x 1024, 16-bit": tiff(deep),
        "JPEG 6000 x 4000": saved(np.tile(weave.astype(np.uint8), (4, 6, 1))[:4000, :6000], "JPEG", quality=90),
    }


def saved(pixels: np.ndarray, kind: str, **options: Any) -> bytes:
    """A file of the pixels."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def tiff(values: np.ndarray) -> bytes:
    """A TIFF file of the values."""
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, values, compression="zlib")
    return buffer.getvalue()


def load(run: Callable[..., Any], data: bytes) -> None:
    """As `load_image` does."""
    digest = hashlib.sha256(data).hexdigest()
    run(decode_image, data, name="a", sha256=digest, page=0, window=None, max_pixels=MAX_PIXELS)


def within_this(function: Callable[..., Any], data: bytes, **options: Any) -> Any:
    """Call the function here."""
    return function(data, **options)


def paired(one: Callable[[], None], other: Callable[[], None], rounds: int) -> tuple[list[float], list[float]]:
    """Seconds of each call, in turn, after one that does not count."""
    one()
    other()
    times = [(seconds(one), seconds(other)) for _ in range(rounds)]
    return [first for first, _ in times], [second for _, second in times]


def seconds(call: Callable[[], None]) -> float:
    """How long a call takes."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def measure_starts() -> None:
    """Print how long the first picture takes."""
    small = saved(np.zeros((8, 8, 3), np.uint8), "PNG")
    cold, warm = [], []
    for _ in range(STARTS):
        pool = Decoders(1)
        cold.append(seconds(lambda pool=pool: load(pool.run, small)))
        warm.append(seconds(lambda pool=pool: load(pool.run, small)))
        pool.close()
    print(f"first tiny picture, process started for it: {statistics.median(cold):.2f} s (fastest {min(cold):.2f} s)")
    print(f"next one: {statistics.median(warm) * 1000:.1f} ms")


if __name__ == "__main__":
    main()
