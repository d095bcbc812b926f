"""Labels: lines such as "Place: Village Hall", which minutes and fact sheets have in place of sentences."""

import re

from rag.content import content_words

# What such lines may be called where a question asks by one of these words.
_ASKED_BY = (
    (
        re.compile(r"^\W*(?:(?:in|at) )?(?:where|what (?:place|venue|address|location))\b", re.IGNORECASE),
        "place venue location address where",
    ),
    (re.compile(r"^\W*(?:on )?(?:when|what (?:date|day|time))\b", re.IGNORECASE), "date when time times day hours"),
)
# A label begins a line or a part of it, and something stands behind it.
_LABEL = re.compile(r"(?:^|[;|\n•*-])[\s*_]*([A-Za-z][\w ’'-]{0,30}?)[*_]*:\s*(?=\S)")
_OF_ANOTHER = re.compile(
    r"\b(?:next|new|former|previous|last|first|future|coming|upcoming|other|another|will|would)\b", re.IGNORECASE
)
# What is asked of an event without being said of it.
_OF_EVENTS = content_words("held hold take took place happen event start begin end open close much many")
# A longer line is prose.
_MAX_CHARS = 200


def answers_by_label(question: str, text: str, title: str) -> bool:
    """Return whether a line is labelled as what a question asks for: "Place" where it asks where, or in its own words.

    Such a line is of what its article is about, by its title, and of no other: all of the question's words are said
    there, or in the line.
    """
    labels = _LABEL.findall(text) if len(text) <= _MAX_CHARS else []
    if not labels or _OF_ANOTHER.search(question):
        return False
    kinds = {name for asked, names in _ASKED_BY if asked.search(question) for name in names.split()}
    asked = content_words(question)
    is_asked = any(label.lower() in kinds or frozenset() < content_words(label) <= asked for label in labels)
    return is_asked and asked <= content_words(f"{title} {text}") | _OF_EVENTS
