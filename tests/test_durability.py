"""Nothing is lost: backup and restore, upgrades, full disks, read-only folders, damage, several processes at once."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import ClassVar

import httpx2
import pytest

from benchmarks import kills
from index import vectors
from index.backup import DAMAGED, Contents, back_up, restore
from index.corpus import Corpus
from index.database import DATABASE, FORMAT
from index.doctor import diagnose
from index.document import Document, Metadata
from index.embedder import DEFAULT_MODEL, Embedding
from index.errors import (
    DataBusy,
    DataCorrupt,
    DataInTheWay,
    DataMismatch,
    DataMissing,
    InvalidBackup,
    ReadOnlyData,
    StorageFull,
)
from index.ingestion import ingest
from index.upgrade import upgrade
from index.words import FOLDER, _remove
from tests import format_1
from tests.command_line import ROOT, CommandLine
from tests.doubles import HashingEmbedder
from tests.test_corpus import document, found

pytestmark = pytest.mark.slow

Damage = Callable[[bytes], bytes]


def put(corpus: Corpus, **texts: str) -> None:
    for doc_id, text in texts.items():
        corpus.put(document(doc_id, text))


def by_words(corpus: Corpus, text: str) -> set[str]:
    with corpus.read() as view:
        numbers = [number for number, _ in view.words.matching(text, 100)]
        return {passage.doc_id for passage in view.reading.passages(numbers)}


def unchanged(_: Path) -> None:
    pass


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with one document, closed."""
    corpus = Corpus(tmp_path / "data", HashingEmbedder(), create=True)
    put(corpus, a="Lanthanum prices rose.")
    corpus.close()
    return tmp_path / "data"


@contextmanager
def reopened(folder: Path) -> Iterator[Corpus]:
    corpus = Corpus(folder, HashingEmbedder())
    yield corpus
    corpus.close()


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[Path]:
    """A file system of its own, which only root may mount."""
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mounting, capture_output=True, check=False).returncode:
        pytest.skip("a file system cannot be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Write a file until there is no room, and return it."""
    path = folder / "filler"
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"\0" * 4096)
    assert shutil.disk_usage(folder).free == 0
    return path


class TestBackup:
    def test_what_was_backed_up_comes_back(self, data: Path, tmp_path: Path) -> None:
        written, contents = back_up(data, tmp_path / "kept" / "one.db")
        assert (contents.documents, contents.passages) == (1, 1)
        with reopened(data) as corpus:
            put(corpus, a="Copper fell.", b="Tin rose.")
        restore(data, written, "hashing", unchanged, force=True)
        assert [path.name for path in written.parent.iterdir()] == ["one.db"]
        with reopened(data) as corpus:
            assert found(corpus, "lanthanum") == ["a"]
            assert found(corpus, "copper") == found(corpus, "tin") == []
        assert list(diagnose(data)) == []

    def test_into_a_folder_it_is_named_by_its_time(self, data: Path, tmp_path: Path) -> None:
        (tmp_path / "kept.d").mkdir()
        # A name without an ending is a folder's, whether it is there or not.
        for folder in (tmp_path / "kept.d", tmp_path / "backups"):
            written, _ = back_up(data, folder)
            assert written.parent == folder
            assert written.suffix == ".db"

    def test_it_is_one_instant_while_others_write(self, data: Path, tmp_path: Path) -> None:
        stop = threading.Event()

        def write() -> None:
            with reopened(data) as corpus:
                number = 0
                while not stop.is_set():
                    number += 1
                    # The second is never there without the first of the same number.
                    put(corpus, first=f"Copper {number}.", second=f"Copper {number}.")

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for turn in range(5):
                written, _ = back_up(data, tmp_path / f"{turn}.db")
                restore(tmp_path / f"restored{turn}", written, "hashing", unchanged)
                assert list(diagnose_restored(tmp_path / f"restored{turn}")) == []
        finally:
            stop.set()
            writer.join()

    def test_an_earlier_backup_is_replaced_where_it_is_forced_and_nothing_else(
        self, data: Path, tmp_path: Path
    ) -> None:
        earlier, _ = back_up(data, tmp_path / "one.db")
        (tmp_path / "bare").write_bytes(earlier.read_bytes())
        kept = earlier.read_bytes()
        with reopened(data) as corpus:
            put(corpus, b="Copper fell.")
        for path in (earlier, tmp_path / "bare"):
            with pytest.raises(DataInTheWay, match=f"{path.name}.*another file.*--force"):
                back_up(data, path)
            assert path.read_bytes() == kept
            assert back_up(data, path, force=True) == (path, Contents(2, 2, FORMAT, "hashing"))
        (tmp_path / "notes.txt").write_text("mine")
        with closing(sqlite3.connect(tmp_path / "other.db")) as other:
            other.execute("CREATE TABLE meta (key, value)")
        for name in ("notes.txt", "other.db"):
            with pytest.raises(DataInTheWay, match=name):
                back_up(data, tmp_path / name, force=True)
        with pytest.raises(DataInTheWay, match="the data itself"):
            back_up(data, data / DATABASE, force=True)
        # What has the name of data in use may be another's.
        other_data = tmp_path / "elsewhere"
        other_data.mkdir()
        (other_data / DATABASE).write_bytes(earlier.read_bytes())
        with pytest.raises(DataInTheWay, match="name of data in use"):
            back_up(data, other_data / DATABASE, force=True)
        assert (tmp_path / "notes.txt").read_text() == "mine"

    def test_without_data_there_is_nothing_to_back_up(self, tmp_path: Path) -> None:
        with pytest.raises(DataMissing, match="nowhere"):
            back_up(tmp_path / "nowhere", tmp_path / "one.db")

    def test_damaged_data_is_not_backed_up(self, data: Path, tmp_path: Path) -> None:
        with closing(sqlite3.connect(data / DATABASE, isolation_level=None)) as connection:
            connection.execute("UPDATE documents SET text = 'Copper fell.'")
        with pytest.raises(DataCorrupt, match="SHA-256"):
            back_up(data, tmp_path / "one.db")
        assert not (tmp_path / "one.db").exists()

    def test_a_full_disk_is_said_and_leaves_the_backup_before(self, data: Path, tmp_path: Path) -> None:
        with small_disk(tmp_path / "small", 200) as small:
            back_up(data, small / "one.db")
            filler = fill(small)
            with pytest.raises(StorageFull, match=r"one\.db.*make room"):
                back_up(data, small / "one.db", force=True)
            filler.unlink()
            restore(tmp_path / "restored", small / "one.db", "hashing", unchanged)


def diagnose_restored(folder: Path) -> Iterator[str]:
    Corpus(folder, HashingEmbedder()).close()
    yield from diagnose(folder)


class TestRestore:
    @pytest.fixture
    def backup(self, data: Path, tmp_path: Path) -> Path:
        return back_up(data, tmp_path / "one.db")[0]

    def test_data_that_is_there_is_kept_unless_forced(self, data: Path, backup: Path) -> None:
        with pytest.raises(DataInTheWay, match="--force"):
            restore(data, backup, "hashing", unchanged)

    def test_into_an_empty_folder(self, backup: Path, tmp_path: Path) -> None:
        (tmp_path / "new").mkdir()
        # What a database that was deleted has left must not be taken for a part of the restored one.
        (tmp_path / "new" / f"{DATABASE}-wal").write_bytes(b"\x37\x7f\x06\x82" * 100)
        restore(tmp_path / "new", backup, "hashing", unchanged)
        with reopened(tmp_path / "new") as corpus:
            assert found(corpus, "lanthanum") == ["a"]

    @pytest.mark.parametrize(
        ("damage", "said"),
        [
            pytest.param(lambda raw: b"", "no sound backup", id="empty"),
            pytest.param(lambda raw: b"no database" * 1000, "no sound backup", id="garbage"),
            pytest.param(lambda raw: raw[: len(raw) // 2], "no sound backup", id="half"),
            pytest.param(lambda raw: raw[:4096] + b"\0" * (len(raw) - 4096), "no sound backup", id="zeros"),
            pytest.param(lambda raw: raw.replace(b"Lanthanum", b"Palladium"), "SHA-256", id="another text"),
            pytest.param(
                lambda raw: raw.replace(f"format{FORMAT}".encode(), b"format9"),
                f"format 9.*format {FORMAT}",
                id="newer",
            ),
            pytest.param(lambda raw: raw.replace(b"modelhashing", b"modelcrushed"), "'crushed'.*'hashing'", id="model"),
        ],
    )
    def test_a_backup_that_cannot_serve_is_refused_and_changes_nothing(
        self, data: Path, backup: Path, damage: Damage, said: str
    ) -> None:
        raw = backup.read_bytes()
        assert damage(raw) != raw
        backup.write_bytes(damage(raw))
        with pytest.raises(InvalidBackup, match=f"{backup.name}.*{said}") as caught:
            restore(data, backup, "hashing", unchanged, force=True)
        assert not re.search(r"\.making|rag restore", str(caught.value))
        with reopened(data) as corpus:
            assert found(corpus, "lanthanum") == ["a"]
        assert not list(data.glob(".making*"))

    def test_what_is_no_file_is_refused(self, data: Path, tmp_path: Path) -> None:
        for path in (tmp_path / "nowhere.db", tmp_path, data / DATABASE):
            with pytest.raises(InvalidBackup, match=path.name):
                restore(data, path, "hashing", unchanged, force=True)

    @pytest.mark.parametrize("content", [b"", b"garbage" * 5000])
    def test_a_damaged_database_is_replaced_and_kept(self, data: Path, backup: Path, content: bytes) -> None:
        (data / DATABASE).write_bytes(content)
        restore(data, backup, "hashing", unchanged, force=True)
        with reopened(data) as corpus:
            assert found(corpus, "lanthanum") == ["a"]
        assert not content or (data / DAMAGED).read_bytes() == content

    def test_who_has_the_data_open_goes_on_with_what_was_restored(self, data: Path, backup: Path) -> None:
        with reopened(data) as corpus:
            # As many changes as the backup has, and then as many more: the numbers alone would not tell.
            put(corpus, a="Copper fell.")
            restore(data, backup, "hashing", unchanged, force=True)
            put(corpus, b="Tin rose.")
            assert (found(corpus, "lanthanum"), found(corpus, "copper"), found(corpus, "tin")) == (["a"], [], ["b"])
            assert (by_words(corpus, "lanthanum"), by_words(corpus, "copper")) == ({"a"}, set())
        assert list(diagnose(data)) == []

    @pytest.mark.parametrize("way", ["moved", "damaged and restored"])
    def test_another_file_in_its_place_is_noticed(self, data: Path, backup: Path, way: str) -> None:
        with reopened(data) as corpus:
            put(corpus, a="Copper fell.", c="Zinc too.")
            with closing(sqlite3.connect(data / DATABASE, isolation_level=None)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            if way == "moved":
                restore(data.parent / "elsewhere", backup, "hashing", unchanged)
                (data.parent / "elsewhere" / DATABASE).replace(data / DATABASE)
            else:
                (data / DATABASE).unlink()
                with pytest.raises(DataMissing, match="rag restore"):
                    found(corpus, "copper")
                restore(data, backup, "hashing", unchanged)
            assert (found(corpus, "lanthanum"), found(corpus, "copper")) == (["a"], [])
            put(corpus, b="Tin rose.")
        with reopened(data) as corpus:
            assert (found(corpus, "tin"), found(corpus, "zinc")) == (["b"], [])

    def test_data_of_another_model_put_in_its_place_is_refused(self, data: Path, tmp_path: Path) -> None:
        other = HashingEmbedder()
        other.fingerprint = "hashing-other"
        Corpus(tmp_path / "other", other, create=True).close()
        backup, _ = back_up(tmp_path / "other", tmp_path / "other.db")
        with reopened(data) as corpus:
            restore(data, backup, "hashing", unchanged, force=True)
            with pytest.raises(DataMismatch, match=r"'hashing-other'.*'hashing-64'.*anew"):
                found(corpus, "lanthanum")
            with pytest.raises(DataMismatch, match="hashing-other"):
                corpus.store.delete("a")
            restore(data, back_up(data, tmp_path / "again.db")[0], "hashing", refit, force=True)
            assert found(corpus, "lanthanum") == []

    def test_one_at_a_time_restores(self, data: Path, backup: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("index.database.BUSY_TIMEOUT_S", 0.1)

        def again(_: Path) -> None:
            with pytest.raises(DataBusy, match="restoring"):
                restore(data, backup, "hashing", unchanged, force=True)

        restore(data, backup, "hashing", again, force=True)

    def test_what_a_killed_one_left_is_removed(self, data: Path, backup: Path) -> None:
        (data / ".making-killed").mkdir()
        restore(data, backup, "hashing", unchanged, force=True)
        assert not list(data.glob(".making*"))


def refit(folder: Path) -> None:
    upgrade(folder, HashingEmbedder())


class TestUpgrade:
    @pytest.fixture
    def of_format_1(self, tmp_path: Path) -> Path:
        (tmp_path / "data").mkdir()
        shutil.copy(format_1.FILE, tmp_path / "data" / DATABASE)
        return tmp_path / "data"

    def test_the_committed_data_is_what_its_script_writes(self, tmp_path: Path) -> None:
        format_1.write(tmp_path / "again.db")
        dumps = []
        for path in (tmp_path / "again.db", format_1.FILE):
            with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
                dumps.append(list(connection.iterdump()))
        assert dumps[0] == dumps[1]

    def test_data_of_an_earlier_format_says_what_to_do(self, of_format_1: Path) -> None:
        with pytest.raises(DataMismatch, match=rf"format 1.*format {FORMAT}.*`rag upgrade`"):
            Corpus(of_format_1, HashingEmbedder())

    def test_every_document_is_kept_and_found(self, of_format_1: Path) -> None:
        done = upgrade(of_format_1, HashingEmbedder())
        assert done is not None
        assert (done.from_format, done.documents, done.without_passages) == (1, 2, ())
        with reopened(of_format_1) as corpus:
            for doc_id, (title, media_type, text) in format_1.ARTICLES.items():
                metadata = Metadata(title, "Wire", None, "2025-05-01")
                assert corpus.document(doc_id) == Document(doc_id, text, media_type, metadata)
                assert found(corpus, doc_id) == [doc_id]
                assert by_words(corpus, doc_id) == {doc_id}
                with corpus.store.read() as reading:
                    file = reading.file(doc_id)
                assert file is not None
                assert file.path == f"/articles/{doc_id}"
            put(corpus, new="Tin rose.")
            assert found(corpus, "tin") == ["new"]
        assert list(diagnose(of_format_1)) == []
        assert upgrade(of_format_1, HashingEmbedder()) is None

    def test_stopped_on_the_way_it_leaves_everything(self, of_format_1: Path) -> None:
        before = list_rows(of_format_1)

        class Stops(HashingEmbedder):
            def embed_query(self, text: str) -> Embedding:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            upgrade(of_format_1, Stops())
        assert list_rows(of_format_1) == before

    def test_a_document_that_has_nothing_to_cite_any_more_is_kept(self, of_format_1: Path) -> None:
        with closing(sqlite3.connect(of_format_1 / DATABASE, isolation_level=None)) as connection:
            connection.execute("UPDATE documents SET text = 'Leave a Reply' WHERE doc_id = 'quagga'")
        done = upgrade(of_format_1, HashingEmbedder())
        assert done is not None
        assert done.without_passages == ("quagga",)
        with reopened(of_format_1) as corpus:
            assert corpus.document("quagga").text == "Leave a Reply"

    def test_data_of_another_model_becomes_this_one_s(self, data: Path) -> None:
        other = HashingEmbedder()
        other.fingerprint = "hashing-other"
        done = upgrade(data, other)
        assert done is not None
        with pytest.raises(DataMismatch, match=r"'hashing-other'.*rag upgrade"):
            Corpus(data, HashingEmbedder())
        corpus = Corpus(data, other)
        assert found(corpus, "lanthanum") == ["a"]
        corpus.close()

    def test_a_newer_format_is_refused_with_both(self, data: Path) -> None:
        with closing(sqlite3.connect(data / DATABASE, isolation_level=None)) as connection:
            connection.execute("UPDATE meta SET value = '9' WHERE key = 'format'")
        with pytest.raises(DataMismatch, match=f"format 9.*format {FORMAT}"):
            upgrade(data, HashingEmbedder())

    def test_a_backup_of_an_earlier_format_is_brought_up_as_it_is_restored(self, tmp_path: Path) -> None:
        shutil.copy(format_1.FILE, tmp_path / "old.db")
        restore(tmp_path / "data", tmp_path / "old.db", DEFAULT_MODEL, refit)
        with reopened(tmp_path / "data") as corpus:
            assert found(corpus, "quagga") == ["quagga"]

    def test_on_the_command_line(self, empty_rag: CommandLine) -> None:
        empty_rag.data.mkdir()
        shutil.copy(format_1.FILE, empty_rag.data / DATABASE)
        refused = empty_rag("ask", "What was the quagga?")
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "`rag upgrade`" in refused.stderr
        assert len(refused.stderr.splitlines()) == 1
        done = empty_rag("upgrade")
        assert (done.returncode, done.stdout) == (0, "upgraded   2 documents, from format 1\n")
        assert "a zebra of South Africa" in empty_rag("ask", "What was the quagga?").stdout
        assert empty_rag("doctor").returncode == 0
        assert "nothing" in empty_rag("upgrade").stdout


def list_rows(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        return list(connection.iterdump())


METALS = {f"d{number}": f"Lanthanum article {number} of copper and tin." for number in range(20)}


@pytest.fixture(scope="module")
def with_another(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two data folders, the first of METALS; of each, the first document was deleted."""
    made = tmp_path_factory.mktemp("derived")
    for name, texts in (("data", METALS), ("other", {"cobalt": "Cobalt.", "zebra": "Zebra and lanthanum."})):
        corpus = Corpus(made / name, HashingEmbedder(), create=True)
        for doc_id, text in texts.items():
            corpus.put(document(doc_id, text), publish=False)
        corpus.save()
        corpus.delete(next(iter(texts)))
        corpus.close()
    return made


class TestDerivedFiles:
    """Damaged in whatever way, they are made anew, and nothing is embedded for it."""

    @pytest.fixture
    def folder(self, with_another: Path, tmp_path: Path) -> Path:
        return Path(shutil.copytree(with_another, tmp_path / "copy")) / "data"

    def check(self, folder: Path) -> None:
        kept = set(METALS) - {"d0"}
        with reopened(folder) as corpus:
            assert by_words(corpus, "lanthanum") == kept
            with corpus.read() as view:
                assert len(view.vectors.passage_nos()) == len(kept)
            assert isinstance(corpus.embedder, HashingEmbedder)
            assert corpus.embedder.embedded == []
        assert list(diagnose(folder)) == []

    DAMAGES: ClassVar = [
        pytest.param(lambda raw, _: raw[: len(raw) // 2], id="truncated"),
        pytest.param(lambda raw, _: raw[:-1], id="one byte short"),
        pytest.param(lambda raw, _: b"", id="empty"),
        pytest.param(lambda raw, _: b"\0" * len(raw), id="zeroed"),
        pytest.param(lambda raw, _: bytes([raw[0] ^ 255]) + raw[1:], id="first byte changed"),
        pytest.param(lambda raw, other: other, id="another database's"),
    ]

    @pytest.mark.parametrize("damage", DAMAGES)
    def test_the_file_of_the_vectors(self, folder: Path, damage: Callable[[bytes, bytes], bytes]) -> None:
        path, other = folder / vectors.FILE, folder.parent / "other" / vectors.FILE
        path.write_bytes(damage(path.read_bytes(), other.read_bytes()))
        self.check(folder)

    @pytest.mark.parametrize("damage", DAMAGES[:-1])
    @pytest.mark.parametrize("which", ["meta.json", ".managed.json", ".term", ".idx", ".fast", ".store", ".fieldnorm"])
    def test_any_file_of_the_words(self, folder: Path, which: str, damage: Callable[[bytes, bytes], bytes]) -> None:
        for path in (folder / FOLDER).iterdir():
            if path.name == which or path.suffix == which:
                path.write_bytes(damage(path.read_bytes(), b""))
        self.check(folder)

    def test_the_folder_of_the_words_of_another_database(self, folder: Path) -> None:
        _remove(folder / FOLDER)
        shutil.copytree(folder.parent / "other" / FOLDER, folder / FOLDER)
        self.check(folder)

    def test_words_of_another_tantivy(self, folder: Path) -> None:
        (folder / FOLDER / "meta.json").write_text('{"format": "of another time"}')
        self.check(folder)

    def test_words_of_a_newer_version(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as newer:
            newer.setattr("index.words._VERSION", "footnote-words-99")
            with reopened(folder) as corpus:
                put(corpus, new="Lanthanum again.")
                corpus.delete("new")
        self.check(folder)

    def test_a_file_in_the_place_of_the_words(self, folder: Path) -> None:
        _remove(folder / FOLDER)
        (folder / FOLDER).write_text("in the way")
        self.check(folder)

    @pytest.mark.parametrize("damage", ["removed", "emptied"])
    def test_the_words_of_data_that_is_open(self, folder: Path, damage: str) -> None:
        with reopened(folder) as corpus:
            if damage == "removed":
                _remove(folder / FOLDER)
            else:
                (folder / FOLDER / "meta.json").write_bytes(b"")
            put(corpus, new="Lanthanum again.")
            assert by_words(corpus, "lanthanum") == {*METALS, "new"} - {"d0"}
            corpus.delete("new")
        self.check(folder)

    @pytest.mark.parametrize(
        ("damage", "said"),
        [(_remove, "missing"), (lambda words: (words / "meta.json").write_bytes(b""), "damaged")],
    )
    def test_the_doctor_says_it_of_the_words(self, folder: Path, damage: Callable[[Path], object], said: str) -> None:
        damage(folder / FOLDER)
        assert any("words" in fault and said in fault for fault in diagnose(folder))

    def test_the_doctor_says_when_words_and_documents_do_not_agree(self, folder: Path) -> None:
        with closing(sqlite3.connect(folder / DATABASE, isolation_level=None)) as connection:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("DELETE FROM documents WHERE doc_id = 'd1'")
        assert any("words" in fault and "19 passages" in fault for fault in diagnose(folder))

    def test_what_was_left_by_killed_processes_is_removed(self, folder: Path) -> None:
        left = folder / f".{vectors.FILE}-killed"
        left.write_bytes(b"half")
        os.utime(left, (0, 0))
        (folder / f".{vectors.FILE}-at-work").write_bytes(b"half")
        with reopened(folder) as corpus:
            put(corpus, new="Tin rose.")
        assert [path.name for path in folder.glob(f".{vectors.FILE}-*")] == [f".{vectors.FILE}-at-work"]


class TestDisk:
    def test_where_there_is_no_room_nothing_changes_and_reading_goes_on(self, tmp_path: Path) -> None:
        with small_disk(tmp_path / "data", 2500) as folder, closing_corpus(folder) as corpus:
            put(corpus, a="Lanthanum prices rose.")
            filler = fill(folder)
            articles = {f"d{number}": "Copper fell.\n\n" * 400 for number in range(100)}
            with pytest.raises(StorageFull, match=rf"{DATABASE}.*make room"):
                put(corpus, **articles)
            assert by_words(corpus, "lanthanum") == {"a"}
            stored = by_words(corpus, "copper")
            assert set(found(corpus, "copper")) == stored
            filler.unlink()
            put(corpus, b="Tin rose.")
            assert by_words(corpus, "tin") == {"b"}
            assert by_words(corpus, "copper") == stored

    def test_words_that_cannot_be_written_are_kept_in_memory_until_they_can(
        self, data: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("index.words._DISK_AGAIN_S", 0.0)
        with reopened(data) as corpus:
            _remove(data / FOLDER)
            # A folder that is a link to nowhere can be neither opened nor made.
            (data / FOLDER).symlink_to(data / "nowhere" / "at all")
            put(corpus, b="Tin rose.")
            put(corpus, c="Tin fell.")
            corpus.delete("b")
            assert (by_words(corpus, "tin"), by_words(corpus, "lanthanum")) == ({"c"}, {"a"})
            (data / FOLDER).unlink()
            put(corpus, d="Tin stood.")
            assert by_words(corpus, "tin") == {"c", "d"}
        assert list(diagnose(data)) == []

    def test_new_data_on_a_full_disk_is_said(self, tmp_path: Path) -> None:
        with small_disk(tmp_path / "data", 40) as folder:
            with pytest.raises(StorageFull, match="make room"):
                Corpus(folder, HashingEmbedder(), create=True)
            assert not (folder / DATABASE).exists()

    @pytest.mark.parametrize("create", [False, True])
    def test_a_read_only_folder_is_said(self, tmp_path: Path, create: bool) -> None:
        with small_disk(tmp_path / "data", 4000) as folder:
            if not create:
                with closing_corpus(folder) as corpus:
                    put(corpus, a="Lanthanum prices rose.")
            subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
            with pytest.raises(ReadOnlyData, match=r"data.* is read-only.*writable"):
                put(Corpus(folder, HashingEmbedder(), create=create), b="Tin rose.")
            subprocess.run(["mount", "-o", "remount,rw", str(folder)], check=True)
            with closing_corpus(folder) as corpus:
                assert by_words(corpus, "lanthanum") == (set() if create else {"a"})

    def test_a_server_goes_on_answering_and_takes_documents_again(self, tmp_path: Path, model_folder: Path) -> None:
        with small_disk(tmp_path / "data", 6000) as folder:
            rag = CommandLine(folder, model_folder.parent)
            with rag.serving() as (client, _):
                assert put_over_http(client, "first", "The quagga was a zebra of South Africa.").status_code == 201
                filler, acknowledged = fill(folder), ["first"]
                refused = None
                for number in range(200):
                    response = put_over_http(client, f"d{number}", f"Article {number} of the okapi.\n\n" * 40)
                    if response.status_code == 503:
                        refused = response
                        break
                    acknowledged.append(f"d{number}")
                assert refused is not None
                assert refused.json()["error"]["code"] == "storage_full"
                assert "make room" in refused.json()["error"]["message"]
                assert first_found(client, "quagga zebra") == "first"
                assert client.post("/v1/ask", json={"question": "What was the quagga?"}).status_code == 200
                assert ids_over_http(client) == set(acknowledged)
                full = rag("index")
                assert (full.returncode, full.stderr.count("make room")) == (1, 1)
                filler.unlink()
                assert put_over_http(client, "last", "The tarpan was a horse.").status_code == 201
                assert first_found(client, "tarpan horse") == "last"
                assert ids_over_http(client) == {*acknowledged, "last"}
            assert rag("doctor").returncode == 0

    def test_a_server_whose_database_may_no_longer_be_written(self, rag: CommandLine) -> None:
        path = rag.data / DATABASE
        with rag.serving() as (client, _):
            assert put_over_http(client, "first", "The quagga was a zebra.").status_code == 201
            files = [str(file) for file in rag.data.glob(f"{DATABASE}*")]
            if (
                os.geteuid() != 0
                or subprocess.run(["chattr", "+i", *files], capture_output=True, check=False).returncode
            ):
                pytest.skip("files cannot be made immutable here")
            try:
                refused = put_over_http(client, "second", "The tarpan was a horse.")
                assert refused.status_code == 503
                assert str(path) in refused.json()["error"]["message"]
                assert first_found(client, "quagga zebra") == "first"
            finally:
                subprocess.run(["chattr", "-i", *files], check=True)
            assert put_over_http(client, "second", "The tarpan was a horse.").status_code == 201
            assert first_found(client, "tarpan horse") == "second"

    def test_a_read_only_disk_is_served_and_not_written(self, tmp_path: Path, model_folder: Path) -> None:
        with small_disk(tmp_path / "data", 8000) as folder:
            rag = CommandLine(folder, model_folder.parent)
            assert rag("index").returncode == 0
            subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
            assert "[1]" in rag("ask", "what happened after Geneva?").stdout
            with rag.serving() as (client, _):
                assert len(ids_over_http(client)) == 5
                refused = put_over_http(client, "new", "The tarpan was a horse.")
                assert (refused.status_code, refused.json()["error"]["code"]) == (503, "read_only_data")
                assert int(refused.headers["retry-after"]) > 0


@pytest.fixture
def own_folder(tmp_path: Path) -> Iterator[Path]:
    """A data folder with a document, which this user may read and not write."""
    folder = tmp_path / "readable"
    with closing_corpus(folder) as corpus:
        put(corpus, a="Lanthanum prices rose.")
    may_only_read(folder)
    yield folder
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)


def may_only_read(folder: Path) -> None:
    for path in (*folder.rglob("*"), folder):
        path.chmod(0o555 if path.is_dir() else 0o444)


def without_powers() -> list[str]:
    """What to begin a command with so that the modes of files bind it, which they do not where root runs it."""
    if os.geteuid() != 0:
        return []
    powers = "-dac_override,-dac_read_search"
    dropping = ["setpriv", f"--bounding-set={powers}", f"--inh-caps={powers}"]
    if shutil.which("setpriv") is None or subprocess.run([*dropping, "true"], check=False).returncode:
        pytest.skip("root's powers cannot be dropped here")
    return dropping


def without_rights(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [*without_powers(), sys.executable, "-c", code, str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


class TestReadOnlyFolder:
    """What may be read and not written: another user's data, or a disk that is mounted so."""

    OPENED = """
import sys
from pathlib import Path
from index.corpus import Corpus
from index.document import Document, Metadata
from tests.doubles import HashingEmbedder
corpus = Corpus(Path(sys.argv[1]), HashingEmbedder(), create=True)
"""
    FOUND = (
        OPENED
        + """
def found(words):
    with corpus.read() as view:
        numbers = [number for number, _ in view.words.matching(words, 3)]
        return [passage.doc_id for passage in view.reading.passages(numbers)]
"""
    )

    def test_it_is_read(self, own_folder: Path) -> None:
        before = sorted(own_folder.rglob("*"))
        done = without_rights(self.FOUND + "print(found('lanthanum'))\ncorpus.close()", own_folder)
        assert (done.stdout, done.stderr) == ("['a']\n", "")
        assert sorted(own_folder.rglob("*")) == before

    def test_the_doctor_finds_no_fault_in_it(self, own_folder: Path) -> None:
        before = sorted(own_folder.rglob("*"))
        examining = "from index.doctor import diagnose\nprint(*diagnose(Path(sys.argv[1])))"
        done = without_rights(f"import sys\nfrom pathlib import Path\n{examining}", own_folder)
        assert (done.stdout, done.stderr) == ("\n", "")
        assert sorted(own_folder.rglob("*")) == before

    def test_it_is_not_written(self, own_folder: Path) -> None:
        storing = self.OPENED + "corpus.put(Document('b', 'Tin rose.', 'text/plain', Metadata()))"
        done = without_rights(storing, own_folder)
        assert re.search(r"ReadOnlyData: .*footnote\.db' is read-only .*; make it and its folder writable", done.stderr)

    def test_what_was_killed_there_is_read_too(self, tmp_path: Path) -> None:
        folder = tmp_path / "killed"
        killed = self.OPENED + "corpus.put(Document('b', 'Lanthanum rose.', 'text/plain', Metadata()))\nimport os"
        subprocess.run([sys.executable, "-c", f"{killed}\nos._exit(0)", str(folder)], cwd=ROOT, check=True)
        assert (folder / f"{DATABASE}-wal").stat().st_size > 0
        may_only_read(folder)
        try:
            done = without_rights(self.FOUND + "print(found('lanthanum'))", folder)
            assert (done.stdout, done.stderr) == ("['b']\n", "")
        finally:
            folder.chmod(0o755)
            for path in folder.rglob("*"):
                path.chmod(0o755)

    def test_what_somebody_else_stores_meanwhile_is_found(self, own_folder: Path) -> None:
        reading = self.FOUND + "print(found('lanthanum'), flush=True)\ninput()\nprint(found('lanthanum'))"
        if os.geteuid() != 0:
            pytest.skip("only root may write where this user may not")
        with subprocess.Popen(
            [*without_powers(), sys.executable, "-c", reading, str(own_folder)],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        ) as reader:  # fmt: skip
            assert reader.stdin is not None
            assert reader.stdout is not None
            assert reader.stdout.readline() == "['a']\n"
            with closing_corpus(own_folder) as corpus:
                put(corpus, b="Lanthanum fell and lanthanum rose.")
            reader.stdin.write("\n")
            reader.stdin.close()
            assert sorted(re.findall(r"\w+", reader.stdout.read())) == ["a", "b"]


@contextmanager
def closing_corpus(folder: Path) -> Iterator[Corpus]:
    corpus = Corpus(folder, HashingEmbedder(), create=True)
    yield corpus
    corpus.close()


def put_over_http(client: httpx2.Client, doc_id: str, text: str) -> httpx2.Response:
    return client.put(f"/v1/documents/{doc_id}", json={"text": text})


def first_found(client: httpx2.Client, query: str) -> str | None:
    results = client.post("/v1/search", json={"query": query, "top_k": 1}).raise_for_status().json()["results"]
    return results[0]["citation"]["doc_id"] if results else None


def ids_over_http(client: httpx2.Client) -> set[str]:
    listed = client.get("/v1/documents?limit=1000").raise_for_status().json()["documents"]
    return {line["doc_id"] for line in listed}


class TestServing:
    def test_a_backup_is_taken_and_restored_while_it_serves(self, rag: CommandLine, tmp_path: Path) -> None:
        backup = str(tmp_path / "one.db")
        with rag.serving() as (client, _):
            assert put_over_http(client, "kept", "The quagga was a zebra.").status_code == 201
            done = rag("backup", backup)
            assert (done.returncode, done.stdout.split()) == (0, ["backup", backup, "documents", "6", "passages", "37"])
            refused = rag("backup", backup)
            assert (refused.returncode, refused.stdout) == (1, "")
            assert rag("backup", backup, "--force").returncode == 0
            assert put_over_http(client, "late", "The tarpan was a horse.").status_code == 201
            refused = rag("restore", backup)
            assert (refused.returncode, refused.stdout) == (1, "")
            assert "--force" in refused.stderr
            assert rag("restore", backup, "--force").returncode == 0
            assert client.get("/v1/documents/late").status_code == 404
            assert first_found(client, "tarpan horse") != "late"
            assert first_found(client, "quagga zebra") == "kept"
            assert put_over_http(client, "later", "The aurochs was a bull.").status_code == 201
            assert first_found(client, "aurochs bull") == "later"
        assert rag("doctor").returncode == 0

    def test_a_damaged_database_is_said_with_the_way_back(self, rag: CommandLine, tmp_path: Path) -> None:
        backup = str(tmp_path / "one.db")
        assert rag("backup", backup).returncode == 0
        with rag.serving() as (client, _):
            (rag.data / DATABASE).write_bytes(b"garbage" * 50_000)
            refused = client.post("/v1/search", json={"query": "magnets"})
            assert refused.status_code == 503
            assert refused.json()["error"]["code"] == "data_corrupt"
            assert "`rag restore BACKUP --force`" in refused.json()["error"]["message"]
            for command in (["doctor"], ["ask", "magnets"], ["index"], ["backup", str(tmp_path / "two.db")]):
                done = rag(*command)
                assert (done.returncode, done.stdout) == (1, ""), command
                assert "`rag restore BACKUP --force`" in done.stderr
            assert rag("restore", backup, "--force").returncode == 0
            assert client.post("/v1/search", json={"query": "magnets"}).status_code == 200
            assert put_over_http(client, "late", "The tarpan was a horse.").status_code == 201
            assert first_found(client, "tarpan horse") == "late"
        assert rag("doctor").returncode == 0


def test_what_another_deletes_while_files_are_pruned_is_no_fault(tmp_path: Path) -> None:
    class Overtaken(Corpus):
        def delete(self, doc_id: str) -> None:
            other.delete(doc_id)
            super().delete(doc_id)

    (tmp_path / "gone.txt").write_text("Copper fell.")
    corpus = Overtaken(tmp_path / "data", HashingEmbedder(), create=True)
    other = Corpus(tmp_path / "data", HashingEmbedder())
    ingest(corpus, [tmp_path / "gone.txt"])
    (tmp_path / "gone.txt").unlink()
    ingest(corpus, [], prune=True)
    assert found(corpus, "copper") == []
    other.close()
    corpus.close()


class TestTwoProcesses:
    ROUNDS = 15

    def test_no_update_of_a_server_and_of_rag_index_is_lost(self, empty_rag: CommandLine, tmp_path: Path) -> None:
        articles = tmp_path / "articles"
        articles.mkdir()
        for number in range(self.ROUNDS):
            (articles / f"file{number}.txt").write_text(f"File {number} of the okapi.")
        with empty_rag.serving() as (client, _):
            with subprocess.Popen(
                [sys.executable, "-m", "api.cli", "index", str(articles)], env=empty_rag.environment, cwd=kills.ROOT,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            ) as indexing:  # fmt: skip
                written: set[str] = set()
                while indexing.poll() is None or len(written) < self.ROUNDS:
                    doc_id = f"put{len(written)}"
                    assert put_over_http(client, doc_id, f"Put {len(written)} of the okapi.").status_code == 201
                    written.add(doc_id)
            assert indexing.returncode == 0
            assert ids_over_http(client) == written | {f"file{number}" for number in range(self.ROUNDS)}
        assert empty_rag("doctor").returncode == 0

    def test_what_one_server_took_the_other_finds_at_once(self, empty_rag: CommandLine) -> None:
        with empty_rag.serving() as (one, _), empty_rag.serving() as (two, _):
            for turn in range(self.ROUNDS):
                writer, reader = (one, two) if turn % 2 else (two, one)
                text = f"The quagga number {turn} was a zebra."
                put_over_http(writer, "same", text).raise_for_status()
                results = reader.post("/v1/search", json={"query": "quagga zebra"}).json()["results"]
                assert [result["citation"]["cited_text"] for result in results] == [text]
            writer.delete("/v1/documents/same").raise_for_status()
            assert reader.post("/v1/search", json={"query": "quagga zebra"}).json()["results"] == []

    def test_two_servers_that_write_at_once_lose_nothing(self, empty_rag: CommandLine) -> None:
        with empty_rag.serving() as (one, _), empty_rag.serving() as (two, _):

            def write(client: httpx2.Client, name: str) -> None:
                for number in range(self.ROUNDS):
                    put_over_http(client, f"{name}{number}", f"Okapi {name} {number}.").raise_for_status()
                    put_over_http(client, "both", f"Okapi of {name}, {number}.").raise_for_status()

            writers = [threading.Thread(target=write, args=pair) for pair in ((one, "one"), (two, "two"))]
            for writer in writers:
                writer.start()
            for writer in writers:
                writer.join()
            wanted = {f"{name}{number}" for name in ("one", "two") for number in range(self.ROUNDS)} | {"both"}
            assert ids_over_http(one) == ids_over_http(two) == wanted
            assert one.get("/v1/documents/both").text == two.get("/v1/documents/both").text
        assert empty_rag("doctor").returncode == 0

    def test_a_writer_that_waits_too_long_is_told_and_readers_do_not_wait(self, rag: CommandLine) -> None:
        holding = (
            "import sqlite3, sys; connection = sqlite3.connect(sys.argv[1], isolation_level=None);"
            "connection.execute('BEGIN IMMEDIATE'); print('held', flush=True); sys.stdin.read()"
        )
        with rag.serving() as (client, _):
            with subprocess.Popen(
                [sys.executable, "-c", holding, str(rag.data / DATABASE)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            ) as holder:  # fmt: skip
                assert holder.stdout is not None
                assert holder.stdout.readline() == "held\n"
                answers: list[httpx2.Response] = []
                writer = threading.Thread(
                    target=lambda: answers.append(put_over_http(client, "new", "The tarpan was a horse."))
                )
                writer.start()
                started = time.monotonic()
                assert first_found(client, "magnets") is not None
                assert time.monotonic() - started < 5
                writer.join()
                (refused,) = answers
                assert (refused.status_code, refused.json()["error"]["code"]) == (503, "data_busy")
                assert "more than 10 seconds; try again" in refused.json()["error"]["message"]
                assert holder.stdin is not None
                holder.stdin.close()
            assert put_over_http(client, "new", "The tarpan was a horse.").status_code == 201


class TestKills:
    @pytest.mark.usefixtures("_without_coverage")
    def test_twenty_kills_lose_nothing(self, tmp_path: Path, model_folder: Path) -> None:
        figures = kills.run(20, seed=20, folder=tmp_path, models=model_folder.parent)
        assert figures["kills"] == 20
        assert figures["faults"] == 0

    DAMAGE = (
        ("DELETE FROM documents WHERE doc_id = 'b'", "b holds None"),
        ("UPDATE documents SET text = text || ' and more' WHERE doc_id = 'a'", "SHA-256"),
        ("DELETE FROM passages WHERE passage_no = 2", "does not have the passages"),
        ("UPDATE documents SET doc_id = 'c' WHERE doc_id = 'a'", "c holds"),
    )

    @pytest.mark.parametrize(("damage", "said"), DAMAGE)
    def test_the_tool_notices_what_is_lost_or_there_in_part(
        self, tmp_path: Path, model_folder: Path, damage: str, said: str
    ) -> None:
        subject = kills.Kills(tmp_path, model_folder.parent, seed=1)
        corpus = Corpus(subject.data, subject.embedder, create=True)
        for doc_id in ("a", "b"):
            text = "\n\n".join(f"nonce{doc_id} {'copper and tin ' * 60}." for _ in range(3))
            subject.truth.begin(doc_id, text)
            corpus.put(document(doc_id, text))
            subject.truth.acknowledge(doc_id)
        corpus.close()
        subject.check()
        with closing(sqlite3.connect(subject.data / DATABASE, isolation_level=None)) as connection:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute(damage)
        with pytest.raises(kills.Faults, match=said):
            subject.check()

    def test_the_tool_notices_what_is_gone_and_still_found(self, tmp_path: Path, model_folder: Path) -> None:
        subject = kills.Kills(tmp_path, model_folder.parent, seed=1)
        corpus = Corpus(subject.data, subject.embedder, create=True)
        subject.truth.begin("a", "nonce1 copper.")
        corpus.put(document("a", "nonce1 copper."))
        corpus.close()
        subject.truth.acknowledge("a")
        subject.truth.retired.add("copper")
        with pytest.raises(kills.Faults, match="copper is gone and still found"):
            subject.check()
