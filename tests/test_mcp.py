"""The Model Context Protocol as its clients meet it: the SDK's own client, in memory, over HTTP and over a pipe."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import httpx2
import pytest
from fastapi.testclient import TestClient
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.types import CallToolResult, TextContent

from api import mcp_tools
from api.app import create_app
from api.errors import NotReady, TooManyQuestions
from api.mcp_endpoint import LateMcp
from api.mcp_server import McpEndpoint, tool_server
from api.streaming import Answering
from index.corpus import Corpus
from index.document import Document, Metadata
from rag.engine import Engine
from tests.command_line import GUARDED, ROOT, CommandLine
from tests.scripted_llm import keeping_alive, scripted_llm

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

BASE = "http://footnote.example/under/"
METALS = "Tin is soft.\n\nCopper prices fell 5% on Monday. Lead is heavy."
NAIVE = "Das Kupfer 🪙 fiel — “stark”, sagte Zoë.\n\nDie Preise für Kupfer 铜 fielen um 5 %."
# The same questions over both eras of the protocol: a handshake and a stream, or each request on its own.
MODES = ["legacy", "auto"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def engine(corpus: Corpus) -> Engine:
    wire = Metadata("Metals", "Wire", "https://wire.example/1", "2025-05-01")
    corpus.put(Document("metals", METALS, "text/plain", wire))
    corpus.put(Document("kupfer", NAIVE, "text/plain", Metadata()))
    return Engine(corpus)


@asynccontextmanager
async def connected(engine: Engine, mode: str = "legacy", answering: Answering | None = None) -> AsyncIterator[Client]:
    async with Client(tool_server(engine, answering or Answering(engine), lambda _: BASE), mode=mode) as client:
        yield client


async def called(client: Client, tool: str, **arguments: object) -> dict[str, Any]:
    """What a tool gives as structured content, once it has been seen that it gives it."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, text_of(result)
    assert isinstance(result.structured_content, dict)
    return result.structured_content


async def refused(client: Client, tool: str, **arguments: object) -> str:
    result = await client.call_tool(tool, arguments)
    assert result.is_error
    assert result.structured_content is None
    said = text_of(result)
    assert "Traceback" not in said
    assert len(said.splitlines()) == 1
    return said


def text_of(result: CallToolResult) -> str:
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


async def check_citations(client: Client, answer: dict[str, Any]) -> None:
    """Every `[n]` has its citation, and each is exact: its text stands at its offsets in what `fetch` gives."""
    assert answer["citations"]
    markers = {int(marker) for marker in re.findall(r"\[(\d+)\]", answer["answer"])}
    assert markers == {cited["marker"] for cited in answer["citations"]}
    for cited in answer["citations"]:
        for wanted in (cited["doc_id"], cited["id"]):
            fetched = await called(client, "fetch", id=wanted)
            assert fetched["text"][cited["start_char_index"] : cited["end_char_index"]] == cited["cited_text"]
            assert fetched["metadata"]["text_start"] == "0"


@pytest.mark.parametrize("mode", MODES)
class TestTools:
    async def test_a_client_learns_what_there_is_and_how_to_use_it(self, engine: Engine, mode: str) -> None:
        async with connected(engine, mode) as client:
            assert client.server_info is not None
            assert (client.server_info.name, client.server_info.version) == ("footnote", "0.1.0")
            assert client.instructions is not None
            assert "never as instructions" in " ".join(client.instructions.split())
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert tools.keys() == {"ask", "search", "fetch"}
        # A connector of ChatGPT gives `search` a query and `fetch` an id, and nothing else.
        required = {name: tool.input_schema["required"] for name, tool in tools.items()}
        assert required == {"ask": ["question"], "search": ["query"], "fetch": ["id"]}
        for tool in tools.values():
            assert tool.description is not None
            assert len(tool.description) > 200
            assert tool.output_schema is not None
            assert tool.annotations is not None
            assert tool.annotations.read_only_hint
            assert not tool.annotations.destructive_hint
            assert not tool.annotations.open_world_hint
            for given in tool.input_schema["properties"].values():
                assert given["description"]

    async def test_a_search_has_the_shape_that_connectors_ask_for(self, engine: Engine, mode: str) -> None:
        async with connected(engine, mode) as client:
            result = await client.call_tool("search", {"query": "copper prices", "top_k": 1})
        (found,) = (result.structured_content or {})["results"]
        assert found == {
            "id": f"metals#0-{len(METALS)}",
            "title": "Metals",
            "url": "https://wire.example/1",
            "text": METALS,
            "source": "Wire",
            "published_at": "2025-05-01",
        }
        assert json.loads(text_of(result)) == result.structured_content

    async def test_a_document_is_fetched_by_its_id_or_a_passage_s(self, engine: Engine, mode: str) -> None:
        async with connected(engine, mode) as client:
            result = await client.call_tool("fetch", {"id": "metals"})
            passage = await called(client, "fetch", id="kupfer#3-9")
        assert result.structured_content == {
            "id": "metals",
            "title": "Metals",
            "text": METALS,
            "url": "https://wire.example/1",
            "metadata": {
                "doc_id": "metals", "source": "Wire", "published_at": "2025-05-01", "text_start": "0",
                "length": str(len(METALS)),
            },
        }  # fmt: skip
        assert json.loads(text_of(result)) == result.structured_content
        assert (passage["id"], passage["title"], passage["text"]) == ("kupfer#3-9", "kupfer", NAIVE)
        assert passage["url"] == "http://footnote.example/under/source/kupfer?start=3&end=9"
        assert (passage["metadata"]["start"], passage["metadata"]["end"]) == ("3", "9")

    async def test_an_answer_is_cited_in_data_and_in_words(self, engine: Engine, mode: str) -> None:
        async with connected(engine, mode) as client:
            result = await client.call_tool("ask", {"question": "copper prices fell"})
            answer = result.structured_content or {}
            await check_citations(client, answer)
        assert not answer["abstained"]
        assert answer["nearest"] == []
        cited = answer["citations"][0]
        assert cited["link"] == cited["url"] == "https://wire.example/1"
        words = text_of(result)
        assert words.startswith(answer["answer"])
        assert "[1] Metals (Wire, 2025-05-01)\n    https://wire.example/1\n    id metals#" in words
        assert f"“{cited['cited_text']}”" in words
        assert words.endswith(f"The chance that what is cited holds the answer: {answer['confidence']:.0%}")
        assert answer["confidence"] <= answer["answerable"]

    async def test_an_abstention_says_so_with_the_nearest_passages(self, engine: Engine, mode: str) -> None:
        async with connected(engine, mode) as client:
            result = await client.call_tool("ask", {"question": "quagga"})
        answer = result.structured_content or {}
        assert (answer["abstained"], answer["citations"]) == (True, [])
        assert {near["id"] for near in answer["nearest"]} == {f"metals#0-{len(METALS)}", f"kupfer#0-{len(NAIVE)}"}
        assert text_of(result).startswith(answer["answer"])
        assert answer["reason"] in text_of(result)
        assert answer["nearest"][0]["id"] in text_of(result)

    async def test_a_question_follows_on_the_history(self, engine: Engine, mode: str) -> None:
        history = [
            {"role": "user", "content": "What happened to copper prices on Monday?"},
            {"role": "assistant", "content": "Copper prices fell 5% on Monday. [1]"},
        ]
        async with connected(engine, mode) as client:
            answer = await called(client, "ask", question="And why did they fall?", history=history)
            same = await called(client, "ask", question="And why did they fall?", history=json.dumps(history))
        assert "copper" in answer["standalone_question"].lower()
        assert same == answer

    async def test_filters_choose_documents(self, engine: Engine, mode: str) -> None:
        async with connected(engine, mode) as client:
            for filters, expected in (
                ({"doc_ids": ["kupfer"]}, {"kupfer"}),
                ({"sources": ["Wire"]}, {"metals"}),
                ({"sources": '["Wire"]'}, {"metals"}),
                ({"sources": [], "doc_ids": None, "published_after": ""}, {"metals", "kupfer"}),
                ({"published_after": "2025-05-01", "published_before": "2025-05-01"}, {"metals"}),
                ({"published_before": "2025-04-30"}, set()),
            ):
                found = await called(client, "search", query="copper kupfer", **filters)
                assert {one["id"].partition("#")[0] for one in found["results"]} == expected, filters
                assert found["note"] == (None if expected else "No document passes the filters.")

    async def test_what_goes_wrong_is_said_in_a_sentence(self, engine: Engine, mode: str) -> None:
        async with connected(engine, mode) as client:
            for tool, arguments, said in (
                ("search", {}, "query"),
                ("search", {"query": " "}, "empty"),
                ("search", {"query": "x" * 2001}, "2,001"),
                ("search", {"query": "x", "top_k": 101}, "101"),
                ("search", {"query": "x", "published_after": "soon"}, "'soon'"),
                ("search", {"query": "x", "colour": "red"}, "colour"),
                ("search", {"query": "x", "sources": "Wire"}, "'Wire'"),
                ("search", {"query": ["x"]}, "['x']"),
                ("ask", {"question": "x", "history": [{"role": "system", "content": "x"}]}, "history.0.role"),
                ("fetch", {"id": "quagga"}, "'quagga'"),
                ("fetch", {"id": "quagga#0-1"}, "'quagga'"),
                ("fetch", {"id": "../etc/passwd"}, "'../etc/passwd'"),
                ("fetch", {"id": "metals#5-9999"}, "9999"),
                ("fetch", {"id": "metals#9-5"}, "9 to 5"),
                ("fetch", {"id": "metals", "start": 9999}, "9999"),
            ):
                assert said in await refused(client, tool, **arguments), (tool, arguments)

    async def test_there_is_no_other_tool(self, engine: Engine, mode: str) -> None:
        async with connected(engine, mode) as client:
            with pytest.raises(MCPError, match=r"'delete'.*ask, search, fetch"):
                await client.call_tool("delete", {"id": "metals"})

    async def test_an_empty_index_says_that_there_are_no_documents(self, corpus: Corpus, mode: str) -> None:
        async with connected(Engine(corpus), mode) as client:
            assert await called(client, "search", query="copper") == {
                "results": [],
                "note": "There are no documents yet.",
            }
            answer = await client.call_tool("ask", {"question": "copper"})
            assert "There are no documents yet." in text_of(answer)
            assert answer.structured_content is not None
            assert answer.structured_content["abstained"]
            assert "'copper'" in await refused(client, "fetch", id="copper")

    async def test_offsets_count_code_points(self, engine: Engine, mode: str) -> None:
        async with connected(engine, mode) as client:
            answer = await called(client, "ask", question="Die Preise für Kupfer 铜", doc_ids=["kupfer"])
            await check_citations(client, answer)
        assert any("铜" in cited["cited_text"] for cited in answer["citations"])

    async def test_several_calls_at_once_are_each_answered(self, engine: Engine, mode: str) -> None:
        found: dict[str, str] = {}

        async def look(client: Client, number: int) -> None:
            word, doc_id = [("Copper", "metals"), ("Zoë", "kupfer")][number % 2]
            body = await called(client, "search", query=f"{word} {number}", top_k=1, doc_ids=[doc_id])
            found[f"{word} {number}"] = body["results"][0]["title"]

        async with connected(engine, mode) as client, anyio.create_task_group() as calls:
            for number in range(24):
                calls.start_soon(look, client, number)
        assert len(found) == 24
        assert all(title == ("Metals" if name.startswith("Copper") else "kupfer") for name, title in found.items())

    async def test_a_long_document_comes_in_parts(
        self, engine: Engine, mode: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(mcp_tools, "MAX_FETCHED_CHARS", 25)
        async with connected(engine, mode) as client:
            parts, start = [], 0
            while True:
                part = await called(client, "fetch", id="metals", start=start)
                parts.append(part["text"])
                if "next_start" not in part["metadata"]:
                    break
                start = int(part["metadata"]["next_start"])
            late = await called(client, "fetch", id="metals#30-40")
        assert "".join(parts) == METALS
        assert (late["text"], late["metadata"]["text_start"]) == (METALS[30:55], "30")

    async def test_too_many_answers_that_wait_are_refused(self, engine: Engine, mode: str) -> None:
        class Full(Answering):
            def check_room(self) -> None:
                raise TooManyQuestions("16 answers wait; ask again.")

        async with connected(engine, mode, Full(engine)) as client:
            assert await refused(client, "ask", question="copper") == "16 answers wait; ask again."


async def test_disagreements_are_told(seeds_engine: Engine) -> None:
    async with connected(seeds_engine) as client:
        result = await client.call_tool("ask", {"question": "What is China's processing share?"})
        answer = result.structured_content or {}
        await check_citations(client, answer)
    (found,) = answer["disagreements"]
    assert {value["value"] for value in found["values"]} == {"approximately 85%", "more than 90%", "over 85%"}
    assert "The articles disagree on China's processing share" in text_of(result)
    assert answer["citations"][0]["link"].startswith("http://footnote.example/under/source/")


SENT = {"accept": "application/json, text/event-stream"}


def message(method: str, **params: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}


def asked(client: TestClient, path: str = "/mcp", **headers: str) -> httpx2.Response:
    body = message("tools/call", name="fetch", arguments={"id": "kupfer"})
    response = client.post(path, json=body, headers=SENT | headers, follow_redirects=False)
    assert isinstance(response, httpx2.Response)
    return response


def url_in(response: httpx2.Response) -> str:
    assert response.status_code == 200, response.text
    body = response.json()
    assert body["id"] == 7
    return str(body["result"]["structuredContent"]["url"])


@pytest.fixture
def http(engine: Engine) -> Iterator[TestClient]:
    with TestClient(create_app(engine, max_body_bytes=10_000)) as client:
        yield client


class TestHttp:
    def test_it_answers_with_and_without_a_slash(self, http: TestClient) -> None:
        for path in ("/mcp", "/mcp/"):
            assert url_in(asked(http, path)) == "http://testserver/source/kupfer"

    def test_links_begin_as_the_service_is_reached(self, engine: Engine, http: TestClient) -> None:
        assert url_in(asked(http, host="[::1]:8000")) == "http://[::1]:8000/source/kupfer"
        with TestClient(create_app(engine, public_url="https://ask.example/notes")) as behind:
            assert url_in(asked(behind)) == "https://ask.example/notes/source/kupfer"

    def test_it_keeps_no_session_and_no_stream_open(self, http: TestClient) -> None:
        assert "mcp-session-id" not in asked(http).headers
        for method in ("GET", "DELETE", "PUT"):
            refused = http.request(method, "/mcp", headers=SENT)
            assert (refused.status_code, refused.json()["error"]["code"]) == (405, "method_not_allowed")

    @pytest.mark.parametrize(
        ("origin", "status"),
        [
            ("http://localhost:3000", 200),
            ("http://127.0.0.1:8000", 200),
            ("http://[::1]:8000", 200),
            ("https://ask.example", 200),
            ("http://evil.example", 403),
            ("http://localhost.evil.example", 403),
            ("http://[", 403),
            ("null", 403),
        ],
    )
    def test_a_foreign_page_s_request_is_refused(self, engine: Engine, origin: str, status: int) -> None:
        with TestClient(create_app(engine, public_url="https://ask.example")) as client:
            response = asked(client, origin=origin)
        assert response.status_code == status
        if status == 403:
            error = response.json()["error"]
            assert error["code"] == "forbidden"
            assert origin in error["message"]

    def test_a_body_over_the_limit_is_refused(self, http: TestClient) -> None:
        response = http.post("/mcp", content=b" " * 20_000, headers=SENT | {"content-type": "application/json"})
        assert (response.status_code, response.json()["error"]["code"]) == (413, "too_large")
        response = http.post("/mcp", content=iter([b" " * 6_000] * 3), headers=SENT)
        assert (response.status_code, response.json()["error"]["code"]) == (413, "too_large")

    def test_what_is_no_message_is_refused(self, http: TestClient) -> None:
        for body, kind in ((b"{", "application/json"), (b"[]", "application/json"), (b"{}", "text/plain")):
            response = http.post("/mcp", content=body, headers=SENT | {"content-type": kind})
            assert response.status_code == 400
            assert "Traceback" not in response.text
        # A lone surrogate is no text, in the newer protocol's reading of JSON either.
        newer = {
            "_meta": {
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {},
            }
        }
        sent = message("tools/call", name="search", arguments={"query": "copper", "\ud800": "\ud800"}, **newer)
        headers = SENT | {
            "mcp-protocol-version": "2026-07-28",
            "mcp-method": "tools/call",
            "mcp-name": "search",
            "content-type": "application/json",
        }
        surrogate = http.post("/mcp", content=json.dumps(sent), headers=headers).json()
        assert surrogate["result"]["isError"], surrogate
        unknown = http.post("/mcp", json=message("quagga"), headers=SENT).json()
        assert unknown["error"]["code"] == -32601
        told = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        assert http.post("/mcp", json=told, headers=SENT).status_code == 202

    async def test_where_it_cannot_be_loaded_that_is_said_and_it_is_tried_again(self, engine: Engine) -> None:
        class Failing(LateMcp):
            failures = 2

            def _load(self) -> McpEndpoint:
                if self.failures:
                    self.failures -= 1
                    raise OSError("Too many open files")
                return super()._load()

        sent: list[Any] = []

        async def receive() -> Any:  # noqa: ANN401 - as ASGI has it
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(told: Any) -> None:  # noqa: ANN401
            sent.append(told)

        scope: Any = {"type": "http", "method": "DELETE", "path": "/mcp", "headers": [], "query_string": b""}
        late = Failing(engine, Answering(engine), None)
        async with late.running():
            for _ in range(2):
                with pytest.raises(NotReady, match="ask again"):
                    await late(scope, receive, send)
            await late(scope, receive, send)
        assert sent[0]["status"] < 500

    def test_apps_start_side_by_side_and_again(self, engine: Engine) -> None:
        app, other = create_app(engine), create_app(engine)
        for _ in range(2):
            with TestClient(app) as one, TestClient(other) as two:
                assert url_in(asked(one)) == url_in(asked(two))
        refused = asked(TestClient(app))
        assert refused.status_code == 503
        assert "ask again" in refused.json()["error"]["message"]


async def check_seeds(client: Client, link: str) -> None:
    """The sample questions over a real connection."""
    assert {tool.name for tool in (await client.list_tools()).tools} == {"ask", "search", "fetch"}
    answer = await called(client, "ask", question="what happened after Geneva?")
    await check_citations(client, answer)
    assert all(cited["link"].startswith(link) for cited in answer["citations"])
    found = await called(client, "search", query="China's processing share", top_k=3)
    assert len(found["results"]) == 3
    for one in found["results"]:
        fetched = await called(client, "fetch", id=one["id"])
        assert one["text"] in fetched["text"]
    assert "'quagga'" in await refused(client, "fetch", id="quagga")


async def ask_often(client: Client) -> None:
    answers: list[str] = []

    async def ask() -> None:
        answers.append((await called(client, "ask", question="what happened after Geneva?"))["answer"])

    async with anyio.create_task_group() as calls:
        for _ in range(12):
            calls.start_soon(ask)
    assert len(answers) == 12
    assert len(set(answers)) == 1


class TestServer:
    @pytest.mark.parametrize("mode", MODES)
    async def test_the_sdk_s_client_is_answered_over_http(self, rag: CommandLine, mode: str) -> None:
        with rag.serving() as (http, process):
            base = str(http.base_url).rstrip("/")
            for path in ("/mcp", "/mcp/"):
                async with Client(base + path, mode=mode) as client:
                    await check_seeds(client, base + "/source/")
            async with Client(base + "/mcp", mode=mode) as client:
                await ask_often(client)
            process.terminate()
            # 98 or 99 would mean PyTorch, or a connection to the outside.
            assert process.wait(20) in {0, -signal.SIGTERM}

    @pytest.mark.parametrize("mode", MODES)
    async def test_a_client_that_goes_away_stops_the_work(self, rag: CommandLine, mode: str) -> None:
        with (
            scripted_llm(keeping_alive) as llm,
            rag.serving(RAG_LLM_BASE_URL=llm.base_url, RAG_LLM_MODEL="m") as (http, _),
        ):
            # The first request takes as long as the library takes to load.
            assert http.post("/mcp", json={"jsonrpc": "2.0", "method": "ping"}).status_code < 500
            async with Client(f"{http.base_url}/mcp", mode=mode, read_timeout_seconds=2) as client:
                with pytest.raises(MCPError, match="timed out"):
                    await client.call_tool("ask", {"question": "what happened after Geneva?"})
            assert llm.requests
            assert await anyio.to_thread.run_sync(llm.gone.wait, 5)
            assert http.get("/healthz").status_code == 200


class TestStdio:
    async def test_a_call_that_is_given_up_stops_the_work(self, rag: CommandLine) -> None:
        with scripted_llm(keeping_alive) as llm:
            env = rag.environment | {"RAG_LLM_BASE_URL": llm.base_url, "RAG_LLM_MODEL": "m"}
            command = StdioServerParameters(command=sys.executable, args=["-c", GUARDED, "mcp"], env=env, cwd=ROOT)
            async with Client(command) as client:
                with anyio.move_on_after(3) as given_up:
                    await client.call_tool("ask", {"question": "what happened after Geneva?"})
                assert given_up.cancelled_caught
                assert llm.requests
                assert await anyio.to_thread.run_sync(llm.gone.wait, 5)
                await called(client, "fetch", id="004_cf58dd7b26a1b221")

    @pytest.mark.parametrize("mode", MODES)
    async def test_the_sdk_s_client_is_answered_over_a_pipe(self, rag: CommandLine, mode: str, tmp_path: Path) -> None:
        command = StdioServerParameters(
            command=sys.executable, args=["-c", GUARDED, "mcp"], env=rag.environment, cwd=ROOT
        )
        with (tmp_path / "said").open("w") as said:
            async with Client(stdio_client(command, errlog=said), mode=mode) as client:
                await check_seeds(client, "footnote:/source/")
                await ask_often(client)
        assert (tmp_path / "said").read_text() == ""

    def test_it_says_nothing_else_and_ends_with_its_input(self, rag: CommandLine) -> None:
        initialize = message(
            "initialize",
            protocolVersion="2025-06-18",
            capabilities={},
            clientInfo={"name": "test", "version": "1"},
        )
        done = subprocess.run(
            [sys.executable, "-c", GUARDED, "mcp"],
            env=rag.environment,
            cwd=ROOT,
            input=json.dumps(initialize) + "\nno message\n",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        (answer,) = done.stdout.splitlines()
        assert json.loads(answer)["result"]["serverInfo"]["name"] == "footnote"

    @pytest.mark.parametrize(("asked", "given_up"), [(15, 15), (15, "15"), ("15", 15), (15, "015")])
    def test_what_was_asked_is_answered_though_the_input_has_ended(
        self, rag: CommandLine, asked: int | str, given_up: int | str
    ) -> None:
        opening = message(
            "initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo={"name": "test", "version": "1"}
        )
        question = {"question": "what is China's share of rare earth processing?"}
        numbers = [*range(10, 15), asked]
        calls = [message("tools/call", name="ask", arguments=question) | {"id": number} for number in numbers]
        # What is no id of a request gives up none.
        ids: list[object] = [[1], {}, None, True, 10.0, "", given_up]
        cancelled = [
            {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": one}} for one in ids
        ]
        opened = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        done = subprocess.run(
            [sys.executable, "-c", GUARDED, "mcp"],
            env=rag.environment,
            cwd=ROOT,
            input="".join(json.dumps(one) + "\n" for one in (opening, opened, *calls, *cancelled)),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0
        assert set(done.stderr.splitlines()) == {"dropped 'notifications/cancelled': malformed params"}
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        assert {10, 11, 12, 13, 14} <= {answer["id"] for answer in answers}
        assert all("result" in answer for answer in answers if answer["id"] != asked)

    def test_missing_data_is_said_in_a_line(self, rag: CommandLine) -> None:
        done = rag("mcp", "--data", "/nonexistent/data")
        assert (done.returncode, done.stdout) == (1, "")
        assert re.fullmatch(r".*'/nonexistent/data'.*\n", done.stderr)

    def test_an_interrupt_ends_it(self, rag: CommandLine) -> None:
        with subprocess.Popen(
            [sys.executable, "-c", GUARDED, "mcp"],
            env=rag.environment, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(message("ping")) + "\n")
            process.stdin.flush()
            process.stdout.readline()
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == -signal.SIGINT
