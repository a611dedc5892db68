"""Which folders visitors may read: none but those that whoever started the server names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from segdetect.errors import ForbiddenPathError
from segdetect.storage.roots import ROOTS_VARIABLE, Roots, allowed_roots, is_loopback


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """user/pictures and, beside it, user2/secret; user/out is a link from one to the other."""
    for name in ("user/pictures", "user2/secret"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "user/out").symlink_to(tmp_path / "user2")
    (tmp_path / "user2/in").symlink_to(tmp_path / "user")
    (tmp_path / "user/circle").symlink_to(tmp_path / "user/circle")
    return tmp_path


@pytest.fixture
def roots(place: Path) -> Roots:
    return Roots((place / "user",))


@pytest.mark.parametrize(
    ("typed", "leads_to"),
    [
        ("user", "user"),
        ("user/", "user"),
        ("user/pictures", "user/pictures"),
        ("user/not/there", "user/not/there"),
        ("user/pictures/../pictures", "user/pictures"),
        ("user2/../user/pictures", "user/pictures"),
        ("user2/in/pictures", "user/pictures"),
        ("user/out/../user/pictures", "user/pictures"),
    ],
)
def test_what_leads_into_a_root_may_be_read(place: Path, roots: Roots, typed: str, leads_to: str) -> None:
    assert roots.checked(f"{place}/{typed}") == place / leads_to
    assert roots.inside(place / typed) == place / leads_to


OUTSIDE = [
    "",
    "..",
    "user2",
    "user2/secret",
    "user2/not-there",
    "User/pictures",
    "user/../user2/secret",
    "user/pictures/../../user2/secret",
    "user/not/there/../../../user2/secret",
    "user/out",
    "user/out/secret",
    "user/out/not-there",
    "user/pictures\0",
]


@pytest.mark.parametrize("typed", OUTSIDE)
def test_what_leads_elsewhere_may_not(place: Path, roots: Roots, typed: str) -> None:
    assert roots.inside(place / typed) is None
    with pytest.raises(ForbiddenPathError) as caught:
        roots.checked(f"{place}/{typed}")
    assert caught.value.file == f"{place}/{typed}"


def test_links_in_a_circle_are_no_reason_to_fail(place: Path, roots: Roots) -> None:
    # Later versions of Python follow them as far as they go, which is nowhere but here.
    assert roots.inside(place / "user/circle") in (None, place / "user/circle")


def test_the_error_does_not_tell_what_is_there(place: Path, roots: Roots) -> None:
    said = set()
    for name in ("user2/secret", "user2/not-there", "user/out/secret", "user/out/not-there", "user2/a\0b"):
        with pytest.raises(ForbiddenPathError) as caught:
            roots.checked(f"{place}/{name}")
        said.add((caught.value.problem, caught.value.remedy))
    assert len(said) == 1


@pytest.mark.parametrize("typed", ["~", "~/pictures", "~root", "~there-is-no-such-user/pictures"])
def test_a_home_outside_is_neither_told_nor_read(place: Path, monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    monkeypatch.setenv("HOME", str(place / "user2"))
    monkeypatch.chdir(place / "user")
    with pytest.raises(ForbiddenPathError) as caught:
        Roots((place / "user",), shown=True).checked(typed)
    assert caught.value.file == typed
    assert "user2" not in str(caught.value)


def test_a_home_inside_is_expanded(place: Path, roots: Roots, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(place / "user"))
    assert roots.checked("~/pictures") == place / "user/pictures"


def test_a_file_of_the_users_may_begin_with_a_tilde(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place / "user")
    assert Roots((place / "user",)).inside(Path("~odd")) == place / "user/~odd"


def test_the_remedy_names_folders_only_to_those_who_may_know(place: Path) -> None:
    folder = place / "user"
    for roots, named in ((Roots((folder,), shown=True), True), (Roots((folder,)), False)):
        with pytest.raises(ForbiddenPathError) as caught:
            roots.checked("/")
        assert (str(folder) in caught.value.remedy) is named
        assert ROOTS_VARIABLE in caught.value.remedy


def test_without_folders_nothing_may_be_read(place: Path) -> None:
    for path in (place, Path("/"), Path("x")):
        assert Roots().inside(path) is None


@pytest.mark.parametrize("loopback", [True, False])
def test_unless_it_is_said_a_home_is_for_its_owner_alone(
    place: Path, monkeypatch: pytest.MonkeyPatch, loopback: bool
) -> None:
    monkeypatch.delenv(ROOTS_VARIABLE, raising=False)
    monkeypatch.setenv("HOME", str(place / "user2/in"))
    assert allowed_roots(loopback=loopback) == Roots((place / "user",) if loopback else (), shown=loopback)


@pytest.mark.parametrize("loopback", [True, False])
@pytest.mark.parametrize(
    ("named", "folders"),
    [
        ("", []),
        (" : :", []),
        ("{0}/user", ["user"]),
        ("{0}/user:{0}/user2", ["user", "user2"]),
        ("{0}/user:{0}/user/:{0}/user2/in", ["user"]),
        (" {0}/user :", ["user"]),
        ("{0}/not-there", ["not-there"]),
        ("~", ["user2"]),
        ("~/secret", ["user2/secret"]),
        ("pictures", ["user/pictures"]),
        ("~there-is-no-such-user:{0}/user", ["user"]),
        ("{0}/user/out", ["user2"]),
    ],
)
def test_the_variable_names_folders(
    place: Path, monkeypatch: pytest.MonkeyPatch, named: str, folders: list[str], loopback: bool
) -> None:
    monkeypatch.setenv("HOME", str(place / "user2"))
    monkeypatch.chdir(place / "user")
    monkeypatch.setenv(ROOTS_VARIABLE, named.format(place).replace(":", os.pathsep))
    assert allowed_roots(loopback=loopback) == Roots(tuple(place / name for name in folders), shown=loopback)


@pytest.mark.parametrize(
    ("address", "alone"),
    [
        ("127.0.0.1", True),
        ("127.0.1.7", True),
        ("::1", True),
        ("localhost", True),
        ("LocalHost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.5", False),
        ("fe80::1", False),
        ("myhost", False),
        ("localhost.example", False),
        ("127.0.0.1.example", False),
        ("unix:///run/segdetect.sock", False),
        ("", False),
        (None, False),
    ],
)
def test_who_can_reach_the_server(address: str | None, alone: bool) -> None:
    assert is_loopback(address) is alone
