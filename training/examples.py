"""Examples for the reader: training questions, each with the passages that the first ranking gives it.

    python -m training.examples FOLDER [DATA] [--queries N]

DATA has collections in the BEIR layout, of which those are used that may be trained on; without it the examples are of
the gold dev half and `seeds/`. Passages are those of the service's own splitter, with title and heading as a reranker
reads them. Of what the first ranking finds, passages that hold an answer of a judged document are relevant; those of
other documents that hold one are left out, because nobody knows whether they answer. Writes `passages.jsonl` and
`examples.jsonl` into FOLDER.
"""

import argparse
import json
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from benchmarks.corpora import indexed, seeds
from index.analysis import words_of
from index.records import Filters
from rag.beir import doc_id_of
from rag.engine import Engine
from rag.evidence import Evidence
from rag.gold import Place, places, read_gold
from rag.query import MAX_QUERY_CHARS, Query
from rag.reader import PassageText, passage_text
from rag.settings import Settings
from training.questions import COLLECTIONS, DEV, GOLD, TRAIN, Asked, read_lines, split_of

DEPTH = 24
STATEMENTS = 600
# Sentences of these are taken out of their passages and asked for.
STATED = ("squad_v1_dev", "timeqa_human_train")
SEEDS = Path("seeds")
# Of the examples that are made of what is in the repository, one in so many is kept apart.
SMALL_DEV_SHARE = 4
_SEED = 7
# An answer shorter than this stands in passages that have nothing to do with the question.
_TELLING = 4
# So much of a paragraph finds the passage that it has become.
_FINDING_CHARS = 200
# A sentence of fewer words says too little to be asked for.
_MIN_WORDS = 5


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage as a candidate for a question; `passage` is its number in the table of passages.

    `score` is the first ranking's. `answers` is None where it is not known. `spans` are where answers stand in what is
    read of the passage.
    """

    passage: int
    score: float
    is_relevant: bool
    answers: bool | None
    spans: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Example:
    """A question with its candidates, best first; `kind` says where it is from, `split` what it may be used for."""

    kind: str
    split: str
    question: str
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Examples:
    """Examples and the table of what is read of their passages."""

    passages: list[str] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)

    def of(self, split: str) -> list[Example]:
        """Return the examples of a split."""
        return [example for example in self.examples if example.split == split]

    def write(self, folder: Path) -> None:
        """Write both tables into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        _write_lines(folder / "passages.jsonl", self.passages)
        rows = (
            [one.kind, one.split, one.question, [_row(candidate) for candidate in one.candidates]]
            for one in self.examples
        )
        _write_lines(folder / "examples.jsonl", rows)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Return what was written into a folder."""
        examples = [
            Example(kind, split, question, tuple(_candidate(row) for row in rows))
            for kind, split, question, rows in read_lines(folder / "examples.jsonl")
        ]
        return cls(list(read_lines(folder / "passages.jsonl")), examples)


class FirstRanking(Engine):
    """The engine without what comes after its first ranking."""

    def candidates(self, question: str, filters: Filters | None = None) -> list[Evidence]:
        """Return the best passages for a question."""
        query = Query.parse(question[:MAX_QUERY_CHARS], DEPTH, filters or Filters())
        with self.corpus.read() as view:
            return self._retrieve(view, query, DEPTH, self._stages()).first_stage


class Table:
    """The passages that examples refer to, each once."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        """Return the number of a passage."""
        if text not in self._numbers:
            self._numbers[text] = len(self.texts)
            self.texts.append(text)
        return self._numbers[text]


def build(data: Path, settings: Settings, limit: int | None = None) -> Examples:
    """Return the examples of all collections, of each kind at most `limit` where it is given."""
    table, examples = Table(), []
    for name, asked in COLLECTIONS.items():
        if (data / name).is_dir():
            engine = FirstRanking(indexed(settings, data / name))
            examples += _asked(engine, table, asked(data / name, limit))
            if name in STATED:
                lines = [line for line in read_lines(data / name / "corpus.jsonl") if split_of(line["_id"]) == TRAIN]
                told = [(doc_id_of(line["_id"]), line["text"][:_FINDING_CHARS]) for line in lines]
                some = random.Random(_SEED).sample(told, min(STATEMENTS, limit or STATEMENTS, len(told)))
                examples += _statements(engine, table, some)
            engine.close()
    return _shuffled(table, examples)


def build_small(settings: Settings) -> Examples:
    """Return the examples that can be made of what is in the repository.

    Their passages are single sentences: what is short is read so fast that a model learns something within a minute.
    Beside the gold questions, each sentence of the seeds is asked for by every second one of its words.
    """
    engine = FirstRanking(seeds(settings))
    asked = [
        ("gold", question.question, list(places(engine.corpus, question)))
        for question in read_gold(GOLD)
        if question.split == "dev" and question.evidence
    ]
    asked += _words_asked(engine)
    table, examples = Table(), []
    for number, (kind, text, stands) in enumerate(asked):
        split = DEV if number % SMALL_DEV_SHARE == 0 else TRAIN
        example = _of_sentences(engine, table, Example(kind, split, text, ()), stands)
        if any(candidate.is_relevant for candidate in example.candidates):
            examples.append(example)
    engine.close()
    return _shuffled(table, examples)


def _words_asked(engine: FirstRanking) -> Iterator[tuple[str, str, list[Place]]]:
    """Yield every second word of each sentence of the seeds, and where the sentence stands."""
    for path in sorted(SEEDS.glob("*.txt")):
        for item in engine.candidates(path.stem, Filters(doc_ids=(path.stem,))):
            for span in item.passage.sentences:
                words = " ".join(item.passage.slice(span).split()[::2])
                if len(words_of(words)) >= _MIN_WORDS:
                    yield "words", words, [Place(path.stem, span)]


def _of_sentences(engine: FirstRanking, table: Table, example: Example, stands: Sequence[Place]) -> Example:
    """Return an example with the sentences that match its question best; those that cover a place are relevant."""
    found = [(item, sentence) for item in engine.candidates(example.question) for sentence in item.sentences]
    best = sorted(found, key=lambda one: -one[1].match)[:DEPTH]
    candidates = []
    for item, (span, match) in best:
        text = " ".join(item.passage.slice(span).split())
        covers = any(place.covered_by(item.passage.doc_id, span) for place in stands)
        where = ((0, len(text)),) if covers else ()
        candidates.append(Candidate(table.number(text), round(match, 4), covers, covers, where))
    return replace(example, candidates=tuple(candidates))


def _shuffled(table: Table, examples: list[Example]) -> Examples:
    random.Random(_SEED).shuffle(examples)
    return Examples(table.texts, examples)


def _asked(engine: FirstRanking, table: Table, questions: Iterable[Asked]) -> list[Example]:
    return [example for asked in questions if (example := _example(engine, table, asked))]


def _example(engine: FirstRanking, table: Table, asked: Asked) -> Example | None:
    """Return a question with its candidates; None where none is relevant although a document was judged."""
    found = engine.candidates(asked.text)
    if asked.judged and not any(item.passage.doc_id in asked.judged for item in found):
        least = min((item.score for item in found), default=0.0)
        own = engine.candidates(asked.text, Filters(doc_ids=tuple(sorted(asked.judged))))
        candidates = [*_candidates(table, asked, found), *_candidates(table, asked, own, least)]
    else:
        candidates = _candidates(table, asked, found)
    if asked.judged and not any(candidate.is_relevant for candidate in candidates):
        return None
    return Example(asked.kind, asked.split, asked.text, tuple(candidates))


def _candidates(table: Table, asked: Asked, found: Sequence[Evidence], score: float | None = None) -> list[Candidate]:
    candidates = []
    for item in found:
        text = passage_text(item.passage)
        read = _untitled(item, text.text) if asked.kind == "headline" else text.text
        is_judged = item.passage.doc_id in asked.judged
        spans = tuple(_places(text, asked.answers)) if is_judged and asked.answers else ()
        is_relevant = is_judged and (asked.answers is None or bool(spans))
        if not is_judged and _holds_one(text.text, asked.answers or ()):
            continue
        answers = asked.is_answered if is_relevant else False
        own_score = item.score if score is None else score
        candidates.append(Candidate(table.number(read), round(own_score, 4), is_relevant, answers, spans))
    return candidates


def _untitled(item: Evidence, text: str) -> str:
    return text.removeprefix(item.passage.metadata.title or "").lstrip(" ›\n")


def _places(text: PassageText, answers: Sequence[tuple[str, int | None]]) -> Iterator[tuple[int, int]]:
    """Yield where answers stand in what is read of a passage."""
    positions = {offset: text.begin + number for number, offset in enumerate(text.offsets)}
    for answer, start in dict.fromkeys(answers):
        if start is None:
            yield from (match.span() for match in _whole(answer).finditer(text.text, text.begin))
        elif start in positions and start + len(answer) - 1 in positions:
            yield positions[start], positions[start + len(answer) - 1] + 1


def _holds_one(text: str, answers: Sequence[tuple[str, int | None]]) -> bool:
    return any(len(answer) >= _TELLING and _whole(answer).search(text) for answer, _ in answers)


def _whole(answer: str) -> re.Pattern[str]:
    words = r"\s+".join(map(re.escape, answer.split()))
    return re.compile(rf"(?<!\w){words}(?!\w)" if words else r"(?!)", re.IGNORECASE)


def _statements(engine: FirstRanking, table: Table, told: Iterable[tuple[str, str]]) -> Iterator[Example]:
    """Yield sentences, each asked for among passages of which its own no longer has it.

    `told` are document ids, each with words that find a passage of the document.
    """
    chance = random.Random(_SEED)
    for doc_id, words in told:
        own = engine.candidates(words, Filters(doc_ids=(doc_id,)))[:1]
        sentences = [(item, span) for item in own for span in item.passage.sentences if len(item.passage.sentences) > 2]
        if not sentences:
            continue
        item, span = chance.choice(sentences)
        sentence = item.passage.slice(span)
        if len(words_of(sentence)) < _MIN_WORDS:
            continue
        candidates = tuple(
            Candidate(_without(table, one, sentence), round(one.score, 4), one.passage_id == item.passage_id, None)
            for one in engine.candidates(sentence)
            if one.passage_id == item.passage_id or one.passage.doc_id != doc_id
        )
        if any(candidate.is_relevant for candidate in candidates):
            yield Example("statement", TRAIN, sentence, candidates)


def _without(table: Table, item: Evidence, sentence: str) -> int:
    return table.number(passage_text(item.passage).text.replace(" ".join(sentence.split()), ""))


def _row(candidate: Candidate) -> list[Any]:
    return [candidate.passage, candidate.score, candidate.is_relevant, candidate.answers, candidate.spans]


def _candidate(row: Sequence[Any]) -> Candidate:
    passage, score, is_relevant, answers, spans = row
    return Candidate(passage, score, is_relevant, answers, tuple((start, end) for start, end in spans))


def _write_lines(path: Path, rows: Iterable[object]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def main() -> None:
    """Build and write."""
    parser = argparse.ArgumentParser(prog="python -m training.examples")
    parser.add_argument("folder", type=Path)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--queries", type=int, help="of each kind at most so many")
    asked = parser.parse_args()
    settings = Settings.read()
    made = build_small(settings) if asked.data is None else build(asked.data, settings, asked.queries)
    made.write(asked.folder)


if __name__ == "__main__":
    main()
