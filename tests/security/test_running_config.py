"""What .streamlit/config.toml promises holds on a running server."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.support.app_server import ROOT, running_app

WANTED = {
    "server.address": "127.0.0.1",
    "server.headless": True,
    "server.enableXsrfProtection": True,
    "server.enableCORS": True,
    "server.maxUploadSize": 500,
    "server.allowedHosts": ["localhost", "127.0.0.1"],
    "server.fileWatcherType": "none",
    "server.enableAgentApi": False,
    "client.showErrorDetails": "none",
    "browser.gatherUsageStats": False,
    "runner.magicEnabled": False,
}
READ = (
    "import json, sys; from streamlit import config; print(json.dumps({n: config.get_option(n) for n in sys.argv[1:]}))"
)

# Whether a page of another origin is let in, and how many names were looked up to find out.
ASK = """
import sys
asked = []
sys.addaudithook(lambda event, arguments: asked.append(event) if event == "socket.getaddrinfo" else None)
from segdetect.ui.shared.public_address import ask_nobody
if sys.argv[1] == "True":
    ask_nobody()
from streamlit.web.server.server_util import is_url_from_allowed_origins
print(is_url_from_allowed_origins("http://evil.example"), len(asked))
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_app(tmp_path_factory.mktemp("home"), streamlit="segdetect.ui.server") as url:
        yield url


def answered(address: str, method: str, path: str, **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=20)
    connection.request(method, path, headers=headers)
    return connection.getresponse()


def test_the_settings_are_those_that_are_promised() -> None:
    done = subprocess.run([sys.executable, "-c", READ, *WANTED], cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == WANTED


def test_it_listens_on_this_machine_alone(address: str) -> None:
    port = urlsplit(address).port
    listening = {
        c.laddr.ip for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN and c.laddr.port == port
    }
    assert listening == {"127.0.0.1"}


def test_a_page_under_a_name_of_its_own_opens_no_websocket(address: str) -> None:
    """As one that has its name lead to this machine; of what is served besides, nothing is the visitors'."""
    port = urlsplit(address).port
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    upgrade["Sec-WebSocket-Key"] = "dGhlIHNhbXBsZSBub25jZQ=="
    status = {
        name: answered(
            address, "GET", "/_stcore/stream", Host=f"{name}:{port}", Origin=f"http://{name}:{port}", **upgrade
        )
        for name in ("localhost", "evil.example")
    }
    assert {name: answer.status for name, answer in status.items()} == {"localhost": 101, "evil.example": 403}


def test_a_websocket_of_another_page_is_refused(address: str) -> None:
    stream = f"ws{address.removeprefix('http')}/_stcore/stream"
    with connect(stream, origin=address):
        pass
    with pytest.raises(InvalidStatus) as refused:
        connect(stream, origin="http://evil.example").close()
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("settle", [True, False], ids=["ours", "Streamlit's own"])
def test_a_page_of_another_origin_makes_it_ask_nobody(settle: bool) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASK, str(settle)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    # Where Streamlit no longer asks by itself, segdetect/ui/shared/public_address.py may go.
    assert (done.stdout.split() == ["False", "0"]) is settle


def test_an_upload_without_the_token_is_refused(address: str) -> None:
    assert answered(address, "PUT", "/_stcore/upload_file/session/file").status == 403


def test_no_other_origin_may_read_answers(address: str) -> None:
    answer = answered(address, "GET", "/_stcore/health", Origin="http://evil.example")
    assert answer.getheader("Access-Control-Allow-Origin") not in ("*", "http://evil.example")


def test_nothing_of_the_machine_is_served(address: str, tmp_path: Path) -> None:
    secret = ROOT / "pyproject.toml"
    for path in ("/../pyproject.toml", "/%2e%2e/pyproject.toml", "/static/../../../pyproject.toml", f"/{secret}"):
        with socket.create_connection(("127.0.0.1", urlsplit(address).port or 0), timeout=20) as raw:
            raw.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            data = b"".join(iter(lambda: raw.recv(65536), b""))
        assert b"[build-system]" not in data
