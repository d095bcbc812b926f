"""Whatever is sent, the service answers as it describes itself: requests made from its own description."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS, load_all_checks

from api.app import create_app
from index.corpus import Corpus
from rag.engine import Engine
from tests.doubles import HashingEmbedder

load_all_checks()
# How many requests each operation is sent.
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "20"))
# That what fits the description is taken cannot hold: there is no document of most ids, and `..` is none.
NOT_CHECKED = {"positive_data_acceptance"}


@pytest.fixture
def corpus_with_one(tmp_path: Path) -> Iterator[Corpus]:
    corpus = Corpus(tmp_path / "described", HashingEmbedder(), create=True)
    yield corpus
    corpus.close()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_every_answer_is_as_described(corpus_with_one: Corpus) -> None:
    described = schemathesis.openapi.from_asgi("/openapi.json", create_app(Engine(corpus_with_one)))
    excluded: Any = [check for check in CHECKS.get_all() if check.__name__ in NOT_CHECKED]
    faults = []
    for found in described.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]
        cases = st.one_of([operation.as_strategy(generation_mode=mode) for mode in schemathesis.GenerationMode])

        @given(case=cases)
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def answers(case: schemathesis.Case[Any]) -> None:
            case.call_and_validate(excluded_checks=excluded)

        try:
            answers()
        except BaseException as fault:
            faults.append(f"{operation.label}: {fault}")
    assert not faults, "\n\n".join(faults)
