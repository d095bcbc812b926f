"""Files are read and embedded side by side and stored in order, in threads and in processes, whatever interrupts it."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from index import ingestion, passage_embedding
from index.corpus import Corpus, open_corpus
from index.database import DATABASE
from index.document import Document, Metadata
from index.embedder import DEFAULT_MODEL, Embedding
from index.errors import ModelUnusable
from index.ingestion import Summary, article_files, ingest
from index.recent import LastRead
from index.storage import Milvus
from index.store import Reading
from tests.command_line import GUARDED, ROOT, CommandLine
from tests.conftest import SEEDS
from tests.doubles import HashingEmbedder

# Longer than anything here takes on a busy machine.
_PATIENCE_S = 60


class Meeting(HashingEmbedder):
    """Embeds a text only once another one is to be embedded at the same time."""

    def __init__(self) -> None:
        super().__init__()
        self.both = threading.Barrier(2, timeout=_PATIENCE_S)

    def embed_texts(self, texts: Sequence[str]) -> list[Embedding]:
        self.both.wait()
        return super().embed_texts(texts)


class LateFirst(HashingEmbedder):
    """Embeds the article called `first` only after the one called `second`."""

    def __init__(self) -> None:
        super().__init__()
        self.second = threading.Event()

    def embed_texts(self, texts: Sequence[str]) -> list[Embedding]:
        if any("first" in text for text in texts):
            assert self.second.wait(_PATIENCE_S)
        embedded = super().embed_texts(texts)
        if any("second" in text for text in texts):
            self.second.set()
        return embedded


class Stillborn(HashingEmbedder):
    """Ends the process that it is sent to."""

    def __reduce__(self) -> tuple[Callable[[int], object], tuple[int]]:
        return os._exit, (1,)


class Deadly(HashingEmbedder):
    """Ends its process at a text that holds `poison`; where there is a mark, only until it is made."""

    def __init__(self, mark: Path | None = None) -> None:
        super().__init__()
        self.mark = mark

    def embed_texts(self, texts: Sequence[str]) -> list[Embedding]:
        if any("poison" in text for text in texts) and not (self.mark and self.mark.exists()):
            if self.mark:
                self.mark.touch()
            os._exit(1)
        return super().embed_texts(texts)


def articles(folder: Path, **texts: str) -> Path:
    folder.mkdir()
    for name, text in texts.items():
        (folder / f"{name}.txt").write_text(text)
    return folder


def numbered(folder: Path, count: int) -> Path:
    return articles(folder, **{f"a{number:03}": f"Copper article number{number:03}." for number in range(count)})


@contextmanager
def opened(data: Path, embedder: HashingEmbedder) -> Iterator[Corpus]:
    with closing(Corpus(data, embedder, create=True)) as corpus:
        yield corpus


def ids(corpus: Corpus) -> set[str]:
    with corpus.read() as view:
        return {line.doc_id for line in view.reading.documents(1000)}


def rows(data: Path) -> list[Any]:
    """Everything that is stored of documents and passages, in the order in which it was stored."""
    columns = "doc_no, doc_id, text, passage_no, start, end, heading, vector, sentence_bounds, token_vectors"
    with closing(sqlite3.connect(data / DATABASE)) as connection:
        return connection.execute(f"SELECT {columns} FROM documents JOIN passages USING (doc_no) ORDER BY 4").fetchall()


def counts(summary: Summary) -> tuple[int, int, int, int]:
    return summary.added, summary.changed, summary.unchanged, len(summary.failures)


class TestThreads:
    def test_files_are_embedded_side_by_side(self, tmp_path: Path) -> None:
        with opened(tmp_path / "data", Meeting()) as corpus:
            assert counts(ingest(corpus, article_files([numbered(tmp_path / "articles", 6)]))) == (6, 0, 0, 0)

    def test_they_are_stored_in_their_order_whichever_is_ready_first(self, tmp_path: Path) -> None:
        folder = articles(tmp_path / "articles", a="The first.", b="The second.", c="The third.")
        with opened(tmp_path / "data", LateFirst()) as corpus:
            ingest(corpus, article_files([folder]))
        assert [row[1] for row in rows(tmp_path / "data")] == ["a", "b", "c"]

    def test_a_name_that_is_no_utf_8_fails_alone(self, tmp_path: Path) -> None:
        folder = articles(tmp_path / "articles", one="Copper fell.", two="Tin rose.")
        for name in (b"caf\xe9", b"caf\xe9.txt"):
            path = Path(os.fsdecode(os.fsencode(folder) + b"/" + name))
            if not path.suffix:
                path.mkdir()
                path /= "three.txt"
            path.write_text("Zinc stood.")
        with opened(tmp_path / "data", HashingEmbedder()) as corpus:
            summary = ingest(corpus, article_files([folder]))
            assert ids(corpus) == {"one", "two"}
        assert len(summary.failures) == 2
        for failure in summary.failures:
            assert "caf\\udce9" in failure.path
            assert failure.reason.isascii()
            assert "rename it" in failure.reason

    def test_what_a_file_says_of_itself_and_cannot_be_stored_is_left_out(self, tmp_path: Path) -> None:
        folder = articles(tmp_path / "articles")
        (folder / "odd.md").write_text('---\ntitle: "a\\ud800"\nsource: "b\\0"\nurl: https://a.test/\n---\nZinc stood.')
        with opened(tmp_path / "data", HashingEmbedder()) as corpus:
            assert counts(ingest(corpus, article_files([folder]))) == (1, 0, 0, 0)
            assert corpus.document("odd").metadata == Metadata(url="https://a.test/")

    @pytest.mark.slow
    def test_only_so_many_files_are_under_way(self, tmp_path: Path) -> None:
        files, stored = article_files([numbered(tmp_path / "articles", 200)]), 0

        def on_file() -> None:
            nonlocal stored
            stored += 1
            assert len(embedder.embedded) <= stored + ingestion._FILES_UNDER_WAY

        embedder = HashingEmbedder()
        with opened(tmp_path / "data", embedder) as corpus:
            ingest(corpus, files, on_file=on_file)
        assert stored == 200

    def test_and_only_so_many_bytes(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ingestion, "_BYTES_UNDER_WAY", 100)
        stored = 0

        def on_file() -> None:
            nonlocal stored
            stored += 1
            # Three files of 25 bytes, and the one that is too many.
            assert len(embedder.embedded) <= stored + 4

        embedder = HashingEmbedder()
        with opened(tmp_path / "data", embedder) as corpus:
            ingest(corpus, article_files([numbered(tmp_path / "articles", 40)]), on_file=on_file)
        assert stored == 40

    def test_one_file_may_have_more_bytes_than_may_be_under_way(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(ingestion, "_BYTES_UNDER_WAY", 10)
        with opened(tmp_path / "data", HashingEmbedder()) as corpus:
            assert counts(ingest(corpus, article_files([numbered(tmp_path / "articles", 5)]))) == (5, 0, 0, 0)

    def test_a_long_document_is_embedded_in_parts_and_comes_out_the_same(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        text = "\n\n".join(f"Copper number{number} " + "fell on Monday in Wyoming " * 30 + "." for number in range(40))
        document = Document("long", text, "text/plain", Metadata("Metals"))
        with opened(tmp_path / "data", HashingEmbedder()) as corpus:
            whole = corpus.embedded(document)
            monkeypatch.setattr(passage_embedding, "_WINDOW", 7)
            parts = corpus.embedded(document)
        assert len(whole) > 30

        def plain(made: Sequence[Any]) -> list[Any]:
            return [
                (one.passage, one.vector.tobytes(), one.token_vectors.tobytes(), one.bounds.tobytes()) for one in made
            ]

        assert plain(parts) == plain(whole)

    def test_the_words_of_a_long_document_are_read_from_its_text_once(self, tmp_path: Path) -> None:
        folder = articles(
            tmp_path / "articles",
            long="\n\n".join(f"Copper number{number} " + "fell on Monday " * 40 + "." for number in range(100)),
            short="Tin rose.",
        )
        with opened(tmp_path / "data", HashingEmbedder()) as corpus:
            assert ingest(corpus, article_files([folder])).passages > 50
            identity = corpus.passage_embedder.identity
        asked: list[str] = []
        with closing(sqlite3.connect(tmp_path / "data" / DATABASE)) as connection:
            connection.set_trace_callback(asked.append)
            words = list(Reading(connection, identity, LastRead).words_since(0))
        assert len(words) > 50
        assert next(found.body for *_, found in words if "number42 " in found.body).startswith("Copper number")
        assert sum("text" in statement for statement in asked) == 2


class TestInterrupted:
    @pytest.mark.slow
    def test_it_goes_on_where_it_stopped_and_embeds_nothing_twice(self, tmp_path: Path) -> None:
        files, stored = article_files([numbered(tmp_path / "articles", 150)]), 0

        def on_file() -> None:
            nonlocal stored
            stored += 1
            if stored == 40:
                raise KeyboardInterrupt

        embedder = HashingEmbedder()
        with opened(tmp_path / "data", embedder) as corpus:
            with pytest.raises(KeyboardInterrupt):
                ingest(corpus, files, on_file=on_file)
            kept = ids(corpus)
            assert len(kept) == 40
            embedder.embedded.clear()
            summary = ingest(corpus, files)
            assert counts(summary) == (110, 0, 40, 0)
            assert summary.passages == len(embedder.embedded) == 110
            assert not [text for text in embedder.embedded if f"a{text[-4:-1]}" in kept]

    @pytest.mark.slow
    @pytest.mark.parametrize("processes", ["1", "2"])
    def test_so_does_a_process_that_was_killed(self, empty_rag: CommandLine, tmp_path: Path, processes: str) -> None:
        folder = articles(
            tmp_path / "articles", **{f"a{n:03}": f"Copper fell by {n} percent. " * 60 for n in range(60)}
        )
        command = ("index", str(folder), "--processes", processes)
        with indexing(empty_rag, *command) as process:
            _wait_for(process, "Indexed 12 of 60")
            workers = children(process.pid)
            process.kill()
        assert len(workers) >= (2 if processes == "2" else 0)
        _wait_until(lambda: not any(is_running(pid) for pid in workers))
        with closing(
            open_corpus(empty_rag.data, DEFAULT_MODEL, Path(empty_rag.environment["RAG_MODELS_DIR"]))
        ) as corpus:
            kept = {doc_id: len(corpus.passage_spans(doc_id)) for doc_id in ids(corpus)}
        assert 12 <= len(kept) < 60
        done = empty_rag(*command)
        assert done.returncode == 0, done.stderr
        each = next(iter(kept.values()))
        assert done.stdout.startswith(
            f"{60 - len(kept)} added, 0 changed, {len(kept)} unchanged, 0 failed; {(60 - len(kept)) * each} passages"
        )
        assert empty_rag("doctor").returncode == 0

    @pytest.mark.slow
    @pytest.mark.parametrize("processes", ["1", "2"])
    def test_and_one_that_was_told_to_stop(self, empty_rag: CommandLine, tmp_path: Path, processes: str) -> None:
        folder = articles(
            tmp_path / "articles", **{f"a{n:03}": f"Copper fell by {n} percent. " * 60 for n in range(60)}
        )
        with indexing(empty_rag, "index", str(folder), "--processes", processes) as process:
            _wait_for(process, "Indexed 12 of 60")
            workers = children(process.pid)
            # As a terminal does it: to every process of the group.
            os.killpg(process.pid, signal.SIGINT)
            _, said = process.communicate(timeout=_PATIENCE_S)
        assert process.returncode == 1
        assert said.splitlines()[-1].startswith("Stopped; what has been indexed is kept")
        assert "Traceback" not in said
        _wait_until(lambda: not any(is_running(pid) for pid in workers))
        done = empty_rag("index", str(folder))
        assert done.returncode == 0
        assert "0 unchanged" not in done.stdout
        assert empty_rag("doctor").returncode == 0


@pytest.mark.slow
class TestProcesses:
    def test_they_make_the_same_as_threads_bit_by_bit(self, model_folder: Path, tmp_path: Path) -> None:
        summaries = []
        for processes in (1, 2):
            data = tmp_path / f"data{processes}"
            with closing(open_corpus(data, DEFAULT_MODEL, model_folder.parent, 1, create=True)) as corpus:
                summaries.append(ingest(corpus, article_files([SEEDS]), processes=processes))
        assert counts(summaries[0]) == counts(summaries[1]) == (5, 0, 0, 0)
        assert summaries[0].passages == summaries[1].passages
        assert rows(tmp_path / "data1") == rows(tmp_path / "data2")

    def test_what_is_unchanged_moved_or_bad_is_so_there_too(self, tmp_path: Path) -> None:
        folder = articles(tmp_path / "articles", one="Copper fell.", two="Tin rose.", three="Zinc stood.")
        (folder / "bad.txt").write_bytes(bytes(range(256)) * 8)
        (folder / "empty.txt").touch()
        with opened(tmp_path / "data", HashingEmbedder()) as corpus:
            first = ingest(corpus, article_files([folder]), processes=2)
            assert counts(first) == (3, 0, 0, 2)
            assert [Path(failure.path).name for failure in first.failures] == ["bad.txt", "empty.txt"]
            (folder / "moved").mkdir()
            (folder / "one.txt").rename(folder / "moved" / "one.txt")
            (folder / "two.txt").write_text("Tin fell.")
            second = ingest(corpus, article_files([folder]), processes=2)
            assert counts(second) == (0, 1, 2, 2)
            assert second.passages == 1
            assert corpus.document("two").text == "Tin fell."

    def test_a_file_that_ends_its_process_fails_alone(self, tmp_path: Path) -> None:
        texts = {f"a{number:02}": f"Copper {number}." for number in range(30)}
        folder = articles(tmp_path / "articles", **texts | {"a07": "A poison.", "a21": "Another poison."})
        with opened(tmp_path / "data", Deadly()) as corpus:
            summary = ingest(corpus, article_files([folder]), processes=2)
            assert counts(summary) == (28, 0, 0, 2)
            assert [Path(failure.path).stem for failure in summary.failures] == ["a07", "a21"]
            assert all("ended the process" in failure.reason for failure in summary.failures)
            assert ids(corpus) == texts.keys() - {"a07", "a21"}

    def test_a_process_that_cannot_begin_is_said_and_no_file_is_blamed(self, tmp_path: Path) -> None:
        folder = articles(tmp_path / "articles", one="Copper fell.", two="Tin rose.")
        with (
            opened(tmp_path / "data", Stillborn()) as corpus,
            pytest.raises(ModelUnusable, match="No process can begin"),
        ):
            ingest(corpus, article_files([folder]), processes=2)

    def test_they_fill_a_milvus_as_well(self, tmp_path: Path) -> None:
        files, stored = article_files([numbered(tmp_path / "articles", 20)]), 0

        def on_file() -> None:
            nonlocal stored
            stored += 1
            if stored == 7:
                raise KeyboardInterrupt

        milvus = Milvus(str(tmp_path / "lite.db"), "indexing")
        with closing(Corpus(tmp_path / "data", HashingEmbedder(), create=True, milvus=milvus)) as corpus:
            with pytest.raises(KeyboardInterrupt):
                ingest(corpus, files, processes=2, on_file=on_file)
            assert counts(ingest(corpus, files, processes=2)) == (13, 0, 7, 0)
            assert ids(corpus) == {path.stem for path in files}

    def test_a_process_that_dies_once_loses_nothing(self, tmp_path: Path) -> None:
        folder = articles(tmp_path / "articles", a="Copper.", b="A poison.", c="Tin.", d="Zinc.")
        with opened(tmp_path / "data", Deadly(tmp_path / "mark")) as corpus:
            assert counts(ingest(corpus, article_files([folder]), processes=2)) == (4, 0, 0, 0)
        assert [row[1] for row in rows(tmp_path / "data")] == ["a", "b", "c", "d"]


@contextmanager
def indexing(rag: CommandLine, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Give a process of `rag` that has a group of its own, as at a terminal."""
    with subprocess.Popen(
        [sys.executable, "-c", GUARDED, *arguments], env=rag.environment, cwd=ROOT,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _wait_for(process: subprocess.Popen[str], said: str) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if said in line:
            return
    raise AssertionError(f"{said!r} was not said")


def _wait_until(is_so: Callable[[], bool]) -> None:
    patience = threading.Event()
    for _ in range(_PATIENCE_S * 10):
        if is_so():
            return
        patience.wait(0.1)
    raise AssertionError("it did not come to be")
