"""Whatever is sent, the service answers as it describes itself: requests made from its own description.

    python -m tests.test_described_api EXAMPLES RESULTS

sends more of them than the tests do and adds the figures to a file of results; for `make fuzz`.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.keys import Scope, new_key
from tests.command_line import ROOT, CommandLine
from tests.conftest import MODELS

# How many requests each operation is sent beside those that its description gives rise to by itself.
EXAMPLES = 3
CONFIGURATION = ROOT / "tests" / "schemathesis.toml"
# What a report says of a run that looked at less than it might have.
PASSED_OVER = ("missing_auth", "unused_openapi_auth", "unsupported_regex", "rate_limited", "missing_test_data")


@dataclass(frozen=True)
class Run:
    """What schemathesis did and said: `report` is its own, `output` for people."""

    report: dict[str, object]
    output: str

    @property
    def cases(self) -> int:
        cases = self.report["test_cases"]
        assert isinstance(cases, dict)
        return int(cases["generated"])

    @property
    def failures(self) -> list[object]:
        failures, errors = self.report["failures"], self.report["errors"]
        assert isinstance(failures, list)
        assert isinstance(errors, list)
        return [*failures, *errors]


def run(rag: CommandLine, folder: Path, examples: int, seed: int | None, *, with_keys: bool) -> Run:
    """Hold a server process, which comes with a reranker, to its description, with every check there is."""
    key, entry = new_key("anybody", Scope.WRITE)
    settings, header = (
        ({"RAG_API_KEYS": entry}, ["--header", f"Authorization: Bearer {key}"]) if with_keys else ({}, [])
    )
    with rag.serving(RAG_RERANKER="reader", **settings) as (client, _):
        command = [
            str(Path(sys.executable).with_name("st")), "--config-file", str(CONFIGURATION),
            "run", f"{str(client.base_url).rstrip('/')}/openapi.json", *header,
            "--checks", "all", "--max-examples", str(examples), *(["--seed", str(seed)] if seed is not None else []),
            "--continue-on-failure", "--suppress-health-check", "all", "--no-color",
            "--report", "json", "--report-json-path", str(folder / "report.json"),
        ]  # fmt: skip
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    report = folder / "report.json"
    assert report.exists(), done.stdout + done.stderr
    return Run(json.loads(report.read_text(encoding="utf-8")), done.stdout)


@pytest.mark.usefixtures("_without_coverage")
@pytest.mark.slow
@pytest.mark.parametrize("with_keys", [False, True], ids=["open", "with keys"])
def test_every_answer_is_as_described(rag: CommandLine, tmp_path: Path, with_keys: bool) -> None:
    done = run(rag, tmp_path, EXAMPLES, 1, with_keys=with_keys)
    assert done.failures == [], done.output
    report = done.report
    operations, phases, warnings = report["operations"], report["phases"], report["warnings"]
    assert isinstance(operations, dict)
    assert isinstance(phases, dict)
    assert isinstance(warnings, dict)
    assert operations["tested"] == operations["total"] > 15
    assert {phase: of["status"] for phase, of in phases.items()} == dict.fromkeys(
        ("examples", "coverage", "fuzzing", "stateful"), "success"
    )
    assert {kind: warnings[kind] for kind in PASSED_OVER if warnings[kind]} == {}


@contextmanager
def _seeds_served() -> Iterator[tuple[CommandLine, Path]]:
    with tempfile.TemporaryDirectory() as folder:
        rag = CommandLine(Path(folder) / "data", MODELS)
        assert rag("index").returncode == 0
        yield rag, Path(folder)


def main() -> None:
    """Send so many requests, without keys and with them, and add what came of it to the results."""
    examples, results = int(sys.argv[1]), Path(sys.argv[2])
    found = {}
    for name, with_keys in (("open", False), ("with_keys", True)):
        with _seeds_served() as (rag, folder):
            done = run(rag, folder, examples, None, with_keys=with_keys)
        sys.stdout.write(done.output)
        found[name] = {
            "requests": done.cases,
            "faults": len(done.failures),
            "seed": done.report["seed"],
            "schemathesis": done.report["schemathesis_version"],
        }
    said = json.loads(results.read_text(encoding="utf-8")) | {"description": found}
    results.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    sys.exit(any(one["faults"] for one in found.values()))


if __name__ == "__main__":
    main()
