"""Spelling: a question with its words as they are written, and those of the articles in the place of slips."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from index.analysis import LETTERS
from index.corpus import View
from index.records import Filters, StoredPassage
from rag.english import AUXILIARY
from rag.query import MAX_QUERY_CHARS

# A shorter word is one letter away from too many others; if only what is left out or moved counts, from fewer.
_LEAST_LETTERS, _LEAST_LEFT_OUT = 6, 5
_LONG = 9
# So many letters at the end may make another word of one: phosphite and phosphate.
_ENDING = 4
_VOWELS = frozenset("aeiou")
# So many words are looked up, each in so many of the passages that have a word like it.
_LOOKED_UP, _LOOKED_THROUGH = 32, 10
_WORD = re.compile(rf"\b{LETTERS.pattern}\b")
# A name with an "s" and no apostrophe, before what is the name's, is looked for in so many passages.
_OWNER = re.compile(rf"\b({LETTERS.pattern})s(?=\s+{LETTERS.pattern})")
_NAMED_IN = 3
_ENDINGS = ("s", "es", "d", "ed", "r", "er", "rs", "ers", "ing", "ly")
_LEAST_BASE = 3
_LEAST_NAME = 4
# Fewer words in capitals may be a name.
_LEAST_SHOUTED = 4
# What the words that ask are typed as in haste; "wat" may be a temple, and "wen" a person, but for what follows.
_HASTY: Final = {
    **dict.fromkeys(("wat", "wut", "wht", "waht"), "what"),
    "wats": "what's",
    **dict.fromkeys(("wich", "whcih"), "which"),
    **dict.fromkeys(("wen", "wehn"), "when"),
    **dict.fromkeys(("wher", "whre"), "where"),
    "hwo": "how",
}
# Read in full where only so the articles have them.
_IN_FULL: Final = {
    "ceo": "chief executive",
    "cfo": "chief financial officer",
    "coo": "chief operating officer",
    "cto": "chief technology officer",
    "hq": "headquarters",
    "vp": "vice president",
}
_ASKED_OF = (
    r"(?:share|percent(?:age)?|year|month|day|date|time|kind|sort|type|way|country|city|company|part|number|amount|one|"
    r"happen(?:s|ed)|caus(?:es|ed)|made|else|about|the)"
)
_AS_TYPED = re.compile(
    rf"\b(?:{'|'.join(_HASTY)})\b(?=\s+(?:{AUXILIARY}|{_ASKED_OF})\b)"
    r"|\b(?:what|who|where|when)(?=s\s)"
    r"|\b(?:do|does|did|is|are|was|were|has|have|had|would|could|should)n(?=t\b)",
    re.IGNORECASE,
)
# A key's place: its row, and how far it stands to the right.
_KEYS: Final = {
    key: (row, at + shift)
    for row, (keys, shift) in enumerate((("qwertyuiop", 0.0), ("asdfghjkl", 0.25), ("zxcvbnm", 0.75)))
    for at, key in enumerate(keys)
}


def written_out(question: str) -> str:
    """Return a question with "what", "what's" and "don't" where "wat", "whats" and "dont" are typed in haste."""

    def written(found: re.Match[str]) -> str:
        typed = found[0]
        word = _HASTY.get(typed.lower(), f"{typed}'")
        return word.upper() if typed.isupper() else word.capitalize() if typed.istitle() else word

    text = _AS_TYPED.sub(written, question)
    return text if len(text) <= max(MAX_QUERY_CHARS, len(question)) else question


def not_shouted(question: str) -> str:
    """Return a question of several words in small letters where all of it is in capitals, which then tell no names."""
    return question.lower() if question.isupper() and len(question.split()) >= _LEAST_SHOUTED else question


def corrected(question: str, view: View, is_word: Callable[[str], bool], filters: Filters) -> str:
    """Return a question with the words of the articles that pass the filters in the place of slips.

    A slip is a word of five letters or more that no passage has and that is not, by `is_word`, a known one or made of
    one, and `is_slip_of` a word that a passage has. What has capitals inside is a code or an abbreviation and stays.
    "chinas" is "China's" where passages have the name and not that word, and "CFO" is in full where none has it.
    """
    words = dict.fromkeys(word for word in _WORD.findall(question) if _may_be_slip(word, question))
    owners = dict.fromkeys(name for name in _OWNER.findall(question) if _may_be_owner(name, is_word))
    shorts = dict.fromkeys(word for word in _WORD.findall(question) if word.lower() in _IN_FULL)
    doc_nos = view.reading.doc_nos(filters) if words or owners or shorts else None
    meant: dict[str, str | None] = {}
    for short in shorts:
        full = _IN_FULL[short.lower()]
        if not view.words.matching(short, 1, doc_nos) and view.words.matching(full.split()[-1], 1, doc_nos):
            meant[short] = full
    for word in list(words)[:_LOOKED_UP]:
        passage_nos = view.words.resembling(word, _LOOKED_THROUGH, doc_nos)
        if passage_nos and not _is_known(word, is_word):
            meant[word] = _meant(word, view.reading.passages(passage_nos))
    for name in list(owners)[:_LOOKED_UP]:
        passage_nos = [number for number, _ in view.words.matching(name, _NAMED_IN, doc_nos)]
        if owner := _owner(name, view.reading.passages(passage_nos)):
            meant[f"{name}s"] = f"{owner}'s"
    return _WORD.sub(lambda found: meant.get(found[0]) or found[0], question)


def _may_be_owner(name: str, is_word: Callable[[str], bool]) -> bool:
    return len(name) >= _LEAST_NAME and name[1:].islower() and not is_word(f"{name}s".lower())


def _owner(name: str, passages: Sequence[StoredPassage]) -> str | None:
    """Return a name as the passages write it; None where they write it small, or with an "s" as a word of its own."""
    words = [word for one in passages for word in _WORD.findall(one.text)]
    forms = {word for word in words if word.lower() == name.lower()}
    if f"{name}s".lower() in map(str.lower, words) or any(form.islower() for form in forms):
        return None
    return min(forms, default=None)


def _may_be_slip(word: str, question: str) -> bool:
    least = _LEAST_LETTERS if word[0].isupper() and not question.isupper() else _LEAST_LEFT_OUT
    return len(word) >= least and (word[1:].islower() or question.isupper())


def _is_known(word: str, is_word: Callable[[str], bool]) -> bool:
    """Return whether a word, or what it is made of with an ending, is known."""
    bases = [word[: -len(ending)] for ending in _ENDINGS if word.endswith(ending)]
    bases += [f"{base}e" for base in bases] + [base[:-1] for base in bases if base[-1:] == base[-2:-1]]
    return any(is_word(one) for one in (word, *bases) if len(one) >= _LEAST_BASE)


def _meant(slip: str, passages: Sequence[StoredPassage]) -> str | None:
    """Return the word that a slip stands for, None where no passage has one like it.

    That is one of the same letters, or else the one that stands most often in the passages.
    """
    texts = (f"{one.metadata.title or ''} {one.heading} {one.text}" for one in passages)
    words: Counter[str] = Counter(_WORD.findall(" ".join(texts)))
    forms = {word: times for word, times in words.items() if is_slip_of(slip, word)}
    meant: Counter[str] = Counter()
    for form, times in forms.items():
        meant[form.lower()] += times
    word = max(meant, key=lambda one: (sorted(_plain(one)) == sorted(_plain(slip)), meant[one], one), default=None)
    if word is None or slip.islower():
        return word
    same = (form for form in forms if form.lower() == word)
    return max(same, key=lambda form: (not form.isupper() or slip.isupper(), forms[form], form))


def is_slip_of(slip: str, word: str) -> bool:
    """Return whether a slip is one letter away from a word, after the first; case and accents do not count.

    A letter is left out or put in, its neighbour on the keyboard is struck, or it changes places with the next one; in
    a long word that is no name, one vowel is taken for another before its ending. Of five letters one is only left out
    or changes places. Not so at the end of a word are a vowel left out and a letter put in: those make other forms of a
    word or of a name.
    """
    is_long = len(slip) >= _LONG and slip[:1].islower()
    slip, word = _plain(slip), _plain(word)
    same = next((at for at, (one, other) in enumerate(zip(slip, word, strict=False)) if one != other), None)
    same = min(len(slip), len(word)) if same is None else same
    rest, meant = slip[same:], word[same:]
    if not same or rest == meant:
        return False
    is_moved = rest[:2] == meant[:2][::-1] and rest[2:] == meant[2:]
    is_left_out = rest == meant[1:] and (rest != "" or meant not in _VOWELS)
    is_put_in = rest[1:] == meant != ""
    is_taken = rest[1:] == meant[1:] and (
        _are_neighbours(rest[:1], meant[:1]) or (is_long and len(rest) > _ENDING and {rest[:1], meant[:1]} <= _VOWELS)
    )
    if len(slip) < _LEAST_LETTERS:
        return is_left_out or is_moved
    return is_left_out or is_put_in or is_taken or is_moved


def _are_neighbours(one: str, other: str) -> bool:
    if one not in _KEYS or other not in _KEYS:
        return False
    (row, at), (other_row, other_at) = _KEYS[one], _KEYS[other]
    apart = abs(at - other_at)
    return apart <= 1 if row == other_row else abs(row - other_row) == 1 and apart < 1


def _plain(word: str) -> str:
    if word.isascii():
        return word.lower()
    return "".join(one for one in unicodedata.normalize("NFKD", word.casefold()) if not unicodedata.combining(one))
