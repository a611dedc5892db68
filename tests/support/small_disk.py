"""A disk of some kilobytes that can be filled, enlarged and locked: a file system in memory (Linux, as root)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PAGE = 4096


class SmallDisk:
    """What is mounted on a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def resize(self, pages: int) -> None:
        """Give it room for so many pages of 4 kB; no less than what is on it."""
        self._remount(f"size={pages * PAGE}")

    def fill(self) -> None:
        """Leave no room on it."""
        status = os.statvfs(self.folder)
        self.resize(max(1, (status.f_blocks - status.f_bfree) * status.f_bsize // PAGE))

    def lock(self, is_read_only: bool) -> None:
        """Let nobody write to it, or everybody again."""
        self._remount("ro" if is_read_only else "rw")

    def _remount(self, option: str) -> None:
        command = ["mount", "-o", f"remount,{option}", str(self.folder)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, f"{done.stderr}: {[str(path) for path in self.folder.rglob('*')]}"


@contextmanager
def small_disk(folder: Path, pages: int = 4096) -> Iterator[SmallDisk]:
    """Mounts one on an empty folder; the test is skipped where that is not allowed."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={pages * PAGE}", "segdetect-test", str(folder)]
    if sys.platform != "linux" or os.getuid() or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a file system in memory")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
