"""The rankings of a running service, scored from outside on a file of gold questions.

Needs nothing but ir-measures, and gives the figures of `rag eval --gold`; copy it and change what you measure.
"""

import argparse
import json
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen

import ir_measures
from ir_measures import RR, R, Success, nDCG

MEASURES = (Success @ 1, R @ 5, RR @ 10, nDCG @ 10)
# Documents are ranked by their best passages, so ten of them need more passages than ten.
TOP_K = 50


def asked(url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what the service answers: to a POST of `body`, or to a GET where there is none."""
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(url, data, {"Content-Type": "application/json"})) as response:
        answer: dict[str, Any] = json.load(response)
    return answer


def relevant_passages(document: dict[str, Any], quoted: str) -> list[str]:
    """Return the ids of a document's passages that cover at least half of a quote's characters."""
    start = document["text"].index(quoted)
    covering = [
        f"{document['doc_id']}#{span['start_char_index']}-{span['end_char_index']}"
        for span in document["passages"]
        if 2 * (min(start + len(quoted), span["end_char_index"]) - max(start, span["start_char_index"])) >= len(quoted)
    ]
    # What no passage covers stays judged, and is never found.
    return covering or [f"{document['doc_id']}#uncovered-{start}"]


def scored(url: str, questions: list[dict[str, Any]]) -> dict[str, dict[str, dict[str, float]]]:
    """Return each measure's value for every question, at the level of passages ("evidence") and of documents."""
    qrels: dict[str, dict[str, dict[str, int]]] = {"evidence": {}, "document": {}}
    runs: dict[str, dict[str, dict[str, float]]] = {"evidence": {}, "document": {}}
    for question in questions:
        for item in question["evidence"]:
            document = asked(f"{url}/v1/documents/{quote(item['doc'])}")
            for passage_id in relevant_passages(document, item["quote"]):
                qrels["evidence"].setdefault(question["id"], {})[passage_id] = 1
            qrels["document"].setdefault(question["id"], {})[item["doc"]] = 1
        results = asked(f"{url}/v1/search", {"query": question["question"][:2000], "top_k": TOP_K})["results"]
        passages = [result["passage_id"] for result in results]
        documents = dict.fromkeys(result["citation"]["doc_id"] for result in results)
        # Ranks in place of scores, so that nothing is put in another order than the service's.
        runs["evidence"][question["id"]] = {found: 1 / rank for rank, found in enumerate(passages, start=1)}
        runs["document"][question["id"]] = {found: 1 / rank for rank, found in enumerate(documents, start=1)}
    # A question without results counts 0.
    values = {level: {str(one): dict.fromkeys(qrels[level], 0.0) for one in MEASURES} for level in qrels}
    for level, of_level in values.items():
        for metric in ir_measures.iter_calc(MEASURES, qrels[level], runs[level]):
            of_level[str(metric.measure)][metric.query_id] = metric.value
    return values


def main() -> None:
    """Print the means, or with --json every question's values, which `rag eval --baseline` can read."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("gold", help="file of gold questions")
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="where the service is (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="print every question's values")
    given = parser.parse_args()
    with open(given.gold, encoding="utf-8") as lines:
        questions = [question for line in lines if line.strip() and (question := json.loads(line))["evidence"]]
    values = scored(given.url.rstrip("/"), questions)
    if given.json:
        print(json.dumps({"values": values}, indent=1))
        return
    for level, of_level in values.items():
        means = (f"{measure} {sum(one.values()) / len(one):.4f}" for measure, one in of_level.items())
        print(f"{level:<10}", *means, sep="   ")


if __name__ == "__main__":
    main()
