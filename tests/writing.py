"""Processes that write documents into a Milvus, or check them, for tests that let several do so, or kill one.

`python -m tests.writing put URI COLLECTION WRITER DOCUMENTS` puts generations of the same few documents in turn until
it is killed or has put DOCUMENTS, and prints the name of each once it is acknowledged. `python -m tests.writing check
URI COLLECTION WRITER LAST` ends with 0 where all are there, each as a whole of a generation up to the one after LAST,
which was being written.
"""

import re
import sys
from itertools import count
from pathlib import Path

import numpy as np

from index.corpus import Corpus
from index.doctor import diagnose
from index.document import Document, Metadata
from index.storage import Milvus
from tests.doubles import HashingEmbedder

SHARED = 3
# Every passage of a generation says which it is, so that a document that is half of another would be seen.
PARAGRAPH = "Writer {writer} wrote generation {generation} of this article, " + "which is about copper and tin, " * 20


def article(writer: str, generation: int) -> Document:
    paragraphs = [PARAGRAPH.format(writer=writer, generation=generation) + f"part {part}." for part in range(4)]
    metadata = Metadata(writer, None, None, None)
    return Document(f"shared-{generation % SHARED}", "\n\n".join(paragraphs), "text/plain", metadata)


def check_whole(corpus: Corpus, allowed: set[tuple[str, int]]) -> set[tuple[str, int]]:
    """Return which writer's generation each document is, having found that it is that as a whole, and one allowed."""
    stored = set()
    with corpus.read() as view:
        for number in range(SHARED):
            document = view.reading.document(f"shared-{number}")
            if document is None:
                continue
            said = re.match(r"Writer (\w+) wrote generation (\d+) ", document.text)
            assert said is not None
            writer, generation = said[1], int(said[2])
            assert document == article(writer, generation)
            numbers = view.reading.passage_nos(document.doc_id)
            assert len(numbers) > 1
            passages = view.reading.passages(numbers)
            assert all(passage.text == passage.span.of(document.text) for passage in passages)
            assert len(view.reading.passage_tokens(numbers)) == len(numbers)
            assert len(view.vectors.near(np.ones(64, dtype=np.float32), numbers)) == len(numbers)
            assert set(numbers) <= {found for found, _ in view.words.matching("copper", 100)}
            stored.add((writer, generation))
    assert stored <= allowed
    return stored


def put(milvus: Milvus, writer: str, documents: int) -> None:
    corpus = Corpus(Path("unused"), HashingEmbedder(), create=True, milvus=milvus)
    for generation in count():
        if generation == documents:
            break
        corpus.put(article(writer, generation))
        sys.stdout.write(f"{writer} {generation}\n")
        sys.stdout.flush()
    corpus.close()


def check(milvus: Milvus, writer: str, last: int) -> None:
    corpus = Corpus(Path("unused"), HashingEmbedder(), milvus=milvus)
    assert len(check_whole(corpus, {(writer, generation) for generation in range(last + 2)})) == SHARED
    assert list(diagnose(Path("unused"), milvus)) == []


if __name__ == "__main__":
    command, uri, collection, name, number = sys.argv[1:]
    {"put": put, "check": check}[command](Milvus(uri, collection), name, int(number))
