"""A question from the shell, cold: a new process, from its start to its end, and what memory it takes at most."""

import subprocess
import sys
from functools import partial
from pathlib import Path

from benchmarks.children import HOME, ROOT, environment, rag
from benchmarks.measuring import Result, in_turn, measured_on, spread
from benchmarks.peers import MODEL
from benchmarks.searchers import get_model_ready

QUESTION = "Who delayed the export licences?"
_SEEDS = HOME / "seeds"
# A process counts as its peak what the one that began it held at that moment, so that one has to be small.
_BEGUN_BY_A_SMALL_ONE = """
import os, subprocess, sys, time
started = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(time.perf_counter() - started, os.waitstatus_to_exitcode(status), usage.ru_maxrss)
"""
_LOAD = f"from sentence_transformers import SentenceTransformer; SentenceTransformer({MODEL!r}, device='cpu')"


def measured(rounds: int) -> Result:
    """Return the seconds and the peak of memory of `ask` on the seeds, and of loading sentence-transformers."""
    get_model_ready()
    rag("index", RAG_DATA_DIR=_SEEDS)
    commands = {
        "ask": [str(Path(sys.executable).with_name("ask")), QUESTION],
        "sentence_transformers": [sys.executable, "-W", "ignore", "-c", _LOAD],
    }
    given = in_turn({name: partial(_cold, command) for name, command in commands.items()}, rounds)
    return {
        "question": QUESTION,
        **{
            name: {
                "seconds": spread([seconds for seconds, _ in taken], 3),
                "peak_mb": spread([peak for _, peak in taken], 1),
            }
            for name, taken in given.items()
        },
        **measured_on("sentence-transformers", "torch"),
    }


def _cold(command: list[str]) -> tuple[float, float]:
    """Return the seconds that a process takes, and its peak of resident memory in megabytes."""
    done = subprocess.run(
        [sys.executable, "-c", _BEGUN_BY_A_SMALL_ONE, *command],
        cwd=ROOT, env=environment(RAG_DATA_DIR=_SEEDS), capture_output=True, text=True, check=True,
    )  # fmt: skip
    seconds, status, kilobytes = done.stdout.split()
    if int(status):
        raise SystemExit(f"{command!r} ended with status {status}.")
    return float(seconds), int(kilobytes) * 1024 / 1e6
