"""Term weights: which of a question's words count less than the rest, and how much."""

from collections.abc import Mapping

from index.analysis import words_of
from index.document import Span
from rag.answer_type import measure_asked
from rag.context import context_of

# Beside another word of the question, what the name of a measure counts: texts state the number in its place.
MEASURE_WEIGHT = 0.25
# And a word of the question that this one goes on from, whose answer is known and would come first again.
CONTEXT_WEIGHT = 0.4


def lighter_parts(question: str) -> tuple[tuple[Span, float], ...]:
    """Return where the words of a question stand that count less, each with how much."""
    parts = ((measure_asked(question), MEASURE_WEIGHT), (context_of(question), CONTEXT_WEIGHT))
    return tuple((part, weight) for part, weight in parts if part)


def weighted(question: str, idfs: Mapping[str, float]) -> dict[str, float]:
    """Return the inverse document frequencies of a question's words, less of those that count less."""
    weights: dict[str, float] = {}
    for part, weight in lighter_parts(question):
        weights |= dict.fromkeys(words_of(part.of(question)) - words_of(question[: part.start]), weight)
    return {word: idf * weights.get(word, 1) for word, idf in idfs.items()}
