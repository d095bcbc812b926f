"""Grounding: of what a language model writes, only what the sentences that it cites bear out is kept."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from index.sentences import sentence_bounds
from rag.sources import MARKER, WORD, Source, commands, markers_of, unmarked
from rag.support import unfounded

MAX_SENTENCES = 6
# What the model writes where the sentences do not answer: asked for by the instructions, recognised by `Checking`.
ABSTAINS = "The sentences do not answer the question."
# More than six sentences need; a model that repeats itself without end is left here rather than at the deadline.
_MAX_CHARS = 4000
_UNFINISHED = re.compile(r"\[[\d\s,;–—-]*$")
_STOPPED = re.compile(rf"([.!?…][\"”’»)]*)((?:{MARKER.pattern})+)(?=\s+[\"“«(]?[A-Z])")
_WORD_END = re.compile(r"\S\s")
_LIST_MARK = re.compile(r"^\s*(?:[-*•#>]+|\d{1,2}[.)])\s+")
_EMPHASIS = re.compile(r"\*\*|__|`")


@dataclass(frozen=True, slots=True)
class GroundedSentence:
    """A sentence that stands: its text without markers, and the numbers of the sources it cites, ascending."""

    text: str
    markers: tuple[int, ...]

    @property
    def marked(self) -> str:
        """The sentence with its markers after it."""
        return f"{self.text} {''.join(f'[{marker}]' for marker in self.markers)}"


@dataclass(frozen=True, slots=True)
class Dropped:
    """A sentence that does not stand, as the model wrote it, and why."""

    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Generated:
    """What is left of a model's answer after checking.

    There are sentences, or `abstained` (the model says that the sources do not answer), or `failure` says why there is
    nothing. `cut_short` says why the model did not come to its end, where sentences stand all the same.
    """

    sentences: tuple[GroundedSentence, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    abstained: bool = False
    failure: str | None = None
    cut_short: str | None = None


def grounded(text: str, sources: Sequence[Source], question: str = "") -> Generated:
    """Return what of a model's text stands on the sources that it cites."""
    checking = Checking(question, sources)
    checking.add(text)
    return checking.result()


class Checking:
    """Checks a model's text sentence by sentence, as it comes. What comes of it is the same in whatever parts it comes.

    Sources that command rather than tell cannot be cited.
    """

    def __init__(self, question: str, sources: Sequence[Source], on_text: Callable[[str], None] | None = None) -> None:
        self.question = question
        self.citable = {one.number: one for one in sources if not commands(one)}
        self._on_text = on_text
        # Words that stand somewhere in small letters are no names, also where they begin a sentence.
        self._plain_words = {word for one in sources for word in WORD.findall(one.text)}
        self._buffer = ""
        self._looked_at = 0
        self._chars = 0
        self._kept: list[GroundedSentence] = []
        self._dropped: list[Dropped] = []
        self._said: set[str] = set()
        self._abstained = False

    @property
    def is_full(self) -> bool:
        """Whether no more text is wanted."""
        return len(self._kept) == MAX_SENTENCES or self._chars >= _MAX_CHARS

    def add(self, text: str) -> None:
        """Take what comes next; a sentence is checked once a word of the next one is there."""
        # Half a surrogate pair, which JSON can hold, is no text.
        text = text[: _MAX_CHARS - self._chars].encode("utf-8", "replace").decode()
        self._chars += len(text)
        self._buffer += text
        while (space := _WORD_END.search(self._buffer, self._looked_at)) and len(self._kept) < MAX_SENTENCES:
            self._looked_at = space.end()
            end = _first_end(self._buffer[: space.start() + 1])
            if end is not None:
                self._take(self._buffer[:end])
                self._buffer, self._looked_at = self._buffer[end:], 0

    def result(self, cut_short: str | None = None) -> Generated:
        """Return what stands, the text being at its end, or cut short for a reason: then what is begun is dropped."""
        if self._chars >= _MAX_CHARS:
            cut_short = "The language model wrote more than is read."
        rest, self._buffer = self._buffer.strip(), ""
        if len(self._kept) == MAX_SENTENCES:
            cut_short = None
        elif not cut_short:
            self._take(rest)
        elif rest:
            self._dropped.append(Dropped(rest, cut_short))
        kept, dropped = tuple(self._kept), tuple(self._dropped)
        if kept:
            return Generated(kept, dropped, cut_short=cut_short)
        if self._abstained:
            return Generated((), dropped, abstained=True)
        nothing = "None of the language model's sentences stands on what it cites." if dropped else ""
        return Generated((), dropped, failure=cut_short or nothing or "The language model said nothing.")

    def _take(self, text: str) -> None:
        """Keep a sentence or drop it; one that was kept before, and the phrase that abstains, are neither."""
        sentence, markers = _plain(text), markers_of(text)
        said = " ".join(WORD.findall(sentence)).casefold()
        if not said or said in self._said:
            return
        if said == " ".join(WORD.findall(ABSTAINS)).casefold():
            self._abstained = True
            return
        fault = self._fault(sentence, markers)
        if fault:
            self._dropped.append(Dropped(text.strip(), fault))
            return
        kept = GroundedSentence(sentence, markers)
        self._said.add(said)
        self._kept.append(kept)
        if self._on_text:
            self._on_text(kept.marked)

    def _fault(self, sentence: str, markers: Sequence[int]) -> str | None:
        if not markers:
            return "It cites nothing."
        if unknown := [marker for marker in markers if marker not in self.citable]:
            return f"It cites [{unknown[0]}], which is no sentence that can be cited."
        if MARKER.search(sentence):
            return "Its markers stand inside one another."
        return unfounded(sentence, [self.citable[marker] for marker in markers], self.question, self._plain_words)


def _first_end(text: str) -> int | None:
    """Return where the first sentence ends with its markers, None where no word of a second one is there."""
    if _UNFINISHED.search(text):
        return None
    # Markers after a full stop end a sentence also where the splitter takes the stop for an abbreviation's.
    masked = _STOPPED.sub(lambda found: found[1] + "\n" * len(found[2]), text)
    masked = MARKER.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), masked)
    spans = []
    for bound in sentence_bounds(masked):
        piece = bound.of(masked)
        if any(character.isalpha() for character in piece):
            start = bound.start + len(piece) - len(piece.lstrip())
            spans.append((start, start + len(piece.strip())))
    if len(spans) < 2:
        return None
    # What stands between two sentences belongs to the first, but on a line of its own to what follows it there.
    end, start = spans[0][1], spans[1][0]
    line = text.rfind("\n", end, start) + 1
    return line or start


def _plain(text: str) -> str:
    """Return a sentence on one line without its markers, its list mark and its emphasis."""
    return " ".join(_EMPHASIS.sub("", _LIST_MARK.sub("", unmarked(text))).split())
