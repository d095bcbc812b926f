"""OpenAI's chat completions: their shape, and what OpenAI's own client and the Vercel AI SDK make of them."""

import html
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from fastapi.testclient import TestClient
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam
from openai.types.chat.chat_completion_message import Annotation
from pydantic import ValidationError

from api.app import create_app
from index.corpus import Corpus
from index.errors import ModelUnusable
from rag.conversation import Turn
from rag.engine import AskResponse, Engine, Listener
from rag.errors import InvalidSetting
from rag.query import Query
from rag.settings import Settings
from tests.command_line import ROOT, CommandLine
from tests.doubles import HashingEmbedder
from tests.scripted_llm import Reply, keeping_alive, scripted_llm

CHAT = "/v1/chat/completions"
COPPER = "Tin is soft. Copper prices fell <b>sharply</b>.\nLead is heavy. Zinc rose\u2028on Monday."
SHARE = "What is China's processing share?"
GENEVA = "what happened after Geneva?"


def user(content: object) -> dict[str, object]:
    return {"role": "user", "content": content}


def asking(content: object, **fields: object) -> dict[str, object]:
    return {"model": "footnote", "messages": [user(content)], **fields}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client of a service with two documents, `copper` and `nickel`, that stay; only the first has a title."""
    with (
        closing(Corpus(tmp_path_factory.mktemp("metals"), HashingEmbedder(), create=True)) as corpus,
        TestClient(create_app(Engine(corpus))) as opened,
    ):
        opened.put("/v1/documents/copper", json={"text": COPPER, "title": "Metals", "source": "Wire"})
        opened.put("/v1/documents/nickel", json={"text": "Nickel is mined in Norilsk."})
        yield opened


def completion_of(client: TestClient, **body: object) -> dict[str, Any]:
    response = client.post(CHAT, json={"model": "footnote", **body})
    assert response.status_code == 200, response.text
    answered = response.json()
    assert isinstance(answered, dict)
    return answered


def standalone(client: TestClient, *messages: Mapping[str, object]) -> object:
    return completion_of(client, messages=messages)["footnote"]["standalone_question"]


def chunks_of(response: httpx2.Response) -> list[dict[str, Any]]:
    """The chunks of a stream, each on one line and the last `[DONE]`."""
    assert response.headers["content-type"].startswith("text/event-stream")
    *events, done, rest = response.text.split("\n\n")
    assert (done, rest) == ("data: [DONE]", "")
    assert all(event.startswith("data: {") and len(event.splitlines()) == 1 for event in events)
    return [json.loads(event.removeprefix("data: ")) for event in events]


def deltas_of(chunks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [choice["delta"] for chunk in chunks for choice in chunk["choices"]]


def error_of(response: httpx2.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.json().keys() == {"error"}
    error = response.json()["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert error["message"].endswith(".")
    assert isinstance(error, dict)
    return error


class TestCompletion:
    def test_a_completion_has_openai_s_shape(self, client: TestClient) -> None:
        body = completion_of(client, messages=[user("copper prices")])
        assert body.keys() == {"id", "object", "created", "model", "choices", "usage", "footnote"}
        assert (body["object"], body["model"]) == ("chat.completion", "footnote")
        (choice,) = body["choices"]
        assert (choice["index"], choice["finish_reason"], choice["logprobs"]) == (0, "stop", None)
        message = choice["message"]
        assert message.keys() == {"role", "content", "refusal", "annotations"}
        assert message["content"] == "Copper prices fell <b>sharply</b>. [1]"
        start = message["content"].index("[1]")
        assert message["annotations"] == [
            {
                "type": "url_citation",
                "url_citation": {
                    "start_index": start,
                    "end_index": start + 3,
                    "url": "http://testserver/source/copper?start=13&end=47",
                    "title": "Metals",
                },
            }
        ]
        assert COPPER[13:47] == body["footnote"]["citations"][0]["cited_text"]

    def test_a_document_without_a_title_is_named_by_its_id(self, client: TestClient) -> None:
        message = completion_of(client, messages=[user("nickel mined")])["choices"][0]["message"]
        assert message["annotations"][0]["url_citation"]["title"] == "nickel"

    def test_a_stream_says_what_the_whole_says(self, client: TestClient) -> None:
        whole = completion_of(client, messages=[user("copper prices")])
        body = asking("copper prices", stream=True, stream_options={"include_usage": True})
        chunks = chunks_of(client.post(CHAT, json=body))
        message = whole["choices"][0]["message"]
        deltas = deltas_of(chunks)
        assert deltas[0] == {"role": "assistant", "content": ""}
        assert "".join(delta.get("content", "") for delta in deltas) == message["content"]
        assert [delta["annotations"] for delta in deltas if "annotations" in delta] == [message["annotations"]]
        assert len({(chunk["id"], chunk["created"], chunk["object"], chunk["model"]) for chunk in chunks}) == 1
        reasons = [choice["finish_reason"] for chunk in chunks for choice in chunk["choices"]]
        assert reasons == [None] * (len(reasons) - 1) + ["stop"]
        assert chunks[-2]["footnote"] == whole["footnote"]
        assert (chunks[-1]["choices"], chunks[-1]["usage"]) == ([], whole["usage"])
        assert all(chunk["usage"] is None for chunk in chunks[:-1])

    def test_no_client_takes_a_line_separator_of_an_article_for_the_end_of_a_line(self, client: TestClient) -> None:
        chunks = chunks_of(client.post(CHAT, json=asking("zinc rose", stream=True)))
        assert chunks[-1]["footnote"]["citations"][0]["cited_text"] == "Zinc rose\u2028on Monday."

    def test_usage_is_streamed_only_where_it_is_asked_for(self, client: TestClient) -> None:
        for options in ({}, {"stream_options": None}, {"stream_options": {"include_usage": False}}):
            chunks = chunks_of(client.post(CHAT, json=asking("copper prices", stream=True, **options)))
            assert not any("usage" in chunk for chunk in chunks)
            assert chunks[-1]["choices"][0]["finish_reason"] == "stop"

    def test_open_webui_finds_each_source_with_its_quote_before_the_annotations(self, client: TestClient) -> None:
        chunks = chunks_of(client.post(CHAT, json=asking("copper prices", stream=True)))
        events = [(at, chunk["event"]) for at, chunk in enumerate(chunks) if "event" in chunk]
        (annotated,) = (at for at, chunk in enumerate(chunks) if "annotations" in chunk["choices"][0]["delta"])
        citations = [one["url_citation"] for one in chunks[annotated]["choices"][0]["delta"]["annotations"]]
        assert max(at for at, _ in events) < annotated
        assert [event["type"] for _, event in events] == ["source"] * len(citations)
        for (_, event), citation in zip(events, citations, strict=True):
            assert event["data"] == {
                "source": {"id": citation["url"], "name": citation["title"], "url": citation["url"]},
                "document": [COPPER[13:47]],
                "metadata": [{"source": citation["url"], "name": citation["title"], "external": True}],
            }

    @pytest.mark.parametrize("stream", [False, True])
    def test_an_abstention_says_why_and_cites_nothing(self, client: TestClient, stream: bool) -> None:
        expected = "The articles do not answer this question. The nearest passages do not mention 'quagga'."
        response = client.post(CHAT, json=asking("quagga", stream=stream))
        if stream:
            chunks = chunks_of(response)
            assert "".join(delta.get("content", "") for delta in deltas_of(chunks)) == expected
            assert not any("annotations" in delta for delta in deltas_of(chunks))
            assert not any("event" in chunk for chunk in chunks)
            assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
            assert chunks[-1]["footnote"]["abstained"]
        else:
            (choice,) = response.json()["choices"]
            assert choice["message"]["content"] == expected
            assert (choice["message"]["annotations"], choice["finish_reason"]) == ([], "stop")

    def test_tokens_are_counted_as_the_embedding_model_does(self, client: TestClient) -> None:
        alone = completion_of(client, messages=[user("copper prices")])["usage"]
        assert alone == {"prompt_tokens": 2, "completion_tokens": 13, "total_tokens": 15}
        before = [
            {"role": "system", "content": "Be brief."},
            user("And tin?"),
            {"role": "assistant", "content": "Soft."},
        ]
        assert completion_of(client, messages=[*before, user("copper prices")])["usage"]["prompt_tokens"] == 2 + 3 + 2

    def test_links_begin_with_the_public_address(self, corpus: Corpus) -> None:
        with TestClient(create_app(Engine(corpus), public_url="https://ask.example/footnote/")) as client:
            client.put("/v1/documents/copper", json={"text": COPPER})
            (annotation,) = completion_of(client, messages=[user("copper prices")])["choices"][0]["message"][
                "annotations"
            ]
        assert annotation["url_citation"]["url"] == "https://ask.example/footnote/source/copper?start=13&end=47"

    def test_links_begin_with_the_request_s_own_address(self, client: TestClient) -> None:
        response = client.post(CHAT, json=asking("copper prices"), headers={"host": "ask:81"})
        (annotation,) = response.json()["choices"][0]["message"]["annotations"]
        assert annotation["url_citation"]["url"].startswith("http://ask:81/source/")

    def test_our_own_fields_narrow_the_search(self, client: TestClient) -> None:
        found = completion_of(client, messages=[user("copper prices")], filters={"sources": ["Wire"]}, top_k=1)
        assert not found["footnote"]["abstained"]
        assert completion_of(client, messages=[user("copper prices")], filters={"doc_ids": ["nickel"]})["footnote"][
            "abstained"
        ]

    def test_what_nothing_can_be_done_with_is_passed_over(self, client: TestClient) -> None:
        plain = completion_of(client, messages=[user("copper prices")])
        loaded = completion_of(
            client,
            messages=[{**user("copper prices"), "name": "ann"}],
            temperature=0.2, top_p=1, presence_penalty=-2, frequency_penalty=2, seed=7, max_tokens=1, stop="fell", n=1,
            max_completion_tokens=1, logit_bias={"50256": -100}, logprobs=False, user={"id": "u"}, metadata={"a": "b"},
            store=False, reasoning_effort="low", response_format={"type": "text"}, modalities=["text"], audio=None,
            tools=[{"type": "function", "function": {"name": "f"}}], tool_choice="auto", function_call="none",
            stream=None, stream_options=None, chat_id="a front end's own",
        )  # fmt: skip
        assert loaded["choices"] == plain["choices"]


class TestConversation:
    def test_the_last_user_message_is_asked_and_what_is_before_it_is_history(self, client: TestClient) -> None:
        said = {
            "role": "assistant",
            "content": "Copper prices fell sharply. [1]\n\nSources:\n[1] http://wire.example/1",
        }
        assert standalone(client, user("What are copper prices?"), said, user("And in Norilsk?")) == (
            "What are copper prices in Norilsk?"
        )
        assert standalone(client, user("Where is nickel mined?"), said, user("who said that?")) == (
            "Who said that “Copper prices fell sharply”?"
        )

    def test_instructions_and_tools_are_no_part_of_it(self, client: TestClient) -> None:
        between = (
            {"role": "system", "content": "Answer as a pirate."},
            {"role": "developer", "content": [{"type": "text", "text": "Be brief."}]},
            {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "type": "function", "function": {}}]},
            {"role": "tool", "content": "42", "tool_call_id": "1"},
        )
        asked = user("What are copper prices?")
        assert standalone(client, asked, *between, user("And in Norilsk?")) == "What are copper prices in Norilsk?"
        assert standalone(client, *between, asked, *between) == "What are copper prices?"

    def test_parts_are_read_as_lines_of_one_text(self, client: TestClient) -> None:
        parts = [{"type": "text", "text": "What are copper"}, {"type": "text", "text": "prices?"}]
        assert standalone(client, user(parts)) == "What are copper\nprices?"

    @pytest.mark.parametrize("role", ["user", "assistant", "tool"])
    def test_an_image_long_ago_keeps_no_conversation_from_going_on(self, client: TestClient, role: str) -> None:
        messages = [{"role": role, "content": IMAGE}, user("copper prices")]
        assert client.post(CHAT, json={"model": "footnote", "messages": messages}).status_code == 200

    def test_a_long_conversation_is_read_from_its_end(self, client: TestClient) -> None:
        turns = [user(f"Where is tin number {number}?") for number in range(500)]
        asked = standalone(client, *turns, user("What are copper prices?"), user("And in Norilsk?"))
        assert asked == "What are copper prices in Norilsk?"


IMAGE = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": "data:,"}}]
FUNCTION = {"type": "function", "function": {"name": "f"}}
REFUSED: list[tuple[dict[str, object], str, str]] = [
    ({"messages": []}, "messages", "at least 1"),
    ({"messages": None}, "messages", "None"),
    ({"messages": [{"role": "system", "content": "x"}]}, "messages", "'user'"),
    ({"messages": [user("")]}, "messages", "empty"),
    ({"messages": [user(None)]}, "messages", "empty"),
    ({"messages": [user("x" * 2001)]}, "messages", "2,001"),
    ({"messages": [user("a\ud800")]}, "messages", "surrogate"),
    ({"messages": [user("a\ud800"), user("why?")]}, "messages", "surrogate"),
    ({"messages": [{"role": "bob", "content": "x"}]}, "messages[0].role", "'bob'"),
    ({"messages": [user("x"), user(5)]}, "messages[1].content", "5"),
    ({"messages": [user(IMAGE)]}, "messages[0].content", "'image_url'"),
    ({"messages": [user(["x"])]}, "messages[0].content", "Part 0"),
    ({"temperature": 2.5}, "temperature", "2.5"),
    ({"top_p": -1}, "top_p", "-1"),
    ({"presence_penalty": 3}, "presence_penalty", "3"),
    ({"max_tokens": 0}, "max_tokens", "0"),
    ({"stop": ["a"] * 5}, "stop", "5"),
    ({"n": 2}, "n", "one answer"),
    ({"logprobs": True}, "logprobs", "log probabilities"),
    ({"top_logprobs": 5}, "top_logprobs", "log probabilities"),
    ({"tool_choice": "required"}, "tool_choice", "'required'"),
    ({"tool_choice": FUNCTION}, "tool_choice", "'f'"),
    ({"function_call": {"name": "f"}}, "function_call", "'f'"),
    ({"response_format": {"type": "json_object"}}, "response_format", "json_object"),
    ({"modalities": ["text", "audio"]}, "modalities", "audio"),
    ({"audio": {"voice": "alloy", "format": "mp3"}}, "audio", "alloy"),
    ({"stream_options": {"include_usage": True}}, "stream_options", "stream"),
    ({"top_k": 101}, "top_k", "101"),
    ({"filters": {"published_after": "soon"}}, "filters", "'soon'"),
    ({"filters": {"author": "ann"}}, "filters.author", "'ann'"),
]


class TestErrors:
    def test_of_very_many_bad_messages_only_so_many_are_looked_at(self, client: TestClient) -> None:
        body = {"model": "footnote", "messages": [0] * 100_000}
        error = error_of(client.post("/v1/chat/completions", json=body), 400)
        assert "at most 1000 items" in error["message"]

    @pytest.mark.parametrize(("fields", "param", "said"), REFUSED, ids=[f"{row[1]} {row[2]}" for row in REFUSED])
    def test_what_cannot_be_honoured_is_refused_by_name(
        self, client: TestClient, fields: dict[str, object], param: str, said: str
    ) -> None:
        error = error_of(client.post(CHAT, content=json.dumps(asking("x") | fields), headers=JSON), 400)
        assert (error["type"], error["param"]) == ("invalid_request_error", param)
        assert said in error["message"]

    @pytest.mark.parametrize("stream", [False, True])
    def test_there_is_one_model(self, client: TestClient, stream: bool) -> None:
        listed = client.get("/v1/models").json()
        assert (listed["object"], [model["id"] for model in listed["data"]]) == ("list", ["footnote"])
        assert client.get("/v1/models/footnote").json() == listed["data"][0]
        asked = client.post(CHAT, json=asking("x", model="gpt-4o", stream=stream))
        for response in (asked, client.get("/v1/models/gpt-4o"), client.get("/v1/models/openai/gpt-4o")):
            error = error_of(response, 404)
            assert (error["code"], error["param"], error["type"]) == (
                "model_not_found",
                "model",
                "invalid_request_error",
            )
        assert error_of(client.post(CHAT, json={"messages": [user("x")]}), 400)["param"] == "model"

    def test_every_other_error_has_openai_s_shape_too(self, corpus: Corpus) -> None:
        with TestClient(create_app(Engine(corpus), max_body_bytes=1000)) as client:
            error_of(client.post(CHAT, content=b"{", headers=JSON), 400)
            error_of(client.post(CHAT, content=b"{}", headers={"content-type": "text/plain"}), 415)
            error_of(client.post(CHAT, json=asking("x" * 1500)), 413)
            error_of(client.get(CHAT), 405)
            assert client.post("/v1/ask", json={}).json()["error"].keys() == {"code", "message", "details"}

    @pytest.mark.parametrize("stream", [False, True])
    def test_what_fails_on_the_way_is_said(self, corpus: Corpus, stream: bool) -> None:
        class Broken(Engine):
            def ask(
                self, question: Query | str, history: Sequence[Turn] = (), listener: Listener | None = None
            ) -> AskResponse:
                raise ModelUnusable("The model does not load.")

        with TestClient(create_app(Broken(corpus))) as client:
            response = client.post(CHAT, json=asking("x", stream=stream))
        if stream:
            *_, last, rest = response.text.split("\n\n")
            assert rest == ""
            error = json.loads(last.removeprefix("data: "))["error"]
        else:
            error = error_of(response, 503)
        assert error == {
            "message": "The model does not load.", "type": "server_error", "param": None, "code": "model_unusable",
        }  # fmt: skip


JSON = {"content-type": "application/json"}


class TestPublicUrl:
    def test_it_is_an_address(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RAG_PUBLIC_URL", "https://ask.example/footnote")
        assert Settings.read().public_url == "https://ask.example/footnote"

    @pytest.mark.parametrize(
        "value", ["ask.example", "ftp://ask.example", "https://", "https://a.example/?q", "x https://a"]
    )
    def test_what_is_none_is_refused(self, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RAG_PUBLIC_URL", value)
        with pytest.raises(InvalidSetting, match="RAG_PUBLIC_URL"):
            Settings.read()


@pytest.fixture(scope="module")
def service(seeds_data: Path, model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """A client of a server process over the seeds."""
    data = Path(shutil.copytree(seeds_data, tmp_path_factory.mktemp("service") / "data"))
    with CommandLine(data, model_folder.parent).serving() as (client, _):
        yield client


def openai_client(service: httpx2.Client) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{str(service.base_url).rstrip('/')}/v1", api_key="none", max_retries=0)


def check_sources(service: httpx2.Client, content: str, annotations: Sequence[Annotation], footnote: object) -> None:
    """Each annotation stands at its marker, and its link shows the article with exactly what is cited marked."""
    assert isinstance(footnote, dict)
    citations = footnote["citations"]
    assert citations
    for number, (annotation, cited) in enumerate(zip(annotations, citations, strict=True), start=1):
        citation = annotation.url_citation
        assert content[citation.start_index : citation.end_index] == f"[{number}]"
        page = httpx2.get(citation.url)
        assert page.status_code == 200
        marked = html.unescape(re.sub(r"<[^>]+>", "", "".join(re.findall(r"<mark[^>]*>(.*?)</mark>", page.text, re.S))))
        assert "".join(marked.split()) == "".join(cited["cited_text"].split())
        text = service.get(f"/v1/documents/{cited['doc_id']}").json()["text"]
        assert text[cited["start_char_index"] : cited["end_char_index"]] == cited["cited_text"]


@pytest.mark.slow
class TestOpenAIClient:
    @pytest.mark.parametrize("question", [SHARE, GENEVA])
    def test_it_reads_an_answer_with_working_links(self, service: httpx2.Client, question: str) -> None:
        with openai_client(service) as client:
            done = client.chat.completions.create(model="footnote", messages=[{"role": "user", "content": question}])
        message = done.choices[0].message
        assert message.content is not None
        assert message.annotations is not None
        assert done.usage is not None
        assert done.usage.total_tokens == done.usage.prompt_tokens + done.usage.completion_tokens > 20
        assert done.model_extra is not None
        check_sources(service, message.content, message.annotations, done.model_extra["footnote"])

    @pytest.mark.parametrize("question", [SHARE, GENEVA])
    def test_it_adds_a_stream_up_to_the_same(self, service: httpx2.Client, question: str) -> None:
        messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": question}]
        with openai_client(service) as client:
            whole = client.chat.completions.create(model="footnote", messages=messages)
            with client.chat.completions.stream(
                model="footnote", messages=messages, stream_options={"include_usage": True}
            ) as stream:
                added = stream.get_final_completion()
        assert added.choices[0].message.content == whole.choices[0].message.content
        assert added.choices[0].message.annotations == whole.choices[0].message.annotations
        assert (added.usage, added.choices[0].finish_reason) == (whole.usage, "stop")

    def test_every_chunk_is_one_that_it_knows(self, service: httpx2.Client) -> None:
        response = service.post(CHAT, json=asking(SHARE, stream=True))
        for chunk in chunks_of(response):
            try:
                ChatCompletionChunk.model_validate(chunk, strict=True)
            except ValidationError as error:
                pytest.fail(f"{chunk}: {error}")

    def test_it_raises_what_its_users_catch(self, service: httpx2.Client) -> None:
        messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": "magnets"}]
        with openai_client(service) as client:
            assert [model.id for model in client.models.list()] == ["footnote"]
            with pytest.raises(openai.NotFoundError, match="gpt-4o") as unknown:
                client.chat.completions.create(model="gpt-4o", messages=messages)
            with pytest.raises(openai.BadRequestError) as refused:
                client.chat.completions.create(model="footnote", messages=messages, n=2)
            abstained = client.chat.completions.create(
                model="footnote", messages=messages, extra_body={"filters": {"doc_ids": []}, "top_k": 3}
            )
        assert (unknown.value.code, refused.value.param) == ("model_not_found", "n")
        assert abstained.choices[0].message.annotations == []
        assert abstained.choices[0].message.content is not None
        assert "No document passes the filters." in abstained.choices[0].message.content

    def test_too_many_are_told_to_come_back_and_who_goes_away_is_worked_for_no_more(self, rag: CommandLine) -> None:
        asked = threading.Semaphore(0)

        def script(reply: Reply) -> None:
            asked.release()
            keeping_alive(reply)

        messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": GENEVA}]
        with (
            scripted_llm(script) as llm,
            rag.serving(RAG_LLM_BASE_URL=llm.base_url, RAG_LLM_MODEL="m", RAG_LLM_DEADLINE_S="60") as (service, _),
            openai_client(service) as client,
        ):
            with ExitStack() as waiting:
                for _ in range(16):
                    waiting.enter_context(
                        client.chat.completions.create(model="footnote", messages=messages, stream=True)
                    )
                    assert asked.acquire(timeout=10)
                with pytest.raises(openai.RateLimitError) as refused:
                    client.chat.completions.create(model="footnote", messages=messages)
                assert refused.value.response.headers["retry-after"] == "5"
                assert refused.value.code == "rate_limit_exceeded"
            assert llm.gone.wait(10)
            assert service.get("/healthz").status_code == 200


VERCEL = ROOT / "tests" / "vercel"


@pytest.fixture(scope="module")
def vercel() -> Path:
    """The script that asks through the Vercel AI SDK, whose packages are installed beside it once."""
    wanted, stamp = (VERCEL / "package.json").read_text("utf-8"), VERCEL / "node_modules" / ".installed.json"
    if not stamp.is_file() or stamp.read_text("utf-8") != wanted:
        npm = shutil.which("npm")
        assert npm, "node is here and npm is not; install npm, which these tests get the Vercel AI SDK with"
        done = subprocess.run(
            [npm, "install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
            cwd=VERCEL, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, f"npm cannot install the Vercel AI SDK: {done.stderr[-500:]}"
        stamp.write_text(wanted, "utf-8")
    return VERCEL / "ask.mjs"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
class TestVercelSdk:
    def test_it_reads_text_and_sources_whole_and_streamed(self, service: httpx2.Client, vercel: Path) -> None:
        base = f"{str(service.base_url).rstrip('/')}/v1"
        done = subprocess.run(["node", vercel, base, SHARE], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        read = json.loads(done.stdout)
        expected = service.post(CHAT, json=asking(SHARE)).json()
        message, usage = expected["choices"][0]["message"], expected["usage"]
        citations = [annotation["url_citation"] for annotation in message["annotations"]]
        assert len(citations) >= 2
        for way in ("whole", "streamed"):
            assert read[way]["text"] == message["content"]
            assert [(one["sourceType"], one["url"], one["title"]) for one in read[way]["sources"]] == [
                ("url", citation["url"], citation["title"]) for citation in citations
            ]
            assert read[way]["finishReason"] == "stop"
            assert read[way]["usage"]["totalTokens"] == usage["total_tokens"]
        assert read["streamed"]["parts"].count("text-delta") > 20
        assert "error" not in read["streamed"]["parts"] + read["compatible"]["parts"]
        # This provider of theirs reads no annotations from anyone.
        assert (read["compatible"]["text"], read["compatible"]["sources"]) == (message["content"], [])
        assert read["compatible"]["usage"]["totalTokens"] == usage["total_tokens"]
        assert read["refused"]["status"] == 404
        assert "'unknown' does not exist" in read["refused"]["message"]
