import importlib
import pkgutil
import re

import pytest

import api
import index
import rag
from api.errors import STATUSES, InternalError, code, exit_status, headers, http_status
from index.errors import DataBusy, FootnoteError, StorageFull

ALLOWED = {400, 401, 403, 404, 409, 413, 415, 422, 429, 503}


def every_error() -> list[type[FootnoteError]]:
    for package in (index, rag, api):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    found: list[type[FootnoteError]] = []
    waiting = [FootnoteError]
    while waiting:
        kind = waiting.pop()
        found += kind.__subclasses__()
        waiting += kind.__subclasses__()
    return found


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.__name__)
def test_every_error_has_its_statuses_and_a_code(kind: type[FootnoteError]) -> None:
    error = kind("A message.")
    assert http_status(error) in ALLOWED or kind is InternalError
    assert exit_status(error) in {1, 2}
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", code(error))
    assert ("Retry-After" in headers(error)) == (http_status(error) in {429, 503})


def test_who_waits_for_a_person_is_told_to_wait_longer() -> None:
    passing, lasting = headers(DataBusy("Held.")), headers(StorageFull("Full."))
    assert int(passing["Retry-After"]) < int(lasting["Retry-After"])


def test_the_most_particular_status_counts() -> None:
    assert {status for kind, (status, _) in STATUSES.items() if kind is not InternalError} <= ALLOWED


@pytest.mark.parametrize(("package", "errors"), [(index, "index.errors"), (rag, "rag.errors")])
def test_every_error_of_a_package_stands_in_its_tree(package: object, errors: str) -> None:
    module = importlib.import_module(errors)
    assert module.__doc__ is not None
    named = set(re.findall(r"[─ ]([A-Z]\w+)", module.__doc__)) | set(re.findall(r"^([A-Z]\w+)$", module.__doc__, re.M))
    defined = {kind.__name__ for kind in every_error() if kind.__module__ == errors}
    assert defined <= named
