"""Those that search: Footnote and its peers over one collection, each in a process of its own.

python -m benchmarks.searchers NAME FOLDER           answers over a pipe
python -m benchmarks.searchers NAME FOLDER --serve   answers over HTTP, FastAPI on uvicorn as Footnote is
"""

import os
import shutil
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path

from benchmarks.children import HOME, MODELS, Child, Handle, Request, answer, child, milliseconds_since, rag, run
from benchmarks.corpora import indexed
from benchmarks.measuring import Result, say
from benchmarks.peers import PEERS, Search, read_documents
from index.embedder import DEFAULT_MODEL, find_model
from index.errors import DataMismatch, ModelNotPrepared
from rag.beir import index_folder
from rag.engine import Engine
from rag.query import Query
from rag.settings import Settings

FOOTNOTE = "Footnote"


def searcher(name: str, folder: Path) -> AbstractContextManager[Child]:
    """Give the process of one that searches a collection."""
    return child("searchers", name, folder)


def get_ready(folder: Path, *, peers: bool = True) -> Path:
    """Index a collection, and embed its documents for the peers, where that is not done; return Footnote's data."""
    say(f"getting {folder.name} ready")
    get_model_ready()
    settings, home = Settings.read(data_dir=HOME, models_dir=MODELS), index_folder(folder, HOME / "collections")
    try:
        indexed(settings, folder).close()
    except DataMismatch:
        # What is kept is of an earlier version.
        shutil.rmtree(home)
        indexed(settings, folder).close()
    if peers:
        run("peers", folder)
    return home


def get_model_ready() -> None:
    """Prepare the embedding model unless it is prepared."""
    try:
        find_model(MODELS, DEFAULT_MODEL)
    except ModelNotPrepared:
        rag("prepare")


def opened(name: str, folder: Path) -> Search:
    """Return the search of one over a collection that is ready."""
    if name == FOOTNOTE:
        engine = Engine(indexed(Settings.read(), folder))
        return lambda query, k: [
            hit.citation.doc_id for hit in engine.search(Query.parse(query, top_k=k, rerank=False)).hits
        ]
    return PEERS[name](read_documents(folder))


def timed(search: Search) -> Handle:
    """Return what puts queries to a search, one after another, and says what each took and found."""

    def handle(request: Request) -> Result:
        milliseconds, found = [], []
        for query in request["queries"]:
            started = time.perf_counter()
            ids = search(query, request["k"])
            milliseconds.append(milliseconds_since(started))
            found.append(list(ids))
        return {"ms": milliseconds, "found": found}

    return handle


def serve(search: Search, texts: dict[str, str]) -> None:
    """Serve a search over HTTP: one process, as many threads as cores, and the texts of what is found."""
    import socket

    import uvicorn
    from anyio import to_thread
    from fastapi import FastAPI
    from pydantic import BaseModel

    class Asked(BaseModel):
        query: str
        top_k: int = 5

    @asynccontextmanager
    async def held_to_cores(_: FastAPI) -> AsyncIterator[None]:
        to_thread.current_default_thread_limiter().total_tokens = os.cpu_count() or 1
        yield

    app = FastAPI(lifespan=held_to_cores)

    @app.post("/v1/search")
    def answer_search(asked: Asked) -> Result:
        found = search(asked.query, asked.top_k)
        return {
            "results": [
                {"rank": rank, "doc_id": doc_id, "text": texts[doc_id]} for rank, doc_id in enumerate(found, start=1)
            ]
        }

    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        config = uvicorn.Config(app, log_level="warning", access_log=False)
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", file=sys.stderr, flush=True)
        uvicorn.Server(config).run(sockets=[listener])


def main() -> None:
    """Be one that searches."""
    name, folder = sys.argv[1], Path(sys.argv[2])
    if "--serve" in sys.argv:
        import torch

        documents = read_documents(folder)
        # Its threads are one for each core already.
        torch.set_num_threads(1)
        serve(PEERS[name](documents), dict(zip(documents.ids, documents.texts, strict=True)))
    else:
        answer(lambda: timed(opened(name, folder)))


if __name__ == "__main__":
    main()
