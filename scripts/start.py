"""Opens the dashboard: checks the port first, and leaves the browser closed where there is no screen."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCAL = ("localhost", "127.0.0.1", "::1")


def _shown_name(host: str) -> str:
    """The name under which a browser reaches a server that listens on `host`."""
    if host in LOCAL:
        return "localhost"
    return socket.gethostname() if host in ("0.0.0.0", "::") else host


def port_trouble(host: str, port: int) -> str:
    """Why the dashboard cannot listen there; empty if it can."""
    try:
        places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, OverflowError) as error:
        return f"{host}:{port} is no address to listen on ({error})."
    shown = _shown_name(host)
    family, kind, protocol, _, address = places[0]
    with socket.socket(family, kind, protocol) as probe:
        # As the server does: a port that was left a moment ago may be used again.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            return (
                f"port {port} on {shown} cannot be used ({error.strerror}). If the dashboard is running already, "
                f"open http://{shown}:{port}; otherwise choose another port: make run PORT={port + 1}"
            )
    return ""


def has_screen() -> bool:
    """Whether a browser window opened here would be seen by whoever typed the command."""
    if os.environ.get("SSH_CONNECTION"):
        return False
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def streamlit_command(host: str, port: int) -> list[str]:
    """The command that serves the dashboard; what it does not say is in .streamlit/config.toml."""
    command = [sys.executable, "-m", "segdetect.ui.server", "run", "streamlit_app.py"]
    command += ["--server.address", host, "--server.port", str(port)]
    command += ["--server.headless", "false" if has_screen() else "true"]
    command += ["--browser.serverAddress", _shown_name(host)]
    if host not in LOCAL:
        command += ["--server.allowedHosts", "*"]
    return command


def readable_folders(host: str) -> str:
    """What the visitors of a server that listens on `host` may read of this machine, in a sentence."""
    # The start has no other use for the package, nor for the time that its import takes.
    sys.path.insert(0, str(ROOT))
    from segdetect.storage.roots import ROOTS_VARIABLE, allowed_roots, is_loopback

    folders = [
        f"{folder}{'' if folder.is_dir() else ' (not there)'}"
        for folder in allowed_roots(loopback=is_loopback(host)).folders
    ]
    if folders:
        return f"visitors may read pictures in {', '.join(folders)}."
    return f"visitors may read no folder of this machine; {ROOTS_VARIABLE}=/folder allows one."


def main() -> int:
    """Replaces this process by the dashboard's; returns 1 if it cannot listen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8501)
    options = parser.parse_args()
    trouble = port_trouble(options.host, options.port)
    if trouble:
        print(f"segdetect: {trouble}", file=sys.stderr)
        return 1
    os.chdir(ROOT)
    if options.host not in LOCAL:
        print(f"segdetect: {readable_folders(options.host)}")
    command = streamlit_command(options.host, options.port)
    sys.stdout.flush()
    os.execv(command[0], command)


if __name__ == "__main__":
    sys.exit(main())
