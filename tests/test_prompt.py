"""The prompt: lines typed into it, with the embedder that can be computed by hand; and once in a real terminal."""

import errno
import os
import pty
import re
import select
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.history import FileHistory, InMemoryHistory
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from api.prompt import CONTEXT, Conversation, converse, kept_history, open_session
from index.corpus import Corpus
from index.document import Document, Metadata
from rag.engine import Engine
from rag.grounding import Checking, Generated
from rag.query import Query, parse_filters
from rag.sources import Source
from tests.command_line import ROOT, CommandLine
from tests.scripted_llm import Reply, scripted_llm

pytestmark = pytest.mark.slow

CTRL_C, CTRL_D, TAB, UP = "\x03", "\x04", "\t", "\x1b[A"
COPPER = "Copper prices fell sharply on Monday."


class Saying:
    """Says one sentence, then does what a test asks for."""

    def __init__(self, sentence: str, then: Callable[[], None] = lambda: None) -> None:
        self._sentence = sentence
        self._then = then

    def answer(
        self,
        question: str,
        sources: Sequence[Source],
        on_text: Callable[[str], None] | None = None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Generated:
        checking = Checking(question, sources, on_text)
        checking.add(self._sentence)
        self._then()
        return checking.result(None)


Typed = Callable[..., tuple[str, str]]


@pytest.fixture
def typed(corpus: Corpus, capsys: pytest.CaptureFixture[str]) -> Typed:
    """Type lines into a prompt over two articles; return what stands on standard output and on standard error."""
    corpus.put(Document("copper", f"Tin is soft. {COPPER} Lead is heavy.", "text/plain", Metadata("Metals")))
    corpus.put(Document("tin", "Tin prices rose in May.", "text/plain", Metadata(source="The Gazette")))

    def type_in(
        *lines: str, engine: Engine | None = None, parse: Callable[[str], Query] = Query.parse
    ) -> tuple[str, str]:
        with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
            keys.send_text("".join(lines))
            converse(Conversation(engine or Engine(corpus), parse), open_session(InMemoryHistory()))
        captured = capsys.readouterr()
        return captured.out, captured.err

    return type_in


class TestLines:
    def test_a_question_is_answered_and_cited(self, typed: Typed) -> None:
        out, err = typed("copper prices on Monday?\r", CTRL_D)
        _, text, cited = out.partition(f"{COPPER} [1]\n\nConfidence: ")
        assert text
        assert f"%\n\n[1] Metals\n    copper, characters 13 to 50\n    “{COPPER}”\n" in cited
        assert err == ""

    def test_a_question_may_follow_on_those_before_it(self, typed: Typed) -> None:
        out, _ = typed("Did copper prices fall?\r", "and in May?\r", CTRL_D)
        assert out.count("Asked as: Did copper prices fall in May?") == 1

    def test_a_new_conversation_forgets_the_one_before(self, typed: Typed) -> None:
        out, err = typed("Did copper prices fall?\r", "/new\r", "/open 1\r", "and in May?\r", CTRL_D)
        assert "A new conversation." in out
        assert "Asked as" not in out
        assert "Nothing is cited yet; ask a question first." in err

    @pytest.mark.parametrize("leaving", ["exit\r", "QUIT\r", "/exit\r", CTRL_D])
    def test_it_is_left_in_several_ways(self, typed: Typed, leaving: str) -> None:
        out, _ = typed(leaving, "copper prices on Monday?\r")
        assert COPPER not in out

    def test_ctrl_c_drops_the_line_and_no_more(self, typed: Typed) -> None:
        out, _ = typed("tin prices in May", CTRL_C, "copper prices on Monday?\r", CTRL_D)
        assert COPPER in out
        assert "rose in May" not in out

    def test_an_empty_line_asks_nothing(self, typed: Typed) -> None:
        assert typed("\r", "   \r", CTRL_D)[1] == ""

    def test_what_is_wrong_is_said_and_the_prompt_goes_on(self, typed: Typed) -> None:
        out, err = typed(f"{'x' * 2001}\r", "/frob\r", "copper prices on Monday?\r", CTRL_D)
        assert "The question has 2,001 characters; give at most 2,000." in err
        assert "/frob is no command; there are /open N, /new, /help and exit." in err
        assert COPPER in out

    def test_options_hold_for_the_whole_prompt(self, typed: Typed) -> None:
        parse = partial(Query.parse, filters=parse_filters(sources=["The Gazette"]))
        out, _ = typed("copper prices on Monday?\r", "tin prices in May?\r", CTRL_D, parse=parse)
        assert "copper, characters" not in out
        assert "Tin prices rose in May. [1]" in out

    def test_help_names_every_command(self, typed: Typed) -> None:
        out, _ = typed("/help\r", CTRL_D)
        for command in ("/open", "/new", "/help", "exit", "Ctrl-D", "Ctrl-C"):
            assert command in out


class TestOpening:
    def test_the_article_is_shown_around_a_citation(self, typed: Typed) -> None:
        out, _ = typed("copper prices on Monday?\r", "/open 1\r", CTRL_D)
        assert f"Tin is soft. {COPPER} Lead is heavy." in out

    def test_a_marker_may_be_given_as_it_stands(self, typed: Typed) -> None:
        assert typed("copper prices on Monday?\r", "/open [1]\r", CTRL_D)[1] == ""

    @pytest.mark.parametrize("number", ["0", "2", "x", "", "１", "9" * 1000])
    def test_a_number_that_is_none_is_said(self, typed: Typed, number: str) -> None:
        _, err = typed("copper prices on Monday?\r", f"/open {number}\r", CTRL_D)
        assert f"There is no [{number}] to open; give a number from 1 to 1." in err

    def test_where_it_abstains_the_nearest_passages_are_numbered(self, typed: Typed) -> None:
        out, err = typed("Who won the football cup?\r", "/open 2\r", CTRL_D)
        assert "The articles do not answer this question." in out
        assert "[2] " in out
        assert err == ""

    def test_only_so_much_is_shown_and_whole_words(self, typed: Typed, corpus: Corpus) -> None:
        corpus.put(Document("long", "word " * 300 + "\n\nZinc fell.\n\n" + "other " * 300, "text/plain", Metadata()))
        out, _ = typed("zinc fell?\r", "/open 1\r", CTRL_D)
        shown = out[out.rindex("characters") :]
        assert "… word word" in shown
        assert "other other …" in shown
        assert len(shown) < 2 * CONTEXT + 200

    def test_an_article_that_is_gone_or_changed_is_said(self, typed: Typed, corpus: Corpus) -> None:
        class Forgetful(Conversation):
            def take(self, line: str) -> None:
                if line == "change":
                    corpus.put(Document("copper", "Copper rose.", "text/plain", Metadata()))
                elif line == "delete":
                    corpus.delete("copper")
                else:
                    super().take(line)

        with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
            keys.send_text(f"copper prices on Monday?\rchange\r/open 1\rdelete\r/open 1\r{CTRL_D}")
            converse(Forgetful(Engine(corpus), Query.parse), open_session(InMemoryHistory()))
        _, err = typed(CTRL_D)
        assert "'copper' has changed since; ask again." in err
        assert "There is no document 'copper'" in err


class TestHistory:
    def test_it_is_kept_in_the_state_folder_for_the_user_alone(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
        history = kept_history()
        history.append_string("what of copper?")
        path = tmp_path / "state" / "footnote" / "history"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert list(kept_history().load_history_strings()) == ["what of copper?"]

    def test_without_a_place_for_it_nothing_is_kept(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "file").touch()
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
        assert isinstance(kept_history(), InMemoryHistory)

    def test_a_line_that_cannot_be_kept_is_no_error(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
        history = kept_history()
        assert isinstance(history, FileHistory)
        history.filename = str(tmp_path)
        history.append_string("what of copper?")


class TestLanguageModel:
    def test_an_answer_that_is_stopped_leaves_the_conversation(self, typed: Typed, corpus: Corpus) -> None:
        def stop() -> None:
            raise KeyboardInterrupt

        stopped = Engine(corpus, generator=Saying(f"{COPPER[:-1]} [1].", stop))
        out, _ = typed("copper prices on Monday?\r", "/open 1\r", "/help\r", CTRL_D, engine=stopped)
        assert "[1] Metals" not in out
        assert "/open N" in out

    def test_what_was_left_out_of_an_answer_is_said(self, typed: Typed, corpus: Corpus) -> None:
        engine = Engine(corpus, generator=Saying(f"{COPPER[:-1]} [1]. It was 99 percent [1]."))
        out, _ = typed("copper prices on Monday?\r", CTRL_D, engine=engine)
        assert f"{COPPER} [1]\n\n“It was 99 percent [1].” was left out: " in out


class Terminal:
    """The command line in a terminal of its own, 80 columns wide."""

    def __init__(self, rag: CommandLine, *arguments: str, **environment: str) -> None:
        self.screen = ""
        self._terminal, theirs = pty.openpty()
        shown = {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "40", "PROMPT_TOOLKIT_NO_CPR": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "api.cli", *arguments],
            env=rag.environment | shown | environment, cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs,
        )  # fmt: skip
        os.close(theirs)

    def type_in(self, text: str, awaited: str) -> str:
        """Type a text; return what appears until it matches a pattern."""
        os.write(self._terminal, text.encode())
        begin, deadline = len(self.screen), time.monotonic() + 30
        while not re.search(awaited, self.screen[begin:], re.S):
            assert time.monotonic() < deadline, self.screen
            assert self._read(), self.screen
        return self.screen[begin:]

    def end(self) -> int:
        """Return the exit status, once there is no more to read."""
        while self._read():
            pass
        return self.process.wait(30)

    def close(self) -> None:
        os.close(self._terminal)
        self.process.kill()
        self.process.wait()

    def _read(self) -> bool:
        try:
            if not select.select([self._terminal], [], [], 30)[0]:
                raise TimeoutError(self.screen)
            self.screen += os.read(self._terminal, 65536).decode(errors="replace")
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            # So Linux says that the other side is closed.
            return False
        return True


class TestRealTerminal:
    @pytest.fixture
    def terminal(self, rag: CommandLine) -> Iterator[Callable[..., Terminal]]:
        with ExitStack() as stack:

            def opened(*arguments: str, **environment: str) -> Terminal:
                terminal = Terminal(rag, *arguments, **environment)
                stack.callback(terminal.close)
                return terminal

            yield opened

    def test_a_conversation_from_beginning_to_end(self, terminal: Callable[..., Terminal], tmp_path: Path) -> None:
        ours = terminal("ask", XDG_STATE_HOME=str(tmp_path))
        assert "Ask your articles." in ours.type_in("", "ask>")
        answer = ours.type_in("what happened after Geneva?\r", r"\[2\].+\[2\].+ask>")
        assert "\x1b[1;36m[1]\x1b[0m" in answer
        assert "004_cf58dd7b26a1b221, characters 3507 to 3585" in answer
        followed = ours.type_in("and in London?\r", r"\[1\].+\[1\].+ask>")
        assert "Asked as: what happened after Geneva in London?" in followed
        ours.type_in("/frob\r", "is no command.+ask>")
        ours.type_in(f"half a line{CTRL_C}", "ask>")
        ours.type_in(UP, "/frob")
        ours.type_in(CTRL_C, "ask>")
        ours.type_in(f"/n{TAB}", "/new")
        ours.type_in("\r", "A new conversation")
        os.write(ours._terminal, b"exit\r")
        assert ours.end() == 0
        kept = (tmp_path / "footnote" / "history").read_text(encoding="utf-8")
        assert re.findall(r"^\+(.*)", kept, re.M) == [
            "what happened after Geneva?", "and in London?", "/frob", "/new", "exit",
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("arguments", "said"), [(("--json",), "There is no question; give one as in"), (("-k", "0"), "-k is 0")]
    )
    def test_wrong_usage_is_said_and_opens_no_prompt(
        self, terminal: Callable[..., Terminal], arguments: tuple[str, ...], said: str
    ) -> None:
        ours = terminal("ask", *arguments)
        assert ours.end() == 2
        assert said in ours.screen
        assert "ask>" not in ours.screen

    def test_a_language_model_s_answer_is_seen_while_it_is_written(self, terminal: Callable[..., Terminal]) -> None:
        seen = threading.Event()
        truth = "The Geneva accord was widely seen as a step toward stabilizing trade tensions [1]."

        def script(reply: Reply) -> None:
            reply.start()
            reply.say(f"{truth} It was ")
            assert seen.wait(20)
            reply.say("signed by 99 countries [1].")
            reply.end()

        with scripted_llm(script) as llm:
            ours = terminal("ask", "what happened after Geneva?", RAG_LLM_BASE_URL=llm.base_url, RAG_LLM_MODEL="m")
            ours.type_in("", "stabilizing")
            assert "characters" not in ours.screen
            seen.set()
            assert ours.end() == 0
        assert "Writing…" in ours.screen
        assert "was left out" in ours.screen
        assert "99" not in ours.screen.partition("“It was signed")[0]
