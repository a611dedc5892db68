"""Whatever of a data set's folder changes, its state does; and nothing else is looked at."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from segdetect.evaluation.folder_state import folder_state
from segdetect.storage.roots import Roots
from tests.support.tiny_dataset import manifest_dataset, mvtec_category


def later(file: Path) -> None:
    stat = file.stat()
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1_000))


def longer(file: Path) -> None:
    stat = file.stat()
    file.write_bytes(file.read_bytes() + b" ")
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))


CHANGES: dict[str, Callable[[Path], object]] = {
    "a picture": lambda home: later(home / "test/blot/000.png"),
    "a mask, at the same time": lambda home: longer(home / "ground_truth/blot/001_mask.png"),
    "a reference more": lambda home: shutil.copy2(home / "train/good/000.png", home / "train/good/009.png"),
    "a picture less": lambda home: (home / "test/good/000.png").unlink(),
    "another name": lambda home: (home / "test/good/000.png").rename(home / "test/good/001.png"),
}


@pytest.mark.parametrize("change", list(CHANGES))
@pytest.mark.parametrize("inside", [True, False], ids=["one category", "a folder of many"])
def test_every_change_shows(tmp_path: Path, change: str, inside: bool) -> None:
    home = mvtec_category(tmp_path / "cloth")
    mvtec_category(tmp_path / "rug")
    path = home if inside else tmp_path
    before = folder_state(path)
    assert folder_state(path) == before
    CHANGES[change](home)
    assert folder_state(path) != before


def test_a_changed_manifest_shows(tmp_path: Path) -> None:
    home = manifest_dataset(tmp_path)
    before = folder_state(home)
    later(home / "manifest.csv")
    assert folder_state(home) != before


def test_what_no_layout_has_is_not_looked_at(tmp_path: Path) -> None:
    """A visitor may name any folder: the whole of a disk must not be searched."""
    home = mvtec_category(tmp_path / "cloth")
    before = folder_state(home)
    (home / "notes").mkdir()
    (home / "notes" / "a.txt").write_text("text")
    assert folder_state(home) == before


def test_links_are_followed_only_where_they_may_lead(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    mvtec_category(elsewhere)
    home = tmp_path / "allowed" / "cloth"
    home.mkdir(parents=True)
    (home / "test").symlink_to(elsewhere / "test")
    roots = Roots((tmp_path / "allowed",))
    free, bound = folder_state(home), folder_state(home, allowed=roots)
    later(elsewhere / "test/good/000.png")
    assert folder_state(home) != free
    assert folder_state(home, allowed=roots) == bound


def test_a_folder_that_is_not_there_has_a_state_until_it_comes(tmp_path: Path) -> None:
    before = folder_state(tmp_path / "cloth")
    mvtec_category(tmp_path / "cloth")
    assert folder_state(tmp_path / "cloth") != before
