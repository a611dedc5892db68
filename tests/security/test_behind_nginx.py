"""The dashboard behind Debian's nginx, under a path of its own: pages, a websocket and a large upload go through."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError

import pytest

from tests.support.app_server import BROWSER_FLAGS, ROOT, free_port
from tests.support.pictures import planted, png

pytestmark = [pytest.mark.slow, pytest.mark.browser]
NAME = "inspect.example.org"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
# All that a server of an ordinary user needs elsewhere than in the system's folders.
WHOLE = """
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    {site}
}}
"""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder of nginx's user."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        if os.getuid() == 0:
            shutil.chown(place, "nobody")
        yield place


@pytest.fixture(scope="module")
def proxied(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of an nginx before a dashboard, both as docs/deploy.md has them but for TLS and the password."""
    if NGINX is None:
        pytest.skip("nginx is not installed (apt install nginx-light)")
    behind, before = free_port(), free_port()
    configuration = folder / "nginx.conf"
    configuration.write_text(WHOLE.format(folder=folder, site=_site(behind, before)))
    user = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.getuid() == 0 else {}
    options = ["--server.port", str(behind), "--server.baseUrlPath", "segdetect"]
    options += ["--server.allowedHosts", NAME, "--browser.serverAddress", NAME]
    command = [sys.executable, "-m", "segdetect.ui.server", "run", "streamlit_app.py", *options]
    home = tmp_path_factory.mktemp("home")
    environment = os.environ | {"SEGDETECT_HOME": str(home), "SEGDETECT_ROOTS": ""}
    environment["SEGDETECT_DINOV2_ONNX"] = str(home / "none.onnx")
    with (home / "server.log").open("wb") as log:
        app = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        proxy = subprocess.Popen([NGINX, "-p", str(folder), "-c", str(configuration)], stderr=log, **user)  # type: ignore[call-overload]
        try:
            _wait(lambda: asked(before, "/segdetect/_stcore/health") == 200, lambda: (home / "server.log").read_text())
            yield before
        finally:
            for process in (proxy, app):
                process.terminate()
                process.wait(20)


def _site(behind: int, before: int) -> str:
    text = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    text = text.replace("listen 443 ssl", f"listen 127.0.0.1:{before}").replace("127.0.0.1:8501", f"127.0.0.1:{behind}")
    # nginx hands on the name without a port, and browsers name the port in the origin, but for those of HTTP and HTTPS.
    return re.sub(r"^ *(ssl_|auth_basic).*$", "", text, flags=re.MULTILINE)


def _wait(ready: Callable[[], bool], trouble: Callable[[], str]) -> None:
    for _ in range(600):
        if ready():
            return
        time.sleep(0.1)
    raise AssertionError(trouble())


def asked(port: int, path: str, name: str = NAME) -> int:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Host": name})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code
    except (URLError, ConnectionError):
        return 0


def test_under_its_path_alone(proxied: int) -> None:
    assert asked(proxied, "/segdetect/") == 200
    assert asked(proxied, "/_stcore/health") == 404


@pytest.fixture(scope="module")
def page(proxied: int, chromium_path: str) -> Iterator[Any]:
    """The dashboard in a browser that takes this machine for the server."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        rules = f"--host-resolver-rules=MAP {NAME} 127.0.0.1"
        browser = playwright.chromium.launch(executable_path=chromium_path, args=[*BROWSER_FLAGS, rules])
        opened = browser.new_page()
        opened.set_default_timeout(150_000)
        opened.goto(f"http://{NAME}:{proxied}/segdetect/?engine=texture")
        yield opened
        browser.close()


def test_a_picture_is_uploaded_and_answered(page: Any) -> None:
    picture = {"name": "odd.png", "mimeType": "image/png", "buffer": png(planted(2, 3, size_wh=(700, 700)))}
    page.locator("input[type=file]").first.set_input_files([picture])
    page.locator(".sd-word").first.wait_for()


def test_a_large_file_comes_through_and_is_refused_by_the_dashboard_itself(page: Any, tmp_path: Path) -> None:
    large = tmp_path / "large.png"
    with large.open("wb") as file:
        file.truncate(60_000_000)
    page.locator("input[type=file]").first.set_input_files([large])
    page.get_by_text("large.png").first.wait_for()
    page.locator("[data-testid=stAlert]").filter(has_text="large.png").first.wait_for()


def test_another_page_is_reached_by_its_link(page: Any) -> None:
    page.get_by_role("link", name="System").click()
    page.get_by_role("heading", name="Is all well?").wait_for()
    assert "/segdetect/system" in page.url
