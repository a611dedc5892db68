"""A data set stays where it may be: what a manifest names, and where links lead."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from segdetect.errors import DatasetError
from segdetect.evaluation.datasets import read_dataset
from segdetect.storage.roots import Roots
from tests.support.tiny_dataset import blot, cloth, mvtec_category, save, save_pair


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A picture that is nobody's business."""
    save(tmp_path / "elsewhere/secret.png", cloth(7))
    return tmp_path / "elsewhere/secret.png"


def _manifest(root: Path, image: str, mask: str = "") -> Path:
    """A data set whose table names one good picture, then these."""
    save_pair(root / "images/a.png", root / "masks/a.png", 1, blot(0, 0))
    rows = ["image,mask,category", "a.png,a.png,rug", f'"{image}","{mask}",rug']
    (root / "manifest.csv").write_text("\n".join(rows) + "\n")
    return root


LEADING_OUT = [
    "../../elsewhere/secret.png",
    "..\\..\\elsewhere\\secret.png",
    "../../elsewhere/not-there.png",
    "sub/../../../elsewhere/secret.png",
    "../images/a.png",
    "/etc/hostname",
    "C:/secret.png",
    "C:secret.png",
    "\\\\server\\share\\secret.png",
    "//server/share/secret.png",
    "a.png\0.png",
]


@pytest.mark.parametrize("column", ["image", "mask"])
@pytest.mark.parametrize("name", LEADING_OUT)
def test_a_manifest_names_nothing_outside(tmp_path: Path, secret: Path, name: str, column: str) -> None:
    names = (name, "") if column == "image" else ("a.png", name)
    with pytest.raises(DatasetError) as caught:
        read_dataset(_manifest(tmp_path / "set", *names))
    assert caught.value.file == "manifest.csv"
    assert f"line 3 names the {column} " in caught.value.problem
    assert "outside the data set" in caught.value.problem


def test_an_absolute_name_leads_out_even_where_it_leads_back(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="outside the data set"):
        read_dataset(_manifest(tmp_path, str(tmp_path / "images/a.png")))


@pytest.mark.parametrize("link", ["images/link.png", "images/sub"])
def test_a_manifest_names_no_link_that_leads_out(tmp_path: Path, secret: Path, link: str) -> None:
    root = _manifest(tmp_path / "set", "sub/secret.png" if link.endswith("sub") else "link.png")
    (root / link).symlink_to(secret.parent if link.endswith("sub") else secret)
    with pytest.raises(DatasetError, match="line 3 names the image"):
        read_dataset(root)


def test_links_within_the_data_set_are_followed(tmp_path: Path) -> None:
    root = _manifest(tmp_path / "real", "link.png")
    save(root / "raw/b.png", cloth(3))
    (root / "images/link.png").symlink_to("../raw/b.png")
    (tmp_path / "linked").symlink_to(root)
    _, linked = read_dataset(tmp_path / "linked").pictures
    assert linked.data() == (root / "raw/b.png").read_bytes()


def test_a_line_of_several_lines_is_counted(tmp_path: Path) -> None:
    root = _manifest(tmp_path, "a.png")
    with (root / "manifest.csv").open("a") as table:
        table.write('a.png,,"two\nlines"\n../b.png,,rug\n')
    with pytest.raises(DatasetError, match="line 6 names the image"):
        read_dataset(root)


def test_what_a_manifest_named_is_looked_at_again_when_it_is_read(tmp_path: Path, secret: Path) -> None:
    (picture,) = read_dataset(_manifest(tmp_path / "set", "a.png", "a.png")).pictures[:1]
    for folder in ("images", "masks"):
        (tmp_path / "set" / folder / "a.png").unlink()
        (tmp_path / "set" / folder / "a.png").symlink_to(secret)
    with pytest.raises(DatasetError, match="may not be read"):
        picture.data()
    with pytest.raises(DatasetError, match="may not be read"):
        picture.mask()


def _own_folders(root: Path) -> Path:
    save_pair(root / "images/hole/1.png", root / "masks/hole/1.png", 1, blot(0, 0))
    save(root / "images/good/2.png", cloth(2))
    return root


LINKS = [
    (mvtec_category, "test/good/000.png"),
    (mvtec_category, "test/blot/000.png"),
    (mvtec_category, "ground_truth/blot/000_mask.png"),
    (mvtec_category, "train/good/000.png"),
    (mvtec_category, "test"),
    (mvtec_category, "ground_truth"),
    (mvtec_category, "train"),
    (_own_folders, "images/good/2.png"),
    (_own_folders, "masks/hole/1.png"),
    (_own_folders, "images"),
    (_own_folders, "masks"),
]


def _moved_out(file: Path, elsewhere: Path) -> None:
    """Move a file or folder away and leave a link to it."""
    elsewhere.parent.mkdir(parents=True, exist_ok=True)
    file.rename(elsewhere)
    file.symlink_to(elsewhere)


@pytest.mark.parametrize(("build", "link"), LINKS, ids=[link for _, link in LINKS])
def test_links_are_followed_on_the_command_line_and_stay_within_roots_elsewhere(
    tmp_path: Path, build: Callable[[Path], Path], link: str
) -> None:
    root = build(tmp_path / "roots/rug")
    names = [picture.name for picture in read_dataset(root).pictures]
    _moved_out(root / link, tmp_path / "elsewhere" / Path(link).name)
    linked = read_dataset(root)
    assert [picture.name for picture in linked.pictures] == names
    assert all(picture.data() and (picture.mask() is None or np.any(picture.mask())) for picture in linked.pictures)
    with pytest.raises(DatasetError, match="may not be read") as caught:
        read_dataset(root, allowed=Roots((tmp_path / "roots",)))
    assert link in caught.value.file
    assert [picture.name for picture in read_dataset(root, allowed=Roots((tmp_path,))).pictures] == names


def test_a_whole_category_may_not_be_a_link_that_leads_out(tmp_path: Path) -> None:
    mvtec_category(tmp_path / "roots/rug")
    mvtec_category(tmp_path / "elsewhere/coat")
    (tmp_path / "roots/coat").symlink_to(tmp_path / "elsewhere/coat")
    assert [category.name for category in read_dataset(tmp_path / "roots").categories] == ["coat", "rug"]
    with pytest.raises(DatasetError, match="may not be read"):
        read_dataset(tmp_path / "roots", allowed=Roots((tmp_path / "roots",)))


def test_a_manifest_may_not_be_a_link_that_leads_out(tmp_path: Path) -> None:
    root = _manifest(tmp_path / "roots/set", "a.png")
    _moved_out(root / "manifest.csv", tmp_path / "elsewhere/manifest.csv")
    assert len(read_dataset(root).pictures) == 2
    with pytest.raises(DatasetError, match="may not be read"):
        read_dataset(root, allowed=Roots((tmp_path / "roots",)))


def test_the_folder_itself_must_lie_within_the_roots(tmp_path: Path) -> None:
    root = mvtec_category(tmp_path / "rug2")
    for folder in (root, tmp_path / "not-there", tmp_path / "rug/../rug2"):
        with pytest.raises(DatasetError, match="may not be read"):
            read_dataset(folder, allowed=Roots((tmp_path / "rug",)))


def test_a_picture_that_became_a_link_is_not_read(tmp_path: Path, secret: Path) -> None:
    root = mvtec_category(tmp_path / "roots/rug")
    picture = read_dataset(root, allowed=Roots((tmp_path / "roots",))).pictures[0]
    assert picture.data()
    for file in (root / "test/blot/000.png", root / "ground_truth/blot/000_mask.png"):
        file.unlink()
        file.symlink_to(secret)
    for read in (picture.data, picture.mask):
        with pytest.raises(DatasetError, match="may not be read"):
            read()


def test_a_name_that_no_file_can_have_is_no_reason_to_fail(tmp_path: Path) -> None:
    # Later versions of Python say of such a name that there is no such folder.
    with pytest.raises(DatasetError, match=r"cannot be read|no such folder"):
        read_dataset(tmp_path / ("x" * 300))
