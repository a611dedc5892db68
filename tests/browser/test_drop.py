"""Pictures dropped on a page, pasted, or chosen with the large button, in a real browser."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.browsing import rest
from tests.support.pictures import planted, png, weave

pytestmark = pytest.mark.browser

DEFECT = png(planted(2, 3))
CLEAN = png(weave(seed=1))
PHONE = {"viewport": {"width": 400, "height": 800}}
REFUSAL = "it is text, not a picture"
SIDES = "left-engine=texture&right-engine=texture"

# What a browser sends while a file is dragged over the heading and let go, or pasted.
_HAND_IN = """([selector, kind, name, type, data]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const files = new DataTransfer();
  files.items.add(new File([bytes], name, { type }));
  const at = document.querySelector(selector);
  if (kind === "paste") at.dispatchEvent(new ClipboardEvent(kind, { clipboardData: files, bubbles: true }));
  else at.dispatchEvent(new DragEvent(kind, { dataTransfer: files, bubbles: true, cancelable: true }));
}"""


def hand_in(
    page: Any, kind: str, name: str = "a part.png", data: bytes = DEFECT, *, at: str = "h1", mime: str = "image/png"
) -> None:
    """Send one event with a file to an element of the page."""
    page.evaluate(_HAND_IN, [at, kind, name, mime, base64.b64encode(data).decode()])


def wait_until_listening(page: Any) -> None:
    """The page takes files once its own scripts have come, after the first text."""
    page.wait_for_function(
        """() => {
          const files = new DataTransfer();
          files.items.add(new File([], "a part.png"));
          document.body.dispatchEvent(new DragEvent("dragover", { dataTransfer: files, bubbles: true }));
          return document.querySelector(".sd-drop-veil");
        }"""
    )
    hand_in(page, "dragleave")
    page.locator(".st-key-files input[type=file]").first.wait_for(state="attached")
    page.wait_for_timeout(1500)  # what is drawn late has come
    rest(page)


def catch_dialogs(page: Any) -> None:
    """Have Playwright take file dialogs from now on: asked for only just before a key, it may come too late for it."""
    page.on("filechooser", lambda _: None)


def verdict(page: Any, where: str) -> str:
    """The verdict, once it is on the page with this place."""
    page.locator(".sd-lead").filter(has_text=where).first.wait_for()
    rest(page)
    return str(page.locator(".sd-word").first.text_content())


def veil(page: Any) -> Any:
    return page.locator(".sd-drop-veil")


@pytest.mark.parametrize("options", [{}, pytest.param(PHONE, marks=pytest.mark.slow)], ids=["desk", "phone"])
def test_a_picture_dropped_on_the_heading_is_inspected(tab: Callable[..., Any], options: dict[str, Any]) -> None:
    page = tab(**options)
    wait_until_listening(page)
    hand_in(page, "dragover")
    assert veil(page).text_content() == "Drop to inspect"
    hand_in(page, "dragleave")
    assert veil(page).count() == 0
    hand_in(page, "dragover")
    hand_in(page, "dragover")
    assert veil(page).count() == 1
    hand_in(page, "drop")
    assert veil(page).count() == 0
    assert verdict(page, "row 3, column 4") == "Anomalous"


@pytest.mark.slow
def test_what_is_pasted_is_inspected_unless_it_is_no_picture(tab: Callable[..., Any]) -> None:
    page = tab()
    wait_until_listening(page)
    hand_in(page, "paste", "notes.txt", b"not a picture", at="body", mime="text/plain")
    page.get_by_text(REFUSAL).wait_for()
    assert page.locator(".sd-word").count() == 0
    hand_in(page, "paste", at="body")
    assert verdict(page, "row 3, column 4") == "Anomalous"


@pytest.mark.slow
def test_the_large_button_is_reached_by_keyboard_and_opens_the_file_dialog(tab: Callable[..., Any]) -> None:
    page = tab()
    catch_dialogs(page)
    button = page.get_by_role("button", name="Choose a picture")
    button.click(trial=True)  # waits until it can be pressed
    for _ in range(60):
        page.keyboard.press("Tab")
        if button.evaluate("node => node.matches(':focus-visible')"):
            break
    style = button.evaluate("node => { const s = getComputedStyle(node); return [s.outlineStyle, s.outlineWidth]; }")
    assert style == ["solid", "3px"]
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    assert chooser.value.is_multiple()
    chooser.value.set_files([{"name": "a part.png", "mimeType": "image/png", "buffer": DEFECT}])
    assert verdict(page, "row 3, column 4") == "Anomalous"


def test_the_large_button_opens_the_file_dialog_on_a_phone(tab: Callable[..., Any]) -> None:
    page = tab(**PHONE)
    catch_dialogs(page)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a picture").click()
    chooser.value.set_files([{"name": "a part.png", "mimeType": "image/png", "buffer": DEFECT}])
    assert verdict(page, "row 3, column 4") == "Anomalous"


def test_the_large_button_cannot_be_pressed_before_the_uploader_has_come(
    contexts: Callable[..., Any], address: str
) -> None:
    held: list[Any] = []
    page = contexts().new_page()
    page.route("**/FileUploader.*.js", lambda route: held.append(route))
    catch_dialogs(page)
    page.goto(address)
    button = page.get_by_role("button", name="Choose a picture")
    button.wait_for()
    page.wait_for_timeout(1000)
    assert not button.is_enabled()
    (uploader,) = held
    uploader.continue_()
    with page.expect_file_chooser():
        button.click()
    page.close()


@pytest.mark.slow
def test_what_was_dropped_last_is_shown_and_the_others_stay(tab: Callable[..., Any]) -> None:
    page = tab("engine=texture&sample=Broken+wire+mesh")
    page.locator(".sd-word").wait_for()
    wait_until_listening(page)
    hand_in(page, "drop", at=".sd-banner")
    assert verdict(page, "row 3, column 4") == "Anomalous"
    hand_in(page, "drop", "another part.png", png(planted(5, 1, seed=3)), at=".sd-banner")
    assert verdict(page, "row 6, column 2") == "Anomalous"
    shown = page.get_by_role("combobox", name="Show (of 2 pictures)")
    assert shown.input_value() == "another part.png"
    assert page.get_by_role("button", name="Both pictures").is_visible()
    hand_in(page, "drop", at=".sd-banner")
    assert verdict(page, "row 3, column 4") == "Anomalous"


def test_a_file_of_another_kind_is_refused_in_sight_on_a_phone(tab: Callable[..., Any]) -> None:
    page = tab(**PHONE)
    wait_until_listening(page)
    hand_in(page, "drop", "notes.txt", b"not a picture", mime="text/plain")
    refusal = page.get_by_text(REFUSAL)
    refusal.wait_for()
    assert 0 <= refusal.bounding_box()["x"] < 400
    assert page.locator(".sd-word").count() == 0


def test_a_file_that_is_no_picture_is_an_error_in_sight(tab: Callable[..., Any]) -> None:
    page = tab(**PHONE)
    wait_until_listening(page)
    hand_in(page, "drop", "broken.png", b"not a picture")
    error = page.get_by_role("alert").filter(has_text="broken.png")
    error.wait_for()
    box = error.bounding_box()
    assert 0 <= box["x"] < 400
    assert 0 <= box["y"] < 800


@pytest.mark.slow
def test_pictures_dropped_on_the_compare_page_stand_side_by_side(tab: Callable[..., Any]) -> None:
    page = tab(SIDES, page="compare")
    wait_until_listening(page)
    hand_in(page, "dragover")
    assert veil(page).text_content() == "Drop to compare"
    hand_in(page, "drop")
    page.get_by_role("heading", name="Right: ").wait_for()
    rest(page)
    hand_in(page, "drop", "clean part.png", CLEAN)
    page.get_by_role("heading", name="Right: clean part.png").wait_for()
    rest(page)
    heads = page.locator(".st-key-sides h2").all_text_contents()
    assert [re.split(r"\s\u00b7", head)[0] for head in heads] == ["Left: a part.png", "Right: clean part.png"]
    assert page.locator(".sd-word").all_text_contents() == ["Anomalous", "Normal"]
