"""The reader that comes along: what it reads, where it finds answers, how far it moves a ranking."""

import json
import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from api.app import create_app
from index.corpus import Corpus
from index.document import Document, Metadata, Span
from index.embedder import OnnxEmbedder
from index.errors import ModelUnusable
from index.reader import WEIGHTS, Reader
from index.records import StoredPassage
from rag.engine import Engine
from rag.evidence import Evidence, Found, Place, unread
from rag.grounding import Generated, grounded
from rag.query import Query
from rag.reader import LARGEST_LOGIT, MAX_ANSWER_TOKENS, READ, SHARE, ReaderRereading, _likeliest, passage_text
from rag.relevance import Sentence, SentenceFeatures
from rag.reranking import Reranking, open_reranking
from rag.sources import Source
from tests.command_line import CommandLine
from tests.test_evidence import passage as passage_tokens

BROOK = "Where is the Brook Mine?"
QUESTIONS = (BROOK, "who delayed the licences?", "what happened after Geneva?", "What is China's processing share?")


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


@pytest.fixture(scope="module")
def reading_engine(seeds_engine: Engine) -> Engine:
    return Engine(seeds_engine.corpus, open_reranking(Path("unused"), "reader", deadline_s=60))


def stored(text: str, sentences: list[Span], title: str | None = None, at: int = 0) -> StoredPassage:
    return StoredPassage("d", Metadata(title=title), Span(at, at + len(text)), "", text, tuple(sentences))


def evidence(passage: StoredPassage, score: float = 0.5, number: int = 0) -> Evidence:
    return Evidence(passage, unread(passage_tokens(number, 0, [])), 0.0, 0.0, score)


def found_in(reader: Reader, question: str, passage: StoredPassage) -> Found:
    found = ReaderRereading(reader).reread(question, evidence(passage)).found
    assert found is not None
    return found


def test_an_answer_is_found_where_it_stands(reader: Reader) -> None:
    said = "The Élan Bridge 🌉 was finished in 1912. Its architect, Zoë Müller, came from Graz."
    passage = stored(said, [Span(0, 40), Span(41, len(said))], "Zoë Müller's bridges", at=700)
    passage = replace(passage, sentences=(Span(700, 740), Span(741, 700 + len(said))))
    found = found_in(reader, "Who was the architect of the Élan Bridge?", passage)
    best = max(found.places.values(), key=lambda place: place.begins)
    assert passage.slice(best.span) == "Zoë Müller"
    assert found.no_answer < 0 < found.relevance
    assert found_in(reader, "Which fish swim upstream to spawn?", passage).no_answer > 0


@given(st.text(max_size=60), st.text(max_size=200), st.data())
def test_places_lie_in_their_sentences_whatever_is_read(title: str, text: str, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(text)))
    at = data.draw(st.integers(0, 9))
    passage = stored(text, [Span(at, at + cut), Span(at + cut, at + len(text))], title, at)
    read = passage_text(passage)
    for number in range(read.begin, len(read.text)):
        character = passage.slice(read.in_document(Span(number, number + 1)))
        assert character == read.text[number] or (character.isspace() and read.text[number] == " ")
    places = found_in(READER, "who?", passage).places
    for sentence, place in places.items():
        assert sentence in passage.sentences
        assert sentence.start <= place.span.start < place.span.end <= sentence.end
    assert sum(place.begins for place in places.values()) <= 1.0001


READER = Reader()


@given(st.integers(1, 60), st.integers(0, 1000))
def test_the_likeliest_answer_is_that_of_the_slow_way(count: int, seed: int) -> None:
    starts, ends = np.random.default_rng(seed).standard_normal((2, count)).astype(np.float32)
    pairs = [(first, last) for first in range(count) for last in range(first, min(count, first + MAX_ANSWER_TOKENS))]
    assert _likeliest(starts, ends) == max(pairs, key=lambda pair: starts[pair[0]] + ends[pair[1]])


def test_what_is_past_the_limit_is_not_read(reader: Reader) -> None:
    words = "Copper rose again and again. " * 60
    passage = stored(words, [Span(at, at + 28) for at in range(0, len(words), 29)])
    found = found_in(reader, "what rose?", passage)
    assert 0 < len(found.places) < len(passage.sentences)
    assert passage.sentences[-1] not in found.places
    assert found.begins(passage.sentences[-1]) == 0
    assert found_in(reader, "what rose? " * 180, passage).places.keys() <= set(passage.sentences)


def test_a_score_moves_no_further_than_it_may(reader: Reader) -> None:
    for question in ("Who rang?", "copper copper copper", "x"):
        for text in ("Ada rang.", "", "x" * 5000):
            passage = stored(text, [Span(0, len(text))])
            score = ReaderRereading(reader).reread(question, evidence(passage, 0.3)).score
            assert abs(score - 0.3) <= SHARE * LARGEST_LOGIT + 1e-9


class Moving:
    """Moves each score by what is given for it, as far as the reader may."""

    depth = READ
    reach = SHARE * LARGEST_LOGIT

    def __init__(self, moves: dict[str, float]) -> None:
        self._moves = moves
        self.read = 0

    def reread(self, question: str, item: Evidence) -> Evidence:
        self.read += 1
        return replace(item, score=item.score + self.reach * self._moves[item.passage_id])


@given(
    scores=st.lists(st.floats(0, 1), min_size=1, max_size=14),
    moves=st.lists(st.floats(-1, 1), min_size=14, max_size=14),
    shown=st.integers(1, 14),
)
def test_what_is_not_read_any_more_could_not_be_shown(scores: list[float], moves: list[float], shown: int) -> None:
    text = "Copper fell."
    ranking = [
        evidence(stored(text, [Span(0, 12)]), score, number)
        for number, score in enumerate(sorted(scores, reverse=True))
    ]
    by_id = dict(zip((item.passage_id for item in ranking), moves, strict=False))
    all_read, _ = Reranking(Moving(by_id), 1, 60).reread("copper", ranking, len(ranking) + READ)
    some_read, count = Reranking(Moving(by_id), 1, 60).reread("copper", ranking, shown)
    assert count <= min(READ, len(ranking))
    rounded = [[round(item.score, 9) for item in found[: min(shown, READ)]] for found in (all_read, some_read)]
    assert rounded[0] == rounded[1]


def test_one_far_above_the_rest_is_read_alone() -> None:
    text = "Copper fell."
    ranking = [evidence(stored(text, [Span(0, 12)]), score, number) for number, score in enumerate((0.9, 0.4, 0.3))]
    moving = Moving({item.passage_id: 0.0 for item in ranking})
    _, count = Reranking(moving, 1, 60).reread("copper", ranking, 1)
    assert (count, moving.read) == (1, 1)


def test_of_many_the_best_are_read_and_the_rest_keep_their_order(seeds_engine: Engine, reading_engine: Engine) -> None:
    query = Query.parse(BROOK, 40)
    plain, read = seeds_engine.search(query), reading_engine.search(query)
    assert (plain.reranked, read.reranked) == (0, READ)
    assert [hit.passage_id for hit in plain.hits[READ:]] == [hit.passage_id for hit in read.hits[READ:]]
    scores = [hit.score for hit in read.hits]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_span_is_a_citation_inside_one_of_the_answer(reading_engine: Engine, question: str) -> None:
    answer = reading_engine.ask(question).answer
    if answer.span is None:
        return
    assert answer.span.cited_text == answer.span.span.of(reading_engine.corpus.document(answer.span.doc_id).text)
    assert any(
        cited.doc_id == answer.span.doc_id
        and cited.span.start <= answer.span.span.start
        and answer.span.span.end <= cited.span.end
        for cited in answer.citations
    )


def test_the_sentence_that_answers_leads(embedder: OnnxEmbedder, tmp_path: Path, reader: Reader) -> None:
    corpus = Corpus(tmp_path / "data", embedder, create=True)
    told = (
        "Who the mayor of Alderby is has been asked often, and the mayor of Alderby likes the question. "
        "Ada Quill was elected mayor last spring. Alderby lies on a river, as its mayor says."
    )
    corpus.put(Document("alderby", told, "text/plain", Metadata(title="Alderby")))
    question = "Who is the mayor of Alderby?"
    engine = Engine(corpus, Reranking(ReaderRereading(reader), 1, 60))
    plain, read = Engine(corpus).search(question), engine.search(question)
    assert plain.hits[0].highlights[0].cited_text.startswith("Who the mayor")
    assert read.hits[0].highlights[0].cited_text.startswith("Ada Quill")
    grounds = engine.grounds(Query.parse(question))
    assert grounds.sentences[0].text.startswith("Ada Quill")
    answer = grounds.sentences[0].answer
    assert answer is not None
    assert answer.of(told) == "Ada Quill"
    assert Engine(corpus).grounds(Query.parse(question)).sentences[0].text.startswith("Who the mayor")
    corpus.close()


@pytest.mark.slow
def test_what_the_reader_had_no_room_for_is_not_taken_for_no_answer(
    embedder: OnnxEmbedder, tmp_path: Path, reader: Reader
) -> None:
    corpus = Corpus(tmp_path / "data", embedder, create=True)
    long = Metadata(title="The comets that were seen from the old observatory on the hill " * 4)
    told = "The hill is steep and the dome is green. " * 18 + "Jane Roe discovered the comet in 1911."
    corpus.put(Document("told", told, "text/plain", long))
    for number in range(4):
        other = f"Comet hunters named {number} met in 1911. The mayor opened the fair in {1900 + number}."
        corpus.put(Document(f"other-{number}", other, "text/plain", Metadata()))
    question = "Who discovered the comet in 1911?"
    for engine in (Engine(corpus), Engine(corpus, Reranking(ReaderRereading(reader), 1, 60))):
        assert "Jane Roe" in engine.ask(question).answer.text
    corpus.close()


class Citing:
    """A language model that says what its last source does."""

    def answer(
        self,
        question: str,
        sources: Sequence[Source],
        on_text: Callable[[str], None] | None = None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Generated:
        said = sources[-1]
        return grounded(f"{said.text} [{said.number}]", sources, question)


@pytest.mark.slow
def test_a_span_that_a_language_model_does_not_cite_is_left_out(reading_engine: Engine) -> None:
    assert reading_engine.ask(BROOK).answer.span is not None
    engine = Engine(reading_engine.corpus, open_reranking(Path("unused"), "reader", deadline_s=60), Citing())
    answer = engine.ask(BROOK).answer
    assert answer.mode == "generated"
    assert answer.span is None or any(cited.holds(answer.span) for cited in answer.citations)


def test_where_the_reader_finds_no_answer_there_is_no_span() -> None:
    span = Span(0, 12)
    item = evidence(stored("Copper fell.", [span]))
    features = SentenceFeatures(*[0.0] * len(SentenceFeatures._fields))
    for no_answer, begins, answer in ((-20.0, 0.5, Span(0, 6)), (0.0, 0.25, Span(0, 6)), (20.0, 0.0, None)):
        found = Found(0.0, no_answer, {span: Place(Span(0, 6), 0.5)})
        assert found.begins(span) == pytest.approx(begins, abs=1e-6)
        assert Sentence(replace(item, found=found), span, frozenset(), features, None, 0.5).answer == answer


@pytest.mark.slow
def test_the_span_goes_over_the_wire(reading_engine: Engine, seeds_engine: Engine) -> None:
    with TestClient(create_app(reading_engine)) as client:
        body = client.post("/v1/ask", json={"question": BROOK}).json()
        said = client.post("/v1/ask", json={"question": BROOK, "stream": True}).text
        span = body["answer"]["span"]
        text = client.get(f"/v1/documents/{span['doc_id']}").json()["text"]
        assert text[span["start_char_index"] : span["end_char_index"]] == span["cited_text"]
        assert client.post("/v1/verify", json={"citations": [_claim(span)]}).json()["results"][0]["valid"]
    done = next(part for part in said.split("\n\n") if part.startswith("event: done"))
    assert json.loads(done.split("data: ", 1)[1])["answer"]["span"] == span
    with TestClient(create_app(seeds_engine)) as client:
        assert client.post("/v1/ask", json={"question": BROOK}).json()["answer"]["span"] is None


def _claim(span: dict[str, object]) -> dict[str, object]:
    return {name: span[name] for name in ("doc_id", "start_char_index", "end_char_index", "cited_text")}


@pytest.mark.slow
def test_the_reader_changes_no_chance_of_an_answer(seeds_engine: Engine, reading_engine: Engine) -> None:
    for question in (*QUESTIONS, "Who bakes bread?"):
        assert reading_engine.ask(question).answer.answerable == seeds_engine.ask(question).answer.answerable


def test_files_that_are_not_those_of_the_card_are_refused(tmp_path: Path) -> None:
    for name in ("model.onnx", "tokenizer.json", "card.json"):
        folder = tmp_path / name
        shutil.copytree(WEIGHTS, folder)
        content = bytearray((folder / name).read_bytes())
        content[random.Random(1).randrange(len(content))] ^= 128
        (folder / name).write_bytes(content)
        with pytest.raises(ModelUnusable, match="install footnote anew"):
            Reader(folder)


@pytest.mark.slow
def test_the_reader_is_turned_on_by_its_name_and_needs_no_preparing(rag: CommandLine) -> None:
    patient = {"RAG_RERANKER": "reader", "RAG_RERANK_DEADLINE_MS": "60000"}
    prepared = rag("prepare", **patient)
    assert (prepared.returncode, "reader" in prepared.stderr) == (0, False), prepared.stderr
    counts = [
        json.loads(rag("search", BROOK, "-k", "20", "--json", **environment).stdout)["reranked"]
        for environment in (patient, patient | {"RAG_RERANK_DEADLINE_MS": "0"}, {"RAG_RERANKER": "off"}, {})
    ]
    assert counts == [READ, 0, 0, 0]
    answer = json.loads(rag("ask", BROOK, "--json", **patient).stdout)["answer"]
    assert answer["span"]["cited_text"] in answer["text"]
    assert json.loads(rag("ask", BROOK, "--json").stdout)["answer"]["span"] is None
