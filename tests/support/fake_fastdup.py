"""A package that takes the place of fastdup in its child process, and misbehaves as it is told."""

from __future__ import annotations

import textwrap
from pathlib import Path

# Features are drawn from a generator seeded by the tile's bytes.
WORKING = """
    import array, json, os, random, signal, sys, time
    from pathlib import Path

    def run(tiles, work_dir, run_mode):
        if code := behave():
            return code
        Path(work_dir).mkdir()
        names = Path(tiles).read_text().splitlines()
        rows = [random.Random(Path(name).read_bytes()) for name in names]
        values = array.array("f", [row.random() for row in rows for _ in range(576)])
        Path(work_dir, "atrain_features.dat").write_bytes(values.tobytes())
        lines = ["index,filename", *(f"{i},{name}" for i, name in enumerate(names))]
        Path(work_dir, "atrain_features.dat.csv").write_text("\\n".join(lines) + "\\n")
        return 0

    def once():
        flag = Path(os.environ["FLAG"])
        first = not flag.exists()
        flag.touch()
        return first
"""
FATAL_LINE = "2026-12-21 00:00:00 [FATAL] This fastdup version is deprecated, please reinstall from pypi"


def install_fake(folder: Path, behaviour: str = "pass", *, package: str = WORKING) -> str:
    """Put it in a folder.

    Args:
        folder: made where it is absent; what is searched for packages before all others.
        behaviour: statements that a run begins with, in a function whose answer other than None or 0 ends the run.
        package: the rest of it.

    Returns:
        The folder.
    """
    place = folder / "fastdup"
    place.mkdir(parents=True, exist_ok=True)
    body = textwrap.dedent(package) + "\ndef behave():\n" + textwrap.indent(textwrap.dedent(behaviour), "    ")
    (place / "__init__.py").write_text(body)
    return str(folder)
