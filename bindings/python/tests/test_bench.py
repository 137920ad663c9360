"""The benchmark runs and says what `make bench` reads."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).resolve().parents[1] / "bench" / "post.py"


def test_the_benchmark_prints_one_json_object() -> None:
    run = subprocess.run(
        [sys.executable, str(BENCH), "--rounds", "1", "--posts", "2"],
        check=True, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    results = json.loads(run.stdout)
    assert set(results) == {
        "thingspace_session.post",
        "requests.post",
        "httpx.post",
        "verizon-sdk.post",
        "thingspace_session.token",
    }
    assert all(set(result) == {"wall_us", "cpu_us"} for result in results.values())
