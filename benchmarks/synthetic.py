"""A corpus of any size: vectors of real passages, each moved a little at random, with text from a Zipf model.

Each passage has the vector, the token vectors and the sentences of a real one; its vector is jittered. Its words are
drawn from the words of the real ones by the law of Zipf and Mandelbrot over their ranks, so that real questions find
common words and rare ones. Ten passages are one document.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.measuring import say
from index.database import Connection, Database
from index.document import Document, Metadata, Passage, Span
from index.embedder import Vectors
from index.records import EmbeddedPassage, Identity
from index.store import Store, add_passages

# How far a vector is moved, as a share of its length: the tenth nearest is then as far as in a real corpus.
JITTER = 0.5
A_DOCUMENT = 10
_A_TRANSACTION = 1000
# Zipf and Mandelbrot: a word's share falls with this power of its rank, moved by this.
_POWER, _MOVED = 1.07, 2.7
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """What passages are made of: real ones, each with its number of words, and words by rank with their shares."""

    identity: Identity
    real: Sequence[EmbeddedPassage]
    lengths: Sequence[int]
    words: Sequence[str]
    shares: np.ndarray[tuple[int], np.dtype[np.float64]]


def model_of(folders: Sequence[Path]) -> Model:
    """Return the model of the articles in some data folders, all of one identity."""
    real: list[EmbeddedPassage] = []
    lengths: list[int] = []
    counts: Counter[str] = Counter()
    for folder in folders:
        store = Store(folder)
        with store.read() as reading:
            for doc_id in _doc_ids(store):
                document = reading.document(doc_id)
                assert document is not None
                for passage in reading.embedded_passages(doc_id):
                    words = _WORD.findall(passage.passage.span.of(document.text).lower())
                    if words and len(passage.passage.sentences) <= len(words):
                        counts.update(words)
                        real.append(passage)
                        lengths.append(len(words))
        identity = store.identity
        store.close()
        say(f"{len(real):,} real passages, {len(counts):,} words")
    shares = 1 / (np.arange(len(counts)) + 1 + _MOVED) ** _POWER
    return Model(identity, real, lengths, [word for word, _ in counts.most_common()], shares / shares.sum())


def write(folder: Path, model: Model, passages: int) -> Vectors:
    """Make a data folder of so many passages; return their vectors, shape `(passages, dimension)`, in their order."""
    random = np.random.default_rng(passages)
    vectors: Vectors = np.empty((passages, model.identity.dimension), dtype=np.float32)
    cumulative = np.cumsum(model.shares)
    words = np.array(model.words, dtype=object)
    database = Database(folder, model.identity)
    documents = math.ceil(passages / A_DOCUMENT)
    for begin in range(0, documents, _A_TRANSACTION):
        with database.write() as (connection, seq):
            for number in range(begin, min(begin + _A_TRANSACTION, documents)):
                rows = range(number * A_DOCUMENT, min((number + 1) * A_DOCUMENT, passages))
                chosen = random.integers(0, len(model.real), len(rows))
                _jitter(vectors[rows.start : rows.stop], [model.real[at].vector for at in chosen], random)
                drawn = np.searchsorted(cumulative, random.random(sum(model.lengths[at] for at in chosen)))
                text = iter(words[np.minimum(drawn, len(words) - 1)])
                _put(connection, seq, number, list(_made(model, chosen.tolist(), text, vectors[rows.start :])))
        if begin % (50 * _A_TRANSACTION) == 0:
            say(f"{begin * A_DOCUMENT:,} of {passages:,} passages are written")
    database.close()
    return vectors


def _doc_ids(store: Store) -> Iterator[str]:
    with store.read() as reading:
        after = ""
        while page := reading.documents(500, after):
            yield from (summary.doc_id for summary in page)
            after = page[-1].doc_id


def _jitter(target: Vectors, real: Sequence[Vectors], random: np.random.Generator) -> None:
    """Write the vectors into `target`, each moved at random and of unit length again."""
    moved = np.stack(real) + random.standard_normal(target.shape, dtype=np.float32) * (
        JITTER / math.sqrt(target.shape[1])
    )
    target[:] = moved / np.linalg.norm(moved, axis=1, keepdims=True)


def _made(
    model: Model, chosen: Sequence[int], words: Iterator[str], vectors: Vectors
) -> Iterator[tuple[str, EmbeddedPassage]]:
    """Yield the text of each passage and the passage, which begins where those before it end."""
    start = 0
    for at, vector in zip(chosen, vectors, strict=False):
        like, sentences, texts, begin = model.real[at], [], [], start
        cuts = np.linspace(0, model.lengths[at], len(like.passage.sentences) + 1).astype(int)
        for length in np.diff(cuts):
            sentence = " ".join(next(words) for _ in range(length)).capitalize() + ". "
            sentences.append(Span(begin, begin + len(sentence) - 1))
            texts.append(sentence)
            begin += len(sentence)
        passage = Passage(Span(start, begin - 1), "", tuple(sentences))
        yield "".join(texts), EmbeddedPassage(passage, vector, like.token_vectors, like.sentence_tokens)
        start = begin


def _put(connection: Connection, seq: int, number: int, made: Sequence[tuple[str, EmbeddedPassage]]) -> None:
    document = Document(f"synthetic-{number}", "".join(text for text, _ in made), "text/plain", Metadata())
    values = (document.doc_id, document.media_type, document.sha256, document.text)
    inserted = "INSERT INTO documents (doc_id, media_type, sha256, text) VALUES (?, ?, ?, ?) RETURNING doc_no"
    (doc_no,) = connection.execute(inserted, values).fetchone()
    add_passages(connection, doc_no, seq, document, [passage for _, passage in made])
