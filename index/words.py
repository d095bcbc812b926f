"""Word search: BM25 by Tantivy over passages, titles and headings. Derived from the store and can be made again.

The folder is shared by all processes: whoever first meets a newer database brings it up to date, under Tantivy's own
lock, and a searcher once opened never changes.
"""

import math
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import tantivy
from tantivy import Occur, Query

from index.document import Span
from index.errors import DataBusy, DataUnwritable
from index.records import Numbers
from index.store import Reading

FOLDER = "words"
# What counts more: a word in a title or a heading names what the passage is about.
FIELD_WEIGHTS = {"title": 0.5, "heading": 0.5, "body": 1.0}

# Every word of a passage once, wherever it stands; what the share of a query's words is measured on.
_ANYWHERE = "anywhere"
# How much of an overlap is BM25, which also counts how often a word stands there; the rest is coverage.
_BM25_SHARE = 1 / 3
# BM25 of a word is at most its inverse document frequency times this, k1 + 1 with Tantivy's k1 of 1.2.
_MAX_BM25_AN_IDF = 2.2

_ABBREVIATION = re.compile(r"(?<!\w)(?:[^\W\d_]\.){2,}")
_WORD = re.compile(rf"{_ABBREVIATION.pattern}|[^\W_]+")

_VERSION = "footnote-words-2"
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
        words = _words(text)
        if not words or (doc_nos is not None and not len(doc_nos)):
            return []
        query = self._any_of(words)
        return self._found(query if doc_nos is None else self._within(query, "doc_no", doc_nos), k)

    def overlaps(self, text: str, passage_nos: Sequence[int]) -> dict[int, float]:
        """Return how much of a query's words each passage has, by number; one that has none is left out.

        An overlap is 0 for none and about 1 for all, comparable between queries: two thirds of it are the share of the
        words that stand in the passage, its title or its headings, each word counted by its inverse document
        frequency, and one third is the BM25 score as a share of the most that these words could score.
        """
        idfs = self.idfs(text)
        if not idfs or not passage_nos:
            return {}
        total = sum(idfs.values())
        coverage = [
            (Occur.Should, Query.const_score_query(self._word(_ANYWHERE, word), (1 - _BM25_SHARE) * idf / total))
            for word, idf in idfs.items()
        ]
        bm25 = Query.boost_query(self._any_of(list(idfs)), _BM25_SHARE / (_MAX_BM25_AN_IDF * total))
        scored = Query.boolean_query([*coverage, (Occur.Should, bm25)])
        return dict(self._found(self._within(scored, "passage_no", passage_nos), len(passage_nos)))

    def idfs(self, text: str) -> dict[str, float]:
        """Return the words that a query asks for, each with its inverse document frequency."""
        return {word: self._idf(word) for word in _words(text)}

    def weights(self, text: str) -> list[tuple[Span, float]]:
        """Return where each word of a text stands, stop words too, with its inverse document frequency."""
        spans = (Span(*found.span()) for found in _WORD.finditer(text))
        return [(span, max((self._idf(word) for word in words_of(span.of(text))), default=0.0)) for span in spans]

    def _found(self, query: Query, k: int) -> list[tuple[int, float]]:
        found = self.searcher.search(query, limit=k, count=False).hits
        numbers = self.searcher.fast_field_values("passage_no", [address for _, address in found])
        scored = [(-float(score), int(number or 0)) for number, (score, _) in zip(numbers, found, strict=True)]
        return [(number, -score) for score, number in sorted(scored)]

    def _any_of(self, words: Sequence[str]) -> Query:
        terms = [
            (Occur.Should, Query.boost_query(self._word(field, word), weight))
            for word in words
            for field, weight in FIELD_WEIGHTS.items()
        ]
        return Query.boolean_query(terms)

    def _within(self, query: Query, field: str, numbers: Iterable[int]) -> Query:
        allowed = Query.term_set_query(self.schema, field, [int(number) for number in numbers])
        return Query.boolean_query([(Occur.Must, query), (Occur.Must, Query.const_score_query(allowed, 0.0))])

    def _word(self, field: str, word: str) -> Query:
        return Query.term_query(self.schema, field, word)

    def _idf(self, word: str) -> float:
        """Return the inverse document frequency of a word as BM25 has it, above 0."""
        having = self.searcher.doc_freq(_ANYWHERE, word)
        return math.log(1 + (self.searcher.num_docs - having + 0.5) / (having + 0.5))


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
        query = Query.term_query(self._schema, "state", _VERSION)
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
                    for field in FIELD_WEIGHTS:
                        text = _without_dots(getattr(words, field))
                        document.add_text(field, text)
                        document.add_text(_ANYWHERE, text)
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


def words_of(text: str) -> frozenset[str]:
    """Return the words of a text as they are indexed, each once."""
    return frozenset(_analyzer().analyze(_without_dots(text)))


def _words(text: str) -> list[str]:
    """Return the words that a query asks for, each once."""
    # Stop words are indexed but asked for only where a query has no others: "the who" is a question too.
    text = _without_dots(text)
    found = _analyzer(without_stop_words=True).analyze(text) or _analyzer().analyze(text)
    return list(dict.fromkeys(found))[:_MAX_QUERY_WORDS]


def _without_dots(text: str) -> str:
    """Return the text with its dotted abbreviations as others write them: "U.S." and "US" are one word."""
    return _ABBREVIATION.sub(lambda found: found[0].replace(".", ""), text)


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("passage_no", stored=False, indexed=True, fast=True)
    builder.add_integer_field("doc_no", stored=False, indexed=True, fast=True)
    for field in FIELD_WEIGHTS:
        builder.add_text_field(field, stored=False, tokenizer_name=_ANALYZER, index_option="freq")
    builder.add_text_field(_ANYWHERE, stored=False, tokenizer_name=_ANALYZER, index_option="basic")
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
