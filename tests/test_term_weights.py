"""Which of a question's words count less, and how much."""

import pytest

from index.analysis import words_of
from rag.term_weights import CONTEXT_WEIGHT, MEASURE_WEIGHT, lighter_parts, weighted


@pytest.mark.parametrize(
    ("question", "lighter"),
    [
        ("And the range? (How heavy is the bike)", {"heavi": CONTEXT_WEIGHT, "bike": CONTEXT_WEIGHT}),
        # What both ask for is asked for.
        ("And how heavy is the box? (How heavy is the bike?)", {"bike": CONTEXT_WEIGHT}),
        ("What share of bikes is sold? (Who makes bikes here)", {"share": MEASURE_WEIGHT, "make": CONTEXT_WEIGHT}),
        ("How heavy is the bike (a Kestrel) in town?", {}),
        ("How heavy was the bike (in 2024)", {}),
    ],
)
def test_what_counts_less_than_the_rest(question: str, lighter: dict[str, float]) -> None:
    telling = words_of(question) & words_of("heavy bike box share make sold range town")
    weights = weighted(question, dict.fromkeys(telling, 1.0))
    assert {word: weight for word, weight in weights.items() if weight < 1} == lighter
    assert bool(lighter_parts(question)) == bool(lighter)
