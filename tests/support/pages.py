"""The pages without a browser: what is on them, and what a visitor does there."""

from __future__ import annotations

import base64
import html
import json
import re
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from streamlit.testing.v1 import AppTest

from segdetect.errors import WeightsError
from segdetect.settings import EngineName
from tests.support.tiny_engine import TinyDenseEngine

ROOT = Path(__file__).parents[2]


class MissingEngine(TinyDenseEngine):
    """As dinov2 where its weights are absent."""

    name: ClassVar[EngineName] = EngineName.DINOV2

    @property
    def version(self) -> str:  # type: ignore[override]
        raise WeightsError("there are no weights", remedy="Install them")

    def check(self) -> None:
        raise WeightsError("there are no weights", remedy="Install them")


def open_page(page: str = "streamlit_app.py", **query: str) -> AppTest:
    """A page in a fresh session, at an address with these parameters; texture is the engine unless another is named.

    The Inspect page shows the heat map beside the picture.
    """
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=120)
    if page != "streamlit_app.py":
        app.switch_page(page)
    for name, value in {"engine": "texture", "view": "Both", **query}.items():
        app.query_params[name] = value
    return app.run()


def upload(app: AppTest, *files: tuple[str, bytes], key: str = "files") -> AppTest:
    """Drop files in the box."""
    return app.file_uploader(key=key).set_value([(name, data, "image/png") for name, data in files]).run()


def banner(app: AppTest) -> tuple[str, str]:
    """The verdict's word and the sentence beside it; empty where there is no verdict."""
    bodies = [element.proto.body for element in app.get("html") if 'class="sd-word"' in element.proto.body]
    if not bodies:
        return "", ""
    word, lead = (re.search(rf'sd-{part}">(.*?)</', bodies[0]) for part in ("word", "lead"))
    assert word is not None
    assert lead is not None
    return word[1], html.unescape(lead[1])


def reasons(app: AppTest) -> str:
    """Why the verdict is what it is, and what was done to the picture, as it is folded away."""
    bodies = [element.proto.body for element in app.get("html") if 'class="sd-why"' in element.proto.body]
    return "\n".join(html.unescape(re.sub("<[^>]*>", " ", body.partition('class="sd-why"')[2])) for body in bodies)


def chart(app: AppTest, key: str) -> Any:
    """What the browser gets of a chart."""
    (found,) = [element for element in app.get("plotly_chart") if element.proto.id.endswith(f"-{key}")]
    return json.loads(found.proto.spec)


def viewer_part(app: AppTest, kind: str) -> dict[str, Any]:
    """What the browser gets of the picture viewer or of a part that follows it, such as the choice of tiles."""
    told = [json.loads(one.proto.json) for one in app.get("bidi_component") if one.proto.WhichOneof("data") == "json"]
    (found,) = [data for data in told if isinstance(data, dict) and data.get("kind") == kind]
    return found


def explained(app: AppTest) -> tuple[int, int]:
    """Row and column, counted from 0, of the tile that the browser explains."""
    assert viewer_part(app, "explanation")["viewer"] == "picture"
    across, _ = viewer_part(app, "viewer")["panes"][0]["edges"]
    return divmod(viewer_part(app, "choice")["selected"][-1], len(across))


def numbers(values: Any) -> npt.NDArray[np.float64]:
    """A chart's numbers, which Plotly packs where they are many."""
    if not isinstance(values, dict):
        return np.array(values, float)
    flat = np.frombuffer(base64.b64decode(values["bdata"]), values["dtype"])
    return flat.reshape([int(side) for side in str(values.get("shape", len(flat))).split(",")]).astype(float)


def captions(app: AppTest) -> str:
    """All the small print."""
    return "\n".join(unescaped(caption.value) for caption in app.caption)


def markdown(app: AppTest) -> str:
    """All the text."""
    return "\n".join(unescaped(element.value) for element in app.markdown)


def errors(app: AppTest) -> list[str]:
    """The error boxes' text."""
    return [unescaped(error.value) for error in app.error]


def links(app: AppTest) -> list[tuple[str, str]]:
    """The links to other pages: what each says, and the parameters of its address."""
    return [(link.proto.label, link.proto.query_string) for link in app.get("page_link")]


def unescaped(text: str) -> str:
    """Markdown without what keeps texts from being read as such, and dots from beginning a line."""
    return re.sub(r"\\(.)", r"\1", text).replace("\u2060", "").replace("\u00a0·", " ·")


def choices(app: AppTest, key: str) -> Any:
    """A segmented control."""
    (found,) = [group for group in app.get("button_group") if group.key == key]
    return found


def press(app: AppTest, label: str) -> AppTest:
    """Press the button with this label."""
    (found,) = [button for button in app.button if unescaped(button.label) == label]
    return found.click().run()
