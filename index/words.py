"""Word search: BM25 by Tantivy over passages, titles and headings. Derived from the store and can be made again.

The folder is shared by all processes: whoever first meets a newer database brings it up to date, under Tantivy's own
lock, and a searcher once opened never changes.
"""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import tantivy

from index.errors import DataBusy, DataUnwritable
from index.records import Numbers
from index.store import Reading

FOLDER = "words"
# What counts more: a word in a title or a heading names what the passage is about.
FIELD_WEIGHTS = {"title": 0.5, "heading": 0.5, "body": 1.0}

_VERSION = "footnote-words-1"
_ANALYZER = "english"
_HEAP_BYTES = 64 * 1024 * 1024
_BUSY_TIMEOUT_S = 30.0
# Words beyond these say nothing that the first ones do not, and each costs time.
_MAX_QUERY_WORDS = 256
# What a question is asked with, and what is left of "what's" and "doesn't" when they are taken apart.
_QUESTION_WORDS = (
    "what",
    "which",
    "who",
    "whom",
    "whose",
    "when",
    "where",
    "why",
    "how",
    "do",
    "does",
    "did",
    "s",
    "t",
)


@dataclass(frozen=True, slots=True, eq=False)
class WordSnapshot:
    """The words of all passages as of one sequence number of the store. Searching it takes no lock."""

    seq: int
    searcher: tantivy.Searcher
    schema: tantivy.Schema

    def matching(self, text: str, k: int, doc_nos: Numbers | None = None) -> list[tuple[int, float]]:
        """Return at most `k` passage numbers with their BM25 scores, best first, ties by number.

        Any text may be given; only its words count. `doc_nos` restricts the search to passages of these documents.
        """
        query = self._query(text, doc_nos)
        if query is None:
            return []
        found = self.searcher.search(query, limit=k, count=False).hits
        numbers = self.searcher.fast_field_values("passage_no", [address for _, address in found])
        scored = [(-float(score), int(number or 0)) for number, (score, _) in zip(numbers, found, strict=True)]
        return [(number, -score) for score, number in sorted(scored)]

    def _query(self, text: str, doc_nos: Numbers | None) -> tantivy.Query | None:
        # Stop words are indexed but asked for only where a query has no others: "the who" is a question too.
        found = _analyzer(without_stop_words=True).analyze(text) or _analyzer().analyze(text)
        words = list(dict.fromkeys(found))[:_MAX_QUERY_WORDS]
        if not words or (doc_nos is not None and not len(doc_nos)):
            return None
        terms = [(tantivy.Occur.Should, self._term(field, word)) for word in words for field in FIELD_WEIGHTS]
        query = tantivy.Query.boolean_query(terms)
        if doc_nos is None:
            return query
        allowed = tantivy.Query.term_set_query(self.schema, "doc_no", [int(number) for number in doc_nos])
        return tantivy.Query.boolean_query(
            [(tantivy.Occur.Must, query), (tantivy.Occur.Must, tantivy.Query.const_score_query(allowed, 0.0))]
        )

    def _term(self, field: str, word: str) -> tantivy.Query:
        return tantivy.Query.boost_query(tantivy.Query.term_query(self.schema, field, word), FIELD_WEIGHTS[field])


class Words:
    """The word index of a data folder. Opened with what is there, or anew where that is missing, damaged or foreign.

    `newest_seq` says how far the store has come; an index that is ahead of it belongs to another state of the store.
    """

    def __init__(self, folder: Path, database_id: str, newest_seq: Callable[[], int]) -> None:
        self._folder = folder / FOLDER
        self._database_id = database_id
        self._advancing = threading.Lock()
        self._schema = _schema()
        self._index, self._snapshot = self._opened(newest_seq)

    def at(self, reading: Reading) -> WordSnapshot:
        """Return a snapshot at least as new as `reading`, made by replaying what is missing."""
        if self._snapshot.seq < reading.seq:
            with self._advancing:
                self._snapshot = self._current()
                if self._snapshot.seq < reading.seq:
                    self._replay(reading)
        return self._snapshot

    def _opened(self, newest_seq: Callable[[], int]) -> tuple[tantivy.Index, WordSnapshot]:
        try:
            if tantivy.Index.exists(str(self._folder)):
                index = _registered(tantivy.Index.open(str(self._folder)))
                snapshot = self._snapshot_of(index)
                # The store is asked after the index was opened: another process may have gone on in both meanwhile.
                if snapshot is not None and snapshot.seq <= newest_seq():
                    return index, snapshot
        except (ValueError, OSError):
            # Damaged, or of another version of Tantivy: made anew below like a missing one.
            pass
        return self._made_anew()

    def _made_anew(self) -> tuple[tantivy.Index, WordSnapshot]:
        try:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder.mkdir(parents=True)
            index = _registered(tantivy.Index(self._schema, str(self._folder)))
        except (ValueError, OSError) as error:
            raise DataUnwritable(
                f"'{self._folder}' cannot be written ({error}); choose another folder by --data."
            ) from error
        index.reload()
        return index, WordSnapshot(0, index.searcher(), self._schema)

    def _current(self) -> WordSnapshot:
        self._index.reload()
        return self._snapshot_of(self._index) or WordSnapshot(0, self._index.searcher(), self._schema)

    def _snapshot_of(self, index: tantivy.Index) -> WordSnapshot | None:
        """Return the snapshot as it was committed last, None where it is of another database or another version."""
        searcher = index.searcher()
        query = tantivy.Query.term_query(self._schema, "state", _VERSION)
        found = searcher.search(query, limit=1, count=False).hits
        if not found:
            return None
        state = searcher.doc(found[0][1]).to_dict()
        if state["database_id"] != [self._database_id]:
            return None
        return WordSnapshot(int(state["seq"][0]), searcher, self._schema)

    def _replay(self, reading: Reading) -> None:
        with self._writer() as writer:
            # Another process may have written while this one waited for the lock.
            since = self._current().seq
            if since < reading.seq:
                for passage_no in reading.removed_since(since):
                    writer.delete_documents_by_term("passage_no", passage_no)
                for words in reading.words_since(since):
                    document = tantivy.Document()
                    document.add_integer("passage_no", words.passage_no)
                    document.add_integer("doc_no", words.doc_no)
                    document.add_text("title", words.title)
                    document.add_text("heading", words.heading)
                    document.add_text("body", words.body)
                    writer.add_document(document)
                writer.delete_documents_by_term("state", _VERSION)
                state = tantivy.Document()
                state.add_text("state", _VERSION)
                state.add_text("database_id", self._database_id)
                state.add_integer("seq", reading.seq)
                writer.add_document(state)
                writer.commit()
        self._snapshot = self._current()

    @contextmanager
    def _writer(self) -> Iterator[tantivy.IndexWriter]:
        """Lend Tantivy's writer, of which there is one at a time among all processes."""
        deadline = time.monotonic() + _BUSY_TIMEOUT_S
        while True:
            try:
                writer = self._index.writer(_HEAP_BYTES, 1)
                break
            except ValueError as error:
                if time.monotonic() > deadline:
                    raise DataBusy(
                        f"Another process has held '{self._folder}' for {_BUSY_TIMEOUT_S:g} seconds; try again."
                    ) from error
                time.sleep(0.02)
        try:
            yield writer
        finally:
            writer.wait_merging_threads()


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("passage_no", stored=False, indexed=True, fast=True)
    builder.add_integer_field("doc_no", stored=False, indexed=True, fast=True)
    for field in FIELD_WEIGHTS:
        builder.add_text_field(field, stored=False, tokenizer_name=_ANALYZER, index_option="freq")
    builder.add_text_field("state", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("database_id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_integer_field("seq", stored=True)
    return builder.build()


@cache
def _analyzer(*, without_stop_words: bool = False) -> tantivy.TextAnalyzer:
    builder = (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(tantivy.Filter.remove_long(60))
        .filter(tantivy.Filter.lowercase())
    )
    if without_stop_words:
        builder = builder.filter(tantivy.Filter.stopword("english")).filter(
            tantivy.Filter.custom_stopword(list(_QUESTION_WORDS))
        )
    return builder.filter(tantivy.Filter.ascii_fold()).filter(tantivy.Filter.stemmer("english")).build()


def _registered(index: tantivy.Index) -> tantivy.Index:
    index.register_tokenizer(_ANALYZER, _analyzer())
    return index
