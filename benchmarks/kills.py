"""Kills at random instants: whatever was acknowledged is there, nothing is there in part, and the indexes agree.

    python -m benchmarks.kills 200 [--seed 7]

Real processes of `rag serve`, `rag index` and `rag restore` are killed with SIGKILL while they add, replace and delete
documents; after each kill the data is looked at by the doctor and compared, document by document, with what the tool
knows to have been acknowledged. The figures go to benchmarks/results/kills.json.
"""

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from index import vectors
from index.backup import back_up
from index.corpus import Corpus, View
from index.database import DATABASE
from index.doctor import diagnose
from index.document import Document, Metadata
from index.embedder import DEFAULT_MODEL, OnnxEmbedder, find_model
from index.errors import ModelNotPrepared
from index.words import FOLDER

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "results" / "kills.json"
WRITERS = 3
IDS_A_WRITER = 6
FILES = 12
# At most so long a process is let work before it is killed.
LONGEST_S = 0.8


@dataclass
class Truth:
    """What may be stored: for each document the states it may be in, by its text, None for not being there.

    What is acknowledged leaves one state; what was on its way when the process was killed, two.
    """

    allowed: dict[str, list[str | None]] = field(default_factory=dict)
    # Each version of a document has a word of its own; these are those of versions that are no longer there.
    retired: set[str] = field(default_factory=set)
    acknowledged: int = 0

    def states(self, doc_id: str) -> list[str | None]:
        """Return the states that a document may be in."""
        return self.allowed.get(doc_id, [None])

    def begin(self, doc_id: str, text: str | None) -> None:
        """Note a change that is on its way."""
        self.allowed[doc_id] = [*self.states(doc_id), text]

    def acknowledge(self, doc_id: str) -> None:
        """Note that the last change of a document was acknowledged."""
        self.settle(doc_id, self.states(doc_id)[-1])
        self.acknowledged += 1

    def settle(self, doc_id: str, text: str | None) -> None:
        """Note which of its states a document is in."""
        self.retired |= {word_of(old) for old in self.states(doc_id) if old is not None and old != text}
        self.allowed[doc_id] = [text]


class Faults(Exception):
    """What a look at the data found wrong."""


class Kills:
    """One data folder that processes are killed over, and what may be in it."""

    def __init__(self, folder: Path, models: Path, seed: int) -> None:
        self.data = folder / "data"
        self.articles = folder / "articles"
        self.backup = folder / "backup.db"
        self.models = models
        self.random = random.Random(seed)
        self.embedder = OnnxEmbedder(find_model(models, DEFAULT_MODEL))
        self.truth = Truth()
        self.killed: Counter[str] = Counter()
        self.idle = 0
        self.articles.mkdir(parents=True)

    def through_http(self) -> bool:
        """Kill a server while several clients write."""
        with self._process("serve", "--port", "0") as server:
            address = _address(server)
            writers = self._writers(address)
            self._sleep(LONGEST_S)
            return _killed(server, writers)

    def at_start(self) -> bool:
        """Kill a server while it opens what was left behind."""
        with self._process("serve", "--port", "0") as server:
            self._sleep(1.5)
            return _killed(server, [])

    def through_index(self) -> bool:
        """Kill `rag index` while it adds, replaces and prunes."""
        self._change_files()
        with self._process("index", str(self.articles), "--prune") as indexing:
            self._once_begun(indexing)
            alive = _killed(indexing, [])
            if indexing.returncode == 0:
                self._acknowledge_files()
        return alive

    def through_both(self) -> bool:
        """Kill a server and `rag index` while both write."""
        with self._process("serve", "--port", "0") as server:
            address = _address(server)
            self._change_files()
            with self._process("index", str(self.articles), "--prune") as indexing:
                writers = self._writers(address)
                self._once_begun(indexing)
                first = _killed(indexing, [])
                if indexing.returncode == 0:
                    self._acknowledge_files()
            self._sleep(0.1)
            return _killed(server, writers) or first

    def through_creation(self) -> bool:
        """Kill `rag index` while it makes new data, and begin with that."""
        shutil.rmtree(self.data, ignore_errors=True)
        self.truth = Truth()
        self._change_files()
        with self._process("index", str(self.articles)) as indexing:
            deadline = time.monotonic() + 10
            while not self.data.exists() and indexing.poll() is None and time.monotonic() < deadline:
                time.sleep(0.001)
            self._sleep(0.15)
            alive = _killed(indexing, [])
            if indexing.returncode == 0:
                self._acknowledge_files()
        return alive

    def through_restore(self) -> bool:
        """Kill `rag restore` while it puts a backup in the place of newer data."""
        back_up(self.data, self.backup, force=True)
        kept = {doc_id: states[0] for doc_id, states in self.truth.allowed.items()}
        with self._corpus() as corpus:
            for number in range(3):
                doc_id = f"late{number}"
                corpus.put(Document(doc_id, article(self.random), "text/plain", Metadata()))
            later = stored_texts(corpus)
        with self._process("restore", str(self.backup), "--force") as restoring:
            self._sleep(1.6)
            alive = _killed(restoring, [])
        with self._corpus() as corpus:
            stored = stored_texts(corpus)
        before = {doc_id: text for doc_id, text in kept.items() if text is not None}
        if stored != later and (restoring.returncode == 0 or stored != before) and stored != before:
            raise Faults("restored neither whole nor not at all")
        for doc_id in {*later, *before}:
            self.truth.begin(doc_id, later.get(doc_id))
            self.truth.settle(doc_id, stored.get(doc_id))
        return alive

    def check(self) -> None:
        """Raise Faults where the data is not as it must be; settle what a kill had left open."""
        if not (self.data / DATABASE).exists():
            if any(None not in states for states in self.truth.allowed.values()):
                raise Faults("there is no database, and something was acknowledged")
            return
        faults = list(diagnose(self.data))
        with self._corpus() as corpus:
            stored = stored_texts(corpus)
            for doc_id in {*self.truth.allowed, *stored}:
                if stored.get(doc_id) not in self.truth.states(doc_id):
                    faults.append(f"{doc_id} holds {stored.get(doc_id)!r}, not one of {self.truth.states(doc_id)}")
                self.truth.settle(doc_id, stored.get(doc_id))
            # A version may come with a later run of `rag index`, or come back with a backup.
            self.truth.retired -= {word_of(text) for text in stored.values()}
            faults += disagreements(corpus, stored, self.truth.retired)
        if left := [path.name for path in self.data.iterdir() if path.name not in _EXPECTED and not _is_left(path)]:
            faults.append(f"left behind: {left}")
        if faults:
            raise Faults("\n".join(faults))

    @contextmanager
    def _corpus(self) -> Iterator[Corpus]:
        corpus = Corpus(self.data, self.embedder)
        yield corpus
        corpus.close()

    @contextmanager
    def _process(self, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("RAG_")}
        settings = {"RAG_DATA_DIR": str(self.data), "RAG_MODELS_DIR": str(self.models), "RAG_THREADS": "2"}
        with subprocess.Popen(
            [sys.executable, "-c", "from api.cli import main; main()", *arguments],
            env=kept | settings, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            try:
                yield process
            finally:
                process.kill()

    def _sleep(self, longest: float) -> None:
        time.sleep(self.random.uniform(0, longest))

    def _once_begun(self, indexing: "subprocess.Popen[str]") -> None:
        """Wait until `rag index` has said how far it is, and a while longer."""
        assert indexing.stderr is not None
        indexing.stderr.readline()
        self._sleep(LONGEST_S / 2)

    def _writers(self, address: str) -> list[threading.Thread]:
        seeds = [self.random.random() for _ in range(WRITERS)]
        writers = [
            threading.Thread(target=write_without_end, args=(address, writer, random.Random(seed), self.truth))
            for writer, seed in enumerate(seeds)
        ]
        for writer in writers:
            writer.start()
        return writers

    def _change_files(self) -> None:
        """Add, replace and delete some of the articles that `rag index` reads."""
        for number in self.random.sample(range(FILES), FILES // 2):
            path = self.articles / f"file{number}.txt"
            if path.exists() and self.random.random() < 0.3:
                path.unlink()
            else:
                path.write_text(article(self.random), encoding="utf-8")
        if not list(self.articles.iterdir()):
            (self.articles / "file0.txt").write_text(article(self.random), encoding="utf-8")
        for number in range(FILES):
            path = self.articles / f"file{number}.txt"
            self.truth.begin(path.stem, path.read_text("utf-8") if path.exists() else None)

    def _acknowledge_files(self) -> None:
        for number in range(FILES):
            self.truth.acknowledge(f"file{number}")


_EXPECTED = {DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", vectors.FILE, FOLDER}


def _is_left(path: Path) -> bool:
    """Tell whether a file is one that a killed process may leave for the next to remove."""
    return path.name.startswith((".making-", f".{vectors.FILE}-"))


def article(chance: random.Random) -> str:
    """Return an article of one to three passages; the word that begins each paragraph is in no other article."""
    word = f"nonce{chance.getrandbits(48):012x}"
    paragraphs = chance.randint(1, 6)
    metals = ("copper", "tin", "zinc", "lead", "cobalt", "nickel", "gallium", "lithium")
    return "\n\n".join(
        f"{word} {' '.join(chance.choice(metals) for _ in range(chance.randint(5, 60)))}." for _ in range(paragraphs)
    )


def word_of(text: str) -> str:
    """Return the word that no other article has."""
    return text.partition(" ")[0]


def write_without_end(address: str, writer: int, chance: random.Random, truth: Truth) -> None:
    """Put, replace and delete documents of this writer's own until the server is gone."""
    with httpx2.Client(base_url=address, timeout=30) as client:
        try:
            while True:
                doc_id = f"w{writer}-{chance.randrange(IDS_A_WRITER)}"
                there = truth.states(doc_id) != [None]
                text = None if there and chance.random() < 0.3 else article(chance)
                truth.begin(doc_id, text)
                if text is None:
                    client.delete(f"/v1/documents/{doc_id}").raise_for_status()
                else:
                    client.put(f"/v1/documents/{doc_id}", json={"text": text}).raise_for_status()
                truth.acknowledge(doc_id)
        except httpx2.TransportError:
            return


def stored_texts(corpus: Corpus) -> dict[str, str]:
    """Return every document's text."""
    with corpus.read() as view:
        listed = [line.doc_id for line in view.reading.documents(10_000)]
    return {doc_id: corpus.document(doc_id).text for doc_id in listed}


def disagreements(corpus: Corpus, stored: dict[str, str], retired: set[str]) -> list[str]:
    """Return where passages, vectors and words do not agree with the documents."""
    faults: list[str] = []
    with corpus.read() as view:
        every: set[int] = set()
        for doc_id, text in stored.items():
            numbers = view.reading.passage_nos(doc_id)
            every |= set(numbers)
            made = corpus.embedded(Document(doc_id, text, "text/plain", Metadata()))
            if [passage.passage.span for passage in made] != view.reading.passage_spans(doc_id):
                faults.append(f"{doc_id} does not have the passages of its text")
                continue
            found = {number for number, _ in view.words.matching(word_of(text), 1000)}
            if found != set(numbers):
                faults.append(f"the words of {doc_id} are found in {found}, not {numbers}")
            for number, passage in zip(numbers, made, strict=True):
                near = view.vectors.near(passage.vector, [number])
                if len(near) != 1 or near[0].cosine < 0.999:
                    faults.append(f"passage {number} of {doc_id} is not where its vector is")
        if set(view.vectors.passage_nos().tolist()) != every:
            faults.append("the vectors are not those of the passages")
        faults += [f"{word} is gone and still found" for word in retired if _is_found(view, word)]
    return faults


def _is_found(view: View, word: str) -> bool:
    return bool(view.words.matching(word, 1))


def _address(server: "subprocess.Popen[str]") -> str:
    assert server.stderr is not None
    line = server.stderr.readline()
    address = re.search(r"http://\S+", line)
    if address is None:
        raise Faults(f"the server did not start: {line}{server.stderr.read()}")
    return address.group()


def _killed(process: "subprocess.Popen[str]", writers: list[threading.Thread]) -> bool:
    """Kill a process, wait for those who wrote to it, and tell whether it was still at work."""
    process.kill()
    process.wait()
    for writer in writers:
        writer.join()
    return process.returncode == -9


def run(kills: int, seed: int, folder: Path, models: Path, say: Callable[[str], None] = print) -> dict[str, object]:
    """Kill so many processes; return the figures. Raises Faults at the first fault, with the seed."""
    subject = Kills(folder, models, seed)
    kinds = {
        subject.through_http: 8,
        subject.through_index: 5,
        subject.through_both: 3,
        subject.at_start: 1,
        subject.through_restore: 2,
        subject.through_creation: 1,
    }
    started, acknowledged = time.monotonic(), 0
    step = subject.through_creation
    while subject.killed.total() < kills:
        before = subject.truth
        try:
            if step():
                subject.killed[step.__name__] += 1
            else:
                subject.idle += 1
            subject.check()
        except Faults as error:
            raise Faults(f"seed {seed}, kill {subject.killed.total()}, {step.__name__}: {error}") from None
        if subject.truth is not before:
            acknowledged += before.acknowledged
        if subject.killed.total() % 20 == 0:
            say(f"{subject.killed.total()} of {kills} kills survived, {time.monotonic() - started:.0f} s")
        (step,) = subject.random.choices(list(kinds), list(kinds.values()))
    return {
        "seed": seed,
        "kills": subject.killed.total(),
        "by_kind": dict(sorted(subject.killed.items())),
        "done_before_the_kill": subject.idle,
        "acknowledged_changes": acknowledged + subject.truth.acknowledged,
        "faults": 0,
        "seconds": round(time.monotonic() - started, 1),
    }


def main() -> None:
    """Kill as often as the command line asks for, and write the figures down."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kills", type=int, nargs="?", default=200)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    arguments = parser.parse_args()
    models = ROOT / "var" / "models"
    try:
        find_model(models, DEFAULT_MODEL)
    except ModelNotPrepared as error:
        raise SystemExit(str(error)) from None
    print(f"seed {arguments.seed}")
    with tempfile.TemporaryDirectory() as folder:
        try:
            figures = run(arguments.kills, arguments.seed, Path(folder), models)
        except Faults as error:
            raise SystemExit(str(error)) from None
    RESULT.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
