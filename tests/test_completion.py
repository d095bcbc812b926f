"""Completion: which values there are, and that a shell gets them for both commands."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import typer

from api.completion import doc_ids, sources
from index.corpus import Corpus
from index.document import Document, Metadata
from tests.command_line import ROOT, CommandLine


@pytest.fixture
def context(corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> typer.Context:
    named = {"a1": "Financial Times", "a2": "The Gazette", "b": "Fin$(touch owned)", "c": "Fin`touch owned`", "d": None}
    for doc_id, source in named.items():
        corpus.put(Document(doc_id, f"Copper fell in {doc_id}.", "text/plain", Metadata(source=source)))
    monkeypatch.delenv("COMP_WORDS", raising=False)
    return cast("typer.Context", SimpleNamespace(params={"data": tmp_path / "data"}))


def test_ids_are_those_that_begin_so(context: typer.Context) -> None:
    assert doc_ids(context, "a") == ["a1", "a2"]
    assert doc_ids(context, "") == ["a1", "a2", "b", "c", "d"]
    assert doc_ids(context, "x") == []


def test_sources_are_those_that_no_shell_would_run(context: typer.Context) -> None:
    assert sources(context, "") == ["Financial Times", "The Gazette"]
    assert sources(context, "Fin") == ["Financial Times"]


def test_bash_gets_spaces_escaped_unless_a_quote_is_open(
    context: typer.Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMP_WORDS", "ask\n--source\nFin")
    assert sources(context, "Fin") == ["Financial\\ Times"]
    monkeypatch.setenv("COMP_WORDS", "ask\n--source\n'Fin")
    assert sources(context, "Fin") == ["Financial Times"]


def test_data_that_cannot_be_read_completes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = cast("typer.Context", SimpleNamespace(params={"data": tmp_path / "nowhere"}))
    assert doc_ids(nowhere, "") == []
    monkeypatch.setenv("RAG_NONSENSE", "1")
    assert sources(nowhere, "") == []
    assert capsys.readouterr() == ("", "")


@pytest.mark.slow
class TestShells:
    @pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
    @pytest.mark.parametrize(
        ("words", "completed"),
        [
            (["ask", "magnets", "--doc", "003"], "003_bc6a7292a7714e0f"),
            (["rag", "ask", "magnets", "--doc", "003"], "003_bc6a7292a7714e0f"),
            (["ask", "--bef"], "--before"),
            (["rag", "sea"], "search"),
            (["ask", "magnets", "--data", "/nonexistent", "--doc", ""], ""),
        ],
    )
    def test_bash_completes(self, rag: CommandLine, words: list[str], completed: str) -> None:
        script = (
            f'eval "$({words[0]} --show-completion bash)"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
            f'_{words[0]}_completion {words[0]}; echo "${{COMPREPLY[*]}}"'
        )
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-c", script, "bash", *words],
            env=rag.environment | {"PATH": path}, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
        assert (done.stdout.strip(), done.stderr) == (completed, "")

    def test_installing_writes_what_the_shell_reads(self, rag: CommandLine, tmp_path: Path) -> None:
        environment = rag.environment | {"HOME": str(tmp_path), "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
        for command in ("rag", "ask"):
            program = Path(sys.executable).parent / command
            subprocess.run([program, "--install-completion", "bash"], env=environment, capture_output=True, check=True)
        written = (tmp_path / ".bashrc").read_text(encoding="utf-8")
        for command in ("rag", "ask"):
            assert f"{command}.sh" in written
            assert f"_{command}_completion" in (tmp_path / ".bash_completions" / f"{command}.sh").read_text("utf-8")
