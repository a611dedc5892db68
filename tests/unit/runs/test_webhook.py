"""The webhook goes to this machine or where it was allowed, in its own time, and holds up nothing."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from segdetect.errors import SettingsError
from segdetect.runs.watching.webhook import HOSTS_VARIABLE, Webhook, checked_webhook


class Receiver(ThreadingHTTPServer):
    """Keeps what it gets, and answers as it is told; the last answer stays."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: list[dict[str, object]] = []
        self.answers: list[int] = [200]
        self.paths: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/pictures"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        self.server.paths.append(self.path)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answers = self.server.answers
        code = answers.pop(0) if len(answers) > 1 else answers[0]
        if code == 200:
            self.server.got.append(body)
        self.send_response(code)
        if code == 302:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def wait_for(condition: object, seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    assert callable(condition)
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_values_come_in_their_order(receiver: Receiver) -> None:
    said: list[str] = []
    with Webhook(receiver.url, tell=said.append) as webhook:
        for number in range(3):
            webhook.post({"number": number})
        wait_for(lambda: len(receiver.got) == 3)
    assert receiver.got == [{"number": 0}, {"number": 1}, {"number": 2}]
    assert said == []


def test_a_failure_is_said_once_and_tried_again(receiver: Receiver) -> None:
    said: list[str] = []
    receiver.answers = [503, 503, 429, 200]
    with Webhook(receiver.url, tell=said.append, first_pause=0.01) as webhook:
        webhook.post({"number": 0})
        webhook.post({"number": 1})
        wait_for(lambda: len(receiver.got) == 2)
    assert receiver.got == [{"number": 0}, {"number": 1}]
    the = f"the webhook {receiver.url}"
    assert said == [
        f"{the} answers with 503; it is tried again.",
        f"{the} answers with 429; it is tried again.",
        f"{the} takes messages again.",
    ]


@pytest.mark.parametrize("code", [302, 404])
def test_redirects_are_not_followed_and_refusals_not_repeated(receiver: Receiver, code: int) -> None:
    said: list[str] = []
    receiver.answers = [code, 200]
    with Webhook(receiver.url, tell=said.append) as webhook:
        webhook.post({"number": 0})
        webhook.post({"number": 1})
        wait_for(lambda: len(receiver.got) == 1)
    assert receiver.got == [{"number": 1}]
    assert receiver.paths == ["/pictures", "/pictures"]
    assert said[0].startswith(f"the webhook {receiver.url} answers with {code}; what it refuses is not sent again.")
    assert said[1:] == [
        f"the webhook {receiver.url} takes messages again.",
        "not delivered to the webhook: 1 message.",
    ]


def test_what_nobody_takes_holds_up_nothing_and_is_counted(receiver: Receiver) -> None:
    said: list[str] = []
    url = receiver.url
    receiver.shutdown()
    receiver.server_close()
    began = time.monotonic()
    with Webhook(url, tell=said.append, most=3, first_pause=30.0) as webhook:
        for number in range(5):
            webhook.post({"number": number})
        assert webhook.waiting == 3
    assert time.monotonic() - began < 10.0
    assert "cannot be reached" in said[0]
    assert said[-1] == "not delivered to the webhook: 5 messages."


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/a", "http://localhost/a", "https://[::1]:8443/", "http://127.9.9.9/"]
)
def test_this_machine_may_be_told(url: str) -> None:
    assert checked_webhook(url) == url


@pytest.mark.parametrize(
    "url",
    [
        *("http://192.168.1.7/a", "https://example.com/", "http://localhost.example.com/", "http://0.0.0.0/"),
        *("ftp://127.0.0.1/", "file:///etc/passwd", "127.0.0.1:80", "http://", "http://[::1/", "http://127.0.0.1:x/"),
        *("http://user@127.0.0.1/", "http://127.0.0.1/\r\nHost: a", "http://127.0.0.1@example.com/"),
    ],
)
def test_nobody_else_is_told(url: str) -> None:
    with pytest.raises(SettingsError):
        checked_webhook(url)


def test_hosts_that_are_allowed_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOSTS_VARIABLE, "plc.local, 10.0.0.7:8080")
    assert checked_webhook("http://PLC.local/a")
    assert checked_webhook("http://10.0.0.7:8080/a")
    with pytest.raises(SettingsError, match=HOSTS_VARIABLE):
        checked_webhook("http://10.0.0.7:8081/a")
