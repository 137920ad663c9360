"""The README's programs that need nothing but the sandbox do what they say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Callable
from unittest import mock

import pytest

import thingspace_session
from sandbox import binary

PACKAGE = Path(__file__).resolve().parents[1]
README = (PACKAGE / "README.md").read_text()


def blocks(heading: str) -> list[str]:
    """The programs beneath a heading, up to the next heading of its rank."""
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return [
        textwrap.dedent(each) for each in re.findall(r" *```python\n(.*?)```", section, re.DOTALL)
    ]


def block(heading: str) -> str:
    return blocks(heading)[0]


def test_links_lead_somewhere_where_the_package_is_shown() -> None:
    for target in re.findall(r"\]\(([^)]*)\)", README):
        assert target.startswith(("https://", "#")), target


def test_the_first_program(python: Callable[..., subprocess.Popen[str]]) -> None:
    out, err = python(block("Try it without Verizon")).communicate(timeout=60)
    assert "Megadodo Publications" in out, err


@pytest.mark.parametrize(
    "heading",
    [
        "Quick start",
        "asyncio",
        "requests, httpx and aiohttp",
        "Threads, fork, Ctrl-C",
        "Logging",
        "Events and metrics",
    ],
)
def test_every_program_runs_as_shown(
    heading: str, python: Callable[..., subprocess.Popen[str]]
) -> None:
    start = "import thingspace_session\nsession = thingspace_session.login()\n"
    of_a_person = 'username="…", password="…", app_key="…", app_secret="…"'
    shown = "\n".join(blocks(heading)).replace(of_a_person, "")
    process = python(start + shown)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err


MORE_TESTS = """
@pytest.mark.parametrize("attempt", range(5))
def test_no_test_is_blocked_by_those_before(sandbox, attempt):
    with pytest.raises(thingspace_session.CredentialsRejected):
        thingspace_session.login(
            load_env=False, base_url=sandbox["base_url"], username="zbeeblebrox", store="memory:",
            password=f"wrong {attempt}", app_key="key", app_secret="secret")
"""


def test_the_fixtures_for_programs(tmp_path: Path) -> None:
    test = tmp_path / "test_program.py"
    test.write_text(block("Testing your own program") + MORE_TESTS)
    named = tmp_path / "thingspace-sandbox"
    named.symlink_to(binary().resolve())
    environment = {
        **os.environ,
        "PYTHONPATH": str(PACKAGE / "src"),
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(test)]
    ended = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 0, ended.stdout
    assert "6 passed" in ended.stdout


def test_a_mock_stands_in_for_a_session() -> None:
    session = mock.create_autospec(thingspace_session.Session, instance=True)
    session.get.return_value = thingspace_session.Response(200, content=b'{"devices": []}')
    assert session.get("/x", timeout=1).raise_for_status().json() == {"devices": []}
