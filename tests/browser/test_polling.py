"""A page asks how far the work is while it waits, and not once more when the answer is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg

from tests.support.app_server import running_app
from tests.support.browsing import rest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

QUIET_MS = 4000
THRESHOLD = """() => globalThis[Symbol.for("segdetect.viewer")].viewers.get("picture").panes[0].data.threshold"""


@pytest.fixture(scope="module")
def slow_address(chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard whose engine fastdup is slow; the first page of it is opened while that is being tested."""
    with running_app(tmp_path_factory.mktemp("home"), streamlit="tests.support.slow_server") as url:
        yield url


@dataclass
class Tab:
    """A tab, and what its browser asked the server to run."""

    page: Any
    asked: list[BackMsg] = field(default_factory=list)

    def count(self, socket: Any) -> None:
        socket.on("framesent", self._sent)

    def _sent(self, payload: bytes | str) -> None:
        message = BackMsg()
        message.ParseFromString(payload if isinstance(payload, bytes) else payload.encode())
        if message.WhichOneof("type") == "rerun_script":
            self.asked.append(message)

    @property
    def polls(self) -> int:
        return sum(message.rerun_script.is_auto_rerun for message in self.asked)

    def expect_silence(self) -> None:
        """Nothing runs while nobody does anything."""
        rest(self.page)
        self.page.wait_for_timeout(500)
        before = len(self.asked)
        self.page.wait_for_timeout(QUIET_MS)
        assert len(self.asked) == before

    def says(self, text: str) -> Any:
        anywhere = "[data-testid=stCaptionContainer], [data-testid=stAlert], [data-testid=stPopoverButton]"
        return self.page.locator(anywhere).filter(has_text=text).first


@pytest.fixture
def slow_tab(contexts: Callable[..., Any], slow_address: str) -> Iterator[Callable[[str], Tab]]:
    opened: list[Any] = []

    def open_tab(path: str) -> Tab:
        tab = Tab(contexts().new_page())
        tab.page.on("websocket", tab.count)
        opened.append(tab.page)
        tab.page.goto(f"{slow_address}/{path}")
        return tab

    yield open_tab
    for page in opened:
        page.close()


def test_asking_ends_with_the_engines_tests_and_with_the_second_opinion(slow_tab: Callable[[str], Tab]) -> None:
    tab = slow_tab("?engine=texture&sample=Broken+wire+mesh")
    tab.says("asking fastdup").wait_for()
    tested = tab.polls
    assert tested > 0, "it asked while the engine was being tested"
    tab.says("fastdup: ").wait_for()
    assert tab.polls > tested, "it asked while the second opinion was being computed"
    tab.expect_silence()


def test_a_second_opinion_outlives_the_tab_that_asked_first(slow_tab: Callable[[str], Tab]) -> None:
    address = "?engine=texture&sample=Flawed+fabric&grid=6"
    first, second = slow_tab(address), slow_tab(address)
    for tab in (first, second):
        tab.says("fastdup").wait_for()
    first.page.close()
    second.says("fastdup: ").wait_for()
    second.expect_silence()


def test_an_evaluation_is_seen_after_a_reload_and_asking_ends_with_it(slow_tab: Callable[[str], Tab]) -> None:
    tab = slow_tab("evaluate?evaluate-engine=fastdup")
    tab.page.get_by_role("button", name="Try it on the bundled samples").click()
    # While they are drawn, the other "Stop" is Streamlit's own.
    tab.page.get_by_role("button", name="Leave the samples").wait_for()
    tab.page.get_by_role("button", name="Stop").wait_for()
    tab.page.reload()
    tab.page.get_by_role("button", name="Stop").wait_for()
    other = slow_tab("evaluate")
    other.page.get_by_role("button", name="Show").click()
    for one in (tab, other):
        one.page.get_by_role("button", name="Dismiss").wait_for()
        assert one.polls > 0
        one.expect_silence()
    assert other.page.get_by_text("Average precision", exact=True).count() > 0
    assert tab.page.get_by_text("Average precision", exact=True).count() == 0


class Wire:
    """What the server sends to a tab, which can be kept back for a while."""

    def __init__(self, page: Any) -> None:
        self._kept: list[bytes | str] | None = None
        page.route_web_socket("**/_stcore/stream", self._connect)

    def _connect(self, browser: Any) -> None:
        self._browser, server = browser, browser.connect_to_server()
        browser.on_message(server.send)
        server.on_message(self._pass_on)

    def _pass_on(self, message: bytes | str) -> None:
        if self._kept is None:
            self._browser.send(message)
        else:
            self._kept.append(message)

    def cut(self) -> None:
        self._kept = []

    def mend(self) -> None:
        kept, self._kept = self._kept or [], None
        for message in kept:
            self._browser.send(message)


def test_a_threshold_holds_whatever_a_browser_says_that_has_not_heard_of_it(
    contexts: Callable[..., Any], slow_address: str
) -> None:
    """With each look it says the rule that it shows, until it is told that the visitor's own number decides."""
    page = contexts().new_page()
    wire = Wire(page)
    page.goto(f"{slow_address}/?engine=texture&sample=Scratched+metal&grid=8")
    own = page.locator(".histogram input")
    own.fill("1.5")
    page.locator(".st-key-second-opinion").get_by_text("asking fastdup").wait_for()
    wire.cut()
    own.press("Enter")
    # The second opinion comes meanwhile, and with it a run of the whole page.
    page.wait_for_timeout(8000)
    wire.mend()
    page.get_by_text("fastdup: ").first.wait_for()
    rest(page)
    page.wait_for_timeout(1000)
    assert page.evaluate(THRESHOLD) == 1.5
    page.close()
