"""Spelling: a question in which slips have given way to the words that the articles have in their place."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from index.corpus import View
from index.records import StoredPassage

# A shorter word is one letter away from too many others.
_LEAST_LETTERS = 6
# In so many of the passages that have such a word it is looked for.
_LOOKED_THROUGH = 10
_WORD = re.compile(r"[^\W\d_]+")


def corrected(question: str, view: View, is_word: Callable[[str], bool]) -> str:
    """Return a question with the articles' words in the place of slips.

    A slip is a word of six letters or more that no passage has and that `is_word` does not know, and that is one
    letter left out, put in, taken for another or for its neighbour away from a word that a passage has. The first
    letter is taken to be right, and so is what has capitals inside, a code or an abbreviation.
    """
    for span, passage_nos in reversed(view.words.near_misses(question, _LOOKED_THROUGH)):
        slip = span.of(question)
        if _may_be_slip(slip, question) and not is_word(slip):
            word = _meant(slip, view.reading.passages(passage_nos)) or slip
            question = question[: span.start] + word + question[span.end :]
    return question


def _may_be_slip(word: str, question: str) -> bool:
    return len(word) >= _LEAST_LETTERS and word.isalpha() and (word[1:].islower() or question.isupper())


def _meant(slip: str, passages: Sequence[StoredPassage]) -> str | None:
    """Return the word that a slip stands for, None where no passage has one like it.

    That is one of the same letters, or else the one that stands most often in the passages.
    """
    texts = (f"{one.metadata.title or ''} {one.heading} {one.text}" for one in passages)
    meant = Counter(filter(partial(is_slip_of, slip), _words(" ".join(texts))))
    return max(meant, key=lambda word: (sorted(_plain(word)) == sorted(_plain(slip)), meant[word], word), default=None)


def _words(text: str) -> Iterator[str]:
    return (found[0] for found in _WORD.finditer(text))


def is_slip_of(slip: str, word: str) -> bool:
    """Return whether a slip is one letter away from a word, after the first; case and accents do not count."""
    slip, word = _plain(slip), _plain(word)
    same = next((at for at, (one, other) in enumerate(zip(slip, word, strict=False)) if one != other), None)
    same = min(len(slip), len(word)) if same is None else same
    rest, meant = slip[same:], word[same:]
    if not same or not (meant or rest[1:]):
        return False
    is_one = rest[1:] == meant or rest == meant[1:] or rest[1:] == meant[1:]
    return is_one or (rest[:2] == meant[:2][::-1] and rest[2:] == meant[2:])


def _plain(word: str) -> str:
    return "".join(one for one in unicodedata.normalize("NFKD", word.casefold()) if not unicodedata.combining(one))
