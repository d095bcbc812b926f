"""What the measurements share: rounds in turn, medians with quartiles, and on which machine with which versions.

A result is one JSON file, written as soon as it is measured.
"""

import json
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

RESULTS = Path(__file__).parent / "results"
# Of every measurement; a package of its own is named by the measurement.
PACKAGES = ("faiss-cpu", "numpy", "onnxruntime", "tantivy", "tokenizers")

T = TypeVar("T")
Result = dict[str, Any]


def in_turn(runs: Mapping[str, Callable[[], T]], rounds: int) -> dict[str, list[T]]:
    """Return what each run gave in each round; in each round another one begins, and one round before warms up."""
    names = list(runs)
    given: dict[str, list[T]] = {name: [] for name in names}
    for number in range(rounds + 1):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            given[name].append(runs[name]())
        say(f"round {number} of {rounds}" if number else "warmed up")
    return {name: values[1:] for name, values in given.items()}


def seconds_of(run: Callable[[], object]) -> float:
    """Return the seconds that one run takes."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def spread(values: Sequence[float], digits: int = 2) -> dict[str, float]:
    """Return the median of values with their quartiles and their number."""
    low, middle, high = np.quantile(np.asarray(values, dtype=np.float64), [0.25, 0.5, 0.75])
    return {
        "p50": round(float(middle), digits),
        "q1": round(float(low), digits),
        "q3": round(float(high), digits),
        "n": len(values),
    }


def spread_of_rounds(rounds: Sequence[Sequence[float]], digits: int = 2) -> Result:
    """Return the spread of all values, and the median of each round, which tells how steady the machine was."""
    together = [value for values in rounds for value in values]
    return {**spread(together, digits), "rounds": [spread(values, digits)["p50"] for values in rounds]}


def measured_on(*packages: str) -> Result:
    """Return the machine, how busy it is, the versions and the day; every result says them."""
    return {
        "machine": f"{_processor()}, {os.cpu_count()} cores, {platform.machine()}, {platform.system()}",
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "versions": {package: version(package) for package in sorted({*PACKAGES, *packages})},
        "date": datetime.now(UTC).date().isoformat(),
    }


def record(folder: Path, name: str, result: Mapping[str, Any]) -> None:
    """Write a result into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    say(f"{name}.json is written")


def say(line: str) -> None:
    """Tell of progress on standard error."""
    print(f"{datetime.now(UTC):%H:%M:%S} {line}", file=sys.stderr, flush=True)


def _processor() -> str:
    found = [line for line in _lines(Path("/proc/cpuinfo")) if line.startswith("model name")]
    return found[0].partition(":")[2].strip() if found else platform.processor() or "unknown processor"


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.is_file() else []
