"""Speed and memory, ours and what it is compared with, measured in one run: python benchmarks/speed.py [--quick]

Each ratio is the median over pairs that were run in turn, so that a machine whose speed drifts does it to both sides.
"""

import argparse
import io
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import psutil
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from segdetect.engines.dinov2 import Dinov2Engine
from segdetect.engines.fastdup import FastdupEngine
from segdetect.engines.texture import TextureEngine
from segdetect.errors import EngineUnavailableError
from segdetect.pictures.loading import LoadedImage, load_image
from segdetect.pipeline import Inspector
from segdetect.samples.catalogue import sample_bytes
from segdetect.settings import EngineName, GridSize, Rule, RuleName, Settings

BLOG = Path(__file__).with_name("blog.py")


class Blog:
    """The notebook's method in a warm process of its own."""

    def __init__(self, home: Path) -> None:
        reader, writer = os.pipe()
        environment = {**os.environ, "HOME": str(home), "SENTRY_OPT_OUT": "1", "FASTDUP_PRODUCTION": "1"}
        self._process = subprocess.Popen(
            [sys.executable, str(BLOG), str(writer)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[writer],
            env=environment,
            text=True,
        )
        os.close(writer)
        self._answers = os.fdopen(reader)

    def ask(self, **command: object) -> float:
        """Seconds that the process says it took."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return float(json.loads(self._answers.readline())["seconds"])

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()


def timed(work: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def picture(number: int) -> bytes:
    """A 1024 x 1024 picture, another one for each number, so that no cache answers."""
    image = Image.open(io.BytesIO(sample_bytes("clean-fabric"))).convert("RGB").resize((1024, 1024))
    image.putpixel((number % 1024, number // 1024), (255, 0, 0))
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def pair(name: str, ours: list[float], theirs: list[float], wanted: str) -> None:
    """Print one comparison."""
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    print(
        f"{name:58} {statistics.median(ours):8.3f} s {statistics.median(theirs):8.3f} s"
        f"   x {statistics.median(ratios):.3f}   (wanted: {wanted})"
    )


def megabytes(process: psutil.Process) -> float:
    """Resident memory of a process, in MB."""
    return process.memory_info().rss / 1e6


def fastdup_figures(rounds: int, pictures: int) -> None:
    """Everything about the fastdup engine."""
    engine = FastdupEngine()
    try:
        engine.check()
    except EngineUnavailableError as error:
        print(f"fastdup cannot be measured: {error}")
        return
    settings = Settings(engine=EngineName.FASTDUP)
    inspector = Inspector({EngineName.FASTDUP: engine})
    fresh = iter(range(1_000_000))

    def load() -> LoadedImage:
        number = next(fresh)
        return load_image(picture(number), name=f"{number}.png")

    with tempfile.TemporaryDirectory(prefix="speed-") as name:
        home = Path(name)
        files = []
        for number in range(pictures):
            files.append(str(home / f"{number}.png"))
            Path(files[-1]).write_bytes(picture(number))
        from blog import save_tiles

        save_tiles(files[0], home / "bare" / "tiles")
        blog = Blog(home)
        blog.ask(do="bare", tiles=str(home / "bare" / "tiles"))
        images = [load() for _ in range(rounds)]
        ours, bare = [], []
        for image in images:
            ours.append(timed(partial(inspector.inspect, image, settings)))
            bare.append(blog.ask(do="bare", tiles=str(home / "bare" / "tiles")))
        pair("(a) warm inspect, 1024 x 1024, 7x7 | bare fd.run()", ours, bare, "at most 1.15")

        whole = [timed(lambda: _script(home, files[0])) for _ in range(rounds)]
        again = [timed(partial(inspector.inspect, load(), settings)) for _ in range(rounds)]
        pair("(b) the same | the notebook's script, import included", again, whole, "at most 0.5")

        batch = [load() for _ in range(pictures)]
        many = timed(lambda: inspector.inspect_many(batch, settings))
        loop = blog.ask(do="loop", pictures=files)
        pair(f"(c) {pictures} pictures at once | one by one", [many], [loop], "at most 0.5")
        blog.close()
    _threshold(inspector, images[0], settings)
    _memory(inspector, load(), settings)
    engine.close()


def _script(home: Path, file: str) -> None:
    blog = Blog(home)
    blog.ask(do="loop", pictures=[file])
    blog.close()


def _threshold(inspector: Inspector, image: LoadedImage, settings: Settings) -> None:
    changed = [replace(settings, rule=Rule(RuleName.THRESHOLD, threshold=i / 100)) for i in range(1, 21)]
    inspector.inspect(image, changed[0])
    each = [timed(partial(inspector.inspect, image, one)) for one in changed[1:]]
    print(f"{'(d) a changed threshold':58} {statistics.median(each) * 1000:8.2f} ms   (wanted: under 20 ms)")


def _memory(inspector: Inspector, image: LoadedImage, settings: Settings) -> None:
    app = psutil.Process()
    for grid in (GridSize(7, 7), GridSize(32, 32)):
        inspector.inspect(image, replace(settings, grid=grid))
        workers = sum(megabytes(child) for child in app.children(recursive=True))
        print(f"{f'(e) memory at {grid}':58} app {megabytes(app):.0f} MB, worker {workers:.0f} MB")


def dense_figures(rounds: int) -> None:
    """First pass with scores, and a changed grid, for the dense engines."""
    for engine, wanted in ((TextureEngine(), "0.7 s"), (Dinov2Engine(), "2.5 s")):
        try:
            engine.check()
        except EngineUnavailableError as error:
            print(f"{engine.name} cannot be measured: {error}")
            continue
        inspector = Inspector({engine.name: engine})
        settings = Settings(engine=engine.name)
        images = [load_image(picture(number), name=f"{number}.png") for number in range(rounds + 1)]
        first = [timed(partial(inspector.inspect, image, settings)) for image in images][1:]
        grids = [replace(settings, grid=GridSize(side, side)) for side in range(2, 33)]
        changed = [timed(partial(inspector.inspect, images[-1], one)) for one in grids]
        print(
            f"{f'{engine.name}: first pass with scores, 1024 x 1024':58} {statistics.median(first):8.3f} s"
            f"   (wanted: at most {wanted})"
        )
        print(
            f"{f'{engine.name}: a changed grid afterwards':58} {statistics.median(changed) * 1000:8.1f} ms"
            f"   (largest {max(changed) * 1000:.1f} ms; wanted: at most 100 ms)"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    quick = parser.parse_args().quick
    machine = f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores"
    print(f"{machine}, load {os.getloadavg()[0]:.1f}")
    print(f"{'':58} {'ours':>10} {'theirs':>10}   ratio")
    fastdup_figures(2 if quick else 7, 8 if quick else 40)
    dense_figures(2 if quick else 7)


if __name__ == "__main__":
    main()
