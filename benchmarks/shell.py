"""A question from the shell, cold: a new process, from its start to its end, and what memory it takes at most."""

import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from benchmarks.children import HOME, ROOT, environment, rag
from benchmarks.measuring import Result, in_turn, measured_on, spread
from benchmarks.peers import MODEL
from benchmarks.searchers import get_model_ready

QUESTION = "Who delayed the export licences?"
_SEEDS = HOME / "seeds"
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
    started = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment(RAG_DATA_DIR=_SEEDS), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command!r} ended with status {process.returncode}.")
    return seconds, usage.ru_maxrss * 1024 / 1e6
