"""The workflows: what runs on machines that are not here is checked as far as can be."""

from __future__ import annotations

import subprocess
import sysconfig
from pathlib import Path

import pytest
from targets import ELSEWHERE, ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
SCRIPTS = Path(sysconfig.get_path("scripts"))


def test_there_are_workflows() -> None:
    assert {file.stem for file in WORKFLOWS} >= {"ci", "publish", "release"}


@pytest.mark.parametrize("linter", [["actionlint"], ["zizmor", "--offline", "--quiet"]], ids=str)
def test_linters_find_nothing(linter: list[str]) -> None:
    command = [str(SCRIPTS / linter[0]), *linter[1:], *map(str, WORKFLOWS)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_release_builds_for_every_target() -> None:
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text()
    assert all(target.triple in text for target in ELSEWHERE)
