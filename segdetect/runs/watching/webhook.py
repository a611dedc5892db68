"""What was called out, told to another program: only to this machine, or to one that was allowed by name."""

from __future__ import annotations

import http.client
import ipaddress
import json
import os
import threading
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import SplitResult, urlsplit

from segdetect.errors import SettingsError
from segdetect.message import counted

HOSTS_VARIABLE: Final = "SEGDETECT_WEBHOOK_HOSTS"
MOST: Final = 1000
_SECONDS: Final = 5.0
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 60.0
# At the end, for what has not been sent.
_SECONDS_AT_END: Final = 5.0
# Asked again, the same answer would come.
_AGAIN: Final = frozenset((408, 425, 429))


def checked_webhook(url: str) -> str:
    """An address that may be told of pictures.

    Raises:
        SettingsError: it is none, or neither of this machine nor of one that `SEGDETECT_WEBHOOK_HOSTS` names.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = SplitResult("", "", "", "", ""), None, None
    if parts.scheme not in ("http", "https") or not host or parts.username is not None or not url.isprintable():
        raise SettingsError(
            "the webhook is no address", remedy="Give one such as http://127.0.0.1:8080/pictures", file=url
        )
    if not (_is_this_machine(host) or allowed_hosts() & {host, f"{host}:{port}"}):
        raise SettingsError(
            "the webhook is on another machine, and nothing is sent there unless it is allowed",
            remedy=f"Name it in {HOSTS_VARIABLE}, with commas between several: {HOSTS_VARIABLE}={host}",
            file=url,
        )
    return url


def allowed_hosts() -> frozenset[str]:
    """The machines that `SEGDETECT_WEBHOOK_HOSTS` names: `host` or `host:port`, with commas between them."""
    return frozenset(name.strip().lower() for name in os.environ.get(HOSTS_VARIABLE, "").split(",")) - {""}


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """It would lead to where nobody allowed it."""


class Webhook:
    """Posts values in a thread of its own, one after the other, and tries again what fails. Use as a context manager.

    Args:
        url: checked by `checked_webhook`.
        tell: told, in a sentence, when the other side begins to fail, when it takes values again, and at the end of
            what was given up.
        most: so many wait at most; then the oldest goes.
        first_pause: before it is tried again, in seconds; twice as long each time, up to a minute.
    """

    def __init__(
        self, url: str, *, tell: Callable[[str], object], most: int = MOST, first_pause: float = _FIRST_PAUSE
    ) -> None:
        self._url, self._tell, self._first_pause = checked_webhook(url), tell, first_pause
        self._waiting: deque[bytes] = deque(maxlen=most)
        self._changed = threading.Condition()
        self._ending = False
        self._dropped = 0
        # Not by a proxy, which would be another machine that is told.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())
        self._thread = threading.Thread(target=self._work, name="webhook", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        self._thread.join(_SECONDS_AT_END)
        if left := self.waiting + self._dropped:
            self._tell(f"not delivered to the webhook: {counted(left, 'message')}.")

    @property
    def waiting(self) -> int:
        """How many values wait."""
        return len(self._waiting)

    def post(self, value: Mapping[str, Any]) -> None:
        """Post a JSON value, now or soon; this takes no time."""
        data = json.dumps(value, allow_nan=False).encode()
        with self._changed:
            self._dropped += len(self._waiting) == self._waiting.maxlen
            self._waiting.append(data)
            self._changed.notify_all()

    def _work(self) -> None:
        pause, said = 0.0, ""
        while (data := self._next(pause)) is not None:
            trouble, again = self._sent(data)
            if trouble != said:
                self._tell(f"the webhook {self._url} {_told(trouble, again=again)}")
            said = trouble
            pause = min(_LONGEST_PAUSE, pause * 2 or self._first_pause) if again else 0.0
            with self._changed:
                if not again and self._waiting and self._waiting[0] is data:
                    self._waiting.popleft()
                    self._dropped += bool(trouble)

    def _next(self, pause: float) -> bytes | None:
        """What is to be sent next, which stays the first until it was; None at the end."""
        with self._changed:
            if pause:
                self._changed.wait_for(lambda: self._ending, pause)
                if self._ending:
                    return None
            self._changed.wait_for(lambda: self._ending or self._waiting)
            return self._waiting[0] if self._waiting else None

    def _sent(self, data: bytes) -> tuple[str, bool]:
        """What went wrong, in words, and whether to try again."""
        headers = {"Content-Type": "application/json", "User-Agent": "segdetect"}
        request = urllib.request.Request(self._url, data, headers, method="POST")
        try:
            with self._opener.open(request, timeout=_SECONDS):
                return "", False
        except urllib.error.HTTPError as error:
            error.close()
            return f"answers with {error.code}", error.code >= 500 or error.code in _AGAIN
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = getattr(error, "reason", error)
            return f"cannot be reached ({reason})", True


def _told(trouble: str, *, again: bool) -> str:
    if not trouble:
        return "takes messages again."
    if again:
        return f"{trouble}; it is tried again."
    return f"{trouble}; what it refuses is not sent again. Check the address, and what the program there expects."
