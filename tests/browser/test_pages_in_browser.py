"""The choice of page in a real browser: by keyboard, in the address, and marked after all pages were inspected."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from segdetect.settings import EngineName, Settings
from segdetect.storage.plans.plan import Plan
from segdetect.storage.plans.plans import Plans
from segdetect.storage.plans.segplan import write_segplan
from tests.support.browsing import rest
from tests.support.pictures import planted, tiff, weave

pytestmark = pytest.mark.browser

STACK = tiff(weave(seed=1), planted(2, 3, seed=2), weave(seed=3))


def dropped(tab: Callable[..., Any], query: str = "engine=texture") -> Any:
    page = tab(query)
    field = page.locator(".st-key-files input[type=file]").first
    field.wait_for(state="attached")
    field.set_input_files({"name": "stack", "mimeType": "application/octet-stream", "buffer": STACK})
    page.locator(".sd-word").wait_for()
    return page


def test_the_method_has_contents_that_lead_to_each_part(tab: Callable[..., Any]) -> None:
    page = tab("", page="method", viewport={"width": 1920, "height": 1080})
    links = page.locator(".st-key-method-contents a").evaluate_all("all => all.map((one) => one.hash.slice(1))")
    heads = page.locator("[data-testid=stMain] h2").evaluate_all("all => all.map((one) => one.id)")
    assert links == heads
    contents, text = (page.locator(f".st-key-method-{part}") for part in ("contents", "text"))
    assert contents.bounding_box()["x"] > text.bounding_box()["x"] + 800, "beside the text"
    page.set_viewport_size({"width": 1280, "height": 800})
    assert contents.bounding_box()["y"] < text.bounding_box()["y"], "before it"


@pytest.mark.slow
def test_pages_are_chosen_by_keyboard_and_kept_in_the_address(tab: Callable[..., Any]) -> None:
    page = dropped(tab)
    page.wait_for_url("**page=1**")
    page.get_by_role("button", name="All 3 pages").click()
    choice = page.get_by_role("combobox", name="Page (of 3)")
    choice.focus()
    page.keyboard.press("ArrowDown")
    page.get_by_role("option", name="2 \u2691 anomalous").wait_for()
    page.keyboard.type("2")
    page.get_by_role("option", name="3").wait_for(state="detached")
    page.keyboard.press("Enter")
    page.locator(".sd-word", has_text="Anomalous").wait_for()
    page.wait_for_url("**page=2**")
    page.get_by_role("button", name="Why?").click()
    page.get_by_text("It is page 2 of 3 in its file.").wait_for()
    link = page.url.split("?")[1]
    again = dropped(tab, link)
    again.get_by_role("button", name="Why?").click()
    again.get_by_text("It is page 2 of 3 in its file.").wait_for()
    assert again.locator(".sd-word").first.inner_text() == "Anomalous"
    assert "page=2" in again.url


def test_a_plan_deleted_by_key_leaves_the_focus_at_the_way_back(tab: Callable[..., Any]) -> None:
    page = tab(page="plans")
    page.get_by_role("button", name="Make one of the sample").click()
    page.get_by_text("Try it on pictures").wait_for()
    rest(page)
    page.locator(".st-key-plan-delete button").first.focus()
    page.keyboard.press("Enter")
    page.locator(".st-key-plans-deleted button:focus").wait_for()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # Take back
    page.locator(".st-key-plan-use button:focus").wait_for()


@pytest.mark.slow
def test_a_plan_is_imported_by_key_and_reached_at_once(tab: Callable[..., Any], tmp_path: Path) -> None:
    kept = Plans(tmp_path / "plans")
    kept.keep(Plan(name="Brought along", settings=Settings(engine=EngineName.TEXTURE)))
    file = tmp_path / "a.segplan"
    file.write_bytes(write_segplan(kept.open("Brought along")))
    page = tab(page="plans")
    page.locator('[class*="st-key-plans-import"] button').focus()
    page.keyboard.press("Enter")
    page.get_by_text("A plan that was exported").wait_for()
    page.wait_for_timeout(700)
    page.keyboard.press("Tab")
    page.locator('[data-testid="stFileUploader"] button:focus').wait_for()
    rest(page)  # an upload's field that is drawn anew in between hears nothing
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(file)
    page.locator('[data-testid="stFileUploader"] button:focus').wait_for()
    page.locator(".st-key-import-plan button:enabled").wait_for()
    for key in ("Tab", "Tab", "Enter"):
        page.keyboard.press(key)
    page.locator(".st-key-plan-use button:focus").wait_for()
    page.get_by_role("heading", name="Brought along").wait_for()
    page.get_by_text("A plan that was exported").wait_for(state="hidden")


def test_on_a_phone_the_line_with_the_controls_covers_what_is_scrolled_behind_it(tab: Callable[..., Any]) -> None:
    page = tab(page="method", viewport={"width": 400, "height": 850}, has_touch=True, is_mobile=True)
    ground = page.get_by_test_id("stHeader").evaluate("line => getComputedStyle(line).backgroundColor")
    assert ground == "rgb(255, 255, 255)"


def test_on_a_phone_a_page_that_is_chosen_and_a_tap_beside_the_sheet_close_it(tab: Callable[..., Any]) -> None:
    page = tab(viewport={"width": 400, "height": 850}, has_touch=True, is_mobile=True)
    page.get_by_test_id("stExpandSidebarButton").tap()
    page.get_by_role("link", name="Watch").tap()
    page.get_by_role("heading", name="Watch", exact=True).wait_for()
    page.locator('.stSidebar[data-collapsed="true"]').wait_for(state="attached")
    page.get_by_test_id("stExpandSidebarButton").tap()
    page.get_by_role("link", name="Watch").wait_for()
    page.wait_for_timeout(700)
    page.touchscreen.tap(200, 100)
    page.locator('.stSidebar[data-collapsed="true"]').wait_for(state="attached")
