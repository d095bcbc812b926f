"""Data of format 1, as the first version wrote it: `python -m tests.format_1` makes tests/data/format-1.db anew.

Its passages have vectors of sentences and none of tokens, and it says nothing of token vectors' dimension.
"""

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np

FILE = Path(__file__).parent / "data" / "format-1.db"
DIMENSION = 384
ARTICLES = {
    "quagga": ("The quagga", "text/plain", "The quagga was a zebra of South Africa.\n\nThe last one died in 1883."),
    "lanthanum": (None, "text/markdown", "# Prices\n\nLanthanum prices rose in May. Copper fell – as in 2024.\n"),
}

# As index/database.py had it, word for word.
SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE documents (
    doc_no INTEGER PRIMARY KEY AUTOINCREMENT,
    doc_id TEXT NOT NULL UNIQUE,
    title TEXT, source TEXT, url TEXT, published_at TEXT,
    media_type TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    file_path TEXT, file_sha256 TEXT,
    text TEXT NOT NULL
) STRICT;
CREATE INDEX documents_by_source ON documents (source);
CREATE INDEX documents_by_file ON documents (file_path);
CREATE TABLE passages (
    passage_no INTEGER PRIMARY KEY AUTOINCREMENT,
    doc_no INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
    start INTEGER NOT NULL, end INTEGER NOT NULL,
    heading TEXT NOT NULL,
    seq INTEGER NOT NULL,
    vector BLOB NOT NULL,
    sentence_bounds BLOB NOT NULL, sentence_vectors BLOB NOT NULL
) STRICT;
CREATE INDEX passages_by_document ON passages (doc_no);
CREATE INDEX passages_by_seq ON passages (seq);
CREATE TABLE removals (passage_no INTEGER PRIMARY KEY, seq INTEGER NOT NULL) STRICT;
CREATE INDEX removals_by_seq ON removals (seq);
"""
META = {
    "format": "1",
    "database_id": "0123456789abcdef0123456789abcdef",
    "model": "sentence-transformers/all-MiniLM-L6-v2",
    "fingerprint": "b1946ac92492d2347c6235b4d2611184b1946ac92492d2347c6235b4d2611184",
    "dimension": str(DIMENSION),
    "splitter": "blocks-120-200-v2",
    "seq": "4",
}


def write(path: Path) -> None:
    """Write two documents with a passage each, of which one was replaced; all numbers are made up."""
    chance = np.random.default_rng(1)
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(SCHEMA)
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO meta VALUES (?, ?)", META.items())
        connection.execute("INSERT INTO removals VALUES (1, 3)")
        for number, (doc_id, (title, media_type, text)) in enumerate(ARTICLES.items(), start=1):
            digest = hashlib.sha256(text.encode()).hexdigest()
            connection.execute(
                "INSERT INTO documents VALUES (?, ?, ?, 'Wire', NULL, '2025-05-01', ?, ?, ?, ?, ?)",
                (number, doc_id, title, media_type, digest, f"/articles/{doc_id}", digest, text),
            )
            rows = chance.standard_normal((3, DIMENSION))
            rows /= np.linalg.norm(rows, axis=1, keepdims=True)
            connection.execute(
                "INSERT INTO passages VALUES (?, ?, 0, ?, '', ?, ?, ?, ?)",
                (
                    number + 1,
                    number,
                    len(text),
                    number + 2,
                    rows[0].astype(np.float32).tobytes(),
                    np.array([(0, 20), (21, len(text))], dtype="<i4").tobytes(),
                    rows[1:].astype(np.float16).tobytes(),
                ),
            )
        connection.commit()


if __name__ == "__main__":
    write(FILE)
