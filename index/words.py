"""Word search: BM25 by Tantivy over passages, titles and headings. Derived from the store and can be made again.

The folder is shared by all processes: whoever first meets a newer database brings it up to date, under Tantivy's own
lock, and a searcher once opened never changes.
"""

import json
import math
import re
import shutil
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import tantivy
from tantivy import Occur, Query

from index.document import Span, without_hidden
from index.errors import DataBusy
from index.records import Numbers
from index.store import Reading

FOLDER = "words"
# What counts more: a word in a title or a heading names what the passage is about.
FIELD_WEIGHTS = {"title": 0.5, "heading": 0.5, "body": 1.0}

# Every word of a passage once, wherever it stands; what the share of a query's words is measured on.
_ANYWHERE = "anywhere"
# How much of an overlap is BM25, which also counts how often a word stands there; the rest is coverage.
BM25_SHARE = 1 / 3
# BM25 of a word is at most its inverse document frequency times this, k1 + 1 with Tantivy's k1 of 1.2.
MAX_BM25_AN_IDF = 2.2

_ABBREVIATION = re.compile(r"(?<!\w)(?:[^\W\d_]\.){2,}")
_WORD = re.compile(rf"{_ABBREVIATION.pattern}|[^\W_]+")

_VERSION = "footnote-words-3"
_ANALYZER = "english"
_HEAP_BYTES = 64 * 1024 * 1024
_BUSY_TIMEOUT_S = 30.0
# Words beyond these say nothing that the first ones do not, and each costs time.
_MAX_QUERY_WORDS = 256
_LOOKED_UP = 1000
# Stands for the sequence number of an index that is of another database, or ahead of this one.
_FOREIGN = -1
# What Tantivy raises where it cannot read or write, and what our own look at its files raises where they are damaged.
_UNUSABLE = (ValueError, LookupError, OSError)
# How long words stay in memory before the disk is tried again.
_DISK_AGAIN_S = 5.0
_READ_AGAIN = 3
_REMOVED_AGAIN = 100
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
        words = query_words(text)
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
            (Occur.Should, Query.const_score_query(self._word(_ANYWHERE, word), (1 - BM25_SHARE) * idf / total))
            for word, idf in idfs.items()
        ]
        bm25 = Query.boost_query(self._any_of(list(idfs)), BM25_SHARE / (MAX_BM25_AN_IDF * total))
        scored = Query.boolean_query([*coverage, (Occur.Should, bm25)])
        return dict(self._found(self._within(scored, "passage_no", passage_nos), len(passage_nos)))

    def idfs(self, text: str) -> dict[str, float]:
        """Return the words that a query asks for, each with its inverse document frequency."""
        return {word: self._idf(word) for word in query_words(text)}

    def weights(self, text: str) -> list[tuple[Span, float]]:
        """Return where each word of a text stands, stop words too, with its inverse document frequency."""
        return [(span, max(map(self._idf, words), default=0.0)) for span, words in word_spans(text)]

    def passage_nos(self) -> Numbers:
        """Return the numbers of the passages that a search can find, ascending."""
        found = self.searcher.search(Query.all_query(), limit=max(self.searcher.num_docs, 1), count=False).hits
        numbers = self.searcher.fast_field_values("passage_no", [address for _, address in found])
        return np.sort(np.array([number for number in numbers if number is not None], dtype=np.int64))

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
        allowed = self._one_of(field, [int(number) for number in numbers])
        return Query.boolean_query([(Occur.Must, query), (Occur.Must, Query.const_score_query(allowed, 0.0))])

    def _one_of(self, field: str, numbers: Sequence[int]) -> Query:
        # A set is walked through beside all terms of the field, which takes longer than to look a few of them up.
        if len(numbers) > _LOOKED_UP:
            return Query.term_set_query(self.schema, field, numbers)
        return Query.boolean_query(
            [(Occur.Should, Query.term_query(self.schema, field, number, index_option="basic")) for number in numbers]
        )

    def _word(self, field: str, word: str) -> Query:
        return Query.term_query(self.schema, field, word)

    def _idf(self, word: str) -> float:
        """Return the inverse document frequency of a word as BM25 has it, above 0."""
        return inverse_frequency(self.searcher.doc_freq(_ANYWHERE, word), self.searcher.num_docs)


class Words:
    """The word index of a data folder. Opened with what is there, or anew where that is missing, damaged or foreign.

    `newest_seq` says how far the store has come; an index that is ahead of it belongs to another state of the store.
    Where the folder cannot be written, the words are kept in memory until it can.
    """

    def __init__(self, folder: Path, database_id: str, newest_seq: Callable[[], int]) -> None:
        self._folder = folder / FOLDER
        self._database_id = database_id
        self._newest_seq = newest_seq
        self._advancing = threading.Lock()
        self._schema = _schema()
        self._on_disk: tantivy.Index | None = None
        self._in_memory: tantivy.Index | None = None
        self._disk_again_at = 0.0
        try:
            self._on_disk = self._opened()
            self._snapshot = self._current(self._on_disk)
        except _UNUSABLE:
            self._snapshot = WordSnapshot(_FOREIGN, self._memory().searcher(), self._schema)

    @property
    def seq(self) -> int:
        """The sequence number that this process's searches have reached."""
        return self._snapshot.seq

    def at(self, reading: Reading) -> WordSnapshot:
        """Return a snapshot at least as new as `reading`, made by replaying what is missing."""
        if self._snapshot.seq < reading.seq:
            with self._advancing:
                if self._snapshot.seq < reading.seq:
                    self._snapshot = self._advanced(reading)
        return self._snapshot

    def _advanced(self, reading: Reading) -> WordSnapshot:
        attempts = 2 if time.monotonic() >= self._disk_again_at else 0
        for _ in range(attempts):
            try:
                self._on_disk = self._on_disk or self._opened()
                snapshot = self._replayed(self._on_disk, reading)
            except _UNUSABLE:
                # Opened again it is made anew if it was damaged or removed; if there is no room, it fails again.
                self._on_disk = None
            else:
                self._in_memory = None
                return snapshot
        if attempts:
            self._disk_again_at = time.monotonic() + _DISK_AGAIN_S
        return self._replayed(self._memory(), reading)

    def _memory(self) -> tantivy.Index:
        if self._in_memory is None:
            self._in_memory = _registered(tantivy.Index(self._schema))
        return self._in_memory

    def _opened(self) -> tantivy.Index:
        """Open what is there; make it anew where it is missing, damaged or of another version of Tantivy."""
        with suppress(*_UNUSABLE):
            if tantivy.Index.exists(str(self._folder)) and _is_whole(self._folder):
                index = _registered(tantivy.Index.open(str(self._folder)))
                self._current(index)
                return index
        if self._folder.is_file():
            self._folder.unlink()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True, exist_ok=True)
        return _registered(tantivy.Index(self._schema, str(self._folder)))

    def _current(self, index: tantivy.Index) -> WordSnapshot:
        """Return what was committed last, as _FOREIGN where it is not of this state of this database."""
        index.reload()
        snapshot = _snapshot(index, self._schema, self._database_id)
        # The store is asked after the index was read: another process may have gone on in both meanwhile.
        if snapshot.seq > self._newest_seq():
            return WordSnapshot(_FOREIGN, snapshot.searcher, self._schema)
        return snapshot

    def _replayed(self, index: tantivy.Index, reading: Reading) -> WordSnapshot:
        current = self._current(index)
        if current.seq >= reading.seq:
            return current
        with self._writer(index) as writer:
            # Another process may have written while this one waited for the lock.
            since = self._current(index).seq
            if since < reading.seq:
                if since == _FOREIGN:
                    # In one commit with what comes in their place, so that whoever still reads them is not disturbed.
                    writer.delete_all_documents()
                self._write(writer, reading, max(since, 0))
                writer.commit()
        return self._current(index)

    def _write(self, writer: tantivy.IndexWriter, reading: Reading, since: int) -> None:
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

    @contextmanager
    def _writer(self, index: tantivy.Index) -> Iterator[tantivy.IndexWriter]:
        """Lend Tantivy's writer, of which there is one at a time among all processes."""
        deadline = time.monotonic() + _BUSY_TIMEOUT_S
        while True:
            try:
                writer = index.writer(_HEAP_BYTES, 1)
                break
            except ValueError as error:
                if "LockBusy" not in str(error):
                    raise
                if time.monotonic() > deadline:
                    raise DataBusy(
                        f"Another process has held '{self._folder}' for {_BUSY_TIMEOUT_S:g} seconds; try again."
                    ) from error
                time.sleep(0.02)
        try:
            yield writer
        finally:
            writer.wait_merging_threads()


def load(folder: Path, database_id: str) -> WordSnapshot | None:
    """Return the words as they are on disk, changing nothing; None where missing, damaged or of another database."""
    with suppress(*_UNUSABLE):
        if tantivy.Index.exists(str(folder / FOLDER)) and _is_whole(folder / FOLDER):
            snapshot = _snapshot(_registered(_opened_to_read(folder / FOLDER)), _schema(), database_id)
            return snapshot if snapshot.seq != _FOREIGN else None
    return None


def _opened_to_read(folder: Path) -> tantivy.Index:
    """Open an index whose folder may be one that cannot be written."""
    try:
        return tantivy.Index.open(str(folder))
    except _UNUSABLE:
        # Tantivy writes a lock even to read. What it has opened through links it keeps when they are gone.
        links = Path(tempfile.mkdtemp(prefix="footnote-words-"))
        try:
            for path in folder.resolve().iterdir():
                if not path.name.endswith(".lock"):
                    (links / path.name).symlink_to(path)
            return tantivy.Index.open(str(links))
        finally:
            _remove(links)


def _remove(folder: Path) -> None:
    """Remove a folder in which a thread of Tantivy's may just then begin a lock."""
    for _ in range(_REMOVED_AGAIN):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return


def indexed_words(text: str) -> list[str]:
    """Return the words of a text as they are indexed, in order and as often as they stand there."""
    words: list[str] = _analyzer().analyze(_without_dots(text))
    return words


def words_of(text: str) -> frozenset[str]:
    """Return the words of a text as they are indexed, each once."""
    return frozenset(indexed_words(text))


def word_spans(text: str) -> list[tuple[Span, frozenset[str]]]:
    """Return where each word of a text stands, and what it is indexed as."""
    spans = (Span(*found.span()) for found in _WORD.finditer(text))
    return [(span, words_of(span.of(text))) for span in spans]


def inverse_frequency(having: int, passages: int) -> float:
    """Return the inverse document frequency of a word that so many of all passages have, as BM25 has it, above 0."""
    # Tantivy counts what was deleted among those that have a word, until it merges, but not among all.
    having = min(having, passages)
    return math.log(1 + (passages - having + 0.5) / (having + 0.5))


def query_words(text: str) -> list[str]:
    """Return the words that a query asks for, each once."""
    # Stop words are indexed but asked for only where a query has no others: "the who" is a question too.
    text = _without_dots(text)
    found = _analyzer(without_stop_words=True).analyze(text) or _analyzer().analyze(text)
    return list(dict.fromkeys(found))[:_MAX_QUERY_WORDS]


def _without_dots(text: str) -> str:
    """Return the text as it is read: abbreviations without dots, "U.S." and "US" being one word, and nothing hidden."""
    return _ABBREVIATION.sub(lambda found: found[0].replace(".", ""), without_hidden(text))


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


def _snapshot(index: tantivy.Index, schema: tantivy.Schema, database_id: str) -> WordSnapshot:
    """Return the snapshot of what was committed last, _FOREIGN where it is of another database or another version."""
    searcher = index.searcher()
    found = searcher.search(Query.term_query(schema, "state", _VERSION), limit=1, count=False).hits
    if not found:
        return WordSnapshot(_FOREIGN if searcher.num_docs else 0, searcher, schema)
    state = searcher.doc(found[0][1]).to_dict()
    seq = int(state["seq"][0]) if state["database_id"] == [database_id] else _FOREIGN
    return WordSnapshot(seq, searcher, schema)


def _is_whole(folder: Path) -> bool:
    """Tell whether every file of the index has the checksum that Tantivy ended it with.

    Tantivy itself looks at them only when it merges.
    """
    for _ in range(_READ_AGAIN):
        meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
        deleted = {
            segment["segment_id"].replace("-", ""): (segment["deletes"] or {}).get("opstamp")
            for segment in meta["segments"]
        }
        files = [path for path in folder.iterdir() if _belongs(path.name, deleted)]
        try:
            return all(_is_whole_file(path) for path in files)
        except FileNotFoundError:
            # Another process has merged segments meanwhile.
            continue
    return True


def _belongs(name: str, deleted: Mapping[str, int | None]) -> bool:
    """Tell whether a file is of a segment, and no list of deletions that is only being written."""
    segment, *rest = name.split(".")
    return segment in deleted and (rest[-1] != "del" or rest[0] == str(deleted[segment]))


def _is_whole_file(path: Path) -> bool:
    raw = path.read_bytes()
    if len(raw) < 8:
        return False
    length = int.from_bytes(raw[-8:-4], "little")
    footer, content = raw[-8 - length : -8], memoryview(raw)[: -8 - length]
    crc: int = json.loads(footer)["crc"]
    return zlib.crc32(content) == crc


def _registered(index: tantivy.Index) -> tantivy.Index:
    index.register_tokenizer(_ANALYZER, _analyzer())
    return index
