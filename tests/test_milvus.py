"""What only the store in Milvus has: other processes, kills, and a Milvus that does not answer."""

import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from index import milvus_store
from index.corpus import Corpus, Outcome, open_corpus
from index.doctor import diagnose, facts
from index.document import Document, Metadata
from index.errors import DataBusy, DataMismatch, DataMissing, DataUnreachable
from index.milvus import VECTORS, WORDS, Collections
from index.milvus_words import SAMPLES, TermStatistics
from index.storage import Milvus
from rag.engine import Engine
from rag.errors import InvalidSetting
from rag.settings import Settings
from tests.command_line import ROOT, CommandLine
from tests.conftest import SEEDS
from tests.doubles import HashingEmbedder
from tests.writing import SHARED, article, check_whole


def plain(doc_id: str, text: str) -> Document:
    return Document(doc_id, text, "text/plain", Metadata(None, None, None, None))


def opened(milvus: Milvus, *, create: bool = True) -> Corpus:
    return Corpus(Path("unused"), HashingEmbedder(), create=create, milvus=milvus)


def matched(corpus: Corpus, text: str) -> list[str]:
    with corpus.read() as view:
        return [passage.doc_id for passage in view.reading.passages([n for n, _ in view.words.matching(text, 10)])]


def wait_until(true: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        threading.Event().wait(0.05)


class Server:
    """A Milvus Lite server in a process of its own, on a port that stays the same when it is started anew."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.milvus = Milvus(f"http://127.0.0.1:{self.port}", timeout_s=5)
        self.start()

    def start(self) -> None:
        # One worker: Milvus Lite does not order writes that come at once.
        arguments = [
            "--data-dir",
            str(self.folder),
            "--host",
            "127.0.0.1",
            "--port",
            str(self.port),
            "--max-workers",
            "1",
        ]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "milvus_lite", "server", *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(self.listens)

    def listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def writer(self, name: str, documents: int = -1) -> "subprocess.Popen[str]":
        return writing(self.milvus, name, documents)


def writing(milvus: Milvus, name: str, documents: int = -1) -> "subprocess.Popen[str]":
    """Start a process that writes until it is killed, or has put so many documents."""
    arguments = [milvus.uri, milvus.collection, name, str(documents)]
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.writing", "put", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    started = Server(tmp_path / "server")
    yield started
    started.process.send_signal(signal.SIGCONT)
    started.kill()


@pytest.fixture
def lite(tmp_path: Path) -> Milvus:
    return Milvus(str(tmp_path / "lite.db"))


@pytest.mark.slow
class TestOtherProcesses:
    def test_two_that_write_the_same_documents_leave_one_of_theirs_whole(self, server: Server) -> None:
        writers = [server.writer(name, 12) for name in ("a", "b")]
        written = [writer.communicate(timeout=120)[0].splitlines() for writer in writers]
        assert written == [[f"{name} {generation}" for generation in range(12)] for name in "ab"]
        corpus = opened(server.milvus)
        last = {(name, generation) for name in "ab" for generation in range(12 - SHARED, 12)}
        assert len(check_whole(corpus, last)) == SHARED
        corpus.close()
        assert list(diagnose(Path("unused"), server.milvus)) == []

    def test_a_writer_killed_at_any_moment_leaves_each_document_whole(self, server: Server) -> None:
        chance = random.Random(8)
        corpus = opened(server.milvus)
        for round_ in range(4):
            writer = server.writer(f"r{round_}")
            assert writer.stdout is not None
            acknowledged = [writer.stdout.readline() for _ in range(chance.randint(1, 5))]
            threading.Event().wait(chance.random() * 0.1)
            writer.kill()
            acknowledged += writer.communicate()[0].splitlines(keepends=True)
            whole = [int(line.split()[1]) for line in acknowledged if line.endswith("\n")]
            # What was being written when it was killed is there or not.
            allowed = {(f"r{round_}", generation) for generation in range(len(whole) + 1)}
            earlier = {(f"r{before}", generation) for before in range(round_) for generation in range(50)}
            stored = check_whole(corpus, allowed | earlier)
            for shared in range(SHARED):
                newest = max((one for one in whole if one % SHARED == shared), default=None)
                if newest is not None:
                    of_it = {g for w, g in stored if w == f"r{round_}" and g % SHARED == shared}
                    assert of_it <= {newest, newest + SHARED}
                    assert of_it
        corpus.close()
        assert list(diagnose(Path("unused"), server.milvus)) == []

    def test_what_a_server_acknowledged_outlives_its_kill(self, server: Server) -> None:
        corpus = opened(server.milvus)
        corpus.put(plain("tin", "Tin is soft."))
        server.kill()
        with pytest.raises(
            DataUnreachable, match=rf"'http://127.0.0.1:{server.port}' does not answer .* RAG_MILVUS_URI"
        ):
            corpus.put(plain("lead", "Lead is heavy."))
        server.start()
        assert matched(corpus, "tin") == ["tin"]
        corpus.put(plain("lead", "Lead is heavy."))
        assert matched(corpus, "lead") == ["lead"]
        corpus.close()

    def test_a_service_says_that_it_is_not_ready_and_goes_on_when_milvus_is_back(self, server: Server) -> None:
        milvus = replace(server.milvus, timeout_s=1)
        with TestClient(create_app(Engine(opened(milvus)))) as client:
            assert client.put("/v1/documents/tin", json={"text": "Tin is soft."}).status_code == 201
            assert client.get("/readyz").status_code == 200
            for stop, go_on in ((server.kill, server.start), (self._frozen(server), self._thawed(server))):
                stop()
                for refused in (client.get("/readyz"), client.post("/v1/search", json={"query": "tin"})):
                    assert refused.status_code == 503
                    assert refused.json()["error"]["code"] == "data_unreachable"
                assert client.get("/healthz").status_code == 200
                assert "footnote_data_up 0" in client.get("/metrics").text
                go_on()
                wait_until(lambda: client.get("/readyz").status_code == 200)
                assert client.post("/v1/search", json={"query": "tin"}).json()["results"]

    def _frozen(self, server: Server) -> Callable[[], None]:
        return lambda: server.process.send_signal(signal.SIGSTOP)

    def _thawed(self, server: Server) -> Callable[[], None]:
        return lambda: server.process.send_signal(signal.SIGCONT)

    def test_a_server_that_is_not_there(self, server: Server) -> None:
        server.kill()
        with pytest.raises(DataUnreachable, match="look whether it runs"):
            opened(replace(server.milvus, timeout_s=0.5))

    def test_a_file_outlives_the_kill_of_its_process(self, lite: Milvus) -> None:
        for round_ in range(2):
            writer = writing(lite, f"r{round_}")
            assert writer.stdout is not None
            acknowledged = [writer.stdout.readline() for _ in range(4 + round_)]
            writer.kill()
            acknowledged += writer.communicate()[0].splitlines(keepends=True)
            last = max(int(line.split()[1]) for line in acknowledged if line.endswith("\n"))
            # Opened in a process of its own, because this one would hold the file.
            arguments = [
                sys.executable,
                "-W",
                "ignore",
                "-m",
                "tests.writing",
                "check",
                lite.uri,
                lite.collection,
                f"r{round_}",
                str(last),
            ]
            done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr

    def test_a_file_serves_one_process(self, lite: Milvus) -> None:
        corpus = opened(lite)
        other = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "tests.writing", "put", lite.uri, "footnote", "b", "1"],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert "DataBusy" in other.stderr
        assert "start a Milvus server for several" in other.stderr
        corpus.close()


@pytest.mark.slow
class TestWhatIsLeftBehind:
    def test_is_removed_once_nobody_reads_it(self, lite: Milvus, monkeypatch: pytest.MonkeyPatch) -> None:
        corpus = opened(lite)
        corpus.put(plain("tin", "Tin is soft."))
        corpus.put(plain("tin", "Tin is very soft."))
        corpus.put(plain("lead", "Lead."))
        corpus.delete("lead")
        collections = Collections(lite)
        assert collections.count(WORDS) == 3
        with corpus.read() as view:
            assert view.reading.count() == (1, 1)
        monkeypatch.setattr(milvus_store, "RETAINED_S", -1.0)
        corpus.save()
        assert [collections.count(name) for name in ("documents", "vectors", "words", "contents", "texts")] == [1] * 5
        assert [row["name"] for row in collections.each("state")] == ["changed", "identity"]
        assert matched(corpus, "soft") == ["tin"]
        collections.close()
        corpus.close()

    def test_is_not_found_where_only_the_answer_to_a_change_was_lost(
        self, lite: Milvus, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        corpus = opened(lite)
        corpus.put(plain("tin", "Tin is soft."))
        upsert = Collections.upsert

        def losing(self: Collections, name: str, rows: list[dict[str, object]]) -> None:
            upsert(self, name, rows)
            if name == "documents":
                raise DataUnreachable("The answer was lost.")

        monkeypatch.setattr(Collections, "upsert", losing)
        with pytest.raises(DataUnreachable):
            corpus.put(plain("tin", "Tin is hard."))
        monkeypatch.undo()
        assert (matched(corpus, "soft"), matched(corpus, "hard")) == ([], ["tin"])
        assert corpus.put(plain("tin", "Tin is hard.")) is Outcome.UNCHANGED
        corpus.close()

    def test_is_removed_where_a_writer_died_on_the_way(self, lite: Milvus, monkeypatch: pytest.MonkeyPatch) -> None:
        corpus = opened(lite)
        corpus.put(plain("tin", "Tin is soft."))
        upsert = Collections.upsert

        def dying(self: Collections, name: str, rows: list[dict[str, object]]) -> None:
            if name == "documents":
                raise DataUnreachable("Killed.")
            upsert(self, name, rows)

        with monkeypatch.context() as patched:
            patched.setattr(Collections, "upsert", dying)
            for doc_id in ("tin", "lead"):
                with pytest.raises(DataUnreachable, match="Killed"):
                    corpus.put(plain(doc_id, "Never acknowledged."))
        assert matched(corpus, "acknowledged") == []
        assert matched(corpus, "tin") == ["tin"]
        with corpus.read() as view:
            assert view.reading.count() == (1, 1)
            assert len(view.vectors.passage_nos()) == 1
        monkeypatch.setattr(milvus_store, "RETAINED_S", -1.0)
        corpus.save()
        collections = Collections(lite)
        assert collections.count(WORDS) == 1
        collections.close()
        corpus.close()

    def test_a_writer_that_was_silent_for_too_long_gives_up(
        self, lite: Milvus, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        corpus = opened(lite)
        monkeypatch.setattr(milvus_store, "RETAINED_S", 0.0)
        with pytest.raises(DataBusy, match="try again"):
            corpus.put(plain("tin", "Tin is soft."))
        assert matched(corpus, "tin") == []
        corpus.close()

    def test_whoever_reads_what_was_removed_is_told_to_try_again(
        self, lite: Milvus, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        corpus = opened(lite)
        corpus.put(plain("tin", "Tin is soft."))
        with corpus.read() as view:
            numbers = view.reading.passage_nos("tin")
            monkeypatch.setattr(milvus_store, "RETAINED_S", -1.0)
            monkeypatch.setattr(milvus_store._Log, "still_here", lambda self: None)
            corpus.put(plain("tin", "Tin is hard."))
            corpus.save()
            with pytest.raises(DataBusy, match="try again"):
                view.reading.passages(numbers)
        corpus.close()


@pytest.mark.slow
class TestAnotherModel:
    def test_is_refused_when_it_is_opened(self, lite: Milvus) -> None:
        opened(lite).close()
        other = HashingEmbedder()
        other.fingerprint = "other"
        with pytest.raises(DataMismatch, match=r"'footnote' of '.*lite.db' was made with fingerprint 'hashing-64'"):
            Corpus(Path("unused"), other, milvus=lite)
        with pytest.raises(DataMismatch, match=r"RAG_MODEL=hashing, or index .* RAG_MILVUS_COLLECTION"):
            open_corpus(Path("unused"), "another", Path("models"), milvus=lite)

    def test_is_refused_when_it_takes_the_place_of_what_is_read(self, lite: Milvus) -> None:
        corpus = opened(lite)
        corpus.put(plain("tin", "Tin is soft."))
        collections = Collections(lite)
        collections.drop()
        with pytest.raises(DataMissing):
            matched(corpus, "tin")
        other = HashingEmbedder()
        other.fingerprint = "other"
        Corpus(Path("unused"), other, create=True, milvus=lite).close()
        with pytest.raises(DataMismatch, match="start it anew"):
            matched(corpus, "tin")
        collections.close()
        corpus.close()

    def test_no_data_is_said_to_be_none(self, lite: Milvus) -> None:
        with pytest.raises(DataMissing, match=r"no data in 'footnote' of '.*lite.db' yet; run `rag index`"):
            opened(lite, create=False)

    def test_data_of_another_format_is_refused(self, lite: Milvus, monkeypatch: pytest.MonkeyPatch) -> None:
        opened(lite).close()
        monkeypatch.setattr(milvus_store, "FORMAT", 2)
        with pytest.raises(DataMismatch, match="has format 1, this version reads format 2"):
            opened(lite)


@pytest.mark.slow
class TestDoctor:
    def test_finds_sound_data_sound_and_says_what_it_is(self, lite: Milvus) -> None:
        corpus = opened(lite)
        corpus.put(plain("tin", "Tin is soft."))
        corpus.close()
        assert list(diagnose(Path("unused"), lite)) == []
        said = dict(facts(Path("unused"), lite))
        assert (said["documents"], said["passages"], said["data"]) == ("1", "1", f"footnote of {lite.uri}")

    def test_finds_what_is_damaged(self, lite: Milvus) -> None:
        corpus = opened(lite)
        corpus.put(plain("lead", "Lead is heavy."))
        corpus.put(plain("tin", "Tin is soft."))
        collections = Collections(lite)
        with corpus.read() as view:
            lead, tin = view.vectors.passage_nos().tolist()
        (row,) = collections.get(VECTORS, [lead], "doc_id", "version", "source", "published")
        collections.upsert(VECTORS, [dict(row) | {"vector": [2.0] * 64}])
        collections.delete(VECTORS, [tin])
        collections.close()
        corpus.close()
        faults = list(diagnose(Path("unused"), lite))
        assert any("vector of passage 0-14 of 'lead' is damaged" in fault for fault in faults)
        assert any("'tin' is incomplete" in fault for fault in faults)


class Counted:
    """Passages of which every one has dimension 1 and every fourth dimension 2, searched as Milvus does."""

    def __init__(self, passages: int, results: int) -> None:
        chance = random.Random(1)
        self._samples = [chance.randrange(SAMPLES) for _ in range(passages)]
        self._results = results
        self.searches = 0

    def search(self, _: str, vectors: list[dict[int, float]], k: int, expression: str) -> list[list[int]]:
        self.searches += 1
        below = int(expression.rpartition("< ")[2] or SAMPLES)
        chosen = [number for number, sample in enumerate(self._samples) if sample < below]
        return [
            [number for number in chosen if number % (4 if 2 in one else 1) == 0][: self._results] for one in vectors
        ]


def test_a_frequent_word_is_counted_in_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.milvus_words.MAX_RESULTS", 1000)
    counted = Counted(20_000, 1000)
    statistics = TermStatistics(counted, lambda seq: (20_000, []))  # type: ignore[arg-type]
    every, fourth = statistics._searched([1, 2], "")
    assert every == pytest.approx(20_000, rel=0.25)
    assert fourth == pytest.approx(5_000, rel=0.25)
    assert counted.searches == 3


class TestSettings:
    def test_milvus_needs_an_address(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RAG_STORE", "milvus")
        with pytest.raises(InvalidSetting, match="RAG_MILVUS_URI is not set"):
            Settings.read()

    @pytest.mark.parametrize("uri", ["milvus:19530", "ftp://x", "", "lite"])
    def test_what_is_no_address(self, monkeypatch: pytest.MonkeyPatch, uri: str) -> None:
        monkeypatch.setenv("RAG_MILVUS_URI", uri)
        with pytest.raises(InvalidSetting, match=f"RAG_MILVUS_URI cannot be '{uri}'"):
            Settings.read()

    @pytest.mark.parametrize(
        ("uri", "shown"),
        [
            ("http://me:secret@x", "http://…@x"),
            ("http://me:sec@ret@x", "http://…@x"),
            ("http://me:se/cret@x", "http://…@x"),
            ("http://me:my secret@x", "http://…@x"),
            ("http:/me:secret@x", "…@x"),
            ("me:secret@milvus:19530", "…@milvus:19530"),
        ],
    )
    def test_a_password_in_an_address_is_refused_and_not_shown(
        self, monkeypatch: pytest.MonkeyPatch, uri: str, shown: str
    ) -> None:
        monkeypatch.setenv("RAG_MILVUS_URI", uri)
        with pytest.raises(InvalidSetting, match=f"RAG_MILVUS_URI cannot be '{shown}'"):
            Settings.read()

    def test_says_where_it_is(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in {"URI": "http://db:19530", "COLLECTION": "mine", "TOKEN": "a:b", "TIMEOUT_S": "3"}.items():
            monkeypatch.setenv(f"RAG_MILVUS_{name}", value)
        assert Settings.read().milvus is None
        assert Settings.read(store="milvus").milvus == Milvus("http://db:19530", "mine", "a:b", 3)


@pytest.mark.slow
class TestCommands:
    def test_index_ask_doctor_and_migrate(self, empty_rag: CommandLine, tmp_path: Path) -> None:
        store = {"RAG_STORE": "milvus", "RAG_MILVUS_URI": str(tmp_path / "lite.db")}
        some = sorted(SEEDS.glob("*.txt"))[:2]
        indexed = empty_rag("index", *map(str, some), **store)
        assert indexed.stdout.startswith("2 added"), indexed.stderr
        assert empty_rag("index", *map(str, some), **store).stdout.startswith("0 added, 0 changed, 2 unchanged")
        asked = empty_rag("ask", "magnets", **store)
        assert (asked.returncode, asked.stderr) == (0, "")
        assert re.search(r"faults +none", empty_rag("doctor", **store).stdout)
        assert empty_rag("migrate", "--to", "embedded", **store).stdout.startswith("copied")
        assert empty_rag("ask", "magnets").stdout == asked.stdout
        assert re.search(r"unchanged +2 documents", empty_rag("migrate", "--to", "milvus", **store).stdout)
        refused = empty_rag("backup", str(tmp_path), **store)
        assert refused.returncode == 1
        assert "`rag backup` is for the embedded store" in refused.stderr
        assert "RAG_MILVUS_URI is not set" in empty_rag("migrate", "--to", "milvus").stderr

    def test_nothing_of_milvus_is_loaded_without_it(self) -> None:
        code = (
            "import sys, api.cli, api.app, api.upkeep, rag.engine, index.corpus, index.doctor; "
            "sys.exit(bool({'pymilvus', 'milvus_lite', 'grpc', 'pandas', 'index.milvus'} & set(sys.modules)))"
        )
        assert subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.slow
def test_readers_never_see_half_of_a_document(lite: Milvus) -> None:
    corpus = opened(lite)
    corpus.put(article("a", 0))
    stop = threading.Event()

    def write() -> None:
        for generation in range(SHARED, 40 * SHARED, SHARED):
            if not stop.is_set():
                corpus.put(article("a", generation))

    @contextmanager
    def beside() -> Iterator[threading.Thread]:
        thread = threading.Thread(target=write)
        thread.start()
        yield thread
        stop.set()
        thread.join()

    with beside() as thread:
        seen = 0
        while thread.is_alive() and seen < 30:
            with corpus.read() as view:
                numbers = [number for number, _ in view.words.matching("copper tin", 20)]
                texts = [passage.text for passage in view.reading.passages(numbers)]
            assert len({re.search(r"generation \d+", text)[0] for text in texts}) == 1  # type: ignore[index]
            assert len(texts) == len(corpus.passage_spans("shared-0"))
            seen += 1
    corpus.close()
