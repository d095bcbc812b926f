"""Broken words: what is left of the hyphen where a word was broken at the end of a line."""

import re
from collections.abc import Iterable, Set
from typing import NamedTuple

# How a line or a text ends is told by so many of its last characters.
END_CHARS = 200
_BROKEN_WORD = re.compile(r"([^\W\d_]+)([-\u2010\u00ad])$")
_WORD_BEGUN = re.compile(r"[a-zß-öø-ÿ]+")
_LETTERS = re.compile(r"[^\W\d_]+")
_WHOLE_WORD = re.compile(r"(?<![\w-])[^\W\d_]+(?![\w-])")
_HYPHENATED = re.compile(r"\b[^\W\d_]+-[a-zß-öø-ÿ]+")
# "Im- and exports" has a hyphen and a space.
_AFTER_HYPHEN = frozenset({"and", "or", "to", "und", "oder", "bis", "bzw"})
# Two words with a hyphen are so long; these seldom have one behind them: "without", "however", "understand".
_FIRST_PART, _SECOND_PART = 4, 3
_FIRST_PARTS = frozenset({"self", "well"})
_NO_FIRST_PART = frozenset(
    {"after", "every", "here", "over", "some", "them", "there", "under", "what", "when", "where", "with", "your"}
    | {"durch", "nach", "unter", "über"}
)


class Vocabulary(NamedTuple):
    """The words of a document that stand whole in a line, and those that have a hyphen there."""

    words: frozenset[str]
    hyphenated: frozenset[str]


def vocabulary_of(lines: Iterable[str]) -> Vocabulary:
    """Return the words of lines; the halves of broken words are none."""
    words, hyphenated, is_broken = set[str](), set[str](), False
    for text in lines:
        line = text.replace("\u2010", "-").strip()
        hyphenated.update(_HYPHENATED.findall(line))
        begun = _WORD_BEGUN.match(line) if is_broken else None
        words.update(_WHOLE_WORD.findall(line, begun.end() if begun else 0))
        is_broken = broken_at_end(line) is not None
    return Vocabulary(frozenset(words), frozenset(hyphenated))


def broken_at_end(text: str) -> re.Match[str] | None:
    """Return the part of a word and the hyphen with which a text ends, None where it ends otherwise."""
    return _BROKEN_WORD.search(text[-END_CHARS:])


def put_behind(parts: list[str], rest: str, vocabulary: Vocabulary) -> None:
    """Put a line behind the last of the parts of a text; a word that was broken is whole, but for one with a hyphen."""
    said, rest = parts.pop().rstrip(), rest.lstrip()
    broken = broken_at_end(said)
    between = _between(broken[1], broken[2], rest, vocabulary) if broken else " "
    parts += [said[:-1] if broken else said, between, rest]


def _between(part: str, hyphen: str, rest: str, vocabulary: Vocabulary) -> str:
    """Return what stands between the part of a word at the end of a line and the next line: its hyphen or nothing."""
    begun = _LETTERS.match(rest)
    if not begun:
        return f"{hyphen} "
    if f"{part}-{begun[0]}" in vocabulary.hyphenated:
        return hyphen
    if hyphen == "\u00ad" or f"{part}{begun[0]}" in vocabulary.words:
        return ""
    if begun[0] in _AFTER_HYPHEN:
        return f"{hyphen} "
    return hyphen if begun[0][0].isupper() or _are_words(part, begun[0], vocabulary.words) else ""


def _are_words(part: str, other: str, words: Set[str]) -> bool:
    """Return whether two parts are words of their own, as in "lamp-lit", "e-mail" and "well-known"."""
    if len(part) == 1 or (part.lower() in _FIRST_PARTS and len(other) > _FIRST_PART):
        return True
    are_long = len(part) >= _FIRST_PART and len(other) >= _SECOND_PART and part.lower() not in _NO_FIRST_PART
    return are_long and (part in words or part.lower() in words) and other in words
