"""What is printed: coloured and wrapped on a terminal, plain and whole in a pipe, and never an article's own codes."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest

from api import terminal
from index.corpus import Corpus
from index.document import Document, Metadata, Span
from index.ingestion import Summary
from rag.answer import Answer, Disagreement, Side
from rag.citation import Citation
from rag.engine import AskResponse, Engine
from rag.query import Query
from tests.command_line import ROOT, CommandLine

SGR = re.compile(r"\x1b\[[\d;]*m")
HOSTILE = "\x1b]0;owned\x07\x1b[2J\u202e"
SIDES = (Side("about 85%", None, (1,)), Side("over 90%", None, (2,)))


def response(*, hostile: str = "", kind: str = "conflict") -> AskResponse:
    question = Query.parse("What is the share?")
    found = Disagreement(
        "conflict" if kind == "conflict" else "changed_over_time",
        f"the share{hostile}",
        SIDES if kind == "conflict" else tuple(side._replace(as_of=f"202{n}") for n, side in enumerate(SIDES, 4)),
    )
    said = f"China refines about 85% of it{hostile}. [1] Its share of refining is over 90%. [2]"
    citations = tuple(
        Citation(f"doc{number}", Metadata(title, f"Gazette{hostile}", None, "2025-05-01"), Span(0, len(quote)), quote)
        for number, title, quote in (
            (1, f"A long title that a narrow terminal wraps{hostile}", f"China refines about 85% of it{hostile}."),
            (2, "Another", "Its share of refining is\nover 90%."),
        )
    )
    answer = Answer(f"{said} {found.sentence}", citations, disagreements=(found,))
    return AskResponse(question, question, answer, (), 1.0)


@pytest.fixture
def _on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in (("FORCE_COLOR", "1"), ("TERM", "xterm-256color"), ("COLUMNS", "40")):
        monkeypatch.setenv(name, value)


@pytest.fixture
def _in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "40")


@pytest.mark.usefixtures("_on_a_terminal")
class TestOnATerminal:
    def test_a_marker_has_one_colour_wherever_it_stands(self, capsys: pytest.CaptureFixture[str]) -> None:
        terminal.print_answer(response())
        styles = re.findall(r"\x1b\[([\d;]+)m\[(\d)\]", capsys.readouterr().out)
        assert [number for _, number in styles] == ["1", "2", "1", "2", "1", "2"]
        assert len(set(styles)) == 2

    def test_nothing_is_wider_than_the_terminal_and_a_source_stands_beside_its_marker(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        terminal.print_answer(response())
        lines = [line.rstrip() for line in SGR.sub("", capsys.readouterr().out).splitlines()]
        assert max(map(len, lines)) <= 40
        at = lines.index("[1] A long title that a narrow terminal")
        assert lines[at + 1 : at + 3] == ["    wraps (Gazette, 2025-05-01)", "    doc1, characters 0 to 30"]

    def test_no_colour_is_used_where_none_is_wanted(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("NO_COLOR", "1")
        terminal.print_answer(response())
        codes = {code for found in SGR.findall(capsys.readouterr().out) for code in found[2:-1].split(";")}
        assert codes <= {"0", "1", "2", "3"}

    def test_long_lines_are_wrapped_on_a_wide_terminal_too(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", "300")
        terminal.print_remark("word " * 100)
        assert max(map(len, SGR.sub("", capsys.readouterr().out).splitlines())) <= 100

    def test_only_what_answers_has_sentences_that_stand_out(
        self, corpus: Corpus, capsys: pytest.CaptureFixture[str]
    ) -> None:
        corpus.put(Document("a", "Copper fell in May.", "text/plain", Metadata("Metals", None, None, None)))
        engine = Engine(corpus)
        terminal.print_ranking(engine.search("copper"))
        assert re.search(r"\x1b\[1mCopper fell", capsys.readouterr().out)
        asked = engine.ask(Query.parse("How do I bake sourdough bread?"))
        assert asked.answer.abstained
        terminal.print_answer(asked)
        assert "\n    Copper fell in May." in SGR.sub("", out := capsys.readouterr().out)
        assert not re.search(r"\x1b\[1mCopper fell", out)

    def test_an_article_commands_nothing(self, capsys: pytest.CaptureFixture[str]) -> None:
        hostile = response(hostile=HOSTILE)
        terminal.print_answer(hostile)
        terminal.print_in_article(1, hostile.answer.citations[0], HOSTILE, HOSTILE)
        terminal.print_remark(HOSTILE)
        assert not set("\x1b\x07\u202e") & set(SGR.sub("", capsys.readouterr().out))


@pytest.mark.usefixtures("_in_a_pipe")
class TestInAPipe:
    def test_lines_are_whole_and_plain(self, capsys: pytest.CaptureFixture[str]) -> None:
        terminal.print_answer(response())
        assert capsys.readouterr().out == (
            "China refines about 85% of it. [1] Its share of refining is over 90%. [2]\n"
            "\n"
            "The articles disagree on the share:\n"
            "    about 85% [1]\n"
            "    over 90% [2]\n"
            "\n"
            "[1] A long title that a narrow terminal wraps (Gazette, 2025-05-01)\n"
            "    doc1, characters 0 to 30\n"
            "    “China refines about 85% of it.”\n"
            "\n"
            "[2] Another (Gazette, 2025-05-01)\n"
            "    doc2, characters 0 to 34\n"
            "    “Its share of refining is over 90%.”\n"
        )

    @pytest.mark.parametrize(("unanswered", "said"), [((), ["Confidence: 1%"]), (("How do I bake bread?",), [])])
    def test_an_answer_to_a_part_has_no_figure_for_the_whole(
        self, capsys: pytest.CaptureFixture[str], unanswered: tuple[str, ...], said: list[str]
    ) -> None:
        whole = response()
        terminal.print_answer(replace(whole, answer=replace(whole.answer, confidence=0.0066, unanswered=unanswered)))
        assert [line for line in capsys.readouterr().out.splitlines() if "%" in line and "Conf" in line] == said

    def test_what_changed_over_time_has_its_times(self, capsys: pytest.CaptureFixture[str]) -> None:
        terminal.print_answer(response(kind="change"))
        printed = capsys.readouterr().out
        assert "\nWhat the articles say of the share changed over time:\n" in printed
        assert "\n    about 85% (as of 2024) [1]\n    over 90% (as of 2025) [2]\n" in printed

    @pytest.mark.parametrize(
        ("total", "lines"),
        [(1, []), (8, []), (10, list(range(1, 11))), (184, [19, 37, 56, 74, 92, 111, 129, 148, 166, 184])],
    )
    def test_how_far_a_work_is_takes_ten_lines_and_a_short_one_none(
        self, capsys: pytest.CaptureFixture[str], total: int, lines: list[int]
    ) -> None:
        with terminal.progress(total) as on_file:
            for _ in range(total):
                on_file()
        assert capsys.readouterr().err.splitlines() == [f"Indexed {done} of {total} files." for done in lines]

    @pytest.mark.parametrize(
        ("endings", "said"),
        [
            ([], None),
            ([".docx"], "1 file of no known kind skipped (.docx)"),
            ([".png", "", ".docx", ".PNG"], "4 files of no known kind skipped (.png, no ending, .docx)"),
            ([f".{n}" for n in range(9)], "9 files of no known kind skipped (.0, .1, .2, .3, .4 and others)"),
        ],
    )
    def test_a_summary_says_which_files_were_skipped(
        self, capsys: pytest.CaptureFixture[str], endings: list[str], said: str | None
    ) -> None:
        terminal.print_summary(Summary(added=1, passages=2, seconds=1.0), endings)
        first = "1 added, 0 changed, 0 unchanged, 0 failed; 2 passages in 1.0 s (2 passages a second)"
        assert capsys.readouterr().out.splitlines() == [first, *([said] if said else [])]

    @pytest.mark.parametrize(
        ("readmes", "said"),
        [(1, "1 README skipped; name it to index it"), (2, "2 READMEs skipped; name them to index them")],
    )
    def test_a_summary_says_that_readmes_were_skipped(
        self, capsys: pytest.CaptureFixture[str], readmes: int, said: str
    ) -> None:
        terminal.print_summary(Summary(added=1, passages=2, seconds=1.0), (), readmes)
        assert capsys.readouterr().out.splitlines()[1:] == [said]

    def test_a_ranking_has_its_sources(self, corpus: Corpus, capsys: pytest.CaptureFixture[str]) -> None:
        corpus.put(Document("a", "Copper fell.", "text/plain", Metadata("Metals", "Gazette", None, "2025-05-01")))
        terminal.print_ranking(Engine(corpus).search("copper"))
        expected = r"1\. Metals \(Gazette, 2025-05-01\)\n    a, characters 0 to 12, score [\d.]+\n    Copper fell\.\n"
        assert re.fullmatch(expected, capsys.readouterr().out)


@pytest.mark.slow
class TestPipedQuestions:
    def piped(self, rag: CommandLine, question: bytes, *options: str) -> tuple[int, str, str]:
        command = [sys.executable, "-m", "api.cli", "ask", *options]
        done = subprocess.run(command, input=question, env=rag.environment, cwd=ROOT, capture_output=True, timeout=60)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def test_a_question_is_read_from_a_pipe(self, rag: CommandLine) -> None:
        question = "what happened after Geneva?"
        asked = (0, rag("ask", question).stdout, "")
        assert self.piped(rag, f"{question}\n".encode()) == asked
        # What Windows puts before a text is no part of it.
        assert self.piped(rag, b"\xef\xbb\xbf" + question.encode()) == asked
        assert '"question":"what happened after Geneva?"' in self.piped(rag, question.encode(), "--json")[1]

    @pytest.mark.parametrize(
        ("question", "said"),
        [(b"", "no question"), (b" \n", "no question"), (b"\xff", "UTF-8"), (b"x" * 10**6, "at most 2,000")],
    )
    def test_what_is_no_question_is_said(self, rag: CommandLine, question: bytes, said: str) -> None:
        status, printed, error = self.piped(rag, question)
        assert (status, printed, error.count("\n")) == (2, "", 1)
        assert said in error


@pytest.mark.slow
class TestOutput:
    def ran(self, rag: CommandLine, command: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
        shell = ["sh", "-c", f"{sys.executable} -m api.cli ask {command}"]
        return subprocess.run(shell, cwd=ROOT, env=rag.environment | environment, capture_output=True, check=False)

    def test_the_version_is_shown(self, rag: CommandLine) -> None:
        done = rag("--version")
        assert (done.returncode, done.stdout) == (0, f"footnote {version('footnote')}\n")

    def test_who_serves_no_documents_is_told(self, rag: CommandLine, tmp_path: Path) -> None:
        environment = rag.environment | {"RAG_DATA_DIR": str(tmp_path / "mistyped")}
        serve = [sys.executable, "-m", "api.cli", "serve", "--port", "0"]
        with subprocess.Popen(serve, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            said = process.stderr.readline()
            process.terminate()
        assert "There are no documents yet; add some" in said

    def test_a_full_disk_is_said_in_a_sentence(self, rag: CommandLine) -> None:
        done = self.ran(rag, "'Who delayed licences?' > /dev/full")
        assert done.returncode == 1
        assert done.stderr.decode().splitlines() == [
            "The output cannot be written (No space left on device); write it elsewhere or make room."
        ]

    def test_articles_are_printed_whatever_the_terminal_says_it_takes(self, rag: CommandLine) -> None:
        asked = "--json 'What is China’s processing share?'"
        done = self.ran(rag, asked, PYTHONIOENCODING="ascii")
        assert (done.returncode, done.stderr) == (0, b"")
        assert "China’s" in json.loads(done.stdout)["question"]

    def test_a_closed_output_takes_nothing(self, rag: CommandLine) -> None:
        done = self.ran(rag, "--json 'Who delayed licences?' >&-")
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
