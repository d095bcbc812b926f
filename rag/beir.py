"""Public test collections in the BEIR layout: corpus.jsonl, queries.jsonl and qrels/SPLIT.tsv."""

import csv
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from index.corpus import Corpus
from index.database import FORMAT
from index.document import Document, Metadata, checked_doc_id
from index.errors import DocumentError, EmptyDocument, InvalidDocumentId
from index.reading import PLAIN, read_text
from rag.errors import InvalidBeir

_COMPLETE = "complete"


@dataclass(frozen=True, slots=True)
class Collection:
    """The judged queries of one split: texts by query id, and relevance by query id and document id."""

    name: str
    queries: dict[str, str]
    qrels: dict[str, dict[str, int]]


def read_collection(folder: Path, split: str, limit: int | None = None) -> Collection:
    """Return the judged queries of a split, the first `limit` by id; raise InvalidBeir where the layout is another."""
    qrels: dict[str, dict[str, int]] = {}
    path = folder / "qrels" / f"{split}.tsv"
    try:
        with path.open(encoding="utf-8", newline="") as file:
            lines = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
            for query_id, document_id, relevance in lines[_has_header(lines) :]:
                qrels.setdefault(query_id, {})[doc_id_of(document_id)] = int(relevance)
        texts = {line["_id"]: line["text"] for line in _lines(folder / "queries.jsonl")}
        answered = sorted(query_id for query_id, judged in qrels.items() if max(judged.values()) > 0)[:limit]
        queries = {query_id: texts[query_id] for query_id in answered}
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        raise InvalidBeir(
            f"'{path}' does not give judged queries ({error!r}); give a folder in the BEIR layout."
        ) from error
    if not queries:
        raise InvalidBeir(f"'{path}' has no document that is relevant to a query; give a split with judgements.")
    return Collection(folder.name, queries, {query_id: qrels[query_id] for query_id in answered})


def _has_header(lines: Sequence[Sequence[str]]) -> bool:
    """Tell whether the first line names the columns: a judgement ends in a number."""
    return bool(lines) and re.fullmatch(r"\s*-?\d+\s*", lines[0][-1] if lines[0] else "") is None


def index_folder(folder: Path, cache: Path) -> Path:
    """Return the data folder in which this corpus is kept: named for it, the digest of its content and the format."""
    try:
        with (folder / "corpus.jsonl").open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InvalidBeir(
            f"'{folder}' has no corpus.jsonl ({error.strerror}); give a folder in the BEIR layout."
        ) from error
    return cache / f"{folder.name}-{digest[:12]}-{FORMAT}"


def index_corpus(folder: Path, corpus: Corpus, data: Path | None, on_document: Callable[[], None]) -> int:
    """Put every document of the corpus that is not there yet; return how many have no text to cite.

    A second run over the same corpus looks at nothing, but where it is not kept in a folder `data`.
    """
    if data is not None and (data / _COMPLETE).exists():
        return 0
    empty = 0
    for number, line in enumerate(_lines(folder / "corpus.jsonl"), start=1):
        try:
            corpus.put(_document(line), publish=False)
        except EmptyDocument:
            empty += 1
        except (KeyError, TypeError, AttributeError, DocumentError) as error:
            raise InvalidBeir(
                f"Document {number} of '{folder / 'corpus.jsonl'}' cannot be read ({error!r}); it takes _id and text."
            ) from error
        on_document()
    corpus.save()
    if data is not None:
        (data / _COMPLETE).touch()
    return empty


def _document(line: Mapping[str, str]) -> Document:
    # Some collections have a NUL where a character could not be read.
    title = (line.get("title") or "").replace("\0", " ") or None
    text = (line["text"] or title or "").replace("\0", " ")
    return read_text(doc_id_of(line["_id"]), text, PLAIN, Metadata(title, line.get("source")))


def corpus_size(folder: Path) -> int:
    """Return the number of documents in the corpus."""
    with (folder / "corpus.jsonl").open("rb") as file:
        return sum(1 for _ in file)


def doc_id_of(document_id: str) -> str:
    """Return the document id for a collection's own: itself, or a digest where it may not be one here."""
    try:
        return checked_doc_id(document_id)
    except InvalidDocumentId:
        return hashlib.sha256(document_id.encode()).hexdigest()[:32]


def _lines(path: Path) -> Iterator[dict[str, str]]:
    try:
        with path.open(encoding="utf-8") as file:
            for line in filter(str.strip, file):
                yield json.loads(line)
    except (OSError, ValueError) as error:
        raise InvalidBeir(f"'{path}' cannot be read ({error}); give a folder in the BEIR layout.") from error
