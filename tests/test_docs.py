"""What the documents say is what is there. `make openapi` writes openapi.json anew."""

import json
import re
import shlex
import tempfile
from pathlib import Path

from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from api.app import create_app
from api.chat_completions import speaks_openai
from benchmarks.report import PAGE, figures, page, read_results, with_figures
from index.corpus import Corpus
from rag.engine import Engine
from rag.settings import PREFIX, Settings
from tests.command_line import ROOT
from tests.doubles import HashingEmbedder

README = ROOT / "README.md"
ARCHITECTURE = ROOT / "ARCHITECTURE.md"
OPENAPI = ROOT / "openapi.json"


def described_api() -> str:
    with tempfile.TemporaryDirectory() as folder:
        corpus = Corpus(Path(folder), HashingEmbedder(), create=True)
        described = create_app(Engine(corpus)).openapi()
        corpus.close()
    return json.dumps(described, indent=1, ensure_ascii=False) + "\n"


def test_every_setting_is_in_the_readme_with_its_default() -> None:
    rows = re.findall(r"^\| `(RAG_\w+)` \| (.*?) \| (.*?) \|$", README.read_text(encoding="utf-8"), re.M)
    documented = {name: (default.strip("`"), meaning) for name, default, meaning in rows}
    actual = {
        PREFIX + name.upper(): ("" if field.default is None else str(field.default), field.description)
        for name, field in Settings.model_fields.items()
    }
    assert documented == actual


def test_every_route_is_named_in_the_readme(corpus: Corpus) -> None:
    text = README.read_text(encoding="utf-8")
    for route in create_app(Engine(corpus)).routes:
        if isinstance(route, APIRoute) and route.include_in_schema:
            assert route.path.replace(":path", "") in text, route.path


def test_every_request_in_the_readme_is_answered(seeds_engine: Engine) -> None:
    text = README.read_text(encoding="utf-8")
    requests = re.findall(r"^    (curl -s localhost:8000.*?'(?=\n(?:\n|    curl)))", text, re.M | re.S)
    # Without its lifespan, which would close the engine that other tests ask, too.
    client = TestClient(create_app(seeds_engine))
    said = []
    for request in requests:
        _, _, url, _, header, _, body = shlex.split(request.replace("\\\n", ""))
        name, value = header.split(": ")
        path = url.removeprefix("localhost:8000")
        said.append(client.post(path, content=body, headers={name: value}).raise_for_status().json())
    searched, asked = said
    assert len(searched["results"]) == 5
    assert not asked["answer"]["abstained"]
    assert f'"{asked["standalone_question"]}", which comes back' in text


def test_every_module_is_in_the_map_and_every_file_of_the_map_exists() -> None:
    text = ARCHITECTURE.read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `((?:api|rag|index)/\w+\.\w+)` \|", text, re.M))
    modules = {
        path.relative_to(ROOT).as_posix()
        for package in ("api", "rag", "index")
        for path in (ROOT / package).glob("*.py")
        if path.name != "__init__.py"
    }
    assert modules <= named
    assert all((ROOT / name).is_file() for name in named)


def test_the_described_api_is_the_committed_one() -> None:
    assert OPENAPI.read_text(encoding="utf-8") == described_api(), "run `make openapi`"


def test_every_operation_describes_its_errors_and_its_answer() -> None:
    for path, operations in json.loads(described_api())["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], path
            assert operation["description"], path
            for status, response in operation["responses"].items():
                assert response["description"], (path, status)
                if status.startswith("4"):
                    schema = response["content"]["application/json"]["schema"]
                    kind = "OpenAIErrorResponse" if speaks_openai(path) else "ErrorResponse"
                    assert schema == {"$ref": f"#/components/schemas/{kind}"}, (method, path, status)


def test_the_figures_are_those_that_were_measured() -> None:
    results = read_results()
    text = README.read_text(encoding="utf-8")
    assert text == with_figures(text, figures(results)), "run `make bench-report`"
    assert PAGE.read_text(encoding="utf-8") == page(results), "run `make bench-report`"


def test_nothing_in_the_repository_asks_for_another_place() -> None:
    for name in ("README.md", "ARCHITECTURE.md", "CHANGELOG.md", "Makefile", "Dockerfile", "constraints.txt"):
        assert "../shared" not in (ROOT / name).read_text(encoding="utf-8"), name


if __name__ == "__main__":
    OPENAPI.write_text(described_api(), encoding="utf-8")
