"""Congruence: the same documents in, the same searches, the same documents out, whichever store holds them."""

import random
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from index.corpus import Corpus, Outcome, open_store
from index.document import Document, Metadata
from index.embedded_store import EmbeddedStore
from index.embedder import OnnxEmbedder
from index.errors import DocumentNotFound, EmptyDocument
from index.ingestion import article_files, ingest
from index.listing import list_documents
from index.migration import Migrated, migrate
from index.records import FileRecord, Filters
from index.storage import Milvus
from rag.engine import Engine
from tests.conftest import SEEDS
from tests.doubles import HashingEmbedder

METALS = (
    "copper",
    "tin",
    "lead",
    "zinc",
    "iron",
    "gold",
    "silver",
    "nickel",
    "price",
    "ore",
    "mine",
    "market",
    "alloy",
)
RARE = tuple(f"{first}{last}" for first in "bdfgklmnprst" for last in ("arium", "ebolite", "inox", "orande", "ulver"))
COMMON = ("the", "of", "and", "in", "a", "was", "that", "Geneva", "exports")
QUESTIONS = (
    "copper prices in Geneva",
    "tin",
    "who exports nickel ore?",
    "the of and",
    "Gold, silver: alloys of the mine",
    "platinum",
    "iron iron iron market",
    "barium and garium",
    "what of dinox, korande or tulver in Geneva?",
)

Open = Callable[[], Corpus]


def article(
    doc_id: str, text: str, title: str | None = None, source: str | None = None, day: str | None = None
) -> Document:
    return Document(doc_id, text, "text/plain", Metadata(title, source, None, day))


def many(size: int = 60) -> list[Document]:
    """Articles of chance words, whose titles and passages have about the mean lengths that are set for Milvus."""
    chance = random.Random(8)
    words = COMMON * 12 + METALS + RARE
    made = []
    for number in range(size):
        paragraphs = [" ".join(chance.choices(words, k=chance.randint(10, 90))).capitalize() + "." for _ in range(3)]
        title = " ".join(chance.choices(METALS, k=12)).title() if number % 3 else None
        source = chance.choice(["Reuters", 'The "Metal" \\ Bulletin', "Neue Zürcher\nZeitung", None])
        day = chance.choice(["2025-05-01", "2025-05-01T10:00:00Z", "2025-05-02", "2024-12-31T23:59:59Z", None])
        made.append(article(f"metal-{number:02}", "\n\n".join(paragraphs), title, source, day))
    return made


@pytest.fixture(scope="module")
def lite(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Milvus]:
    """One Milvus Lite; each call names another corpus in it."""
    file, numbers = tmp_path_factory.mktemp("milvus") / "lite.db", count()
    return lambda: Milvus(str(file), f"corpus_{next(numbers)}")


@pytest.fixture(params=["embedded", pytest.param("milvus", marks=pytest.mark.slow)])
def opened(request: pytest.FixtureRequest, tmp_path: Path, lite: Callable[[], Milvus]) -> Open:
    """Opens one corpus again and again, as if in another process."""
    milvus = lite() if request.param == "milvus" else None

    def open_again() -> Corpus:
        corpus = Corpus(tmp_path / "data", HashingEmbedder(), create=True, milvus=milvus)
        request.addfinalizer(corpus.close)
        return corpus

    return open_again


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, lite: Callable[[], Milvus]) -> Iterator[tuple[Corpus, Corpus]]:
    """The same articles in either store, some of them changed and some deleted since."""
    folder = tmp_path_factory.mktemp("both")
    pair = (
        Corpus(folder / "data", HashingEmbedder(), create=True),
        Corpus(folder / "data", HashingEmbedder(), create=True, milvus=lite()),
    )
    for corpus in pair:
        for document in many():
            corpus.put(document, publish=False)
        # Tantivy counts what was replaced until it merges, so that both are alike only where little was.
        corpus.put(
            article("metal-07", "Copper wire and tin foil are sold in Geneva.", "Copper", "Reuters", "2025-05-03"),
            publish=False,
        )
        corpus.delete("metal-11")
        corpus.save()
    yield pair
    for corpus in pair:
        corpus.close()


def found(corpus: Corpus, text: str, filters: Filters | None = None, k: int = 20) -> list[str]:
    """Return the passages that vector search finds, by their public names."""
    with corpus.read() as view:
        vector = corpus.embedder.embed_query(text).vector
        near = view.vectors.nearest(vector, k, view.reading.doc_nos(filters or Filters()))
        return [f"{one.doc_id} {one.span}" for one in view.reading.passages([hit.passage_no for hit in near])]


def matched(corpus: Corpus, text: str, filters: Filters | None = None, k: int = 20) -> list[str]:
    with corpus.read() as view:
        hits = view.words.matching(text, k, view.reading.doc_nos(filters or Filters()))
        return [f"{one.doc_id} {one.span}" for one in view.reading.passages([number for number, _ in hits])]


class TestEitherStore:
    def test_says_what_putting_did(self, opened: Open) -> None:
        corpus = opened()
        tin = article("tin", "Tin is a soft metal.")
        assert corpus.put(tin) is Outcome.ADDED
        assert corpus.put(tin) is Outcome.UNCHANGED
        assert corpus.put(article("tin", "Tin is soft.")) is Outcome.CHANGED
        with pytest.raises(EmptyDocument):
            corpus.put(article("tin", "  \n"))
        assert corpus.document("tin").text == "Tin is soft."

    @pytest.mark.slow
    def test_gives_back_what_was_put(self, opened: Open) -> None:
        corpus = opened()
        text = "Zürich’s 𝔘nicode 😀 article.\n\n" + "Copper is red. Ore is mined. " * 3000
        document = Document(
            "Long-1.0_x", text, "text/markdown", Metadata('A "title" \\ x', "Src", "https://a/?b=1", "2025-05-01")
        )
        corpus.put(document, FileRecord("/tmp/Long.md", "f" * 64))
        again = opened()
        stored, spans = again.document_with_passages("Long-1.0_x")
        assert stored == document
        made = again.embedded(document)
        assert spans == [one.passage.span for one in made]
        with again.read() as view:
            numbers = view.reading.passage_nos("Long-1.0_x")
            assert view.reading.file("Long-1.0_x") == FileRecord("/tmp/Long.md", "f" * 64)
            assert view.reading.files() == [("Long-1.0_x", "/tmp/Long.md")]
            assert view.reading.count() == (1, len(made))
            assert sorted(numbers) == view.vectors.passage_nos().tolist()
            (line,) = view.reading.documents(10)
            assert (line.metadata, line.media_type, line.sha256) == (
                document.metadata,
                "text/markdown",
                document.sha256,
            )
            assert (line.passages, line.chars) == (len(made), len(text))
            for passage, tokens, one in zip(
                view.reading.passages(numbers), view.reading.passage_tokens(numbers), made, strict=True
            ):
                assert passage.text == one.passage.span.of(text)
                assert (passage.heading, passage.sentences) == (one.passage.heading, one.passage.sentences)
                assert passage.metadata == document.metadata
                assert (tokens.title, tokens.source) == (document.metadata.title, document.metadata.source)
                assert np.array_equal(tokens.vectors, one.token_vectors)
                assert np.array_equal(tokens.bounds, one.bounds)
            for stored_passage, one in zip(view.reading.embedded_passages("Long-1.0_x"), made, strict=True):
                assert stored_passage.passage == one.passage
                assert stored_passage.sentence_tokens == one.sentence_tokens
                assert np.array_equal(stored_passage.token_vectors, one.token_vectors)
                assert np.allclose(stored_passage.vector, one.vector)

    def test_another_finds_what_was_acknowledged(self, opened: Open) -> None:
        first, second = opened(), opened()
        assert matched(second, "tin") == []
        first.put(article("tin", "Tin is soft."))
        assert matched(second, "tin") == found(second, "tin is soft", k=1) == ["tin Span(start=0, end=12)"]
        second.put(article("tin", "Lead is heavy now."))
        assert (matched(first, "tin"), matched(first, "lead")) == ([], ["tin Span(start=0, end=18)"])
        first.delete("tin")
        assert (matched(second, "lead"), found(second, "lead")) == ([], [])
        with second.read() as view:
            assert view.reading.count() == (0, 0)

    def test_what_was_replaced_takes_nobodys_place(self, opened: Open) -> None:
        corpus = opened()
        for number in range(5):
            corpus.put(article(f"a{number}", "tin tin tin"))
        corpus.put(article("b", "tin and copper"))
        for number in range(5):
            corpus.put(article(f"a{number}", "lead"))
        assert [hit.split()[0] for hit in matched(corpus, "tin", k=1)] == ["b"]
        assert [hit.split()[0] for hit in found(corpus, "tin", k=1)] == ["b"]

    def test_the_passages_that_are_searched_are_counted(self, opened: Open) -> None:
        corpus = opened()
        for text in ("Lead is heavy.", "Tin is soft."):
            for doc_id in "abcd":
                corpus.put(article(doc_id, text, source=doc_id.upper()))
        corpus.delete("d")
        with corpus.read() as view:
            for filters, count in (
                (Filters(), 3),
                (Filters(doc_ids=("a", "x")), 1),
                (Filters(doc_ids=()), 0),
                (Filters(without_doc_ids=("a",)), 2),
                (Filters(sources=("A", "B")), 2),
            ):
                searched = view.vectors.searched(view.reading.doc_nos(filters))
                # With filters Milvus counts what was replaced and is not removed yet.
                exact = filters == Filters() or isinstance(corpus.store, EmbeddedStore)
                assert searched == count or (not exact and count < searched <= 2 * count + 2)

    def test_a_view_stays_as_it_was(self, opened: Open) -> None:
        corpus = opened()
        corpus.put(article("a", "Tin is soft."))
        with corpus.read() as view:
            numbers = [number for number, _ in view.words.matching("tin", 5)]
            opened().put(article("a", "Lead is heavy."))
            assert [passage.text for passage in view.reading.passages(numbers)] == ["Tin is soft."]
            assert len(view.reading.passage_tokens(numbers)) == 1

    def test_a_file_that_moved_is_known_without_embedding(self, opened: Open) -> None:
        corpus = opened()
        tin = article("tin", "Tin is soft.")
        corpus.put(tin, FileRecord("/old/tin.txt", "a"))
        assert corpus.put(tin, FileRecord("/new/tin.txt", "b")) is Outcome.UNCHANGED
        with corpus.read() as view:
            assert view.reading.file("tin") == FileRecord("/new/tin.txt", "b")
        assert isinstance(corpus.embedder, HashingEmbedder)
        assert len(corpus.embedder.embedded) == 1
        assert matched(corpus, "tin") == ["tin Span(start=0, end=12)"]

    def test_a_file_is_not_said_to_hold_what_others_have_put(self, opened: Open) -> None:
        corpus = opened()
        corpus.put(article("tin", "Tin is soft."), FileRecord("/old/tin.txt", "a"))
        corpus.put(article("tin", "Tin is hard."))
        assert not corpus.store.put_file(article("tin", "Tin is soft."), FileRecord("/new/tin.txt", "a"))
        with corpus.read() as view:
            assert view.reading.file("tin") is None

    def test_filters_by_what_no_document_can_have(self, opened: Open) -> None:
        corpus = opened()
        corpus.put(article("tin", "Tin is soft.", source="Reuters"))
        for odd in ("a\u0001", "\ud800", '"', "\\", ""):
            assert matched(corpus, "tin", Filters(sources=(odd,))) == []
            assert len(matched(corpus, "tin", Filters(sources=(odd, "Reuters")))) == 1
            assert len(matched(corpus, "tin", Filters(without_doc_ids=(odd,)))) == 1

    def test_deleting_what_is_not_there(self, opened: Open) -> None:
        with pytest.raises(DocumentNotFound, match="'nowhere'"):
            opened().delete("nowhere")
        assert opened().store.delete("nowhere") is False

    def test_documents_come_by_pages(self, opened: Open) -> None:
        corpus = opened()
        names = [f"{letter}{number}" for letter in ("B", "a", "_", "-") for number in range(3)]
        for name in names:
            corpus.put(article(name, f"Article {name}."), publish=False)
        listed: list[str] = []
        cursor = None
        while True:
            page, cursor = list_documents(corpus, 5, cursor)
            listed += [line.doc_id for line in page]
            if cursor is None:
                break
        assert listed == sorted(names)

    def test_files_that_are_gone_are_pruned(self, opened: Open, tmp_path: Path) -> None:
        folder = tmp_path / "articles"
        folder.mkdir()
        for name in ("one", "two"):
            (folder / f"{name}.txt").write_text(f"Article {name}.")
        corpus = opened()
        assert ingest(corpus, article_files([folder])).added == 2
        (folder / "two.txt").unlink()
        summary = ingest(corpus, article_files([folder]), prune=True)
        assert (summary.unchanged, summary.removed) == (1, 1)


@pytest.mark.slow
class TestBothStores:
    @pytest.mark.parametrize("question", QUESTIONS)
    def test_rank_alike_by_vectors_and_by_words(self, both: tuple[Corpus, Corpus], question: str) -> None:
        embedded, milvus = both
        assert set(found(embedded, question, k=300)) == set(found(milvus, question, k=300))
        ours, theirs = matched(embedded, question, k=300), matched(milvus, question, k=300)
        assert set(ours) == set(theirs)
        assert len(set(ours[:20]) & set(theirs[:20])) >= min(len(ours), 20) * 0.8

    # What all passages have weighs next to nothing, and what Tantivy counts of deleted ones much beside it.
    @pytest.mark.parametrize("question", [question for question in QUESTIONS if question != "the of and"])
    def test_weigh_words_alike(self, both: tuple[Corpus, Corpus], question: str) -> None:
        weights, idfs, overlaps = [], [], []
        for corpus in both:
            with corpus.read() as view:
                weights.append(view.words.weights(question))
                idfs.append(view.words.idfs(question))
                numbers = {
                    number: f"{line.doc_id} {place}"
                    for line in view.reading.documents(1000)
                    for place, number in enumerate(view.reading.passage_nos(line.doc_id))
                }
                found = view.reading.overlaps(idfs[0], list(numbers))
                overlaps.append({numbers[number]: overlap for number, overlap in found.items()})
        assert [span for span, _ in weights[0]] == [span for span, _ in weights[1]]
        # Tantivy counts what is deleted until it merges.
        assert [idf for _, idf in weights[0]] == pytest.approx([idf for _, idf in weights[1]], abs=0.05)
        assert idfs[0] == pytest.approx(idfs[1], abs=0.05)
        assert overlaps[0] == pytest.approx(overlaps[1], abs=1e-6)

    @pytest.mark.parametrize(
        "filters",
        [
            Filters(),
            Filters(doc_ids=("metal-03", "metal-07", "nowhere")),
            Filters(doc_ids=()),
            Filters(without_doc_ids=("metal-03", "metal-07")),
            Filters(sources=("Reuters",)),
            Filters(sources=('The "Metal" \\ Bulletin', "Neue Zürcher\nZeitung")),
            Filters(sources=()),
            Filters(sources=("",)),
            Filters(published_after="2025-05-01"),
            Filters(published_after="2025-05-01T00:00:01Z"),
            Filters(published_before="2025-05-01"),
            Filters(published_before="2025-05-01T10:00:00Z"),
            Filters(published_before="2024-12-31"),
            Filters(sources=("Reuters",), published_after="2025-05-01", published_before="2025-05-02"),
        ],
        ids=str,
    )
    def test_filter_alike(self, both: tuple[Corpus, Corpus], filters: Filters) -> None:
        embedded, milvus = both
        assert set(found(embedded, "copper", filters, 300)) == set(found(milvus, "copper", filters, 300))
        assert set(matched(embedded, "copper", filters, 300)) == set(matched(milvus, "copper", filters, 300))

    def test_list_alike(self, both: tuple[Corpus, Corpus]) -> None:
        listed, counts = [], []
        for corpus in both:
            with corpus.read() as view:
                listed.append(view.reading.documents(1000))
                counts.append(view.reading.count())
        assert listed[0] == listed[1]
        assert counts[0] == counts[1]

    def test_are_copied_either_way_without_embedding(
        self, both: tuple[Corpus, Corpus], lite: Callable[[], Milvus], tmp_path: Path
    ) -> None:
        embedded, _ = both
        identity = embedded.store.identity
        there = open_store(tmp_path, identity, lite(), create=True)
        back = open_store(tmp_path / "back", identity, None, create=True)
        with embedded.read() as view:
            documents, passages = view.reading.count()
        assert migrate(embedded.store, there) == Migrated(documents, 0, passages)
        assert migrate(embedded.store, there) == Migrated(0, documents, 0)
        assert migrate(there, back) == Migrated(documents, 0, passages)
        there.close()
        back.close()
        copied = Corpus(tmp_path / "back", HashingEmbedder())
        for question in QUESTIONS:
            assert set(found(copied, question, k=300)) == set(found(embedded, question, k=300))
            assert set(matched(copied, question, k=300)) == set(matched(embedded, question, k=300))
        assert isinstance(copied.embedder, HashingEmbedder)
        assert copied.embedder.embedded == []
        copied.close()


@pytest.mark.slow
def test_answer_alike(seeds_engine: Engine, embedder: OnnxEmbedder, lite: Callable[[], Milvus], tmp_path: Path) -> None:
    target = open_store(tmp_path, seeds_engine.corpus.store.identity, lite(), create=True)
    migrate(seeds_engine.corpus.store, target)
    target.close()
    milvus = lite()
    corpus = Corpus(tmp_path, embedder, create=True, milvus=milvus)
    ingest(corpus, article_files([SEEDS]))
    engine = Engine(corpus)
    for question in (
        "what happened after Geneva?",
        "magnets",
        "export controls on rare earths",
        "who said what of tariffs?",
    ):
        ours, theirs = seeds_engine.search(question), engine.search(question)
        assert [hit.passage_id for hit in ours.hits][:3] == [hit.passage_id for hit in theirs.hits][:3]
        assert seeds_engine.ask(question).answer.text == engine.ask(question).answer.text
    corpus.close()
