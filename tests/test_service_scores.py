"""The script that scores a running service from outside finds what `rag eval` finds inside."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_line import ROOT, CommandLine

pytestmark = pytest.mark.slow

GOLD = "gold/questions.jsonl"


def printed(url: str, *options: str) -> str:
    command = [sys.executable, "benchmarks/service.py", GOLD, "--url", url, *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120).stdout


def test_the_figures_are_those_of_rag_eval_and_serve_as_its_baseline(rag: CommandLine, tmp_path: Path) -> None:
    baseline = tmp_path / "outside.json"
    with rag.serving() as (client, _):
        baseline.write_text(printed(str(client.base_url), "--json"), encoding="utf-8")
        table = printed(str(client.base_url))
    inside = rag("eval", "--gold", GOLD, "--json", "--baseline", str(baseline), "--max-drop", "0")
    assert inside.returncode == 0, inside.stderr
    expected, values = json.loads(inside.stdout), json.loads(baseline.read_text(encoding="utf-8"))["values"]
    assert values.keys() == expected["values"].keys()
    for level, of_level in expected["values"].items():
        assert values[level].keys() == of_level.keys()
        (line,) = (line for line in table.splitlines() if line.startswith(level))
        for measure, by_query in of_level.items():
            assert values[level][measure] == pytest.approx(by_query, abs=1e-9)
            assert f"{measure} {expected['levels'][level]['overall'][measure]['mean']:.4f}" in line
