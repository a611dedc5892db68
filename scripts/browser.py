"""Finds a Chromium for the browser tests, and installs one where that is possible.

`python scripts/browser.py` says which one the tests will use, or why they will be skipped.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def _starts(path: str) -> bool:
    """Only running it tells: Ubuntu's chromium may be a signpost to a snap, Playwright's may lack system libraries."""
    if "/snap/" in str(Path(path).resolve()) or Path(path).resolve().name == "snap":
        return False
    try:
        done = subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and b"snap" not in done.stdout.lower()


def _playwrights_own() -> str:
    """Where Playwright keeps its Chromium once it is installed; empty without Playwright."""
    script = "from playwright.sync_api import sync_playwright as s\nwith s() as p: print(p.chromium.executable_path)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout.strip()


def find_chromium() -> str | None:
    """The path of a Chromium or Chrome that starts, or None."""
    for path in [shutil.which(name, path="/usr/bin") or shutil.which(name) for name in NAMES]:
        if path and _starts(path):
            return path
    own = _playwrights_own()
    return own if own and _starts(own) else None


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release().get("ID", "")
    except OSError:
        return ""


def _run(*command: str) -> bool:
    print("  " + " ".join(command), file=sys.stderr)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        return subprocess.run(command, env=environment, capture_output=True, timeout=900, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def install() -> None:
    """Debian's own package when we may install it, else Playwright's; on Ubuntu the package is only a snap."""
    print("Installing a browser for the tests ...", file=sys.stderr)
    root = os.geteuid() == 0
    if root and _distribution() == "debian" and _run("apt-get", "update"):
        _run("apt-get", "install", "-y", "--no-install-recommends", "chromium", "fonts-liberation")
    if find_chromium() is None:
        with_libraries = ("--with-deps",) if root else ()
        _run(sys.executable, "-m", "playwright", "install", *with_libraries, "chromium")


def main() -> int:
    """Never fails: without a browser the other tests still run."""
    path = find_chromium()
    if path is None:
        install()
        path = find_chromium()
    if path is None:
        remedy = (
            "sudo apt install chromium" if _distribution() == "debian" else "playwright install --with-deps chromium"
        )
        print(
            f"Note: no browser could be installed, so the browser tests will be skipped. Type: {remedy}",
            file=sys.stderr,
        )
    else:
        print(f"Browser tests use {path}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
