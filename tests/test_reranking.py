"""The second reading: with a reranker that can be computed by hand, and with a cross-encoder made here."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from index.corpus import Corpus
from index.cross_encoder import open_cross_encoder
from index.document import Document, Metadata
from index.errors import ModelNotPrepared, ModelUnusable
from rag.engine import Engine
from rag.errors import InvalidQuery
from rag.query import Query
from rag.reranking import CrossEncoderRereading, Reranking
from tests.command_line import ROOT, CommandLine
from tests.tiny_models import make_cross_encoder

PAIRS = [["magnets", "China makes most of the magnets ."], ["who holds the talks ?", "Geneva"], ["gallium", "exports"]]
# The reference's own scores, in a process of its own: only there is PyTorch loaded.
REFERENCE = """
import json, sys
from sentence_transformers import CrossEncoder
import torch
scores = CrossEncoder(sys.argv[1], device="cpu").predict(json.load(sys.stdin), activation_fn=torch.nn.Sigmoid())
json.dump(scores.tolist(), sys.stdout)
"""


class Lengths:
    """Holds the longest text for the best, and remembers what it has read."""

    name = "lengths"

    def __init__(self) -> None:
        self.read: list[str] = []

    def score(self, question: str, text: str) -> float:
        self.read.append(text)
        return min(len(text) / 1000, 1.0)


def put(corpus: Corpus, count: int) -> Corpus:
    for number in range(count):
        text = f"Copper prices fell{' again' * number}."
        corpus.put(Document(f"d{number:02}", text, "text/plain", Metadata(title="Metals")))
    return corpus


def test_what_is_read_is_ranked_by_the_reading(corpus: Corpus) -> None:
    reranker = Lengths()
    response = Engine(put(corpus, 9), Reranking(CrossEncoderRereading(reranker))).search(
        Query.parse("copper prices", top_k=4)
    )
    assert [hit.citation.doc_id for hit in response.hits] == ["d08", "d07", "d06", "d05"]
    assert response.reranked == 9
    assert "Metals\nCopper prices fell." in reranker.read


@pytest.mark.slow
def test_no_more_than_the_best_are_read_and_they_come_first(corpus: Corpus) -> None:
    engine = Engine(put(corpus, CrossEncoderRereading.depth + 5), Reranking(CrossEncoderRereading(Lengths())))
    plain = engine.search(Query.parse("copper prices", top_k=100, rerank=False))
    response = engine.search(Query.parse("copper prices", top_k=100))
    assert (plain.reranked, response.reranked) == (0, CrossEncoderRereading.depth)
    ids, plain_ids = ([hit.passage_id for hit in found.hits] for found in (response, plain))
    assert sorted(ids[: CrossEncoderRereading.depth]) == sorted(plain_ids[: CrossEncoderRereading.depth])
    assert ids[CrossEncoderRereading.depth :] == plain_ids[CrossEncoderRereading.depth :]
    scores = [hit.score for hit in response.hits]
    assert scores == sorted(scores, reverse=True)


def test_past_the_deadline_the_ranking_stands(corpus: Corpus) -> None:
    reranker = Lengths()
    put(corpus, 9)
    response = Engine(corpus, Reranking(CrossEncoderRereading(reranker), deadline_s=0)).search(
        Query.parse("copper prices")
    )
    assert (response.reranked, reranker.read) == (0, [])
    assert response.hits == Engine(corpus).search(Query.parse("copper prices")).hits


def test_asking_for_a_reading_without_a_reranker_is_refused(corpus: Corpus) -> None:
    engine = Engine(put(corpus, 2))
    with pytest.raises(InvalidQuery, match="RAG_RERANKER"):
        engine.search(Query.parse("copper", rerank=True))
    with TestClient(create_app(engine)) as client:
        refused = client.post("/v1/search", json={"query": "copper", "rerank": True})
        assert (refused.status_code, refused.json()["error"]["code"]) == (422, "invalid_query")
        assert client.post("/v1/search", json={"query": "copper", "rerank": False}).status_code == 200
    with TestClient(create_app(Engine(corpus, Reranking(CrossEncoderRereading(Lengths()))))) as client:
        for rerank, reranked in ((None, 2), (True, 2), (False, 0)):
            body = client.post("/v1/search", json={"query": "copper", "rerank": rerank}).json()
            assert body["reranked"] == reranked


@pytest.mark.slow
def test_a_cross_encoder_is_prepared_and_reads(own_seeds_data: Path, model_folder: Path, tmp_path: Path) -> None:
    name = str(make_cross_encoder(tmp_path))
    models = tmp_path / "models"
    shutil.copytree(model_folder, models / model_folder.name)
    rag = CommandLine(own_seeds_data, models)
    missing = rag("search", "magnets", RAG_RERANKER=name)
    assert (missing.returncode, "rag prepare" in missing.stderr) == (1, True), missing.stderr
    prepared = rag("prepare", RAG_RERANKER=name)
    assert prepared.returncode == 0, prepared.stderr
    body = json.loads(rag("search", "magnets", "--json", RAG_RERANKER=name).stdout)
    assert 1 <= body["reranked"] <= CrossEncoderRereading.depth
    assert json.loads(rag("search", "magnets", "--json").stdout)["reranked"] == 0

    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", REFERENCE, name],
        input=json.dumps(PAIRS), cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    made = open_cross_encoder(models, name)
    assert made.card.precision == "int8"
    assert made.name == name
    scores = [made.score(question, text) for question, text in PAIRS]
    assert scores == pytest.approx(json.loads(done.stdout), abs=0.1)
    assert len({round(score, 3) for score in scores}) > 1

    (folder,) = (models / "rerankers").iterdir()
    (folder / "model.onnx").write_bytes(b"damaged")
    with pytest.raises(ModelUnusable, match="rag prepare --force"):
        open_cross_encoder(models, name)
    with pytest.raises(ModelNotPrepared, match="rag prepare"):
        open_cross_encoder(models, "another")


@pytest.mark.slow
def test_a_model_that_gives_several_scores_is_no_reranker(tmp_path: Path) -> None:
    name = str(make_cross_encoder(tmp_path, labels=3))
    done = subprocess.run(
        [sys.executable, "-m", "index.preparation", "--reranker", name, str(tmp_path / "models")],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, "3 scores to a pair" in done.stderr) == (1, True), done.stderr
