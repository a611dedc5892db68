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

# Playwright's own driver needs it, and says so only by not starting; the smallest Debian comes without.
LIBRARY = "libatomic1"
DEBIAN_PACKAGES = ("chromium", "fonts-liberation", LIBRARY)
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def _answers(*command: str) -> str:
    """What a command prints, or nothing if it does not start, fails or hangs."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _starts(path: str) -> bool:
    """Only running it tells: Ubuntu's chromium may be a signpost to a snap, Playwright's may lack system libraries."""
    if "/snap/" in str(Path(path).resolve()) or Path(path).resolve().name == "snap":
        return False
    answer = _answers(path, "--version")
    return bool(answer) and "snap" not in answer.lower()


def _playwrights_own() -> str:
    """Where Playwright keeps its Chromium once it is installed; empty if Playwright itself does not start."""
    script = "from playwright.sync_api import sync_playwright as s\nwith s() as p: print(p.chromium.executable_path)"
    return _answers(sys.executable, "-c", script)


def find_chromium() -> str | None:
    """The path of a Chromium or Chrome that starts and that Playwright can drive, or None."""
    own = _playwrights_own()
    if not own:
        return None
    paths = [*(shutil.which(name, path="/usr/bin") or shutil.which(name) for name in NAMES), own]
    return next((path for path in paths if path and _starts(path)), None)


def remedy() -> str:
    """What to type to get one."""
    if _distribution() == "debian":
        return f"sudo apt install {' '.join(DEBIAN_PACKAGES)}"
    return f"sudo apt install {LIBRARY}; sudo {sys.executable} -m playwright install --with-deps chromium"


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
    if root and shutil.which("apt-get") and _run("apt-get", "update"):
        packages = DEBIAN_PACKAGES if _distribution() == "debian" else (LIBRARY,)
        _run("apt-get", "install", "-y", "--no-install-recommends", *packages)
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
        print(f"Note: no browser here, so the browser tests will be skipped. Type: {remedy()}", file=sys.stderr)
    else:
        print(f"Browser tests use {path}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
