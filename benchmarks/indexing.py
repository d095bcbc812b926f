"""Files to searchable: `rag index` in one and two processes against SentenceTransformer.encode on the same texts.

    python -m benchmarks.indexing DATA [ROUNDS]

DATA is a folder of collections in the BEIR layout. Some hundred of their documents are written as text, Markdown and
HTML and indexed into an empty folder, again and again. The other side is given the very texts that are embedded in
this, and only encodes them, in float32 and at the best of several batch sizes; it has a process of its own, because
opening a corpus holds a process's sums to one thread.
"""

import html
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from itertools import cycle, islice
from pathlib import Path

from benchmarks.children import MODELS, Child, Handle, Request, answer, child
from benchmarks.measuring import RESULTS, Result, in_turn, measured_on, record, say, spread
from index.corpus import Corpus, open_corpus
from index.embedder import DEFAULT_MODEL, Embedding, OnnxEmbedder, find_model
from index.ingestion import article_files, ingest
from index.passages import Splitter
from index.preparation import source_folder
from index.reading import document_blocks, read_bytes

# How many documents of each set: long articles, news, paragraphs and abstracts.
SETS = {"timeqa_human_train": 40, "multihoprag_evidence500": 60, "nq_open_oracle": 120, "scifact": 80}
BATCHES = (1, 4, 8, 16, 32, 64)
PROCESSES = (1, 2)
ASKED = 2.5
# So many texts are enough to tell batch sizes apart.
_TRIED = 160


class Recording(OnnxEmbedder):
    """The prepared model, which keeps every text that it is given."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.texts: list[str] = []

    def embed_texts(self, texts: Sequence[str]) -> list[Embedding]:
        """Return the embeddings of passages."""
        self.texts.extend(texts)
        return super().embed_texts(texts)


def measured(data: Path, rounds: int, share: float = 1.0) -> Result:
    """Return passages a second of both sides, with a share of the documents, and what each stage takes."""
    with tempfile.TemporaryDirectory() as made, child("indexing", "encode") as reference:
        folder = Path(made)
        files = written(data, folder / "articles", share)
        texts = embedded_texts(folder / "data", files)
        tried = {batch: _TRIED / encoding(reference, texts[:_TRIED], batch)["seconds"] for batch in BATCHES}
        best = max(tried, key=lambda batch: tried[batch])
        say(f"{len(texts)} passages of {len(files)} documents; best in batches of {best}")
        encode = f"SentenceTransformer.encode, batches of {best}"
        runs: dict[str, Callable[[], Mapping[str, float]]] = {encode: partial(encoding, reference, texts, best)}
        runs |= {_name(number): partial(indexing, folder / "data", files, number) for number in PROCESSES}
        given = in_turn(runs, rounds)
        # What begins with each run of several processes, however long it is: they are started and load their models.
        start = indexing(folder / "data", files[:1], PROCESSES[-1])["seconds"]
        stages = cpu_of_stages(folder / "data", files)
    rates = {name: spread([len(texts) / one["seconds"] for one in ones], 1) for name, ones in given.items()}
    busy = {name: spread([one["cpu"] / one["seconds"] for one in given[name]]) for name in map(_name, PROCESSES)}
    return {
        "documents": len(files),
        "passages": len(texts),
        "sets": list(SETS),
        "passages_a_second": rates,
        "times_as_fast": {name: round(rates[name]["p50"] / rates[encode]["p50"], 2) for name in busy},
        "asked": ASKED,
        "seconds_for_one_file_in_processes": round(start, 2),
        "cores_at_work": busy,
        "cpu_ms_a_passage": {stage: round(seconds / len(texts) * 1000, 3) for stage, seconds in stages.items()},
        "batches_tried": {str(batch): round(rate, 1) for batch, rate in tried.items()},
        "model": DEFAULT_MODEL,
        **measured_on("sentence-transformers", "torch"),
    }


def written(data: Path, folder: Path, share: float) -> list[Path]:
    """Write the first documents of each set into a folder, as text, Markdown and HTML in turn; return the files."""
    folder.mkdir()
    kinds = cycle([("txt", _plain), ("md", _markdown), ("html", _page)])
    for name, count in SETS.items():
        with (data / name / "corpus.jsonl").open(encoding="utf-8") as lines:
            for number, line in enumerate(islice(lines, round(count * share))):
                document = json.loads(line)
                ending, form = next(kinds)
                path = folder / f"{name}-{number:04}.{ending}"
                path.write_text(form(document.get("title") or name, document["text"]), encoding="utf-8")
    return article_files([folder])


def embedded_texts(folder: Path, files: Sequence[Path]) -> list[str]:
    """Return what is embedded of all files."""
    recording = Recording(find_model(MODELS, DEFAULT_MODEL))
    with closing(Corpus(folder, recording, create=True)) as corpus:
        for failure in ingest(corpus, files).failures:
            say(failure.reason)
    return recording.texts


def indexing(folder: Path, files: Sequence[Path], processes: int) -> Mapping[str, float]:
    """Return the seconds and the CPU seconds of indexing all files anew; the model is loaded, but not the workers'."""
    with anew(folder, max(1, (os.cpu_count() or 1) // processes)) as corpus:
        began = sum(os.times()[:4])
        summary = ingest(corpus, files, processes=processes)
        return {"seconds": summary.seconds, "cpu": sum(os.times()[:4]) - began}


def encoding(reference: Child, texts: Sequence[str], batch: int) -> Mapping[str, float]:
    """Return the seconds that the other side takes to encode texts."""
    return reference.ask({"texts": list(texts), "batch": batch})


def cpu_of_stages(folder: Path, files: Sequence[Path]) -> dict[str, float]:
    """Return the CPU seconds of each stage by itself, one file after the other."""
    taken: dict[str, float] = {}

    @contextmanager
    def stage(name: str) -> Iterator[None]:
        began = time.process_time()
        yield
        taken[name] = time.process_time() - began

    with anew(folder, 1) as corpus:
        splitter = Splitter(corpus.embedder.tokenizer_json)
        with stage("reading"):
            documents = [read_bytes(path.name, path.read_bytes()) for path in files]
        with stage("splitting"):
            for document in documents:
                splitter.split(document.text, document_blocks(document), document.metadata.title)
        with stage("embedding, with splitting"):
            made = [corpus.embedded(document) for document in documents]
        with stage("storing"):
            for document, passages in zip(documents, made, strict=True):
                corpus.store.put(document, passages, None)
        with stage("vectors and words"):
            corpus.save()
    taken["embedding"] = taken.pop("embedding, with splitting") - taken["splitting"]
    return taken


@contextmanager
def anew(folder: Path, threads: int) -> Iterator[Corpus]:
    """Give an empty corpus."""
    shutil.rmtree(folder, ignore_errors=True)
    with closing(open_corpus(folder, DEFAULT_MODEL, MODELS, threads, create=True)) as corpus:
        yield corpus


def _name(processes: int) -> str:
    return f"rag index, {processes} process{'es' if processes > 1 else ''}"


def _plain(title: str, text: str) -> str:
    return f"{title}\n\n{text}\n"


def _markdown(title: str, text: str) -> str:
    return f"# {title}\n\n" + "\n\n".join(text.split("\n")) + "\n"


def _page(title: str, text: str) -> str:
    title = html.escape(title)
    body = "".join(f"<p>{html.escape(paragraph)}</p>\n" for paragraph in text.split("\n"))
    return f"<html><head><title>{title}</title></head><body><article><h1>{title}</h1>\n{body}</article></body></html>\n"


def _encoder() -> Handle:
    """Return what encodes texts and gives the seconds that it took."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(source_folder(DEFAULT_MODEL) or DEFAULT_MODEL), device="cpu")

    def handle(request: Request) -> Result:
        began = time.perf_counter()
        model.encode(request["texts"], batch_size=request["batch"], show_progress_bar=False)
        return {"seconds": time.perf_counter() - began}

    return handle


def main() -> None:
    """Measure and record; or be the other side."""
    if sys.argv[1] == "encode":
        answer(_encoder)
        return
    result = measured(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 5)
    record(RESULTS, "indexing", result)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
