"""The command line and the server as their users meet them: real processes, the real model, real sockets."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

ROOT = Path(__file__).resolve().parent.parent

# Runs the command line as it is, but ends with status 99 at any connection that leaves this machine, and with 98 if
# PyTorch was loaded by the end. An audit hook sees what every library does.
GUARDED = """
import atexit, os, sys

def hook(event, arguments):
    if event == "socket.connect":
        address = arguments[1]
        if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            sys.stderr.write(f"connected to {address}\\n")
            os._exit(99)
    if event == "socket.getaddrinfo" and arguments[0] not in ("127.0.0.1", "::1", "localhost", None):
        sys.stderr.write(f"looked up {arguments[0]}\\n")
        os._exit(99)

sys.addaudithook(hook)
atexit.register(lambda: {"torch", "sentence_transformers", "transformers"} & set(sys.modules) and os._exit(98))
from api.cli import main
main()
"""


class CommandLine:
    """Runs `rag` with one data folder and the prepared model."""

    def __init__(self, data: Path, models: Path) -> None:
        self.data = data
        kept = {name: value for name, value in os.environ.items() if not name.startswith("RAG_")}
        self.environment = kept | {"RAG_DATA_DIR": str(data), "RAG_MODELS_DIR": str(models), "RAG_THREADS": "2"}

    def __call__(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", GUARDED, *arguments],
            env=self.environment | environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    @contextmanager
    def serving(self, **environment: str) -> Iterator[tuple[httpx2.Client, subprocess.Popen[str]]]:
        """Give a client of a server on a free port, and the server's process."""
        with subprocess.Popen(
            [sys.executable, "-c", GUARDED, "serve", "--port", "0"],
            env=self.environment | environment, cwd=ROOT, stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            try:
                assert process.stderr is not None
                addresses = (re.search(r"http://\S+", line) for line in process.stderr)
                address = next(found.group() for found in addresses if found)
                with httpx2.Client(base_url=address, timeout=30) as client:
                    yield client, process
            finally:
                process.terminate()
