"""The release workflow: it makes what `make dist` cannot."""

from __future__ import annotations

from targets import ELSEWHERE, ROOT


def test_a_release_builds_for_every_target() -> None:
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text()
    assert all(target.triple in text for target in ELSEWHERE)
