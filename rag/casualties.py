"""Casualties: "nobody was killed" answers how many died, though it has no number and other words."""

import re
from typing import NamedTuple

_DEATH = r"(?:die[ds]?|dead|deaths?|kill(?:s|ed)?|fatal\w*|perish\w*|los[et] (?:his|her|their) li(?:fe|ves))"
_INJURY = r"(?:hurt|injur\w+|wounded|harmed)"
_ASKS = (
    r"(?:how many|(?:did|was|were|has|have|had|is|are) (?:there )?(?:any|some|no|\d)|any ?(?:one|body)|"
    r"death toll|casualties)"
)
_NOBODY = (
    r"(?:no[ -]?one|nobody|none|no (?:(?!one\b)[\w’'-]+ ){0,2}?(?:people|persons?|passengers?|residents?|workers?|"
    r"children|crew|members?|staff|life|lives|loss(?:es)?)|no|without (?:any )?)"
)


class _Harm(NamedTuple):
    """How a question asks who came to harm, how a text denies it, and how it says it."""

    asked: re.Pattern[str]
    denied: re.Pattern[str]
    said: re.Pattern[str]


def _harm(harm: str) -> _Harm:
    asked = re.compile(rf"\b{_ASKS}\b.*\b(?:{harm}|casualt\w+|victims?)\b", re.IGNORECASE)
    denied = re.compile(
        rf"(?:\b{_NOBODY}\b[^.;]{{0,40}}?\b(?:{harm}|casualt\w+)\b|\b(?:all|everyone)\b[^.;]{{0,40}}?\b(?:survived|unhurt|"
        r"unharmed|uninjured|unscathed|safe)\b)",
        re.IGNORECASE,
    )
    return _Harm(asked, denied, re.compile(rf"\b{harm}\b", re.IGNORECASE))


_HARMS = (_harm(_DEATH), _harm(_INJURY))


def denies_casualties(question: str, text: str, best: str) -> bool:
    """Return whether a text says that nobody came to the harm that a question asks about: death, or injury.

    Not so where the sentence that answers best says of anybody that he did.
    """
    return any(
        harm.asked.search(question) and harm.denied.search(text) and not harm.said.search(best) for harm in _HARMS
    )
