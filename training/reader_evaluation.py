"""What the shipped reader is worth: every set with it and without it, on the questions that nothing was chosen by.

    python -m training.reader_evaluation DATA
    python -m training.reader_evaluation --time

Writes, for each set, `training/results/SET.json`, with the SHA-256 of the model that was measured; then the page
`training/results/README.md` and the figures of the model card. Both runs of a set are as `rag eval` makes them, the
reader's without a deadline, so that no figure depends on the machine. Of Natural Questions it also says where answers
are found and how many candidates a search reads; of that set and HotpotQA, whether the reader's saying that there is no
answer would better the calibrated probability that there is one, fitted on what was kept apart. `--time` writes
`time.json` alone: what an answer takes with the reader and without, the same questions in turn.
"""

import json
import math
import os
import platform
import re
import string
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from benchmarks.corpora import indexed, seeds
from index.reader import WEIGHTS, PairReading, Reader
from index.records import Filters
from rag.beir import Collection, read_collection
from rag.engine import Engine
from rag.evaluation import Evaluation, compared, evaluate_collection, evaluate_gold
from rag.gold import read_gold
from rag.query import MAX_QUERY_CHARS, Query
from rag.reader import ReaderRereading
from rag.relevance import Sentence
from rag.reranking import Reranking
from rag.settings import Settings
from training.questions import DEV, GOLD, claims, natural, read_lines, squad

RESULTS = Path(__file__).with_name("results")
PAGE, CARD = RESULTS / "README.md", WEIGHTS / "README.md"
NATURAL, HOTPOT = "nq_open_oracle", "hotpotqa_distractor500"
COLLECTIONS = (NATURAL, HOTPOT, "scifact", "multihoprag_evidence500")
TITLES = {
    "gold": "gold test half",
    NATURAL: "Natural Questions `test`",
    HOTPOT: "HotpotQA 500",
    "scifact": "SciFact `test`",
    "multihoprag_evidence500": "MultiHop-RAG sample",
}
CUTOFFS, CUTOFF_QUERIES = (1, 3, 5, 10), 200
# Of each set that was kept apart, how many questions that probability is fitted on.
FITTED = ((NATURAL, natural, 300), ("squad_v1_dev", squad, 150), ("scifact", claims, 150))
GOLD_WEIGHT = 3.0
ROUNDS = 5

Result = dict[str, Any]
# What that probability is a function of, whether the question is answerable, and how much it weighs.
Row = tuple[list[float], bool, float]


class Remembering(Reader):
    """The reader, which reads each pair once, however often it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[tuple[str, str], PairReading] = {}

    def read(self, question: str, text: str) -> PairReading:
        """Return what it said of the pair the first time."""
        pair = question, text
        if pair not in self._known:
            self._known[pair] = super().read(question, text)
        return self._known[pair]


@dataclass(frozen=True, slots=True)
class Pair:
    """The engine without the reader and with it, over one corpus."""

    first: Engine
    reader: Engine


def main() -> None:
    """Measure and write."""
    if sys.argv[1] == "--time":
        _record("time", _time(Settings.read()))
        _write_pages()
        return
    data, settings = Path(sys.argv[1]), Settings.read()
    reranking = Reranking(ReaderRereading(Remembering()), settings.threads, math.inf)
    pair = _pair(Engine(seeds(settings)), reranking)
    questions = [question for question in read_gold(GOLD) if question.split == "test"]
    _record("gold", _both(evaluate_gold(pair.first, questions), evaluate_gold(pair.reader, questions)))
    for name in COLLECTIONS:
        pair = _pair(Engine(indexed(settings, data / name)), reranking)
        collection = read_collection(data / name, "test")
        result = _both(*(evaluate_collection(engine, collection) for engine in (pair.first, pair.reader)))
        if name == NATURAL:
            result["answers"] = _answers(pair, collection, data / name)
            result["candidates_read"] = _read(pair.reader, collection)
        _record(name, result)
    _record("no_answer", _no_answer(data, settings, reranking))
    _write_pages()


def _pair(first: Engine, reranking: Reranking) -> Pair:
    return Pair(first, Engine(first.corpus, reranking))


def _record(name: str, result: Result) -> None:
    said = {"model_sha256": Reader().card.onnx_sha256, **result}
    (RESULTS / f"{name}.json").write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(f"{name} {json.dumps(result)}\n")
    sys.stdout.flush()


def _both(first: Evaluation, reader: Evaluation) -> Result:
    """Return both runs' means at their finest level, with who won; of gold questions, what answers are worth too."""
    level = next(iter(first.values))
    result: Result = {"level": level, "measures": {}}
    for one in compared(reader, first.values)[level]:
        result["queries"] = len(first.values[level][one.measure])
        result["measures"][one.measure] = {
            "first": round(one.baseline, 4),
            "reader": round(one.mean, 4),
            "better": len(one.won),
            "worse": len(one.lost),
            "p": round(one.p, 4),
        }
    if first.answers:
        result["quality"] = {
            name: {"first": first.answers[name], "reader": reader.answers[name]} for name in first.answers
        }
    return result


def _answers(pair: Pair, collection: Collection, folder: Path) -> Result:
    """Return how often the leading sentence and the leading highlight answer, and how well spans do."""
    answers = {line["_id"]: line["answers"] for line in read_lines(folder / "queries.jsonl")}
    leading: dict[str, list[bool]] = {}
    spans: list[tuple[float, bool]] = []
    for query_id, text in collection.queries.items():
        for name, engine in (("first", pair.first), ("reader", pair.reader)):
            sentence = engine.grounds(Query.parse(text)).sentences[0]
            hit = engine.search(Query.parse(text, 1)).hits[0]
            shown = [(sentence.doc_id, sentence.text)]
            shown += [(hit.citation.doc_id, one.cited_text) for one in hit.highlights[:1]]
            for what, (doc_id, said) in zip(("sentence", "highlight"), shown, strict=True):
                right = doc_id in collection.qrels[query_id] and _holds(said, answers[query_id])
                leading.setdefault(f"{what}, {name}", []).append(right)
            if name == "reader" and sentence.answer:
                spans.append(_agreement(sentence, answers[query_id]))
    f1, exact = np.mean(spans, axis=0).tolist()
    return {
        "leading_right": {name: round(float(np.mean(right)), 4) for name, right in leading.items()},
        "span_given": round(len(spans) / len(collection.queries), 4),
        "span_f1_where_given": round(f1, 4),
        "span_exact_where_given": round(exact, 4),
    }


def _agreement(sentence: Sentence, answers: Sequence[str]) -> tuple[float, bool]:
    """Return the best F1 of a sentence's answer with the known ones, and whether it is one, as SQuAD measures them."""
    assert sentence.answer
    said = _words(sentence.evidence.passage.slice(sentence.answer))
    shared = [(sum((Counter(said) & Counter(_words(known))).values()), len(_words(known))) for known in answers]
    best = max(2 * common / (len(said) + count) if common else 0.0 for common, count in shared)
    return best, any(said == _words(known) for known in answers)


def _words(text: str) -> list[str]:
    kept = "".join(character for character in text.lower() if character not in string.punctuation)
    return re.sub(r"\b(?:a|an|the)\b", " ", kept).split()


def _holds(text: str, answers: Sequence[str]) -> bool:
    return any(" ".join(answer.casefold().split()) in " ".join(text.casefold().split()) for answer in answers)


def _read(engine: Engine, collection: Collection) -> dict[str, float]:
    """Return how many candidates a search reads in the mean, by how many passages it shows."""
    texts = list(collection.queries.values())[:CUTOFF_QUERIES]
    counts = {cutoff: [engine.search(Query.parse(text, cutoff)).reranked for text in texts] for cutoff in CUTOFFS}
    return {str(cutoff): round(float(np.mean(read)), 1) for cutoff, read in counts.items()}


def _time(settings: Settings) -> Result:
    """Return the milliseconds of an answer over the seeds, and how many candidates were read in them."""
    first = Engine(seeds(settings))
    pair = Pair(first, Engine(first.corpus, Reranking(ReaderRereading(Reader()), settings.threads)))
    texts = [question.question for question in read_gold(GOLD) if question.split == "test"]
    times: dict[str, list[float]] = {"first": [], "reader": []}
    for text in texts * ROUNDS:
        for name, engine in (("first", pair.first), ("reader", pair.reader)):
            times[name].append(engine.ask(Query.parse(text)).took_ms)
    read = [pair.reader.search(Query.parse(text, 10)).reranked for text in texts]
    return {
        "queries": len(texts),
        "rounds": ROUNDS,
        "machine": f"{platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}",
        "candidates_read": round(float(np.mean(read)), 1),
        "ask_ms": {
            name: {"p50": round(float(np.median(taken)), 1), "p95": round(float(np.quantile(taken, 0.95)), 1)}
            for name, taken in times.items()
        },
        "added_p50_ms": round(float(np.median(np.subtract(times["reader"], times["first"]))), 1),
    }


def _no_answer(data: Path, settings: Settings, reranking: Reranking) -> Result:
    """Return the AUROC of answerability by the features there are, and with the reader's best no-answer beside them."""
    rows: list[Row] = []
    for name, asked_in, count in FITTED:
        engine = Engine(indexed(settings, data / name), reranking)
        kept_apart = (asked for asked in asked_in(data / name) if asked.split == DEV and asked.is_answered)
        rows += _asked_twice(engine, ((one.text, one.judged) for one in islice(kept_apart, count)))
    engine = Engine(seeds(settings), reranking)
    gold = [question for question in read_gold(GOLD) if question.split == "dev"]
    rows += [(_signs(engine, one.question, Filters()), bool(one.evidence), GOLD_WEIGHT) for one in gold]
    result: Result = {"fitted_on": len(rows), "auroc": {}}
    for name in (NATURAL, HOTPOT):
        engine = Engine(indexed(settings, data / name), reranking)
        collection = read_collection(data / name, "test")
        asked = ((text, frozenset(collection.qrels[one])) for one, text in collection.queries.items())
        tested = list(_asked_twice(engine, asked))
        result["auroc"][name] = {
            "features": _auroc(rows, tested, slice(0, -1)),
            "with_no_answer": _auroc(rows, tested, slice(0, None)),
            "no_answer_alone": _auroc(rows, tested, slice(-1, None)),
        }
    return result


def _asked_twice(engine: Engine, questions: "Iterator[tuple[str, frozenset[str]]]") -> Iterator[Row]:
    """Yield what follows from each question, and from it once more with its judged documents taken out."""
    for text, judged in questions:
        yield _signs(engine, text, Filters()), True, 1.0
        yield _signs(engine, text, Filters(without_doc_ids=tuple(judged))), False, 1.0


def _signs(engine: Engine, text: str, filters: Filters) -> list[float]:
    grounds = engine.grounds(Query.parse(text[:MAX_QUERY_CHARS], filters=filters))
    assert grounds.features is not None
    return [*grounds.features, max(-item.found.no_answer for item in grounds.evidence if item.found)]


def _auroc(rows: Sequence[Row], tested: Sequence[Row], columns: slice) -> float:
    features = np.array([row[0][columns] for row in rows])
    means, deviations = features.mean(axis=0), features.std(axis=0) + 1e-9
    fitted = LogisticRegression(C=0.3, max_iter=1000).fit(
        (features - means) / deviations, [row[1] for row in rows], sample_weight=[row[2] for row in rows]
    )
    scores = fitted.predict_proba((np.array([row[0][columns] for row in tested]) - means) / deviations)[:, 1]
    return round(float(roc_auc_score([row[1] for row in tested], scores)), 4)


def read_results() -> dict[str, Result]:
    """Return what was recorded, by set."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.glob("*.json"))}


def table(results: Mapping[str, Result]) -> list[str]:
    """Return the rankings as the lines of a table in Markdown."""
    lines = [
        "| set | measure | first ranking | with the reader | better, worse | p |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, title in TITLES.items():
        for measure, value in results[name]["measures"].items():
            counts = f"{value['better']}, {value['worse']} of {results[name]['queries']}"
            cells = (title, measure, f"{value['first']:.3f}", f"{value['reader']:.3f}", counts, f"{value['p']:.3f}")
            lines.append(f"| {' | '.join(cells)} |")
    return lines


def answers_table(results: Mapping[str, Result]) -> list[str]:
    """Return what becomes of answers as the lines of a table in Markdown."""
    lines = ["| set | measure | without | with the reader |", "| --- | --- | --- | --- |"]
    for name, value in results["gold"]["quality"].items():
        lines.append(f"| {TITLES['gold']} | {name.replace('_', ' ')} | {value['first']:.3f} | {value['reader']:.3f} |")
    answers, title = results[NATURAL]["answers"], TITLES[NATURAL]
    right = answers["leading_right"]
    for what, said in (("sentence", "sentence found best"), ("highlight", "first highlight of the first passage")):
        figures = f"{right[f'{what}, first']:.3f} | {right[f'{what}, reader']:.3f}"
        lines.append(f"| {title} | the {said} holds the answer | {figures} |")
    for name, said in (
        ("given", "a span is given"),
        ("f1_where_given", "its F1"),
        ("exact_where_given", "it is exact"),
    ):
        lines.append(f"| {title} | {said} | | {answers[f'span_{name}']:.3f} |")
    for name, value in results["no_answer"]["auroc"].items():
        figures = f"{value['features']:.3f} | {value['with_no_answer']:.3f}"
        lines.append(f"| {TITLES[name]} | AUROC with the evidence taken out, fitted with its no answer | {figures} |")
    return lines


def _write_pages() -> None:
    results = read_results()
    read = ", ".join(f"{count} of 10 for top {cutoff}" for cutoff, count in results[NATURAL]["candidates_read"].items())
    time = results.get("time")
    taken = "" if time is None else f"An answer takes {time['added_p50_ms']} ms more (median; {time['machine']})."
    lines = [
        "# The reader's figures",
        "",
        "Written by `make evaluate-reader DATA=…` (`training/reader_evaluation.py`); do not edit.",
        "",
        f"Model {results['gold']['model_sha256']}. Nothing was trained on these questions, nor chosen by them.",
        "",
        *table(results),
        "",
        *answers_table(results),
        "",
        f"Candidates that a search reads in the mean, on {CUTOFF_QUERIES} questions of {TITLES[NATURAL]}: {read}.",
        *([taken] if taken else []),
        "",
    ]
    PAGE.write_text("\n".join(lines), encoding="utf-8")
    card = CARD.read_text(encoding="utf-8")
    before, rest = card.split("<!-- figures -->\n", 1)
    after = rest.split("<!-- end of figures -->\n", 1)[1]
    figures = "\n".join([*table(results), "", *answers_table(results), ""])
    CARD.write_text(f"{before}<!-- figures -->\n{figures}<!-- end of figures -->\n{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
