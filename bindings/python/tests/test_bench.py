"""The benchmark runs and says what `make bench` reads."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[1] / "bench"
PROGRAMS = {
    "post.py": {
        "thingspace_session.post",
        "requests.post",
        "httpx.post",
        "verizon-sdk.post",
        "aiohttp.post",
        "thingspace_session.token",
    },
    "at_once.py": {
        "AsyncSession.post",
        "aiohttp.post",
        "aiohttp.post with the middleware",
    },
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_benchmark_prints_a_json_object_a_line(program: str) -> None:
    run = subprocess.run(
        [sys.executable, str(BENCH / program), "--rounds", "1", "--posts", "2"],
        check=True, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    results = [json.loads(line) for line in run.stdout.splitlines()]
    assert {result["name"] for result in results} == PROGRAMS[program]
    assert all(set(result) == {"name", "wall_us", "cpu_us"} for result in results)
