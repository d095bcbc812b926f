"""Both stages of the image without Docker, in clean environments, and the service of the second as it runs there."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from tests.command_line import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.stages]

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
# What pip asks for is not there because requirements/serve.txt leaves it out.
LEFT_OUT = {"hf-xet", "milvus-lite", "pyarrow", "scipy"}
# A root that cannot be written to but for two folders, and a user without rights but one: to read everything, as the
# interpreter may lie where only root looks.
CONFINED = """
mount --make-rprivate / && mount --bind "$DATA" "$DATA" && mount --bind "$TMPDIR" "$TMPDIR"
mount -o remount,ro,bind /
exec setpriv --reuid 10001 --regid 10001 --clear-groups --no-new-privs \
    --inh-caps=-all,+dac_read_search --ambient-caps=-all,+dac_read_search --bounding-set=-all,+dac_read_search "$@"
"""
confinable = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("setpriv"),
    reason="a read-only root of its own takes root, unshare and setpriv",
)


@dataclass(frozen=True, slots=True)
class Stages:
    """What the scripts left: the first stage's folder, the second one's environment, and what they printed."""

    prepared: Path
    served: Path
    printed: str


@pytest.fixture(scope="module")
def stages() -> Iterator[Stages]:
    # Not pytest's own folder, which other users may not enter.
    with tempfile.TemporaryDirectory(prefix="footnote-stages-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        kept = {name: value for name, value in os.environ.items() if name == "PATH" or name.startswith("PIP_")}
        environment = kept | {"HOME": str(home / "home"), "PYTHON": sys.executable}
        # What pip has fetched before need not be fetched again.
        environment["PIP_CACHE_DIR"] = cache_folder()
        printed = ""
        for script, arguments in (("prepare.sh", ["prepared"]), ("install.sh", ["prepared", "served"])):
            done = subprocess.run(
                [ROOT / "deploy" / script, *(str(home / name) for name in arguments)],
                env=environment,
                cwd=home,
                capture_output=True,
                text=True,
                check=False,
                timeout=900,
            )
            assert done.returncode == 0, done.stdout + done.stderr
            printed += done.stdout
        yield Stages(home / "prepared", home / "served", printed)


def cache_folder() -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "cache", "dir"], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.strip()


@contextmanager
def service(stages: Stages) -> Iterator[tuple[httpx2.Client, subprocess.Popen[str]]]:
    """Give a client of the second stage's service on a free port, with a copy of the data, and its process."""
    with tempfile.TemporaryDirectory(prefix="footnote-served-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        data, temporary = Path(shutil.copytree(stages.prepared / "data", home / "data")), home / "tmp"
        temporary.mkdir()
        for path in (data, temporary, *data.rglob("*")):
            os.chown(path, 10001, 10001)
        environment = {
            **dict(re.findall(r"((?:ORT|PYTHON)\w+)=(\S+)", DOCKERFILE)), "PATH": os.environ["PATH"],
            "DATA": str(data), "TMPDIR": str(temporary), "HOME": str(temporary), "RAG_THREADS": "2",
            "RAG_DATA_DIR": str(data), "RAG_MODELS_DIR": str(stages.prepared / "models"),
        }  # fmt: skip
        command = ["unshare", "--mount", "sh", "-ec", CONFINED, "sh"]
        with subprocess.Popen(
            [*command, stages.served / "bin" / "rag", "serve", "--port", "0"],
            env=environment, cwd="/", stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            try:
                assert process.stderr is not None
                said = process.stderr.readline()
                address = re.search(r"http://\S+", said)
                assert address is not None, said
                with httpx2.Client(base_url=address.group(), timeout=30) as client:
                    yield client, process
                # Nothing is kept there, and no id by which this machine would be known to others.
                assert not list(temporary.iterdir())
            finally:
                process.terminate()


class TestStages:
    def test_the_second_has_all_that_it_needs_and_no_pytorch(self, stages: Stages) -> None:
        python = stages.served / "bin" / "python"
        done = subprocess.run(
            [sys.executable, "-m", "pip", "--python", python, "check"], capture_output=True, text=True, check=False
        )
        missing = re.findall(r"requires ([\w.-]+), which is not installed", done.stdout)
        assert set(missing) <= LEFT_OUT
        assert len(missing) == len([line for line in done.stdout.splitlines() if line and "No broken" not in line])
        packages = {path.name for path in (stages.served / "lib").glob("python*/site-packages/*")}
        assert not {"torch", "transformers", "sentence_transformers", "pip", "setuptools"} & packages

    def test_it_is_under_700_mb(self, stages: Stages) -> None:
        said = re.search(r"^(\d+) MB installed, of 700 at most$", stages.printed, re.M)
        assert said is not None
        assert int(said.group(1)) <= 700

    def test_gold_questions_are_scored_without_scipy(self, stages: Stages) -> None:
        done = subprocess.run(
            [stages.served / "bin" / "rag", "eval", "--gold", ROOT / "gold" / "questions.jsonl", "--json"],
            env={"RAG_DATA_DIR": str(stages.prepared / "data"), "RAG_MODELS_DIR": str(stages.prepared / "models")},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["queries"] > 100

    def test_milvus_is_asked_without_milvus_lite(self, stages: Stages) -> None:
        nowhere = {"RAG_STORE": "milvus", "RAG_MILVUS_URI": "http://127.0.0.1:9", "RAG_MILVUS_TIMEOUT_S": "1"}
        done = subprocess.run(
            [stages.served / "bin" / "rag", "search", "copper"],
            env=nowhere | {"RAG_MODELS_DIR": str(stages.prepared / "models")},
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 1
        assert done.stderr.startswith("Milvus at 'http://127.0.0.1:9' does not answer")

    @confinable
    def test_it_answers_and_is_written_to_on_a_read_only_root(self, stages: Stages) -> None:
        with service(stages) as (client, process):
            answer = client.post("/v1/ask", json={"question": "What is China's processing share?"}).json()
            assert answer["answer"]["abstained"] is False
            for citation in answer["citations"]:
                text = client.get(f"/v1/documents/{citation['doc_id']}").json()["text"]
                start, end = citation["start_char_index"], citation["end_char_index"]
                assert text[start:end] == citation["cited_text"]
            article = {"text": "The lighthouse of Corran was lit in 1860 by two brothers."}
            assert client.put("/v1/documents/corran", json=article).status_code in {200, 201}
            found = client.post("/v1/search", json={"query": "When was the lighthouse of Corran lit?"}).json()
            assert found["results"][0]["citation"]["doc_id"] == "corran"
            files = [("files", ("harbour.txt", b"Harbour\n\nThe harbour of Corran froze in 1895.", "text/plain"))]
            assert client.post("/v1/documents", files=files).status_code in {200, 201}
            status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
            assert re.search(r"^Uid:\t10001\t10001", status, re.M)
            assert self.is_healthy(stages, client.base_url.port)
            process.terminate()
            assert process.wait(20) == 0

    def is_healthy(self, stages: Stages, port: int | None) -> bool:
        """Return what the image's own health check says of the service."""
        check = re.search(r"^ +CMD (\[.*urlopen.*\])$", DOCKERFILE, re.M)
        assert check is not None
        command = json.loads(check.group(1).replace(":8000", f":{port}"))
        return subprocess.run([stages.served / "bin" / command[0], *command[1:]], check=False).returncode == 0
