"""A soak of ten seconds; `make soak` is the real one."""

from pathlib import Path

import pytest

from benchmarks import soak


@pytest.mark.usefixtures("_without_coverage")
@pytest.mark.slow
def test_a_server_at_saturation_answers_all_and_holds_its_memory(model_folder: Path, tmp_path: Path) -> None:
    with soak.served(tmp_path / "data", model_folder.parent) as (url, pid):
        figures = soak.run(url, pid, 7)
    assert figures["faults"] == []
    assert all(status.split()[1] in {"200", "201", "503"} for status in figures["requests"]), figures["requests"]
    assert figures["replaced"] > 0
    # So short a run has few searches, and the memory is still filling; the figures that count are `make soak`'s.
    assert figures["p99_ratio"] < 10
    assert figures["growth"] < 0.25
