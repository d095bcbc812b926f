import sqlite3
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, closing
from pathlib import Path

import pytest

from index import vectors
from index.corpus import Corpus, Outcome, open_corpus
from index.database import DATABASE, FORMAT, LOG_BYTES, put_in_place
from index.doctor import diagnose
from index.document import Document, Metadata, Span
from index.embedder import DEFAULT_MODEL
from index.errors import (
    DataCorrupt,
    DataError,
    DataMismatch,
    DataMissing,
    DataUnwritable,
    DocumentNotFound,
    EmptyDocument,
    InvalidCursor,
    ModelNotPrepared,
)
from index.listing import all_documents, list_documents
from index.recent import bytes_of
from index.records import Filters, StoredPassage
from tests.doubles import HashingEmbedder


def document(doc_id: str, text: str, **metadata: str) -> Document:
    return Document(doc_id, text, "text/plain", Metadata(**metadata))


def found(corpus: Corpus, question: str, filters: Filters | None = None) -> list[str]:
    """The ids of the documents with a passage that shares a word with the question, nearest first."""
    vector = corpus.embedder.embed_query(question).vector
    with corpus.read() as view:
        doc_nos = view.reading.doc_nos(filters or Filters())
        near = [one.passage_no for one in view.vectors.nearest(vector, 100, doc_nos) if one.cosine > 0.1]
        return [passage.doc_id for passage in view.reading.passages(near)]


def test_what_is_put_is_found_with_its_exact_text(corpus: Corpus) -> None:
    text = "Lanthanum prices rose in May.\n\nCopper fell."
    assert corpus.put(document("metals", text, title="Metals")) is Outcome.ADDED
    with corpus.read() as view:
        (passage,) = view.reading.passages(
            [one.passage_no for one in view.vectors.nearest(corpus.embedder.embed_query("lanthanum").vector, 1)]
        )
    assert passage.text == text
    assert [passage.slice(sentence) for sentence in passage.sentences] == [
        "Lanthanum prices rose in May.",
        "Copper fell.",
    ]
    assert passage.metadata == Metadata(title="Metals")


def test_an_unchanged_document_is_not_embedded_again(corpus: Corpus) -> None:
    corpus.put(document("a", "Lanthanum prices rose."))
    embedder = corpus.embedder
    assert isinstance(embedder, HashingEmbedder)
    embedder.embedded.clear()
    assert corpus.put(document("a", "Lanthanum prices rose.")) is Outcome.UNCHANGED
    assert embedder.embedded == []


def test_a_changed_document_is_replaced_whole(corpus: Corpus) -> None:
    corpus.put(document("a", "Lanthanum prices rose."))
    assert corpus.put(document("a", "Copper fell.")) is Outcome.CHANGED
    assert found(corpus, "lanthanum") == []
    assert found(corpus, "copper") == ["a"]


def test_a_changed_title_alone_is_a_change(corpus: Corpus) -> None:
    corpus.put(document("a", "Prices rose."))
    assert corpus.put(document("a", "Prices rose.", title="Lanthanum")) is Outcome.CHANGED
    assert found(corpus, "lanthanum") == ["a"]


def test_a_deleted_document_is_gone_from_the_next_search(corpus: Corpus) -> None:
    corpus.put(document("a", "Lanthanum prices rose."))
    corpus.put(document("b", "Lanthanum is soft."))
    corpus.delete("a")
    assert found(corpus, "lanthanum") == ["b"]
    with pytest.raises(DocumentNotFound, match="'a'"):
        corpus.document("a")
    with pytest.raises(DocumentNotFound, match="'a'"):
        corpus.delete("a")


def test_a_document_that_cannot_be_taken_leaves_the_one_before(corpus: Corpus) -> None:
    corpus.put(document("a", "Lanthanum prices rose."))
    with pytest.raises(EmptyDocument):
        corpus.put(document("a", "Leave a Reply"))
    assert found(corpus, "lanthanum") == ["a"]


def test_a_reader_sees_one_instant_while_others_write(corpus: Corpus) -> None:
    corpus.put(document("a", "Lanthanum prices rose."))
    with corpus.read() as view:
        writer = threading.Thread(target=corpus.delete, args=("a",))
        writer.start()
        writer.join()
        assert view.reading.document("a") is not None
        assert len(view.vectors.passage_nos()) == 1
    with corpus.read() as view:
        assert len(view.vectors.passage_nos()) == 0


@pytest.mark.slow
def test_readers_and_writers_together_never_see_a_document_in_part(corpus: Corpus) -> None:
    versions = ["Lanthanum rose.\n\n" * 30, "Copper fell.\n\n" * 50]
    corpus.put(document("a", versions[0]))
    stop = threading.Event()
    faults: list[str] = []

    def read() -> None:
        while not stop.is_set():
            with corpus.read() as view:
                stored = view.reading.document("a")
                wanted = {number for number in view.reading.passage_nos("a")}
                got = set(view.vectors.passage_nos().tolist())
                texts = [passage.text for passage in view.reading.passages(sorted(got))]
                if stored is None or got != wanted or any(text not in stored.text for text in texts):
                    faults.append(f"{got} is not {wanted}")

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for turn in range(40):
        corpus.put(document("a", versions[turn % 2] + str(turn)))
    stop.set()
    for reader in readers:
        reader.join()
    assert faults == []


def test_who_asks_while_a_change_is_made_searchable_sees_what_was_before(corpus: Corpus) -> None:
    corpus.put(document("a", "Lanthanum prices rose."))
    changed = document("a", "Tin prices fell.")
    passages = corpus.embedded(changed)
    with ExitStack() as outlasting:
        with corpus.store.published():
            corpus.store.put(changed, passages, None)
            assert (found(corpus, "lanthanum"), found(corpus, "tin")) == (["a"], [])
            view = outlasting.enter_context(corpus.read())
        assert (found(corpus, "lanthanum"), found(corpus, "tin")) == ([], ["a"])
        (passage,) = view.reading.passages(view.vectors.passage_nos().tolist())
        assert passage.text == "Lanthanum prices rose."
    assert (found(corpus, "lanthanum"), found(corpus, "tin")) == ([], ["a"])


def test_all_documents_are_listed_while_others_come_and_go(corpus: Corpus) -> None:
    for number in range(405):
        corpus.put(document(f"a{number:03}", "Tin is soft."), publish=False)
    listed = all_documents(corpus.store.read, "a001")
    assert next(listed).doc_id == "a002"
    corpus.delete("a300")
    corpus.put(document("b", "Tin is soft."))
    assert [one.doc_id for one in listed] == [*(f"a{number:03}" for number in range(3, 405) if number != 300), "b"]
    assert list(all_documents(corpus.store.read, "b")) == []


def test_many_documents_are_removed_and_made_searchable_together(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(150):
        corpus.put(document(f"a{number}", f"Lanthanum prices rose {number} times."), publish=False)
    published, made = corpus.store.published, []

    def counted() -> AbstractContextManager[None]:
        made.append(1)
        return published()

    monkeypatch.setattr(corpus.store, "published", counted)
    ids = [f"a{number}" for number in range(1, 150)]
    assert corpus.delete_all(["b", *ids, "a1"]) == [False, *[True] * 149, False]
    assert found(corpus, "lanthanum") == ["a0"]
    assert len(made) == 2
    assert corpus.delete_all([]) == []


@pytest.mark.slow
def test_the_log_stays_short_however_much_is_replaced(corpus: Corpus, tmp_path: Path) -> None:
    long = document("a", "Lanthanum prices rose and fell again. " * 4000)
    passages = corpus.embedded(long)
    sizes = []
    for _ in range(12):
        with corpus.store.published():
            corpus.store.put(long, passages, None)
        sizes.append((tmp_path / "data" / f"{DATABASE}-wal").stat().st_size)
    assert sum(sizes[1:3]) > LOG_BYTES
    assert max(sizes) < 3 * LOG_BYTES


def test_another_process_s_changes_are_seen(corpus: Corpus, tmp_path: Path) -> None:
    other = Corpus(tmp_path / "data", HashingEmbedder())
    other.put(document("a", "Lanthanum prices rose."))
    assert found(corpus, "lanthanum") == ["a"]
    corpus.delete("a")
    assert found(other, "lanthanum") == []
    other.close()


FILTERED = [
    (Filters(), {"may", "june", "undated"}),
    (Filters(doc_ids=("may", "nowhere")), {"may"}),
    (Filters(doc_ids=()), set()),
    (Filters(sources=("Wire",)), {"may", "undated"}),
    (Filters(published_after="2025-05-01"), {"may", "june"}),
    (Filters(published_after="2025-05-02"), {"june"}),
    (Filters(published_before="2025-05-01"), {"may"}),
    (Filters(published_after="2025-06-01T09:59:59Z"), {"june"}),
    (Filters(published_after="2025-06-01T10:00:01Z"), set()),
    (Filters(published_before="2025-06-01"), {"may", "june"}),
    (Filters(sources=("Wire",), published_before="2025-12-31"), {"may"}),
]


@pytest.mark.parametrize(("filters", "expected"), FILTERED)
def test_filters_choose_documents(corpus: Corpus, filters: Filters, expected: set[str]) -> None:
    corpus.put(document("may", "Lanthanum one.", source="Wire", published_at="2025-05-01"))
    corpus.put(document("june", "Lanthanum two.", source="Desk", published_at="2025-06-01T10:00:00Z"))
    corpus.put(document("undated", "Lanthanum three.", source="Wire"))
    assert set(found(corpus, "lanthanum", filters)) == expected


def test_documents_are_listed_by_pages(corpus: Corpus) -> None:
    ids = [f"d{number:02}" for number in range(7)]
    for doc_id in reversed(ids):
        corpus.put(document(doc_id, "Lanthanum."))
    listed: list[str] = []
    cursor = None
    while True:
        page, cursor = list_documents(corpus, 3, cursor)
        assert len(page) <= 3
        listed += [line.doc_id for line in page]
        if cursor is None:
            break
    assert listed == ids


@pytest.mark.parametrize("cursor", ["nonsense!", "é", "a"])
def test_a_cursor_that_no_page_gave_is_refused(corpus: Corpus, cursor: str) -> None:
    with pytest.raises(InvalidCursor, match=cursor):
        list_documents(corpus, 3, cursor)


class TestOpening:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """A data folder with one document, closed."""
        corpus = Corpus(tmp_path / "data", HashingEmbedder(), create=True)
        corpus.put(document("a", "Lanthanum prices rose."))
        corpus.close()
        return tmp_path / "data"

    @pytest.fixture
    def reopened(self, folder: Path) -> Iterator[Corpus]:
        embedder = HashingEmbedder()
        corpus = Corpus(folder, embedder)
        yield corpus
        assert embedder.embedded == []
        corpus.close()

    def test_everything_is_there_again(self, reopened: Corpus) -> None:
        assert found(reopened, "lanthanum") == ["a"]

    @pytest.mark.parametrize("content", [None, b"", b"not an index", b"\0" * 5000])
    def test_a_damaged_derived_file_is_made_anew_without_embedding(self, folder: Path, content: bytes | None) -> None:
        path = folder / vectors.FILE
        whole = path.read_bytes()
        path.unlink()
        if content is not None:
            path.write_bytes(content)
        embedder = HashingEmbedder()
        corpus = Corpus(folder, embedder)
        assert found(corpus, "lanthanum") == ["a"]
        assert embedder.embedded == []
        corpus.close()
        assert path.read_bytes() == whole

    def test_another_model_is_refused_with_both_values(self, folder: Path) -> None:
        other = HashingEmbedder()
        other.fingerprint = "hashing-65"
        with pytest.raises(DataMismatch, match=r"'hashing-64'.*'hashing-65'"):
            Corpus(folder, other)

    def test_a_newer_format_is_refused_with_both_values(self, folder: Path) -> None:
        with sqlite3.connect(folder / DATABASE) as connection:
            connection.execute("UPDATE meta SET value = '99' WHERE key = 'format'")
        connection.close()
        with pytest.raises(DataMismatch, match=rf"format 99.*format {FORMAT}"):
            Corpus(folder, HashingEmbedder())

    @pytest.mark.parametrize("content", [b"", b"garbage" * 1000])
    def test_a_damaged_database_is_said(self, folder: Path, content: bytes) -> None:
        (folder / DATABASE).write_bytes(content)
        with pytest.raises(DataCorrupt, match="damaged"):
            Corpus(folder, HashingEmbedder())

    def test_a_folder_without_data_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(DataMissing, match="nowhere"):
            Corpus(tmp_path / "nowhere", HashingEmbedder())

    def test_a_folder_that_cannot_be_made_is_said(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        with pytest.raises(DataUnwritable, match="file"):
            Corpus(tmp_path / "file" / "data", HashingEmbedder(), create=True)

    def test_a_folder_that_cannot_be_written_is_said(self, tmp_path: Path) -> None:
        (tmp_path / "data" / DATABASE).mkdir(parents=True)
        with pytest.raises(DataUnwritable, match="data"):
            Corpus(tmp_path / "data", HashingEmbedder(), create=True)

    def test_data_of_another_model_name_says_how_to_ask_for_it(self, folder: Path, tmp_path: Path) -> None:
        with pytest.raises(DataMismatch, match=r"'hashing'.*'other'.*RAG_MODEL=hashing"):
            open_corpus(folder, "other", tmp_path / "models")

    def test_a_model_that_is_not_prepared_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(ModelNotPrepared, match="rag prepare"):
            open_corpus(tmp_path / "new", DEFAULT_MODEL, tmp_path / "models", create=True)


class TestDoctor:
    FAULTS = (
        ("UPDATE documents SET text = text || '!'", "SHA-256"),
        ("UPDATE passages SET end = end + 1000", "outside its text"),
        ("UPDATE passages SET start = start + 3", "sentence outside"),
        ("UPDATE passages SET token_vectors = zeroblob(length(token_vectors))", "token vectors"),
        ("UPDATE passages SET vector = zeroblob(length(vector))", "vector of passage 0-22 of 'a'"),
        ("UPDATE passage_words SET words = zeroblob(length(words))", "words kept beside passage 0-22 of 'a'"),
        ("DELETE FROM passage_words", "words kept beside passage 0-22 of 'a'"),
        ("PRAGMA foreign_keys = ON; DELETE FROM passages", "no passage"),
        ("DELETE FROM documents", "rows of passages belong to none of documents"),
    )

    def test_sound_data_has_no_faults(self, own_seeds_data: Path) -> None:
        assert list(diagnose(own_seeds_data)) == []

    @pytest.mark.parametrize(("damage", "said"), FAULTS)
    def test_each_fault_is_found_and_said(self, corpus: Corpus, tmp_path: Path, damage: str, said: str) -> None:
        corpus.put(document("a", "Lanthanum prices rose."))
        corpus.save()
        with sqlite3.connect(tmp_path / "data" / DATABASE) as connection:
            connection.executescript(damage)
        connection.close()
        faults = list(diagnose(tmp_path / "data"))
        assert any(said in fault for fault in faults), faults

    def test_a_missing_derived_file_is_said(self, own_seeds_data: Path) -> None:
        (own_seeds_data / vectors.FILE).unlink()
        assert any("vectors.faiss" in fault for fault in diagnose(own_seeds_data))

    def test_a_database_that_cannot_be_opened_is_an_error(self, tmp_path: Path) -> None:
        (tmp_path / DATABASE).write_bytes(b"garbage" * 1000)
        with pytest.raises(DataError, match="damaged"):
            list(diagnose(tmp_path))


def test_what_was_read_last_is_not_read_from_the_database_again(tmp_path: Path) -> None:
    with closing(corpus_in(tmp_path)) as corpus:
        corpus.put(document("a", "Tin rose in May."))
        corpus.put(document("b", "Zinc fell."))
        for first in (True, False):
            asked = read_all(corpus)
            assert any("passage_words" in one for one in asked) is first
            assert any("substr" in one for one in asked) is first
        corpus.put(document("a", "Tin fell in June."))
        assert any("passage_words" in one for one in read_all(corpus))


def test_what_was_read_of_a_database_is_not_taken_for_what_another_has_under_its_numbers(tmp_path: Path) -> None:
    texts = []
    for number, text in enumerate(("Tin rose in May.", "Lead sank in June.")):
        with closing(corpus_in(tmp_path / str(number))) as corpus:
            corpus.put(document("a", text))
    with closing(corpus_in(tmp_path / "0")) as corpus:
        for made in (None, tmp_path / "1" / DATABASE):
            if made:
                put_in_place(made, tmp_path / "0" / DATABASE)
            with corpus.read() as view:
                (number,) = view.vectors.passage_nos().tolist()
                (passage,) = view.reading.passages([number])
                texts.append((number, passage.text, bool(view.reading.overlaps({"lead": 1.0}, [number]))))
    assert texts == [(1, "Tin rose in May.", False), (1, "Lead sank in June.", True)]


@pytest.mark.parametrize(
    ("text", "heading", "url"),
    [
        ("Tin rose in May. " * 60, "", None),
        ("Ok 1. " * 200, "", None),
        ("\N{SMILING FACE WITH SUNGLASSES} tin. " * 100, "", None),
        ("Tin rose.", "Metals › " * 100, "https://example.com/" + "a" * 1500),
    ],
)
def test_a_passage_is_counted_by_about_what_it_takes(text: str, heading: str, url: str | None) -> None:
    def made() -> StoredPassage:
        spans = tuple(Span(start, start + 1) for start in range(1000, 1000 + text.count(".")))
        own = [f"{one} " for one in (text, heading, url or "")]
        return StoredPassage("document-1", Metadata(url=own[2]), Span(1000, 9000), own[1], own[0], spans)

    tracemalloc.start()
    try:
        kept = [made() for _ in range(50)]
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 0.6 < taken / sum(map(bytes_of, kept)) < 1.3


def corpus_in(folder: Path) -> Corpus:
    return Corpus(folder, HashingEmbedder(), create=True)


def read_all(corpus: Corpus) -> list[str]:
    """Read all that is kept of every passage, and return what the database was asked."""
    asked: list[str] = []
    with corpus.read() as view:
        numbers = view.vectors.passage_nos().tolist()
        connection = view.reading._connection  # type: ignore[attr-defined]
        connection.set_trace_callback(asked.append)
        view.reading.passages(numbers)
        view.reading.overlaps({"tin": 1.0}, numbers)
        connection.set_trace_callback(None)
    return asked
