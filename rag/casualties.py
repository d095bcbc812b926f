"""Casualties: "nobody was killed" answers how many died, though it has no number and other words."""

import re
from collections.abc import Sequence
from typing import NamedTuple

_DEATH = (
    r"(?:die[ds]?|dead|deaths?|kill(?:s|ed)?|fatal\w*|perish\w*|bod(?:y|ies)|victims?|casualt\w+|li(?:fe|ves)|toll)"
)
_INJURY = r"(?:hurt|injur\w+|wounded|harmed|casualt\w+)"
_ASKS = (
    r"(?:how many|how high|who|(?:did|was|were|has|have|had|is|are) (?:there )?(?:any|some|no|\d)|any ?(?:one|body)|"
    r"(?:did|was|were|has|have) (?:people|passengers|residents)|what (?:is|was) the|were there)"
)
# Nobody did or suffered it, or there was nothing of the kind, with nothing between that could turn it.
_NOBODY = (
    r"(?:no[ -]?one|nobody|no (?:people|persons?|passengers?|residents?|workers?|children|crew members?|climbers?|"
    r"staff|one else)|none of (?:them|the (?:people|passengers|residents|workers|children|crew|climbers|injured)))"
)
_IS = r"(?: (?:was|were|is|are|has|have|had|been|got|else|reported|on board))*"
_NOT_ALL = r"(?<!not )(?<!nearly )(?<!almost )"


class _Harm(NamedTuple):
    """How a question asks who came to harm, how a text denies it, and how it says it."""

    asked: re.Pattern[str]
    denied: re.Pattern[str]
    said: re.Pattern[str]


def _harm(verbs: str, nouns: str, said: str) -> _Harm:
    asked = re.compile(rf"\b{_ASKS}\b.*\b{said}\b", re.IGNORECASE)
    denied = re.compile(
        rf"\b{_NOBODY}{_IS} (?:{verbs})\b|\b(?:no|without(?: any)?) (?:reported )?(?:{nouns})\b|"
        rf"{_NOT_ALL}\b(?:everyone|everybody|all (?:on board|of them|passengers|the passengers|the crew|the climbers)) "
        r"(?:survived|escaped unhurt|was unhurt|were unhurt|was safe|were safe)\b",
        re.IGNORECASE,
    )
    return _Harm(asked, denied, re.compile(rf"\b{said}\b", re.IGNORECASE))


_HARMS = (
    _harm("killed|died|dead|lost (?:his|her|their) li(?:fe|ves)", "deaths|fatalities|casualties|loss of life", _DEATH),
    _harm("hurt|injured|wounded|harmed", "injuries|casualties", _INJURY),
)


def asks_of_casualties(question: str) -> bool:
    """Return whether a question asks who came to harm."""
    return any(one.asked.search(question) for one in _HARMS)


def denies_casualties(question: str, text: str, others: Sequence[str]) -> bool:
    """Return whether a text says that nobody came to the harm that a question asks about: death, or injury.

    Not so where a sentence of the `others`, which are about the same, says of anybody that he did.
    """
    harms = [one for one in _HARMS if one.asked.search(question) and one.denied.search(text)]
    return any(not any(map(harm.said.search, others)) for harm in harms)
