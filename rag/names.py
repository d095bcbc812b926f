"""Names: which names a question gives, and which of them the articles do not mention."""

import re
from collections.abc import Callable, Mapping

from index.analysis import words_of
from rag.dates import is_month_or_weekday

# Of a question's words, by inverse document frequency, a name that it turns on makes at least this share.
_LEAST_SHARE = 0.15
_LEAST_LETTERS = 3
# What has no capital in a title where all else has.
_SMALL = frozenset(["a", "an", "the", "of", "in", "on", "at", "to", "by", "for", "from", "with", "and", "or"])
_WORD = re.compile(r"[^\W\d_]+")
_WITHIN_NAME = re.compile(r"[\s’'.-]*")
_BEGINS_SENTENCE = re.compile(r"(?:^|[.!?:;])[\s\"'“‘(]*$")
# Of what belongs to a country articles speak by the country's name.
_OF_A_COUNTRY = re.compile(r"(?:ish|ese|ian|ean|can|nch|tch)$|^(?:German|Greek|Swiss|Thai|Czech|Roman)$")


def unmentioned(question: str, idfs: Mapping[str, float], is_mentioned: Callable[[str], bool]) -> list[str]:
    """Return the names that a question turns on of which more than half of the words are not mentioned.

    `idfs` are the words of the question with their inverse document frequencies. What is not found by its capital is
    no name: the first word of a sentence, and any word where all have one. Nor are months, and what is named by a
    country.
    """
    found = []
    for name in names_in(question):
        missing = [word for word in name.split() if not is_mentioned(word)]
        weight = sum(idfs.get(stem, 0.0) for word in missing for stem in words_of(word))
        if 2 * len(missing) > len(name.split()) and weight >= _LEAST_SHARE * sum(idfs.values()):
            found.append(name)
    return list(dict.fromkeys(found))


def names_in(question: str) -> list[str]:
    """Return the names in a question, each the words with capitals that stand next to each other."""
    words = list(_WORD.finditer(question))
    others = [word[0] for word in words[1:] if word[0] not in _SMALL]
    if question.isupper() or (len(others) > 1 and all(word[0].isupper() for word in others)):
        return []
    names: list[str] = []
    end = -1
    for word in words:
        if not _is_name(question, word):
            continue
        if names and _WITHIN_NAME.fullmatch(question, end, word.start()):
            names[-1] += f" {word[0]}"
        else:
            names.append(word[0])
        end = word.end()
    return names


def _is_name(question: str, word: re.Match[str]) -> bool:
    text = word[0]
    if not text[0].isupper() or text.isupper() or len(text) < _LEAST_LETTERS:
        return False
    return not (
        _BEGINS_SENTENCE.search(question, 0, word.start()) or is_month_or_weekday(text) or _OF_A_COUNTRY.search(text)
    )
