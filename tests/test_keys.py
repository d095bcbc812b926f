"""Who may do what: keys and their scopes, rate limits, foreign web pages, and what every response forbids."""

import math
import re
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import httpx2
import openai
import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from starlette.routing import Mount, Route
from starlette.types import Message

from api.access import Access
from api.app import create_app
from api.keys import MIN_KEY_CHARS, Key, Keyring, Scope, new_key, read_keys
from api.rate_limits import caller_at
from api.server import read_access, take_port
from index.corpus import Corpus
from rag.engine import Engine
from rag.errors import InvalidSetting
from rag.settings import Settings
from tests.command_line import ROOT, CommandLine

pytestmark = pytest.mark.slow

READ_KEY, READ_ENTRY = new_key("reader", Scope.READ)
WRITE_KEY, WRITE_ENTRY = new_key("loader", Scope.WRITE)
KEYS = read_keys(f"{READ_ENTRY}, {WRITE_ENTRY}", None)

ASKED = {"query": "copper", "question": "copper", "model": "footnote"}
# What each route needs, by method and path. A route that is not named here fails the test below.
NEEDED: dict[tuple[str, str], Scope | None] = {
    ("GET", "/"): None,
    ("GET", "/healthz"): None,
    ("GET", "/readyz"): None,
    ("GET", "/docs"): None,
    ("HEAD", "/openapi.json"): None,
    ("GET", "/openapi.json"): None,
    ("GET", "/static/chat.js"): None,
    ("GET", "/static-offline-docs/swagger-ui.css"): None,
    # A page of Swagger UI's that nothing here uses.
    ("GET", "/docs/oauth2-redirect"): Scope.READ,
    ("GET", "/metrics"): Scope.READ,
    ("POST", "/v1/search"): Scope.READ,
    ("POST", "/v1/ask"): Scope.READ,
    ("POST", "/v1/verify"): Scope.READ,
    ("POST", "/v1/chat/completions"): Scope.READ,
    ("GET", "/v1/models"): Scope.READ,
    ("GET", "/v1/models/{model:path}"): Scope.READ,
    ("GET", "/source/{doc_id:path}"): Scope.READ,
    ("POST", "/mcp"): Scope.READ,
    ("POST", "/mcp/"): Scope.READ,
    ("GET", "/v1/documents"): Scope.READ,
    ("GET", "/v1/documents/{doc_id:path}"): Scope.READ,
    ("POST", "/v1/documents"): Scope.WRITE,
    ("PUT", "/v1/documents/{doc_id:path}"): Scope.WRITE,
    ("DELETE", "/v1/documents/{doc_id:path}"): Scope.WRITE,
    # What there is not.
    ("GET", "/nowhere"): Scope.READ,
    ("POST", "/nowhere"): Scope.WRITE,
    ("POST", "/healthz"): Scope.WRITE,
    ("GET", "/healthz/"): Scope.READ,
    ("GET", "/static"): Scope.READ,
    ("OPTIONS", "/v1/search"): Scope.READ,
}


@contextmanager
def serving(corpus: Corpus, access: Access, public_url: str | None = None) -> Iterator[TestClient]:
    with TestClient(create_app(Engine(corpus), access=access, public_url=public_url)) as client:
        yield client


@pytest.fixture
def client(corpus: Corpus) -> Iterator[TestClient]:
    with serving(corpus, Access(KEYS)) as opened:
        yield opened


@pytest.fixture
def keyless(corpus: Corpus) -> Iterator[TestClient]:
    with serving(corpus, Access()) as opened:
        yield opened


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def code_of(response: httpx2.Response, status: int) -> str:
    assert response.status_code == status, response.text
    error = response.json()["error"]
    assert error["message"].endswith(".")
    return str(error["code"])


def routes_of(corpus: Corpus) -> Iterator[tuple[str, str]]:
    for route in create_app(Engine(corpus)).routes:
        if isinstance(route, Mount):
            assert any(path.startswith(f"{route.path}/") for _, path in NEEDED), route.path
            continue
        assert isinstance(route, Route | APIRoute), route
        for method in route.methods or ():
            yield method, route.path


class TestRoutes:
    def test_every_route_is_in_the_table(self, corpus: Corpus) -> None:
        assert set(routes_of(corpus)) <= {*NEEDED, *(("HEAD", path) for _, path in NEEDED)}

    @pytest.mark.parametrize(
        ("method", "path", "needed"),
        [(method, path, needed) for (method, path), needed in NEEDED.items()],
        ids=[f"{method} {path}" for method, path in NEEDED],
    )
    def test_each_takes_the_keys_it_is_to_take(
        self, client: TestClient, method: str, path: str, needed: Scope | None
    ) -> None:
        path = re.sub(r"{\w+:path}", "unknown", path)
        for key, allowed in (
            (None, needed is None),
            ("wrong" * 5, needed is None),
            (READ_KEY, needed in {None, Scope.READ}),
            (WRITE_KEY, True),
        ):
            sent = ASKED if method == "POST" else None
            headers = {} if key is None else bearer(key)
            response = client.request(method, path, headers=headers, follow_redirects=False, json=sent)
            if allowed:
                assert response.status_code not in {401, 403}, (key, response.text)
            else:
                assert response.status_code == (403 if key == READ_KEY else 401)
                assert (response.headers.get("www-authenticate") is None) == (key == READ_KEY)
            assert (response.headers.get("www-authenticate") is not None) == (response.status_code == 401)

    def test_the_description_says_which_take_a_key(self, client: TestClient, keyless: TestClient) -> None:
        ways: list[tuple[TestClient, list[dict[str, list[str]]]]]
        ways = [(client, [{"key": []}]), (keyless, [{"key": []}, {}])]
        for asked, security in ways:
            for path, operations in asked.get("/openapi.json").json()["paths"].items():
                for method, operation in operations.items():
                    needed = NEEDED[(method.upper(), re.sub(r"{(\w+)}", r"{\1:path}", path))]
                    assert operation.get("security") == (security if needed else None), (method, path)
                    assert ({"401", "403", "429"} <= operation["responses"].keys()) == (needed is not None)

    def test_without_keys_none_is_asked_for(self, keyless: TestClient) -> None:
        assert keyless.put("/v1/documents/a", json={"text": "Copper fell."}).status_code == 201
        assert keyless.get("/v1/documents/a", headers=bearer("any")).status_code == 200

    def test_nothing_is_read_of_what_is_refused(self, corpus: Corpus) -> None:
        sent: list[Message] = []

        async def receive() -> Message:
            raise AssertionError("the body was read")

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {
            "type": "http", "method": "PUT", "path": "/v1/documents/a", "query_string": b"", "server": ("a", 80),
            "scheme": "http", "headers": [(b"host", b"a"), (b"content-length", b"9")], "client": ("192.0.2.1", 1),
        }  # fmt: skip
        anyio.run(create_app(Engine(corpus), access=Access(KEYS)), scope, receive, send)
        assert sent[0]["status"] == 401

    @pytest.mark.parametrize(
        "authorization",
        ["", "Bearer", "Bearer ", f"Basic {READ_KEY}", READ_KEY, f"Bearer {READ_KEY}x", f"Bearer {READ_KEY[:-1]}",
         f"Bearer {READ_KEY} {READ_KEY}", f"Bearer {READ_ENTRY}", f"Bearer {READ_ENTRY.rpartition(':')[2]}"],
        ids=range(10),
    )  # fmt: skip
    def test_nothing_but_the_key_itself_opens(self, client: TestClient, authorization: str) -> None:
        response = client.get("/v1/documents", headers={"authorization": authorization})
        assert code_of(response, 401) == "key_needed"
        assert READ_KEY not in response.text

    def test_bytes_that_are_no_text_are_a_wrong_key(self, client: TestClient) -> None:
        response = client.get("/v1/documents", headers={b"authorization": b"Bearer \xff\xfe\x80" * 4})
        assert code_of(response, 401) == "key_needed"

    def test_the_scheme_s_case_is_free(self, client: TestClient) -> None:
        assert client.get("/v1/documents", headers={"authorization": f"bEARER {READ_KEY}"}).status_code == 200

    def test_openai_s_clients_are_told_in_their_own_way(self, client: TestClient) -> None:
        def asked(key: str) -> openai.OpenAI:
            return openai.OpenAI(base_url="http://testserver/v1", api_key=key, http_client=client, max_retries=0)

        with pytest.raises(openai.AuthenticationError) as refused:
            asked("x" * 20).models.list()
        assert (refused.value.code, refused.value.type) == ("invalid_api_key", "invalid_request_error")
        assert [model.id for model in asked(READ_KEY).models.list()] == ["footnote"]
        messages: list[openai.types.chat.ChatCompletionMessageParam] = [{"role": "user", "content": "copper"}]
        assert asked(READ_KEY).chat.completions.create(model="footnote", messages=messages).choices

    def test_a_person_who_follows_a_link_is_asked_for_the_key_on_a_page(self, client: TestClient) -> None:
        response = client.get("/source/a", headers={"accept": "text/html"})
        assert (response.status_code, response.headers["www-authenticate"]) == (401, 'Bearer realm="Footnote"')
        assert '<input type="password"' in response.text
        assert "locked.js" in response.text
        assert response.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self';")


class TestKeys:
    def test_a_new_key_is_taken_by_its_entry(self) -> None:
        found = read_keys(WRITE_ENTRY, None).find(WRITE_KEY)
        assert found is not None
        assert (found.name, found.scope) == ("loader", Scope.WRITE)
        assert new_key("reader", Scope.READ)[0] != new_key("reader", Scope.READ)[0]
        assert len(READ_KEY) > 40

    def test_several_of_one_name_are_taken_at_once(self) -> None:
        keys = read_keys("a:read:the-old-key-of-a-reader\na:write:the-new-key-of-a-reader", None)
        old, new = keys.find("the-old-key-of-a-reader"), keys.find("the-new-key-of-a-reader")
        assert old is not None
        assert new is not None
        assert (old.scope, new.scope) == (Scope.READ, Scope.WRITE)

    def test_a_file_holds_one_a_line(self, tmp_path: Path) -> None:
        file = tmp_path / "keys"
        file.write_text(f"# Who may ask\n\n{READ_ENTRY}  # since May\r\n{WRITE_ENTRY}\n", encoding="utf-8-sig")
        keys = read_keys("third:read:a-key-of-the-setting", file)
        assert len(keys) == 3
        assert all(keys.find(key) for key in (READ_KEY, WRITE_KEY, "a-key-of-the-setting"))

    def test_what_is_kept_is_not_the_key(self) -> None:
        keys = read_keys(f"a:read:{READ_KEY}", None)
        assert READ_KEY not in repr(vars(keys))
        assert READ_KEY not in repr(keys.find(READ_KEY))
        assert READ_KEY not in repr(Settings.read(api_keys=f"a:read:{READ_KEY}"))

    @pytest.mark.parametrize(
        ("entries", "said"),
        [
            ("secret-secret-secret-secret", "Entry 1"),
            (f"{READ_ENTRY},secret-secret-secret", "Entry 2"),
            ("a:admin:secret-secret-secret", "Entry 1"),
            (":read:secret-secret-secret", "Entry 1"),
            ("a:read:", "Entry 1"),
            ("a:read:secret-secret😀", "Entry 1"),
            ("a:read:secret", "6 characters"),
            ("a:read:" + "s" * (MIN_KEY_CHARS - 1), str(MIN_KEY_CHARS)),
            ("a:read:sha256:secret-secret-secret", "64 hexadecimal digits"),
            (f"{READ_ENTRY} {READ_ENTRY.replace('read', 'write', 1)}", "Entry 2"),
            (f"{READ_ENTRY} a:write:{READ_KEY}", "another entry"),
            (" , ", "no key"),
        ],
        ids=range(12),
    )
    def test_what_cannot_be_a_key_is_said_without_it(self, entries: str, said: str) -> None:
        with pytest.raises(InvalidSetting) as refused:
            read_keys(entries, None)
        message = str(refused.value)
        assert said in message
        assert "secret" not in message
        assert READ_KEY not in message
        assert len(message.splitlines()) == 1

    def test_a_file_that_cannot_be_used_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "empty").write_text("# nobody yet\n")
        (tmp_path / "short").write_text("\na:read:secret\n")
        (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
        for name, said in (("none", "No such file"), ("empty", "no key"), ("short", "Line 2"), ("binary", "UTF-8")):
            with pytest.raises(InvalidSetting, match=said) as refused:
                read_keys(None, tmp_path / name)
            assert name in str(refused.value)
            assert "secret" not in str(refused.value)

    def test_a_file_that_changes_is_taken_without_a_restart(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("WARNING", "footnote.keys")
        file = tmp_path / "keys"
        file.write_text(READ_ENTRY)
        keys = read_keys("a:read:the-key-of-the-setting", file)
        for entries, opening in (
            (f"{READ_ENTRY}\n{WRITE_ENTRY}\n", {READ_KEY, WRITE_KEY}),
            (f"# the old one is taken away\n{WRITE_ENTRY}\n", {WRITE_KEY}),
            (f"{WRITE_ENTRY}\nhalf:rea", {WRITE_KEY}),
            (READ_ENTRY, {READ_KEY}),
            ("# nobody\n", set()),
        ):
            # As a careful editor does, in one step.
            (tmp_path / "new").write_text(entries)
            (tmp_path / "new").replace(file)
            assert {key for key in (READ_KEY, WRITE_KEY) if keys.find(key)} == opening, entries
            assert keys.find("the-key-of-the-setting") is not None
        file.unlink()
        assert keys.find(READ_KEY) is None
        said = [record.getMessage() for record in caplog.records]
        assert ["keys open now" in line for line in said] == [True, True, False, True, True, False]
        assert "Line 2" in said[2]
        assert "No such file" in said[5]
        assert not any(READ_KEY in line or WRITE_KEY in line or "half" in line for line in said)

    def test_a_file_whose_rights_alone_change_is_read_again(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("WARNING", "footnote.keys")
        file = tmp_path / "keys"
        file.write_text(READ_ENTRY)
        keys = read_keys(None, file)
        assert keys.find(READ_KEY)
        file.chmod(0o600 if file.stat().st_mode & 0o077 else 0o644)
        assert keys.find(READ_KEY)
        assert [record.getMessage() for record in caplog.records] == [f"{str(file)!r} has changed; 1 keys open now."]

    def test_a_file_that_has_lost_its_last_key_opens_to_nobody(self, corpus: Corpus, tmp_path: Path) -> None:
        file = tmp_path / "keys"
        file.write_text(READ_ENTRY)
        with serving(corpus, Access(read_keys(None, file))) as client:
            assert client.get("/v1/documents", headers=bearer(READ_KEY)).status_code == 200
            file.write_text("")
            assert client.get("/v1/documents", headers=bearer(READ_KEY)).status_code == 401
            assert client.get("/v1/documents").status_code == 401

    def test_a_name_that_cannot_be_one_is_refused(self) -> None:
        with pytest.raises(InvalidSetting, match="a:b"):
            new_key("a:b", Scope.READ)

    @given(st.text(), st.text())
    def test_no_text_is_taken_for_a_key_but_the_key(self, one: str, other: str) -> None:
        keys = Keyring([Key("a", Scope.READ, read_keys(f"a:read:{READ_KEY}", None).find(READ_KEY).digest)])  # type: ignore[union-attr]
        for presented in (one, other, READ_KEY + one):
            assert (keys.find(presented) is None) == (presented != READ_KEY)

    def test_settings_that_cannot_be_used_are_said_with_their_value(self) -> None:
        for name, value in (
            ("rate_limit", "many"), ("rate_limit", "0/minute"), ("rate_limit", "5/minute;9/hour"),
            ("cors_origins", "*"), ("cors_origins", "https://a.example/path"), ("trusted_proxies", "proxy"),
        ):  # fmt: skip
            said = rf"RAG_{name.upper()} cannot be {re.escape(repr(value))}; give one as in '[^'\[\\]+': [A-Z]"
            with pytest.raises(InvalidSetting, match=said):
                Settings.read(**{name: value})
        for field in Settings.model_fields.values():
            for example in field.examples or ():
                name = next(name for name, one in Settings.model_fields.items() if one is field)
                assert getattr(Settings.read(**{name: example}), name) == example
        settings = Settings.read(
            api_keys=READ_ENTRY, rate_limit="5/10 minute", cors_origins="http://a.b, https://c.d:1"
        )
        access = read_access(settings)
        assert (len(access.keys), access.rate_limit) == (1, "5/10 minute")
        assert access.cors_origins == ("http://a.b", "https://c.d:1")


class TestRateLimits:
    def test_a_key_s_requests_are_counted_and_it_is_told_when_to_ask_again(self, corpus: Corpus) -> None:
        with serving(corpus, Access(KEYS, "2/second")) as client:
            # The window begins with the first of these, and a slow machine may need a second one.
            for _ in range(10):
                answers = [client.get("/v1/models", headers=bearer(READ_KEY)) for _ in range(3)]
                if answers[-1].status_code == 429:
                    break
            assert code_of(answers[-1], 429) == "rate_limit_exceeded"
            assert "2 requests a second" in answers[-1].json()["error"]["message"]
            assert answers[-1].headers["retry-after"] == "1"
            # Another key and what is open are not concerned.
            assert client.get("/v1/documents", headers=bearer(WRITE_KEY)).status_code == 200
            assert [client.get("/healthz").status_code for _ in range(5)] == [200] * 5
            began = time.monotonic()
            while client.get("/v1/models", headers=bearer(READ_KEY)).status_code != 200:
                assert time.monotonic() - began < 5

    def test_a_long_window_says_how_long_it_still_is(self, corpus: Corpus) -> None:
        with serving(corpus, Access(KEYS, "1/hour")) as client:
            began = time.time()
            assert client.get("/v1/documents", headers=bearer(READ_KEY)).status_code == 200
            response = client.get("/v1/documents", headers=bearer(READ_KEY))
            assert code_of(response, 429) == "too_many_requests"
            wait = int(response.headers["retry-after"])
            assert math.floor(3600 - (time.time() - began)) <= wait <= 3600
            assert f"in {wait} s" in response.json()["error"]["message"]

    def test_keys_of_one_name_are_counted_together(self, corpus: Corpus) -> None:
        keys = read_keys("a:read:the-old-key-of-a-reader a:read:the-new-key-of-a-reader", None)
        with serving(corpus, Access(keys, "1/minute")) as client:
            assert client.get("/v1/documents", headers=bearer("the-old-key-of-a-reader")).status_code == 200
            assert client.get("/v1/documents", headers=bearer("the-new-key-of-a-reader")).status_code == 429

    def test_without_a_key_an_address_is_counted(self, corpus: Corpus) -> None:
        app = create_app(Engine(corpus), access=Access(rate_limit="1/minute"))
        with (
            TestClient(app, client=("192.0.2.1", 5)) as one,
            TestClient(app, client=("192.0.2.1", 6)) as same,
            TestClient(app, client=("192.0.2.2", 5)) as other,
        ):
            assert [client.get("/v1/documents").status_code for client in (one, same, other)] == [200, 429, 200]

    def test_requests_without_a_key_are_counted_where_keys_are_needed(self, corpus: Corpus) -> None:
        with serving(corpus, Access(KEYS, "1/minute")) as client:
            assert [client.get("/v1/documents").status_code for _ in range(2)] == [401, 429]
            assert client.get("/v1/documents", headers=bearer(READ_KEY)).status_code == 200

    def test_guessing_is_stopped_and_a_program_with_an_old_key_stops_nobody(self, client: TestClient) -> None:
        for _ in range(50):
            assert client.get("/v1/documents", headers=bearer("the-old-key")).status_code == 401
        assert client.get("/v1/documents", headers=bearer(READ_KEY)).status_code == 200
        statuses = [client.get("/v1/documents", headers=bearer(f"guess-{number}")).status_code for number in range(30)]
        assert statuses == [401] * 19 + [429] * 11
        refused = client.get("/v1/documents", headers=bearer(READ_KEY))
        assert code_of(refused, 429) == "too_many_requests"
        assert 1 <= int(refused.headers["retry-after"]) <= 60

    @pytest.mark.parametrize(
        ("host", "caller"),
        [
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("fe80::1%eth0", "fe80::"),
            ("testclient", "testclient"),
        ],
    )
    def test_an_address_stands_for_who_has_it(self, host: str, caller: str) -> None:
        assert caller_at(host) == caller


PAGES = "https://ask.example/notes"


class TestOrigins:
    @pytest.mark.parametrize(
        ("origin", "host", "asking", "changing"),
        [
            ("http://testserver", "testserver", True, True),
            ("http://127.0.0.1:8000", "127.0.0.1:8000", True, True),
            ("http://[::1]:8000", "[::1]:8000", True, True),
            ("https://ask.example", "127.0.0.1:8000", True, True),
            ("https://ASK.example", "ask.example", True, True),
            ("https://front.example", "localhost:8000", True, True),
            ("http://localhost:3000", "localhost:8000", True, False),
            ("http://203.0.113.5", "127.0.0.1:8000", True, False),
            ("http://evil.example", "127.0.0.1:8000", False, False),
            ("http://ask.example.evil.example", "ask.example", False, False),
            ("http://evil.example:8000", "evil.example:8000", False, False),
            ("https://front.example:81", "localhost", False, False),
            ("http://[", "[", False, False),
            ("null", "testserver", False, False),
            ("", "", False, False),
        ],
    )
    def test_a_foreign_page_changes_nothing(
        self, corpus: Corpus, origin: str, host: str, asking: bool, changing: bool
    ) -> None:
        headers = {"origin": origin, "host": host}
        with serving(corpus, Access(cors_origins=("https://front.example",)), PAGES) as client:
            files = [("files", ("a.txt", b"Copper fell."))]
            for response in (
                client.post("/v1/documents", files=files, headers=headers),
                client.put("/v1/documents/a", json={"text": "Copper fell."}, headers=headers),
                client.delete("/v1/documents/a", headers=headers),
            ):
                assert (response.status_code != 403) == changing, response.text
                assert changing or code_of(response, 403) == "forbidden"
            for path in ("/v1/search", "/v1/chat/completions", "/mcp"):
                assert (client.post(path, json=ASKED, headers=headers).status_code != 403) == asking, path

    @pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost.", "["])
    def test_a_name_that_leads_here_by_dns_alone_is_refused_without_keys(self, keyless: TestClient, host: str) -> None:
        for method, path in (
            ("GET", "/v1/documents"),
            ("POST", "/v1/search"),
            ("GET", "/source/a"),
            ("GET", "/metrics"),
        ):
            response = keyless.request(method, path, headers={"host": host})
            assert code_of(response, 403) == "forbidden"
            assert "RAG_PUBLIC_URL" in response.json()["error"]["message"]
        assert keyless.get("/healthz", headers={"host": host}).status_code == 200

    def test_with_keys_or_a_public_address_a_name_is_taken(self, corpus: Corpus) -> None:
        with serving(corpus, Access(KEYS)) as client:
            headers = {"host": "any.example"} | bearer(READ_KEY)
            assert client.get("/v1/documents", headers=headers).status_code == 200
        with serving(corpus, Access(), PAGES) as client:
            assert client.get("/v1/documents", headers={"host": "ask.example"}).status_code == 200

    def test_other_pages_may_not_read_answers_unless_they_are_named(self, corpus: Corpus) -> None:
        preflight = {
            "origin": "https://front.example",
            "access-control-request-method": "PUT",
            "access-control-request-headers": "authorization,content-type",
        }
        with serving(corpus, Access(KEYS)) as closed:
            response = closed.options("/v1/documents/a", headers=preflight)
            assert response.status_code == 401
            assert not [name for name in response.headers if name.startswith("access-control")]
        with serving(corpus, Access(KEYS, cors_origins=("https://front.example",))) as client:
            response = client.options("/v1/documents/a", headers=preflight)
            assert response.status_code == 200
            assert response.headers["access-control-allow-origin"] == "https://front.example"
            refused = client.get("/v1/documents", headers={"origin": "https://front.example"})
            assert refused.status_code == 401
            assert refused.headers["access-control-allow-origin"] == "https://front.example"
            other = client.get("/v1/documents", headers={"origin": "https://evil.example"} | bearer(READ_KEY))
            assert "access-control-allow-origin" not in other.headers
            assert (
                client.options("/v1/documents/a", headers=preflight | {"origin": "https://evil.example"}).status_code
                == 400
            )


class TestHeaders:
    @pytest.mark.parametrize(
        "path", ["/", "/docs", "/openapi.json", "/healthz", "/static/chat.js", "/v1/documents", "/source/a", "/nowhere"]
    )
    def test_every_response_says_what_a_browser_must_not_do(self, client: TestClient, path: str) -> None:
        for key in ("wrong", READ_KEY):
            headers = client.get(path, headers=bearer(key)).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["cross-origin-resource-policy"] == "same-origin"
            policy = headers["content-security-policy"]
            assert policy.startswith("default-src 'none';")
            assert "frame-ancestors" in policy
            assert ("'unsafe-inline'" in policy) == (path == "/docs")
            assert not re.search(r"https?:|\*|unsafe-eval", policy)

    def test_a_bug_s_response_has_them_too(self, corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(_: object) -> None:
            raise RuntimeError("a bug")

        monkeypatch.setattr("api.schemas.search_response", broken)
        with TestClient(create_app(Engine(corpus)), raise_server_exceptions=False) as client:
            response = client.post("/v1/search", json={"query": "copper"})
        assert response.status_code == 500
        assert response.headers["content-security-policy"].startswith("default-src 'none';")


class TestListening:
    @pytest.mark.parametrize("host", ["0.0.0.0", "::"])
    def test_without_keys_other_machines_are_kept_out(self, host: str) -> None:
        with pytest.raises(InvalidSetting, match="RAG_OPEN_TO_ALL") as refused, take_port(host, 0):
            pass
        assert host in str(refused.value)
        with take_port(host, 0, to_others=True) as listener:
            assert listener.getsockname()[0] == host

    def test_this_machine_needs_no_key(self) -> None:
        for host in ("127.0.0.1", "localhost", "::1"):
            with take_port(host, 0):
                pass


class TestService:
    def test_without_keys_it_listens_to_this_machine_alone(self, empty_rag: CommandLine) -> None:
        command = [sys.executable, "-m", "api.cli", "serve", "--host", "0.0.0.0", "--port", "0"]
        done = subprocess.run(command, env=empty_rag.environment, cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stdout) == (2, "")
        assert "RAG_API_KEYS" in done.stderr
        assert len(done.stderr.splitlines()) == 1

    def test_a_key_that_is_too_short_is_said_before_anything_is_loaded(self, empty_rag: CommandLine) -> None:
        done = empty_rag("serve", "--port", "0", RAG_API_KEYS="a:read:short-key")
        assert done.returncode == 2
        assert f"at least {MIN_KEY_CHARS}" in done.stderr
        assert "short-key" not in done.stderr

    @pytest.mark.anyio
    async def test_a_key_is_made_kept_in_a_file_and_sent(self, rag: CommandLine, tmp_path: Path) -> None:
        made = dict(line.split(None, 1) for line in rag("key", "mcp").stdout.splitlines())
        file = tmp_path / "keys"
        file.write_text(made["entry"])
        file.chmod(stat.S_IRUSR)
        with rag.serving(RAG_API_KEYS_FILE=str(file)) as (client, _):
            assert client.post("/v1/search", json={"query": "magnets"}).status_code == 401
            assert client.post("/v1/search", json={"query": "magnets"}, headers=bearer(made["key"])).is_success
            assert "server" not in client.get("/healthz").headers
            async with httpx2.AsyncClient(headers=bearer(made["key"]), timeout=30) as http:
                url = f"{str(client.base_url).rstrip('/')}/mcp"
                async with Client(streamable_http_client(url, http_client=http)) as asking:
                    assert {tool.name for tool in (await asking.list_tools()).tools} == {"ask", "search", "fetch"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
