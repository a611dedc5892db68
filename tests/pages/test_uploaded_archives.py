"""An uploaded archive that cannot be taken says why on the page, and the other uploads are inspected."""

from __future__ import annotations

import io
import zipfile

import pytest

from segdetect.pictures import limits
from tests.support.pages import banner, open_page, upload
from tests.support.pictures import planted, png

PART = png(planted(2, 3))


def _zip(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, b"hello")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("names", "said"),
    [(["read.me"], "no picture was found in it"), (["1.png", "2.png", "3.png"], "the archive has 3 members")],
    ids=["no pictures", "too many members"],
)
def test_it_is_a_box_and_no_traceback(names: list[str], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_ZIP_MEMBERS", 2)
    app = upload(open_page(), ("z.zip", _zip(*names)), ("part.png", PART))
    assert not app.exception
    assert [said in error.value for error in app.error] == [True]
    assert banner(app)[1]
