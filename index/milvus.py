"""Milvus: its collections, how requests are sent, and which errors come back. The only file that imports pymilvus.

All collections of a corpus begin with one name. Every request is answered at the consistency level Strong: it sees what
was acknowledged to any process before it began.
"""

import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

import grpc
from pymilvus import DataType, MilvusClient
from pymilvus.exceptions import MilvusException

from index.errors import DataBusy, DataMissing, DataUnreachable
from index.storage import Milvus

# What Milvus takes as one string, in bytes; longer ones are kept as arrays of them.
MAX_BYTES = 65_535
# A code point has at most four bytes.
PIECE_CHARS = MAX_BYTES // 4
# So many results are the most that one search or query may ask for.
MAX_RESULTS = 16_384

DOCUMENTS, TEXTS, VECTORS, WORDS, CONTENTS, STATE = "documents", "texts", "vectors", "words", "contents", "state"
# What is searched, and by which field. Milvus Lite reads a whole row for each hit, so rows are kept short.
_SEARCHED = {VECTORS: "vector", WORDS: "words"}

Row = dict[str, Any]
T = TypeVar("T")

_NOT_FOUND, _NOT_LOADED = 100, 101
# Otherwise a Milvus that was away for long is tried again only after two minutes.
_RECONNECTING = {
    "grpc.initial_reconnect_backoff_ms": 200,
    "grpc.min_reconnect_backoff_ms": 1000,
    "grpc.max_reconnect_backoff_ms": 1000,
    "grpc.use_local_subchannel_pool": 1,
}
_STRONG = {"consistency_level": "Strong"}
_KEY = {"is_primary": True}
_STRING = {"max_length": MAX_BYTES}
_STRINGS = {"element_type": DataType.VARCHAR, "max_length": MAX_BYTES, "max_capacity": 4096}
_ID = {"max_length": 256}
_INDEXES = {DataType.FLOAT_VECTOR: "AUTOINDEX", DataType.SPARSE_FLOAT_VECTOR: "SPARSE_INVERTED_INDEX"}
# A collection must have a vector, even where nothing is searched by it.
_UNUSED = "unused"
_Fields = Mapping[str, tuple[DataType, dict[str, Any]]]
_FILTERED: _Fields = {
    "passage_no": (DataType.INT64, _KEY),
    "doc_id": (DataType.VARCHAR, _ID),
    "version": (DataType.INT64, {}),
    "source": (DataType.VARCHAR, _STRING),
    "published": (DataType.VARCHAR, _ID),
}
_SCHEMAS: Mapping[str, _Fields] = {
    DOCUMENTS: {
        "doc_id": (DataType.VARCHAR, _ID | _KEY),
        "version": (DataType.INT64, {}),
        "head": (DataType.ARRAY, _STRINGS),
        "passages": (DataType.ARRAY, _STRINGS),
        _UNUSED: (DataType.FLOAT_VECTOR, {"dim": 2}),
    },
    TEXTS: {
        "piece": (DataType.VARCHAR, _ID | _KEY),
        "text": (DataType.VARCHAR, _STRING),
        _UNUSED: (DataType.FLOAT_VECTOR, {"dim": 2}),
    },
    VECTORS: {**_FILTERED, "vector": (DataType.FLOAT_VECTOR, {})},
    WORDS: {**_FILTERED, "sample": (DataType.INT32, {}), "words": (DataType.SPARSE_FLOAT_VECTOR, {})},
    CONTENTS: {
        "passage_no": (DataType.INT64, _KEY),
        "version": (DataType.INT64, {}),
        "doc_id": (DataType.VARCHAR, _ID),
        "start": (DataType.INT64, {}),
        "end": (DataType.INT64, {}),
        "head": (DataType.ARRAY, _STRINGS),
        "heading": (DataType.ARRAY, _STRINGS),
        "text": (DataType.ARRAY, _STRINGS),
        "bounds": (DataType.ARRAY, _STRINGS),
        "tokens": (DataType.ARRAY, _STRINGS),
        _UNUSED: (DataType.FLOAT_VECTOR, {"dim": 2}),
    },
    STATE: {
        "name": (DataType.VARCHAR, _ID | _KEY),
        "at": (DataType.INT64, {}),
        "value": (DataType.ARRAY, _STRINGS),
        _UNUSED: (DataType.FLOAT_VECTOR, {"dim": 2}),
    },
}
_KEYS = {
    name: next(field for field, (_, options) in fields.items() if "is_primary" in options)
    for name, fields in _SCHEMAS.items()
}


class Collections:
    """The collections of one corpus. Any number of threads may ask; what writes is sent one after the other.

    Raises DataUnreachable where Milvus cannot be reached, does not answer within the time it has, or refuses.
    """

    def __init__(self, milvus: Milvus) -> None:
        # What they log of an error is said once, in our own words; Milvus Lite's server logs through grpc.
        for library in ("pymilvus", "milvus_lite", "grpc"):
            logging.getLogger(library).setLevel(logging.CRITICAL)
        self.milvus = milvus
        self._writing = threading.Lock()
        self._client: MilvusClient = self._sent(self._connected)
        self.is_lite = self.version.startswith("milvus_lite")

    @property
    def version(self) -> str:
        """The version of Milvus."""
        return str(self._sent(lambda: self._client.get_server_version(timeout=self.milvus.timeout_s)))

    def exist(self) -> bool:
        """Tell whether the corpus has been begun, its last collection made."""
        return bool(self._sent(lambda: self._client.has_collection(self._named(STATE), timeout=self.milvus.timeout_s)))

    def create(self, dimension: int) -> None:
        """Make the collections that are not there yet."""
        for name in _SCHEMAS:
            self._sent(partial(self._create, name, dimension))

    def get(self, name: str, keys: Sequence[str] | Sequence[int], *fields: str) -> list[Row]:
        """Return the rows of these keys, in any order; those that are not there are left out."""
        parts = [keys[first : first + MAX_RESULTS] for first in range(0, len(keys), MAX_RESULTS)]
        return [
            row for some in parts for row in self.query(name, f"{_KEYS[name]} in {json.dumps(list(some))}", *fields)
        ]

    def query(self, name: str, expression: str, *fields: str) -> list[Row]:
        """Return the rows that an expression lets through, in any order."""
        found = self._asked(name, "query", filter=expression, output_fields=list(fields), **_STRONG)
        return [dict(row) for row in found]

    def count(self, name: str, expression: str = "") -> int:
        """Return the number of rows that an expression lets through."""
        (row,) = self._asked(name, "query", filter=expression, output_fields=["count(*)"], **_STRONG)
        return int(row["count(*)"])

    def page(self, name: str, after: str | int, limit: int, *fields: str) -> list[Row]:
        """Return the first `limit` rows after a key, in the order of the keys."""
        key = _KEYS[name]

        def first() -> list[Row]:
            pages = self._client.query_iterator(
                self._named(name),
                batch_size=min(limit, MAX_RESULTS),
                limit=limit,
                filter=f"{key} > {json.dumps(after)}",
                output_fields=list(fields),
                timeout=self.milvus.timeout_s,
                **_STRONG,
            )
            try:
                return [dict(row) for row in pages.next()]
            finally:
                pages.close()

        return sorted(self._sent(first), key=lambda row: row[key])

    def each(self, name: str, *fields: str) -> Iterator[Row]:
        """Yield every row in the order of the keys."""
        after: str | int = "" if _SCHEMAS[name][_KEYS[name]][0] is DataType.VARCHAR else -1
        while page := self.page(name, after, 1000, *fields):
            yield from page
            after = page[-1][_KEYS[name]]

    def search(
        self, name: str, vectors: Sequence[Any], k: int, expression: str, *fields: str
    ) -> list[list[tuple[int, float, Row]]]:
        """Return for each vector the `k` passages of the greatest inner product: number, product and fields."""
        found = self._asked(
            name,
            "search",
            data=list(vectors),
            anns_field=_SEARCHED[name],
            limit=min(k, MAX_RESULTS),
            filter=expression,
            output_fields=list(fields),
            search_params={"metric_type": "IP"},
            **_STRONG,
        )
        return [[(hit["passage_no"], hit["distance"], hit["entity"]) for hit in hits] for hits in found]

    def insert(self, name: str, rows: Sequence[Row]) -> None:
        """Store rows of new keys."""
        self._written(name, "insert", data=_whole(name, rows))

    def upsert(self, name: str, rows: Sequence[Row]) -> None:
        """Store rows, each in one step in the place of one of its key."""
        self._written(name, "upsert", data=_whole(name, rows))

    def delete(self, name: str, keys: Sequence[str] | Sequence[int]) -> None:
        """Remove the rows of these keys."""
        if keys:
            self._written(name, "delete", ids=list(keys))

    def flush(self) -> None:
        """Have what was written moved from the log to where it is searched fastest."""
        for name in _SCHEMAS:
            self._written(name, "flush")

    def drop(self) -> None:
        """Remove all collections of the corpus, the one that says what it is first."""
        for name in (STATE, *_SCHEMAS):
            self._written(name, "drop_collection")

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _connected(self) -> MilvusClient:
        uri, token, timeout_s = self.milvus.uri, self.milvus.token, self.milvus.timeout_s
        return MilvusClient(uri, token=token, timeout=timeout_s, dedicated=True, grpc_options=_RECONNECTING)

    def _create(self, name: str, dimension: int) -> None:
        """Make a collection with its indexes, or what another process that makes it has not made yet."""
        named = self._named(name)
        schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
        for field, (kind, options) in _SCHEMAS[name].items():
            size = {"dim": dimension} if kind is DataType.FLOAT_VECTOR else {}
            schema.add_field(field, kind, **(size | options))
        limit = {"timeout": self.milvus.timeout_s}
        with _unless(lambda: self._client.has_collection(named, **limit)):
            self._client.create_collection(named, schema=schema, **limit, **_STRONG)
        for field, (kind, _) in _SCHEMAS[name].items():
            if kind not in _INDEXES:
                continue
            # Milvus Lite has no other index that is exact; a server's own choice is quick and nearly so.
            index = "FLAT" if self.is_lite and kind is DataType.FLOAT_VECTOR else _INDEXES[kind]
            indexes = self._client.prepare_index_params()
            indexes.add_index(field, index_type=index, metric_type="IP")
            with _unless(partial(self._has_index, named, field)):
                self._client.create_index(named, indexes, **limit)
        self._client.load_collection(named, **limit)

    def _has_index(self, named: str, field: str) -> bool:
        return field in self._client.list_indexes(named, field_name=field)

    def _named(self, name: str) -> str:
        return f"{self.milvus.collection}_{name}"

    def _asked(self, name: str, method: str, **arguments: Any) -> Any:  # noqa: ANN401
        """Return what a method of the client gives for a collection."""
        send = getattr(self._client, method)
        return self._sent(lambda: send(self._named(name), timeout=self.milvus.timeout_s, **arguments))

    def _written(self, name: str, method: str, **arguments: Any) -> None:  # noqa: ANN401
        # Milvus Lite has no lock of its own for what writes.
        with self._writing:
            self._asked(name, method, **arguments)

    def _sent(self, send: Callable[[], T]) -> T:
        """Return what a request gives. A Milvus Lite that was started anew has to load its collections first."""
        try:
            try:
                return send()
            except MilvusException as error:
                if error.code != _NOT_LOADED:
                    raise
                for name in _SCHEMAS:
                    self._client.load_collection(self._named(name), timeout=self.milvus.timeout_s)
                return send()
        except MilvusException as error:
            raise _said(self.milvus, error.code, str(error.message)) from error
        except grpc.RpcError as error:
            # pymilvus lets through what goes wrong while it connects again.
            raise _said(self.milvus, None, str(error.code())) from error


@contextmanager
def _unless(is_there: Callable[[], bool]) -> Iterator[None]:
    """Let an error pass where what was to be made is there: another process was quicker."""
    try:
        yield
    except MilvusException:
        if not is_there():
            raise


def quoted(value: str) -> str:
    """Return a string as expressions have it."""
    return json.dumps(value, ensure_ascii=False)


def pieces(value: str) -> list[str]:
    """Return a string in pieces that Milvus takes, one where it is empty."""
    return [value[first : first + PIECE_CHARS] for first in range(0, max(len(value), 1), PIECE_CHARS)]


def _whole(name: str, rows: Sequence[Row]) -> list[Row]:
    return [row | {_UNUSED: [0.0, 0.0]} for row in rows] if _UNUSED in _SCHEMAS[name] else list(rows)


def _said(milvus: Milvus, code: int | None, message: str) -> DataMissing | DataBusy | DataUnreachable:
    """Return what an error of pymilvus means, with the remedy."""
    reason = " ".join(message.split())[:300]
    if code == _NOT_FOUND:
        return DataMissing(
            f"'{milvus.uri}' has no {milvus.collection!r} any more ({reason}); "
            "run `rag index`, or `rag migrate` to bring it back."
        )
    if milvus.uri.endswith(".db") and "Open local milvus failed" in reason:
        return DataBusy(
            f"'{milvus.uri}' cannot be opened: its folder is missing, or another process holds it; a file of Milvus "
            "Lite serves one process, so start a Milvus server for several."
        )
    return DataUnreachable(
        f"Milvus at '{milvus.uri}' does not answer as it should within {milvus.timeout_s:g} seconds ({reason}); "
        "look whether it runs, and at RAG_MILVUS_URI, RAG_MILVUS_TOKEN and RAG_MILVUS_TIMEOUT_S."
    )
