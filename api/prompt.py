"""The prompt: a conversation at the terminal, with follow-ups, and with what was typed before at hand.

The only file that imports prompt_toolkit; it is loaded where a prompt opens and nowhere else.
"""

import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import WordCompleter
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import FileHistory, History, InMemoryHistory

from api import terminal
from index.errors import FootnoteError
from rag.citation import Citation
from rag.conversation import Turn
from rag.engine import Engine
from rag.query import Query

# So much of an article is shown on each side of a citation, in characters.
CONTEXT = 600

_HELP = """A question may follow on those before it: "and in 2024?"
/open N   the article around what [N] cites
/new      a new conversation; what was asked so far is forgotten
/help     this
exit      or Ctrl-D leaves; Ctrl-C drops the line, or the answer being written"""
_PART_OF_A_WORD = r"\S{0,30}"
_LEAVING = frozenset({"exit", "quit", "/exit", "/quit"})


class Conversation:
    """A conversation with an engine, a line at a time; `parse` makes a question of a line."""

    def __init__(self, engine: Engine, parse: Callable[[str], Query]) -> None:
        self._engine = engine
        self._parse = parse
        self._turns: list[Turn] = []
        self._shown: tuple[Citation, ...] = ()

    def take(self, line: str) -> None:
        """Answer a line, a question or a command; say what is wrong with one that cannot be answered."""
        command, _, rest = line.partition(" ")
        try:
            if not command.startswith("/"):
                self._ask(line)
            elif command == "/open":
                self._open(rest.strip(" []"))
            elif command == "/new":
                self._turns, self._shown = [], ()
                terminal.print_remark("A new conversation.")
            elif command == "/help":
                terminal.print_remark(_HELP)
            else:
                terminal.say(f"{command} is no command; there are /open N, /new, /help and exit.")
        except FootnoteError as error:
            terminal.say(str(error))

    def _ask(self, line: str) -> None:
        question = self._parse(line)
        response = terminal.answered(self._engine, question, self._turns)
        terminal.print_answer(response)
        self._turns += [Turn("user", question.text), Turn("assistant", response.answer.text)]
        # Where it abstains, the nearest passages are what is numbered.
        self._shown = response.answer.citations or tuple(hit.citation for hit in response.hits)

    def _open(self, number: str) -> None:
        if not self._shown:
            terminal.say("Nothing is cited yet; ask a question first.")
            return
        markers = [str(marker) for marker in range(1, len(self._shown) + 1)]
        if number not in markers:
            terminal.say(f"There is no [{number}] to open; give a number from 1 to {len(markers)}.")
            return
        marker = int(number)
        cited = self._shown[marker - 1]
        text = self._engine.corpus.document(cited.doc_id).text
        if cited.span.of(text) != cited.cited_text:
            terminal.say(f"The article {cited.doc_id!r} has changed since; ask again.")
            return
        terminal.print_in_article(marker, cited, _before(text, cited.span.start), _after(text, cited.span.end))


def converse(conversation: Conversation, session: "PromptSession[str]") -> None:
    """Take lines until one says to leave, or there are no more."""
    terminal.print_remark("Ask your articles. /help says what else there is; Ctrl-D leaves.")
    with suppress(EOFError):
        while True:
            try:
                line = session.prompt().strip()
                if line.lower() in _LEAVING:
                    return
                if line:
                    conversation.take(line)
                    terminal.print_remark("")
            except KeyboardInterrupt:
                # The line, or the answer that was being written, is dropped; the conversation goes on.
                continue


def open_session(history: History) -> "PromptSession[str]":
    """Return what reads a line from the terminal."""
    return PromptSession(
        FormattedText([("bold", "ask> ")]),
        history=history,
        completer=WordCompleter(["/help", "/new", "/open "], sentence=True),
        complete_while_typing=False,
    )


def kept_history() -> History:
    """Return what was typed before, kept in the user's state folder for this user alone; in memory where it cannot be.

    It is the user's, not the data's: a data folder may be shared, or be served by somebody else.
    """
    try:
        state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
        path = state / "footnote" / "history"
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.chmod(0o600)
        path.read_bytes()
    except (OSError, RuntimeError):
        # Without a home, or where nothing can be written, nothing is kept.
        return InMemoryHistory()
    return _KeptHistory(path)


class _KeptHistory(FileHistory):
    def store_string(self, string: str) -> None:
        # A full disk is no reason to leave a question without an answer.
        with suppress(OSError):
            super().store_string(string)


def _before(text: str, start: int) -> str:
    if start <= CONTEXT:
        return text[:start]
    return "… " + re.sub(rf"\A{_PART_OF_A_WORD}\s", "", text[start - CONTEXT : start])


def _after(text: str, end: int) -> str:
    if len(text) - end <= CONTEXT:
        return text[end:]
    return re.sub(rf"\s{_PART_OF_A_WORD}\Z", "", text[end : end + CONTEXT]) + " …"
