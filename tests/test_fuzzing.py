"""A short run of what `make fuzz` does for long, and its figures where they are shown."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_line import ROOT

BENCHMARKS = ROOT / "benchmarks"


@pytest.mark.usefixtures("_without_coverage")
@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is not installed")
def test_nothing_crashes_in_a_second_each(tmp_path: Path) -> None:
    results = tmp_path / "fuzz.json"
    command = [sys.executable, "-W", "ignore", "-m", "tests.fuzz", "1", "--folder", str(tmp_path)]
    done = subprocess.run([*command, "--results", str(results)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    targets = json.loads(results.read_text(encoding="utf-8"))["targets"]
    assert {"html", "markdown", "pdf", "plain", "query", "splitter"} <= targets.keys()
    assert all(of["inputs"] > 1 and not of["crashed"] for of in targets.values())


def test_the_figures_shown_are_those_of_the_long_run() -> None:
    results = json.loads((BENCHMARKS / "results" / "fuzz.json").read_text(encoding="utf-8"))
    shown = (BENCHMARKS / "reliability.md").read_text(encoding="utf-8")
    for name, of in results["targets"].items():
        crashed = "yes" if of["crashed"] else "no"
        assert f"| {name} | {of['inputs']:,} | {of['seconds']} | {of['edges']:,} | {crashed} |" in shown
    for server, name in (("without keys", "open"), ("with keys", "with_keys")):
        of = results["description"][name]
        assert f"| {server} | {of['requests']:,} | {of['faults']} |" in shown
