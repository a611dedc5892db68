"""Another grid is pooled in the browser while its handle is moved, by the formula of the server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import segdetect.ui.viewer.viewer as viewer
from segdetect.grid import tile_layout
from segdetect.scoring.pooling import pool_map
from segdetect.settings import GridSize
from tests.support.browsing import asked_again, expect_grid, grid_slider, rest

pytestmark = pytest.mark.browser

SIZE_WH = (701, 523)
SHARES = {2: 0.02, 5: 0.3, 9: 1.0}
POOL = """([code, map, size, grids]) => {
  const pooled = new Function(`${code}; return { pooledScores, evenEdges };`)();
  const cells = { ...map, values: Float32Array.from(map.values, (value) => value ?? NaN) };
  return grids.map(([parts, share]) => {
    const edges = size.map((side) => pooled.evenEdges(side, parts));
    return pooled.pooledScores(cells, size, edges, share);
  });
}"""
SHOWN = """() => {
  const pane = globalThis[Symbol.for("segdetect.viewer")].viewers.get("picture").panes[0];
  return { scores: pane.data.scores, trial: pane.data !== pane.answer };
}"""


def code() -> str:
    folder = Path(viewer.__file__).parent
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in ("geometry.js", "pooling.js"))


def test_twenty_grids_are_pooled_as_the_server_pools_them(contexts: Callable[..., Any]) -> None:
    rng = np.random.default_rng(5)
    values = rng.gamma(2.0, 1.0, (37, 48)).astype(np.float32)
    values[3:12, 20:31] = np.nan
    grids = [(parts, SHARES.get(parts, 0.02)) for parts in range(2, 22)]
    cells = {"rows": 37, "cols": 48, "values": [None if np.isnan(one) else float(one) for one in values.ravel()]}
    page = contexts().new_page()
    found = page.evaluate(POOL, [code(), cells, list(SIZE_WH), grids])
    page.close()
    assert len(found) == 20
    for (parts, share), scores in zip(grids, found, strict=True):
        wanted, _ = pool_map(values, tile_layout(SIZE_WH, GridSize(parts, parts)), share)
        got = np.array([np.nan if one is None else one for one in scores])
        np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-5, equal_nan=True, err_msg=f"{parts} x {parts}")


@pytest.mark.slow
def test_a_grid_is_seen_while_it_is_dragged_and_the_server_says_the_same(tab: Callable[..., Any]) -> None:
    page = tab("engine=texture&sample=Broken+wire+mesh", viewport={"width": 1440, "height": 900})
    page.locator(".stage:not([aria-busy])").wait_for()
    asked_again(page)
    handle = page.get_by_role("slider", name="Try another grid")
    handle.evaluate("node => { node.value = 10; node.dispatchEvent(new Event('input')); }")
    page.wait_for_function(f"() => ({SHOWN})().scores.length === 100")
    tried = page.evaluate(SHOWN)
    assert tried["trial"], "the server has not been asked"
    handle.evaluate("node => node.dispatchEvent(new Event('change'))")
    expect_grid(page, "10 x 10")
    page.wait_for_function(f"() => !({SHOWN})().trial")
    rest(page)
    assert page.evaluate(SHOWN)["scores"] == pytest.approx(tried["scores"], abs=1e-5)
    assert grid_slider(page).input_value() == "10"
    assert "grid=10" in page.url
