"""The command line and the server as their users meet them: real processes, the real model, real sockets."""

import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from api.server import take_port
from index import vectors
from tests.command_line import ROOT, CommandLine
from tests.conftest import SEEDS
from tests.scripted_llm import Reply, keeping_alive, saying, scripted_llm

pytestmark = pytest.mark.slow


class TestCommands:
    def test_ask_quotes_and_cites(self, rag: CommandLine) -> None:
        done = rag("ask", "what happened after Geneva?")
        assert (done.returncode, done.stderr) == (0, "")
        assert "[1]" in done.stdout
        cited = re.search(r"004_cf58dd7b26a1b221, characters (\d+) to (\d+)\n +“(.*)”", done.stdout)
        assert cited is not None
        text = (SEEDS / "004_cf58dd7b26a1b221.txt").read_text(encoding="utf-8")
        assert " ".join(text[int(cited[1]) : int(cited[2])].split()) == cited[3]

    def test_the_readme_s_transcripts_are_what_is_printed(self, rag: CommandLine) -> None:
        readme = (ROOT / "README.md").read_text("utf-8")
        shown = re.findall(r"^\$ ask \"([^\"\n]*)\"(?: -k (\d))?\n(.*?)^```", readme, re.M | re.S)
        assert len(shown) == 3
        for question, cutoff, printed in shown:
            # The last digit of a score depends on the processor.
            found, expected = (
                re.sub(r"(?<=score \d\.\d\d)\d", "", text)
                for text in (rag("ask", question, *(["-k", cutoff] if cutoff else [])).stdout, printed)
            )
            assert found == expected

    def test_the_alias_asks(self, rag: CommandLine) -> None:
        alias = [sys.executable, "-c", "import sys; sys.argv[0] = 'ask'; from api.cli import ask_main; ask_main()"]
        done = subprocess.run(
            [*alias, "what happened after Geneva?"],
            env=rag.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        assert "Geneva" in done.stdout

    def test_json_is_exactly_the_body_of_the_response(self, rag: CommandLine) -> None:
        with rag.serving() as (client, _):
            for command, field, path in (("search", "query", "/v1/search"), ("ask", "question", "/v1/ask")):
                printed = rag(command, "magnets", "-k", "3", "--json").stdout
                sent = client.post(path, json={field: "magnets", "top_k": 3}).text
                without_time = re.compile(r'"took_ms":[\d.]+')
                assert without_time.sub("", printed.rstrip("\n")) == without_time.sub("", sent)

    def test_options_choose_documents(self, rag: CommandLine) -> None:
        body = json.loads(rag("search", "magnets", "--doc", "000_8d4f07db51574ee3", "--json").stdout)
        assert {result["citation"]["doc_id"] for result in body["results"]} == {"000_8d4f07db51574ee3"}
        assert json.loads(rag("search", "magnets", "--after", "2020-01-01", "--json").stdout)["results"] == []
        assert rag("search", "magnets", "--source", "Reuters").stdout == "No document is of the source 'Reuters'.\n"

    def test_index_counts_what_it_did(self, empty_rag: CommandLine, tmp_path: Path) -> None:
        folder = tmp_path / "articles"
        folder.mkdir()
        (folder / "good.txt").write_text("Copper fell on Monday.")
        (folder / "bad.txt").write_bytes(b"\0\1\2")
        first = empty_rag("index", str(folder))
        assert first.returncode == 1
        assert re.match(
            r"1 added, 0 changed, 0 unchanged, 1 failed; 1 passages in .* s \(.* passages a second\)\n", first.stdout
        )
        assert "'bad.txt'" in first.stderr
        (folder / "bad.txt").unlink()
        (folder / "good.txt").rename(folder / "other.txt")
        (folder / "minutes.docx").touch()
        second = empty_rag("index", str(folder), "--prune")
        assert second.returncode == 0
        assert second.stdout.endswith("\n1 file of no known kind skipped (.docx)\n")
        assert second.stdout.startswith("1 added, 0 changed, 0 unchanged, 1 removed, 0 failed;")

    def test_the_documents_of_an_emptied_folder_are_pruned(self, empty_rag: CommandLine, tmp_path: Path) -> None:
        folder = tmp_path / "articles"
        folder.mkdir()
        nothing = empty_rag("index", str(folder), "--prune")
        assert (nothing.returncode, empty_rag.data.joinpath("footnote.db").exists()) == (1, False)
        (folder / "good.txt").write_text("Copper fell on Monday.")
        empty_rag("index", str(folder))
        (folder / "good.txt").unlink()
        refused = empty_rag("index", str(folder))
        assert (refused.returncode, refused.stdout) == (1, "")
        pruned = empty_rag("index", str(folder), "--prune")
        assert pruned.returncode == 0
        assert pruned.stdout.startswith("0 added, 0 changed, 0 unchanged, 1 removed, 0 failed;")
        assert f"'{folder}' holds no file that can be read" in pruned.stderr
        assert empty_rag("list").stdout == ""

    def test_documents_are_listed_and_removed_by_their_ids(self, rag: CommandLine) -> None:
        listed = rag("list").stdout.splitlines()
        assert [line.split("\t")[0] for line in listed] == sorted(line.split("\t")[0] for line in listed)
        assert len(listed) == 5
        gone, kept = listed[0].split("\t")[0], listed[1].split("\t")[0]
        removed = rag("delete", "nosuch", gone, "neither", gone)
        assert removed.returncode == 1
        assert removed.stdout == f"deleted    {gone}\n"
        missing = "There is no document '{}'; look in the list of documents.\n"
        assert removed.stderr == "".join(missing.format(doc_id) for doc_id in ("nosuch", "neither", gone))
        left = [json.loads(line)["doc_id"] for line in rag("list", "--json").stdout.splitlines()]
        assert gone not in left
        assert kept in left

    def test_a_doctor_finds_nothing_or_says_what(self, rag: CommandLine) -> None:
        sound = rag("doctor")
        assert sound.returncode == 0
        assert re.search(r"faults +none", sound.stdout)
        (rag.data / vectors.FILE).write_bytes(b"damaged")
        damaged = rag("doctor")
        assert damaged.returncode == 1
        assert re.search(r"fault +'.*vectors\.faiss' is missing or damaged", damaged.stdout)

    def test_an_article_cannot_command_the_terminal(self, empty_rag: CommandLine, tmp_path: Path) -> None:
        article = tmp_path / "hostile.txt"
        article.write_text("Copper \x1b]0;owned\x07fell [bold]on[/bold] Monday.")
        empty_rag("index", str(article))
        done = empty_rag("ask", "copper")
        assert "\x1b" not in done.stdout
        assert "[bold]on[/bold]" in done.stdout

    @pytest.mark.parametrize(
        ("arguments", "status", "said"),
        [
            (("ask", ""), 2, "empty"),
            (("ask", "x" * 2001), 2, "2,001"),
            (("ask",), 2, "question"),
            (("ask", "How", "old", "-k", "3", "is", "it"), 2, 'quotation marks: "How old is it"'),
            (("search", "export", "licences"), 2, 'quotation marks: "export licences"'),
            (("ask", "x", "-k", "0"), 2, "-k is 0; give 1 to 100."),
            (("search", "x", "-k", "101"), 2, "-k is 101"),
            (("search", "x", "--after", "soon"), 2, "'soon'"),
            (("ask", "x", "--after", "2026-01-01", "--before", "2025-01-01"), 2, "'2025-01-01'"),
            (("ask", "x", "--data", "/nonexistent/data"), 1, "/nonexistent/data"),
            (("index", "/nonexistent"), 1, "/nonexistent"),
            (("doctor", "--data", "/nonexistent/data"), 1, "/nonexistent/data"),
            (("index", "--data", "/proc/footnote"), 1, "/proc/footnote"),
            (("nonsense",), 2, "nonsense"),
        ],
    )
    def test_what_goes_wrong_is_said_in_one_place_with_its_status(
        self, rag: CommandLine, arguments: tuple[str, ...], status: int, said: str
    ) -> None:
        done = rag(*arguments)
        assert (done.returncode, done.stdout) == (status, "")
        assert said in done.stderr
        assert "Traceback" not in done.stderr

    @pytest.mark.parametrize(
        ("name", "value"), [("RAG_PORTT", "1"), ("RAG_PORT", "eighty"), ("RAG_PORT", "70000"), ("RAG_THREADS", "-1")]
    )
    def test_a_bad_setting_is_said_with_its_value(self, rag: CommandLine, name: str, value: str) -> None:
        done = rag("ask", "magnets", **{name: value})
        assert done.returncode == 2
        assert name in done.stderr
        assert name == "RAG_PORTT" or value in done.stderr
        assert len(done.stderr.splitlines()) == 1

    def test_data_of_another_model_is_said(self, rag: CommandLine) -> None:
        done = rag("ask", "magnets", RAG_MODEL="another/model")
        assert done.returncode == 1
        assert "'another/model'" in done.stderr
        assert "all-MiniLM-L6-v2" in done.stderr

    def test_a_port_in_use_is_said(self, rag: CommandLine) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            done = rag("serve", "--port", str(taken.getsockname()[1]))
        assert done.returncode == 1
        assert re.fullmatch(r"Port \d+ of 127\.0\.0\.1 .* in use.*\n", done.stderr)


class TestServer:
    def test_it_answers_and_stops_when_told_with_nothing_left_behind(self, rag: CommandLine) -> None:
        with rag.serving() as (client, process):
            assert client.get("/readyz").json()["documents"] == 5
            assert client.put("/v1/documents/new", json={"text": "Copper fell on Monday."}).status_code == 201
            process.terminate()
            # 98 or 99 would mean PyTorch, or a connection to the outside.
            assert process.wait(20) in {0, -signal.SIGTERM}
        assert rag("doctor").returncode == 0
        assert not list(rag.data.glob(".vectors*"))

    def test_no_answer_waits_for_an_acknowledgement(self) -> None:
        with take_port("127.0.0.1", 0) as listener:
            listener.listen()
            with socket.create_connection(listener.getsockname()), listener.accept()[0] as connection:
                assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    def test_another_process_s_documents_are_found_without_a_restart(self, rag: CommandLine, tmp_path: Path) -> None:
        article = tmp_path / "quagga.txt"
        article.write_text("The quagga was a zebra of South Africa.")
        with rag.serving() as (client, _):
            assert rag("index", str(article)).returncode == 0
            body = client.post("/v1/search", json={"query": "quagga zebra"}).json()
            assert body["results"][0]["citation"]["doc_id"] == "quagga"

    def test_whatever_was_acknowledged_survives_a_kill(self, rag: CommandLine) -> None:
        acknowledged: list[str] = []
        with rag.serving() as (client, process):
            base = str(client.base_url)

            def put_without_end(writer: int) -> None:
                with httpx2.Client(base_url=base, timeout=30) as own:
                    try:
                        for number in range(10_000):
                            text = f"Writer {writer} put article number {number}."
                            own.put(f"/v1/documents/w{writer}-{number}", json={"text": text}).raise_for_status()
                            acknowledged.append(f"w{writer}-{number}")
                    except httpx2.TransportError:
                        return

            writers = [threading.Thread(target=put_without_end, args=(writer,)) for writer in range(3)]
            for writer in writers:
                writer.start()
            deadline = time.monotonic() + 30
            while len(acknowledged) < 40 and time.monotonic() < deadline:
                client.get("/healthz")
            process.kill()
            for writer in writers:
                writer.join()
        assert len(acknowledged) >= 40
        # The derived file is behind now, and is brought up to date by opening.
        assert rag("ask", "article number").returncode == 0
        assert rag("doctor").returncode == 0
        with rag.serving() as (client, _):
            listed = {line["doc_id"] for line in client.get("/v1/documents?limit=1000").json()["documents"]}
            assert set(acknowledged) <= listed


ASKED = {"question": "what happened after Geneva?", "stream": True}


class TestLanguageModel:
    def test_its_sentences_are_streamed_as_they_stand(self, rag: CommandLine) -> None:
        truth = "The Geneva accord was widely seen as a step toward stabilizing trade tensions [1]."
        with (
            scripted_llm(saying(truth, " It was signed by 99 countries [1].")) as llm,
            rag.serving(RAG_LLM_BASE_URL=llm.base_url, RAG_LLM_MODEL="m") as (client, _),
        ):
            text = client.post("/v1/ask", json=ASKED).text
        events = [(name, json.loads(data)) for name, data in re.findall(r"event: (\w+)\ndata: (.*)\n\n", text)]
        done = events[-1][1]
        assert done["answer"]["mode"] == "generated"
        assert "99" not in done["answer"]["text"]
        assert "99" in done["answer"]["reason"]
        assert "".join(data["text"] for name, data in events if name == "delta") == done["answer"]["text"]
        assert client.is_closed
        assert [message["role"] for message in llm.requests[0]["messages"]] == ["system", "user"]

    def test_a_client_that_goes_away_stops_the_work(self, rag: CommandLine) -> None:
        asked = threading.Event()

        def script(reply: Reply) -> None:
            asked.set()
            keeping_alive(reply)

        with (
            scripted_llm(script) as llm,
            rag.serving(RAG_LLM_BASE_URL=llm.base_url, RAG_LLM_MODEL="m") as (client, _),
        ):
            with client.stream("POST", "/v1/ask", json=ASKED) as response:
                lines = response.iter_lines()
                assert next(lines) == "event: results"
                assert asked.wait(10)
            assert llm.gone.wait(10)
            assert client.get("/healthz").status_code == 200

    def test_answers_that_wait_keep_nobody_else_waiting(self, rag: CommandLine) -> None:
        asked = threading.Semaphore(0)

        def script(reply: Reply) -> None:
            asked.release()
            keeping_alive(reply)

        with (
            scripted_llm(script) as llm,
            rag.serving(RAG_LLM_BASE_URL=llm.base_url, RAG_LLM_MODEL="m", RAG_LLM_DEADLINE_S="8") as (client, _),
            ExitStack() as waiting,
        ):
            for _ in range(16):
                response = waiting.enter_context(client.stream("POST", "/v1/ask", json=ASKED))
                assert response.status_code == 200
                assert asked.acquire(timeout=10)
            assert client.post("/v1/search", json={"query": "magnets"}, timeout=2).status_code == 200
            refused = client.post("/v1/ask", json=ASKED)
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
            assert refused.json()["error"]["code"] == "too_many_questions"

    def test_half_a_configuration_is_refused(self, rag: CommandLine) -> None:
        done = rag("ask", "magnets", RAG_LLM_MODEL="m")
        assert done.returncode == 2
        assert "RAG_LLM_BASE_URL" in done.stderr
