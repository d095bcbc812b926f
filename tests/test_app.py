import json
import re
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.pages import source_page
from index.corpus import Corpus
from index.document import Document, Metadata, Span
from rag.engine import Engine
from tests.doubles import HashingEmbedder

COPPER = "Tin is soft. Copper prices fell <b>sharply</b>.\r\nLead is heavy."


@pytest.fixture
def client(corpus: Corpus) -> Iterator[TestClient]:
    with TestClient(create_app(Engine(corpus)), raise_server_exceptions=True) as opened:
        yield opened


@pytest.fixture
def stored(client: TestClient) -> TestClient:
    """A client of a service with one document, `copper`."""
    return with_copper(client)


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The same, for requests that change nothing."""
    with (
        closing(Corpus(tmp_path_factory.mktemp("metals"), HashingEmbedder(), create=True)) as corpus,
        TestClient(create_app(Engine(corpus))) as opened,
    ):
        yield with_copper(opened)


def with_copper(client: TestClient) -> TestClient:
    body = {
        "text": COPPER,
        "title": "Metals",
        "source": "Wire",
        "url": "https://wire.example/1",
        "published_at": "2025-05-01",
    }
    assert client.put("/v1/documents/copper", json=body).status_code == 201
    return client


def error_of(response: httpx2.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    error = response.json()["error"]
    assert error.keys() == {"code", "message", "details"}
    assert re.fullmatch(r"[a-z_]+", error["code"])
    assert error["message"].endswith(".")
    assert isinstance(error, dict)
    return error


class TestQuestions:
    def test_a_search_has_the_shape_of_the_contract(self, stored: TestClient) -> None:
        body = stored.post("/v1/search", json={"query": " copper prices ", "top_k": 3}).json()
        assert body.keys() == {"query", "took_ms", "reranked", "results"}
        assert (body["query"], body["reranked"]) == ("copper prices", 0)
        (result,) = body["results"]
        text = stored.get("/v1/documents/copper").json()["text"]
        assert result["citation"] == {
            "doc_id": "copper",
            "title": "Metals",
            "source": "Wire",
            "url": "https://wire.example/1",
            "published_at": "2025-05-01",
            "start_char_index": 0,
            "end_char_index": len(text),
            "cited_text": text,
            "location": f"/source/copper?start=0&end={len(text)}",
        }
        assert (result["rank"], result["text"], result["passage_id"]) == (1, text, f"copper#0-{len(text)}")
        quote = result["highlights"][0]
        assert quote["cited_text"] == text[quote["start_char_index"] : quote["end_char_index"]]

    def test_an_answer_has_the_shape_of_the_contract(self, stored: TestClient) -> None:
        body = stored.post("/v1/ask", json={"question": "copper prices", "history": [], "filters": None}).json()
        assert body.keys() == {
            "question", "standalone_question", "answer", "citations", "disagreements", "results", "took_ms",
        }  # fmt: skip
        assert body["answer"].keys() == {"text", "mode", "abstained", "confidence", "answerable", "reason", "span"}
        assert re.findall(r"\[(\d+)\]", body["answer"]["text"]) == [str(cited["marker"]) for cited in body["citations"]]
        assert stored.post(
            "/v1/verify",
            json={
                "citations": [
                    {key: cited[key] for key in ("doc_id", "start_char_index", "end_char_index", "cited_text")}
                    for cited in body["citations"]
                ]
            },
        ).json() == {"results": [{"valid": True, "reason": None}] * len(body["citations"])}

    def test_the_service_s_own_citations_are_verified_as_they_come(self, stored: TestClient) -> None:
        body = stored.post("/v1/ask", json={"question": "what did copper prices do?"}).json()
        claims = [*body["citations"], *(result["citation"] for result in body["results"])]
        verdicts = stored.post("/v1/verify", json={"citations": claims}).json()["results"]
        assert verdicts == [{"valid": True, "reason": None}] * len(claims)
        assert claims

    def test_a_claim_of_what_can_be_no_document_is_not_exact(self, stored: TestClient) -> None:
        claim = {"doc_id": "a\ud800", "start_char_index": 0, "end_char_index": 1, "cited_text": "\ud800"}
        sent = json.dumps({"citations": [claim]}).encode()
        response = stored.post("/v1/verify", content=sent, headers={"content-type": "application/json"})
        (verdict,) = response.json()["results"]
        assert not verdict["valid"]
        assert "cannot be a document id" in verdict["reason"]

    def test_an_abstention_is_a_normal_answer(self, stored: TestClient) -> None:
        body = stored.post("/v1/ask", json={"question": "quagga"}).json()
        assert body["answer"]["abstained"]
        assert body["answer"]["reason"]
        assert body["citations"] == []
        assert body["results"]

    def test_a_stream_ends_with_the_whole_answer(self, stored: TestClient) -> None:
        response = stored.post("/v1/ask", json={"question": "copper prices", "stream": True})
        assert response.headers["content-type"].startswith("text/event-stream")
        events = [(name, json.loads(data)) for name, data in re.findall(r"event: (\w+)\ndata: (.*)\n\n", response.text)]
        assert events[0][0] == "results"
        assert events[-1][0] == "done"
        done = events[-1][1]
        assert "".join(data["text"] for name, data in events if name == "delta") == done["answer"]["text"]
        assert [data for name, data in events if name == "citation"] == done["citations"]
        assert events[0][1] == done["results"]

    def test_filters_are_passed_on(self, stored: TestClient) -> None:
        for filters, expected in (
            ({"doc_ids": ["copper"]}, 1),
            ({"doc_ids": ["tin"]}, 0),
            ({"sources": ["Wire"], "published_after": "2025-05-01"}, 1),
            ({"published_before": "2025-04-30"}, 0),
        ):
            body = stored.post("/v1/search", json={"query": "copper", "filters": filters}).json()
            assert len(body["results"]) == expected, filters


class TestDocuments:
    def test_a_document_is_put_replaced_listed_and_deleted(self, client: TestClient) -> None:
        first = client.put("/v1/documents/a", json={"text": "Copper fell."})
        assert (first.status_code, first.json()["outcome"], first.json()["passages"]) == (201, "added", 1)
        second = client.put("/v1/documents/a", json={"text": "Copper rose."})
        assert (second.status_code, second.json()["outcome"]) == (200, "changed")
        assert client.put("/v1/documents/a", json={"text": "Copper rose."}).json()["outcome"] == "unchanged"
        (line,) = client.get("/v1/documents").json()["documents"]
        assert line["doc_id"] == "a"
        assert line["sha256"] == second.json()["sha256"]
        deleted = client.delete("/v1/documents/a")
        assert (deleted.status_code, deleted.content) == (204, b"")
        error_of(client.get("/v1/documents/a"), 404)
        assert client.post("/v1/search", json={"query": "copper"}).json()["results"] == []

    def test_a_document_says_where_its_passages_stand(self, stored: TestClient) -> None:
        body = stored.get("/v1/documents/copper").json()
        assert body["text"] == COPPER.replace("\r\n", "\n")
        assert body["passages"] == [
            {"passage_id": f"copper#0-{len(body['text'])}", "start_char_index": 0, "end_char_index": len(body["text"])}
        ]

    def test_documents_come_by_pages(self, client: TestClient) -> None:
        for doc_id in "abc":
            client.put(f"/v1/documents/{doc_id}", json={"text": "Copper."})
        first = client.get("/v1/documents?limit=2").json()
        second = client.get("/v1/documents", params={"limit": 2, "cursor": first["next_cursor"]}).json()
        assert [line["doc_id"] for line in first["documents"] + second["documents"]] == ["a", "b", "c"]
        assert second["next_cursor"] is None

    def test_markdown_and_html_are_read_as_such(self, client: TestClient) -> None:
        client.put("/v1/documents/m", json={"text": "---\ntitle: Metals\n---\nCopper.", "media_type": "text/markdown"})
        assert client.get("/v1/documents/m").json()["title"] == "Metals"
        page = "<html><head><title>Metals</title></head><body><article><p>" + "Copper fell today. " * 20
        client.put("/v1/documents/h", json={"text": page + "</p></article></body></html>", "media_type": "text/html"})
        assert "<p>" not in client.get("/v1/documents/h").json()["text"]

    def test_uploaded_files_are_stored_and_a_bad_one_fails_alone(self, client: TestClient) -> None:
        files = [("files", ("good.txt", b"Copper fell.")), ("files", ("bad.txt", b"\0\1\2"))]
        body = client.post("/v1/documents", files=files).json()
        assert [line["doc_id"] for line in body["documents"]] == ["good"]
        assert [(line["file"], line["code"]) for line in body["failed"]] == [("bad.txt", "unreadable_document")]

    def test_an_upload_of_bad_files_alone_is_an_error(self, client: TestClient) -> None:
        error_of(client.post("/v1/documents", files=[("files", ("bad.txt", b"\0\1\2"))]), 422)
        error_of(client.post("/v1/documents", files=[("files", ("bad.csv", b"a,b"))]), 415)

    def test_an_upload_of_bad_files_alone_names_them_all(self, client: TestClient) -> None:
        files = [("files", ("bad.txt", b"\0\1\2")), ("files", ("bad.csv", b"a,b"))]
        error = error_of(client.post("/v1/documents", files=files), 422)
        assert error["code"] == "unreadable_document"
        assert "'bad.txt'" in error["message"]
        assert [(line["file"], line["code"]) for line in error["details"]] == [
            ("bad.txt", "unreadable_document"),
            ("bad.csv", "unsupported_format"),
        ]

    @pytest.mark.parametrize("path", ["copper%0A", "copper%0D%0A", "%0Acopper", "cop%0Aper"])
    @pytest.mark.parametrize("route", ["/v1/documents/", "/source/"])
    def test_an_id_with_a_line_feed_is_refused_and_touches_nothing(
        self, stored: TestClient, route: str, path: str
    ) -> None:
        assert "\\n" in error_of(stored.get(route + path), 422)["message"]
        if route == "/v1/documents/":
            error_of(stored.put(route + path, json={"text": "Tin rose."}), 422)
            error_of(stored.delete(route + path), 422)
        assert "Copper prices fell" in stored.get("/v1/documents/copper").json()["text"]

    def test_a_blank_title_or_source_is_none(self, client: TestClient) -> None:
        client.put("/v1/documents/a", json={"text": "Copper fell.", "title": " \n", "source": "\u2003"})
        stored = client.get("/v1/documents/a").json()
        assert (stored["title"], stored["source"]) == (None, None)

    @pytest.mark.parametrize("field", ["title", "source", "url"])
    @pytest.mark.parametrize("value", ["\\u0000", "\\ud800"])
    def test_what_cannot_be_stored_of_a_document_is_refused(self, client: TestClient, field: str, value: str) -> None:
        content = f'{{"text": "Copper fell.", "{field}": "https://a{value}b"}}'
        error_of(client.put("/v1/documents/a", content=content, headers={"content-type": "application/json"}), 422)

    def test_two_uploaded_files_with_one_id_are_said(self, client: TestClient) -> None:
        files = [("files", ("a.txt", b"Copper fell.")), ("files", ("a.md", b"Copper rose."))]
        body = client.post("/v1/documents", files=files).json()
        assert [line["code"] for line in body["failed"]] == ["duplicate_document_id"]
        assert client.get("/v1/documents/a").json()["text"] == "Copper fell."


REFUSED = [
    ("POST", "/v1/search", {"query": ""}, 422, "empty"),
    ("POST", "/v1/search", {"query": " \n "}, 422, "empty"),
    ("POST", "/v1/search", {"query": "x" * 2001}, 422, "2,0"),
    ("POST", "/v1/search", {"query": "x" * 9000}, 422, "3000"),
    ("POST", "/v1/search", {"query": "x", "top_k": 0}, 422, "0"),
    ("POST", "/v1/search", {"query": "x", "top_k": 101}, 422, "101"),
    ("POST", "/v1/search", {"query": "x", "topk": 5}, 422, "topk"),
    ("POST", "/v1/search", {"query": 5}, 422, "5"),
    ("POST", "/v1/search", {}, 422, "query"),
    ("POST", "/v1/search", [], 422, "body"),
    ("POST", "/v1/search", {"query": "x", "filters": {"published_after": "soon"}}, 422, "soon"),
    (
        "POST",
        "/v1/ask",
        {"question": "x", "filters": {"published_after": "2026-01-01", "published_before": "2025-01-01"}},
        422,
        "2026-01-01",
    ),
    ("POST", "/v1/search", {"query": "x"} | {f"no-{n}": n for n in range(200)}, 422, "100 fields"),
    ("POST", "/v1/search", {"query": "x", "filters": {"sources": [0] * 9000}}, 422, "sources"),
    ("POST", "/v1/ask", {"question": ""}, 422, "empty"),
    ("POST", "/v1/ask", {"question": "x", "history": [{"role": "system", "content": "y"}]}, 422, "system"),
    ("GET", "/v1/documents/unknown", None, 404, "unknown"),
    ("DELETE", "/v1/documents/unknown", None, 404, "unknown"),
    ("GET", "/v1/documents?limit=0", None, 422, "limit"),
    ("GET", "/v1/documents?cursor=%21", None, 422, "!"),
    ("PUT", "/v1/documents/a%2Fb", {"text": "x"}, 422, "a/b"),
    ("PUT", "/v1/documents/%2E%2E", {"text": "x"}, 422, ".."),
    ("PUT", "/v1/documents/" + "a" * 201, {"text": "x"}, 422, "aaa"),
    ("PUT", "/v1/documents/caf%C3%A9", {"text": "x"}, 422, "café"),
    ("PUT", "/v1/documents/a", {"text": ""}, 422, "'a'"),
    ("PUT", "/v1/documents/a", {"text": "Leave a Reply"}, 422, "Leave a Reply"),
    ("PUT", "/v1/documents/a", {"text": "a\0b"}, 422, "NUL"),
    ("PUT", "/v1/documents/a", {"text": "x", "media_type": "application/pdf"}, 415, "application/pdf"),
    ("PUT", "/v1/documents/a", {"text": "x", "url": "javascript:alert(1)"}, 422, "javascript:alert(1)"),
    ("PUT", "/v1/documents/a", {"text": "x", "published_at": "soon"}, 422, "soon"),
    ("PUT", "/v1/documents/a", {"text": "x " * 10_500_000}, 413, "20.0 MB"),
    ("GET", "/source/unknown", None, 404, "unknown"),
    ("GET", "/source/copper?start=0", None, 422, "start and end"),
    ("GET", "/source/copper?start=5&end=5", None, 422, "5 to 5"),
    ("GET", "/source/copper?start=0&end=9999", None, 422, "9999"),
    ("GET", "/source/copper?start=-1&end=5", None, 422, "-1"),
    ("GET", "/source/copper?start=a&end=5", None, 422, "'a'"),
    ("POST", "/v1/verify", {"citations": []}, 422, "citations"),
    ("GET", "/nowhere", None, 404, "/docs"),
    ("POST", "/v1/ask", {"question": " "}, 422, "question: it is empty; "),
    ("DELETE", "/v1/search", None, 405, "DELETE is not taken at '/v1/search'; use POST."),
]


class TestErrors:
    @pytest.mark.parametrize(
        ("method", "path", "body", "status", "said"),
        REFUSED,
        ids=[f"{row[0]} {row[1][:40]} {row[4]}" for row in REFUSED],
    )
    def test_bad_input_is_refused_in_a_sentence_with_the_value(
        self, refusing: TestClient, method: str, path: str, body: object, status: int, said: str
    ) -> None:
        error = error_of(
            refusing.request(method, path, json=body) if body is not None else refusing.request(method, path), status
        )
        assert said in error["message"]
        assert len(error["details"] or []) <= 20
        assert [line["doc_id"] for line in refusing.get("/v1/documents").json()["documents"]] == ["copper"]

    @pytest.mark.parametrize(("path", "up"), [("/nowhere", "./"), ("/no/where/at/all", "../../../")])
    def test_a_browser_at_an_unknown_address_is_shown_a_page(self, client: TestClient, path: str, up: str) -> None:
        response = client.get(path, headers={"accept": "text/html,*/*;q=0.8"})
        assert response.status_code == 404
        assert response.headers["content-type"].startswith("text/html")
        assert "Not Found; /docs lists what there is." in response.text
        assert f'<a href="{up}">Footnote</a>' in response.text
        assert f'href="{up}static/article.css"' in response.text
        error_of(client.get("/v1/documents/unknown", headers={"accept": "text/html"}), 404)

    def test_what_is_not_json_is_said(self, client: TestClient) -> None:
        json_type = {"content-type": "application/json"}
        assert error_of(client.post("/v1/search", content=b"{", headers=json_type), 400)["code"] == "invalid_json"
        error_of(client.post("/v1/search", content=b"\xff\xfe", headers=json_type), 400)
        form = {"content-type": "application/x-www-form-urlencoded"}
        assert (
            "content-type"
            in error_of(client.post("/v1/search", content=b'{"query": "x"}', headers=form), 415)["message"]
        )

    @pytest.mark.parametrize("path", ["/v1/search", "/v1/ask"])
    def test_a_lone_surrogate_is_refused(self, client: TestClient, path: str) -> None:
        field = "query" if path == "/v1/search" else "question"
        content = b'{"%s": "a\\ud800b"}' % field.encode()
        error_of(client.post(path, content=content, headers={"content-type": "application/json"}), 422)

    def test_a_body_over_the_limit_is_refused_announced_or_not(self, corpus: Corpus) -> None:
        body = json.dumps({"query": "x" * 1500}).encode()
        headers = {"content-type": "application/json"}
        with TestClient(create_app(Engine(corpus), max_body_bytes=1000)) as client:
            assert error_of(client.post("/v1/search", content=body, headers=headers), 413)["code"] == "too_large"
            pieces = (body[at : at + 100] for at in range(0, len(body), 100))
            assert error_of(client.post("/v1/search", content=pieces, headers=headers), 413)["code"] == "too_large"


class TestSourcePage:
    def test_the_slice_is_marked_in_its_article(self, stored: TestClient) -> None:
        response = stored.get("/source/copper?start=13&end=46")
        assert '<mark id="cited">Copper prices fell &lt;b&gt;sharply&lt;' in response.text
        assert response.headers["content-security-policy"].startswith("default-src 'none'")
        assert "Tin is soft." in response.text
        assert "<mark" not in stored.get("/source/copper").text

    def test_nothing_in_an_article_is_taken_for_markup(self) -> None:
        hostile = "</article><script>alert(1)</script>\"'&"
        document = Document("a", hostile, "text/plain", Metadata(hostile, hostile, 'https://x.example/?"><b>', None))
        page = source_page(document, Span(3, 20))
        assert "alert(1)</script>" not in page
        assert '"><b>' not in page


class TestOperation:
    def test_health_and_readiness(self, stored: TestClient) -> None:
        assert stored.get("/healthz").json() == {"status": "ok"}
        assert stored.get("/readyz").json() == {"status": "ready", "documents": 1, "passages": 1}

    @pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/source/copper", "/source/copper?start=0&end=3"])
    def test_a_head_is_answered_as_a_get_is(self, stored: TestClient, path: str) -> None:
        head, got = stored.head(path), stored.get(path)
        assert (head.status_code, head.headers["content-type"]) == (got.status_code, got.headers["content-type"])
        assert "head" not in stored.get("/openapi.json").json()["paths"][re.sub(r"copper.*", "{doc_id}", path)]

    def test_the_documentation_needs_no_other_host(self, client: TestClient) -> None:
        page = client.get("/docs").text
        assert "swagger" in page
        assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", page)

    @pytest.mark.slow
    def test_searches_and_changes_at_once_are_all_answered(self, stored: TestClient) -> None:
        statuses: list[int] = []

        def ask(number: int) -> None:
            statuses.append(stored.put(f"/v1/documents/d{number}", json={"text": f"Copper {number}."}).status_code)
            statuses.append(stored.post("/v1/search", json={"query": "copper"}).status_code)
            statuses.append(stored.delete(f"/v1/documents/d{number}").status_code)

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(set(statuses)) == [200, 201, 204]
