"""Processes that are measured: each alone with its threads and its memory, asked by lines of JSON over a pipe."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.measuring import Result

ROOT = Path(__file__).resolve().parent.parent
Request = Mapping[str, Any]
Handle = Callable[[Request], Result]

# What is kept between runs: corpora, vectors, models.
HOME = ROOT / "var" / "benchmarks"
MODELS = ROOT / "var" / "models"
# No library asks a hub for a model that lies here, tells anybody that it was used, or draws a bar for each query.
_QUIET = {"HF_HUB_OFFLINE": "1", "HAYSTACK_TELEMETRY_ENABLED": "False", "TQDM_DISABLE": "1"}


class Child:
    """A process that answers what it is asked, one thing at a time."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._answer()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def ask(self, request: Request) -> Result:
        """Return its answer to a request."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Result:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self._process.args!r} ended with status {self._process.wait()}; its error is above.")
        answer: Result = json.loads(line)
        return answer


@contextmanager
def child(module: str, *arguments: object) -> Iterator[Child]:
    """Give a process of a module of this package once it is ready, and end it."""
    command = [sys.executable, "-W", "ignore", "-m", f"benchmarks.{module}", *map(str, arguments)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment()
    ) as process:
        try:
            yield Child(process)
        finally:
            process.terminate()


def answer(opened: Callable[[], Handle]) -> None:
    """Be such a process: open what answers, say that it is ready, and answer until nothing more is asked."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        # What a library prints is no answer.
        os.dup2(2, 1)
        handle = opened()
        print(json.dumps({"ready": True}), file=answers, flush=True)
        for line in sys.stdin:
            print(json.dumps(handle(json.loads(line))), file=answers, flush=True)


def run(module: str, *arguments: object) -> None:
    """Run a module of this package to its end."""
    command = [sys.executable, "-W", "ignore", "-m", f"benchmarks.{module}", *map(str, arguments)]
    subprocess.run(command, cwd=ROOT, env=environment(), check=True)


def rag(*arguments: object, **settings: object) -> None:
    """Run a command of `rag` to its end."""
    subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "api.cli", *map(str, arguments)],
        cwd=ROOT, env=environment(**settings), check=True, stdout=sys.stderr,
    )  # fmt: skip


@contextmanager
def serving(command: list[str], **settings: object) -> Iterator[tuple[str, int]]:
    """Give the address and the process id of a server that says on its standard error where it listens."""
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", *command],
        stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment(**settings),
    ) as process:  # fmt: skip
        try:
            assert process.stderr is not None
            said: list[str] = []
            while not (found := re.search(r"http://[\d.]+:\d+", "".join(said[-1:]))):
                said.append(process.stderr.readline())
                if not said[-1]:
                    raise SystemExit(f"{command!r} does not serve: {''.join(said)}")
            yield found.group(), process.pid
        finally:
            process.terminate()


def environment(**settings: object) -> dict[str, str]:
    """Return this process's environment with no settings of the service but those given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RAG_")}
    ours = {"RAG_DATA_DIR": HOME, "RAG_MODELS_DIR": MODELS, **settings}
    return kept | _QUIET | {name: str(value) for name, value in ours.items()}


def milliseconds_since(started: float) -> float:
    """Return the milliseconds since an instant of `time.perf_counter`."""
    return (time.perf_counter() - started) * 1000
