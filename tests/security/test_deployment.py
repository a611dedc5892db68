"""The files of docs/deploy.md: the service is one to systemd, and every decoder is told what it may read."""

from __future__ import annotations

import ast
import configparser
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICE = ROOT / "deploy" / "segdetect.service"


def test_the_service_says_what_the_page_says() -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(SERVICE)
    service = unit["Service"]
    assert service["NoNewPrivileges"] == service["ProtectHome"] == "true"
    assert (service["IPAddressDeny"], service["IPAddressAllow"]) == ("any", "localhost")
    assert "-m segdetect.ui.server run streamlit_app.py" in service["ExecStart"]


def test_systemd_takes_the_service(tmp_path: Path) -> None:
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("systemd-analyze is not on this machine")
    # The program and its user are not where they will be.
    text = SERVICE.read_text(encoding="utf-8").replace("/opt/segdetect/.venv/bin/python", "/bin/true")
    file = tmp_path / "segdetect.service"
    file.write_text(text.replace("WorkingDirectory=/opt/segdetect", f"WorkingDirectory={tmp_path}"))
    done = subprocess.run([tool, "verify", "--man=no", str(file)], capture_output=True, text=True)
    assert [line for line in done.stderr.splitlines() if "segdetect" in line] == []
    assert done.returncode == 0


def test_a_machines_own_secrets_get_into_no_image_and_no_commit() -> None:
    for name in (".dockerignore", ".gitignore"):
        left_out = (ROOT / name).read_text(encoding="utf-8").split()
        assert ".streamlit/secrets.toml" in left_out
    assert ".venv*" in (ROOT / ".dockerignore").read_text(encoding="utf-8").split()


def test_the_page_builds_the_image_with_its_health_check() -> None:
    page = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    assert "HEALTHCHECK" in (ROOT / "deploy" / "Containerfile").read_text(encoding="utf-8")
    # In its own format Podman drops it.
    assert "podman build --format docker " in page


def test_every_call_of_pillow_names_the_formats_that_it_may_open() -> None:
    calls = [
        (path.name, call)
        for path in (ROOT / "segdetect").rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and ast.unparse(call.func) in ("Image.open", "PIL.Image.open")
    ]
    assert len(calls) >= 4
    assert [name for name, call in calls if "formats" not in {word.arg for word in call.keywords}] == []
