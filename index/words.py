"""Word search: BM25 by Tantivy over passages, titles and headings. Derived from the store and can be made again.

The folder is shared by all processes: whoever first meets a newer database brings it up to date, under Tantivy's own
lock, and a searcher once opened never changes.
"""

import json
import shutil
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import tantivy
from tantivy import Occur, Query

from index.analysis import analyzer, query_words, without_dots, word_spans, words_of
from index.document import Span
from index.errors import DataBusy
from index.overlap import FIELD_WEIGHTS, inverse_frequency
from index.records import Numbers
from index.store import Reading

FOLDER = "words"
# Every word of a passage once, wherever it stands; what its inverse document frequency is counted by.
_ANYWHERE = "anywhere"
_VERSION = "footnote-words-3"
_ANALYZER = "english"
_HEAP_BYTES = 64 * 1024 * 1024
_BUSY_TIMEOUT_S = 30.0
_LOOKED_UP = 1000
_KEPT_WORDS = 10_000
# So few passages are written anew in a tenth of a second; of more it is done when so large a share has been removed.
_FEW = 1000
_MARKED_SHARE = 1 / 8
# Stands for the sequence number of an index that is of another database, or ahead of this one.
_FOREIGN = -1
# What Tantivy raises where it cannot read or write, and what our own look at its files raises where they are damaged.
_UNUSABLE = (ValueError, LookupError, OSError)
# How long words stay in memory before the disk is tried again.
_DISK_AGAIN_S = 5.0
_READ_AGAIN = 3
_REMOVED_AGAIN = 100


@dataclass(frozen=True, slots=True, eq=False)
class WordSnapshot:
    """The words of all passages as of one sequence number of the store. Searching it takes no lock.

    How many passages have a word is kept, once it has been asked for.
    """

    seq: int
    searcher: tantivy.Searcher
    schema: tantivy.Schema
    _frequencies: dict[str, int] = field(default_factory=dict)

    def matching(self, text: str, k: int, doc_nos: Numbers | None = None) -> list[tuple[int, float]]:
        """Return at most `k` passage numbers with their BM25 scores, best first, ties by number.

        Any text may be given; only its words count. `doc_nos` restricts the search to passages of these documents.
        """
        words = query_words(text)
        if not words or (doc_nos is not None and not len(doc_nos)):
            return []
        query = self._any_of(words)
        return self._found(query if doc_nos is None else self._within(query, doc_nos), k)

    def idfs(self, text: str) -> dict[str, float]:
        """Return the words that a query asks for, each with its inverse document frequency."""
        return {word: self._idf(word) for word in query_words(text)}

    def weights(self, text: str) -> list[tuple[Span, float]]:
        """Return where each word of a text stands, stop words too, with its inverse document frequency."""
        return [(span, max(map(self._idf, words), default=0.0)) for span, words in word_spans(text)]

    def resembling(self, word: str, k: int, doc_nos: Numbers | None = None) -> list[int]:
        """Return at most `k` passages that have a word one letter away from this one; none where any has this word.

        A letter is left out, put in, taken for another or for its neighbour. `doc_nos` restricts the search to passages
        of these documents.
        """
        stems = words_of(word)
        if not stems or any(map(self._frequency, stems)) or (doc_nos is not None and not len(doc_nos)):
            return []
        # A slip may have taken the ending with it, so that the word is cut to another stem or to none.
        like = [
            Query.fuzzy_term_query(self.schema, _ANYWHERE, one, distance=1) for one in sorted({*stems, word.lower()})
        ]
        query = Query.disjunction_max_query(like)
        return [number for number, _ in self._found(query if doc_nos is None else self._within(query, doc_nos), k)]

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

    def _within(self, query: Query, doc_nos: Numbers) -> Query:
        return Query.boolean_query(
            [(Occur.Must, query), (Occur.Must, Query.const_score_query(self._one_of(doc_nos.tolist()), 0.0))]
        )

    def _one_of(self, doc_nos: Sequence[int]) -> Query:
        # A set is walked through beside all terms of the field, which takes longer than to look a few of them up.
        if len(doc_nos) > _LOOKED_UP:
            return Query.term_set_query(self.schema, "doc_no", doc_nos)
        return Query.boolean_query(
            [
                (Occur.Should, Query.term_query(self.schema, "doc_no", number, index_option="basic"))
                for number in doc_nos
            ]
        )

    def _word(self, field: str, word: str) -> Query:
        return Query.term_query(self.schema, field, word)

    def _idf(self, word: str) -> float:
        """Return the inverse document frequency of a word as BM25 has it, above 0."""
        return inverse_frequency(self._frequency(word), self.searcher.num_docs)

    def _frequency(self, word: str) -> int:
        having = self._frequencies.get(word)
        if having is None:
            if len(self._frequencies) >= _KEPT_WORDS:
                self._frequencies.clear()
            # Tantivy's own number of passages that have a word has those in it that are removed.
            query = Query.term_query(self.schema, _ANYWHERE, word)
            having = self._frequencies[word] = _count(self.searcher.search(query, limit=1))
        return having


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
                removed = reading.removed_since(max(since, 0))
                if since == _FOREIGN or self._weighs_on_scores(removed, reading):
                    # In one commit with what comes in their place, so that whoever still reads them is not disturbed.
                    writer.delete_all_documents()
                    since, removed = 0, []
                self._write(writer, reading, since, removed)
                writer.commit()
        return self._current(index)

    def _weighs_on_scores(self, removed: Sequence[int], reading: Reading) -> bool:
        """Tell whether to write all words anew rather than to mark some as removed.

        What is only marked counts in Tantivy's scores until it merges, which it may never do.
        """
        if not removed:
            return False
        passages = reading.count()[1]
        return passages <= _FEW or len(removed) + _marked(self._folder) > passages * _MARKED_SHARE

    def _write(self, writer: tantivy.IndexWriter, reading: Reading, since: int, removed: Sequence[int]) -> None:
        for passage_no in removed:
            writer.delete_documents_by_term("passage_no", passage_no)
        for passage_no, doc_no, words in reading.words_since(since):
            document = tantivy.Document()
            document.add_integer("passage_no", passage_no)
            document.add_integer("doc_no", doc_no)
            for name in FIELD_WEIGHTS:
                text = without_dots(getattr(words, name))
                document.add_text(name, text)
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


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("passage_no", stored=False, indexed=True, fast=True)
    builder.add_integer_field("doc_no", stored=False, indexed=True, fast=True)
    for name in FIELD_WEIGHTS:
        builder.add_text_field(name, stored=False, tokenizer_name=_ANALYZER, index_option="freq")
    builder.add_text_field(_ANYWHERE, stored=False, tokenizer_name=_ANALYZER, index_option="basic")
    builder.add_text_field("state", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("database_id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_integer_field("seq", stored=True)
    return builder.build()


def _snapshot(index: tantivy.Index, schema: tantivy.Schema, database_id: str) -> WordSnapshot:
    """Return the snapshot of what was committed last, _FOREIGN where it is of another database or another version."""
    searcher = index.searcher()
    found = searcher.search(Query.term_query(schema, "state", _VERSION), limit=1, count=False).hits
    if not found:
        return WordSnapshot(_FOREIGN if searcher.num_docs else 0, searcher, schema)
    state = searcher.doc(found[0][1]).to_dict()
    seq = int(state["seq"][0]) if state["database_id"] == [database_id] else _FOREIGN
    return WordSnapshot(seq, searcher, schema)


def _count(found: tantivy.SearchResult) -> int:
    # The stubs of Tantivy lack it.
    return int(found.count)  # type: ignore[attr-defined]


def _marked(folder: Path) -> int:
    """Return how many rows are marked as removed in the index in a folder; 0 where there is none."""
    with suppress(*_UNUSABLE):
        meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
        return sum((segment["deletes"] or {}).get("num_deleted_docs", 0) for segment in meta["segments"])
    return 0


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
    index.register_tokenizer(_ANALYZER, analyzer())
    return index
