"""A server at saturation for minutes: what it answers, how long searches take beside writers, and what memory it holds.

    python -m benchmarks.soak --minutes 10

One real server process over the seeds and some hundred small documents, asked over loopback by a few threads of this
process: first one search after another with nothing beside it, then the same while documents are replaced, then all at
once. Results go to benchmarks/results/soak.json.
"""

import argparse
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "soak.json"

_SMALL_DOCUMENTS = 300
_MINERALS = ("copper", "tin", "lithium", "cobalt", "nickel", "neodymium", "graphite", "gallium", "tungsten", "zinc")
_QUESTIONS = (
    "what happened after Geneva?",
    "What is China's processing share?",
    "who delayed the export licences?",
    "how do magnets reach car makers?",
    "Which mine produces copper?",
    "How do I bake sourdough bread?",
)


@dataclass
class Load:
    """What threads have asked so far, and what became of it: seconds of searches, statuses, faults."""

    url: str
    statuses: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    replaced: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def searches(self, client: httpx2.Client) -> None:
        """Search once."""
        started = time.perf_counter()
        response = client.post("/v1/search", json={"query": random.choice(_QUESTIONS)})
        if self._noted("search", response):
            self.seconds.append(time.perf_counter() - started)

    def asks(self, client: httpx2.Client) -> None:
        """Ask once, whole or as a stream that has to end with the answer."""
        stream = random.random() < 0.5
        response = client.post("/v1/ask", json={"question": random.choice(_QUESTIONS), "stream": stream})
        if self._noted("ask", response) and stream and "event: done" not in response.text:
            with self._lock:
                overloaded = '"overloaded"' in response.text
                self.statuses["ask 503 in its stream" if overloaded else "ask stream without an end"] += 1

    def writes(self, client: httpx2.Client) -> None:
        """Replace a document."""
        number = random.randrange(_SMALL_DOCUMENTS)
        if self._noted("write", client.put(f"/v1/documents/small-{number}", json={"text": small_document(number)})):
            with self._lock:
                self.replaced += 1

    def _noted(self, kind: str, response: httpx2.Response) -> bool:
        with self._lock:
            self.statuses[f"{kind} {response.status_code}"] += 1
            if response.status_code >= 500 and "retry-after" not in response.headers:
                self.faults.append(f"{kind}: {response.status_code} {response.text[:200]}")
        if response.status_code in {429, 503}:
            # Less than is asked for, so that it stays over capacity.
            time.sleep(0.2)
        return response.is_success


def small_document(number: int) -> str:
    """Return a document of a few paragraphs, another each time."""
    mineral, tonnes = _MINERALS[number % len(_MINERALS)], random.randrange(1000, 99_000)
    return "\n\n".join(
        f"Mine {number} produced {tonnes + part:,} tonnes of {mineral} in quarter {part}. Its owner had expected less. "
        f"Freight from the mine to the port of loading took {part + 3} days, and buyers paid in advance."
        for part in range(1, 4)
    )


@contextmanager
def served(folder: Path, models: Path, **environment: str) -> Iterator[tuple[str, int]]:
    """Give the address and the process id of a server over a data folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RAG_")}
    settings = {"RAG_DATA_DIR": str(folder), "RAG_MODELS_DIR": str(models), **environment}
    rag = [sys.executable, "-m", "api.cli"]
    subprocess.run([*rag, "index"], env=kept | settings, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    with subprocess.Popen(
        [*rag, "serve", "--port", "0"], env=kept | settings, cwd=ROOT, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            address = re.search(r"http://\S+", process.stderr.readline())
            assert address is not None
            # Read on, or the server would wait for a place in the pipe.
            threading.Thread(target=process.stderr.read, daemon=True).start()
            yield address.group(), process.pid
        finally:
            process.terminate()


def run(url: str, pid: int, seconds: float) -> dict[str, Any]:
    """Return the figures of one soak: a tenth of the time for each of the two measurements, the rest at saturation."""
    with httpx2.Client(base_url=url, timeout=60) as client:
        for number in range(_SMALL_DOCUMENTS):
            client.put(f"/v1/documents/small-{number}", json={"text": small_document(number)}).raise_for_status()
    idle, indexing, full = Load(url), Load(url), Load(url)
    _at_once([(idle, Load.searches, 1)], seconds / 10)
    beside = Load(url)
    _at_once([(indexing, Load.searches, 1), (beside, Load.writes, 2)], seconds / 10)
    memory = _at_once([(full, Load.searches, 4), (full, Load.asks, 3), (full, Load.writes, 2)], seconds * 0.8, pid)
    first, last = _settled(memory, seconds * 0.8)
    loads = (idle, indexing, beside, full)
    return {
        "seconds": round(seconds),
        "small_documents": _SMALL_DOCUMENTS,
        "requests": dict(sorted(sum((load.statuses for load in loads), Counter[str]()).items())),
        "replaced": sum(load.replaced for load in loads),
        "faults": [fault for load in loads for fault in load.faults][:20],
        "search_ms": {"idle": _times(idle), "while_indexing": _times(indexing), "at_saturation": _times(full)},
        "p99_ratio": round(_percentile(indexing.seconds, 0.99) / _percentile(idle.seconds, 0.99), 2),
        "resident_mb": {"after_first_minute": round(first, 1), "at_end": round(last, 1)},
        "growth": round(last / first - 1, 4),
        "memory_mb_by_minute": [
            round(_near(memory, 60.0 * minute), 1) for minute in range(int(seconds * 0.8 / 60) + 1)
        ],
    }


def _at_once(
    work: list[tuple[Load, Callable[[Load, httpx2.Client], None], int]], seconds: float, pid: int | None = None
) -> list[tuple[float, float]]:
    """Have threads do each work over and over for so long; return the server's resident megabytes by the second."""
    until, memory = time.monotonic() + seconds, []

    def over_and_over(load: Load, act: Callable[[Load, httpx2.Client], None]) -> None:
        with httpx2.Client(base_url=load.url, timeout=60) as client:
            while time.monotonic() < until:
                try:
                    act(load, client)
                except httpx2.HTTPError as error:
                    load.faults.append(f"{type(error).__name__}: {error}")

    threads = [
        threading.Thread(target=over_and_over, args=(load, act)) for load, act, count in work for _ in range(count)
    ]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    while pid is not None and time.monotonic() < until:
        memory.append((time.monotonic() - started, resident_mb(pid)))
        time.sleep(1)
    for thread in threads:
        thread.join()
    return memory


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process in megabytes."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) * 1024 / 1e6


def _settled(memory: list[tuple[float, float]], seconds: float) -> tuple[float, float]:
    """Return the resident memory after the first minute, or the first third of less, and at the end."""
    first, span = min(60.0, seconds / 3), max(3.0, min(20.0, seconds / 10))
    after = [size for at, size in memory if first <= at <= first + span]
    end = [size for at, size in memory if at >= seconds - span]
    return statistics.median(after), statistics.median(end)


def _near(memory: list[tuple[float, float]], at: float) -> float:
    return min(memory, key=lambda point: abs(point[0] - at))[1]


def _times(load: Load) -> dict[str, float]:
    of = {f"p{percent}": round(_percentile(load.seconds, percent / 100) * 1000, 1) for percent in (50, 95, 99)}
    return {"searches": len(load.seconds), **of, "most": round(max(load.seconds) * 1000, 1)}


def _percentile(seconds: list[float], share: float) -> float:
    return sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * share))]


def main() -> None:
    """Run a soak and write what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--models", type=Path, default=ROOT / "var" / "models")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, served(Path(folder), given.models) as (url, pid):
        figures = run(url, pid, given.minutes * 60)
    RESULTS.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
