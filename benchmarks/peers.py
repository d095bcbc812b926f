"""Other retrievers over whole documents with the same model, as their own documentation sets them up.

    python -m benchmarks.peers FOLDER

They come with `pip install .[peers]`. All but one are given the same vectors of the documents, made once by
SentenceTransformer.encode in float32 and kept under var/benchmarks; txtai makes its own, which read 512 tokens of a
document instead of 256 and rank better, and keeps them there too. Each embeds queries by its own means. The command
makes both for a collection.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.children import HOME
from benchmarks.measuring import say
from index.embedder import DEFAULT_MODEL, Vectors
from index.preparation import source_folder
from rag.beir import doc_id_of

MODEL = str(source_folder(DEFAULT_MODEL) or DEFAULT_MODEL)
# How many each half of a hybrid search finds before they are fused, as in rag/engine.py.
DEPTH = 100
_KEPT_AT_ONCE = 1000
_VECTORS, _DIGESTS = HOME / "vectors.npy", HOME / "vectors.json"

Search = Callable[[str, int], Sequence[str]]


@dataclass(frozen=True, slots=True, eq=False)
class Documents:
    """The documents of a collection: ids, texts with their titles, and a vector for each, shape `(n, dimension)`."""

    ids: list[str]
    texts: list[str]
    vectors: Vectors


def read_documents(folder: Path) -> Documents:
    """Return the documents of a collection; their vectors are made now unless they are kept."""
    with (folder / "corpus.jsonl").open(encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    texts = [f"{line.get('title') or ''} {line['text']}".strip() for line in lines]
    return Documents([doc_id_of(line["_id"]) for line in lines], texts, _vectors(texts))


def plain(documents: Documents) -> Search:
    """Return a search by vectors alone: SentenceTransformer and a flat index of FAISS."""
    from sentence_transformers import SentenceTransformer

    model, index = SentenceTransformer(MODEL, device="cpu"), _flat(documents)

    def search(query: str, k: int) -> Sequence[str]:
        _, rows = index.search(model.encode([query], show_progress_bar=False), k)
        return [documents.ids[row] for row in rows[0]]

    return search


def llama_index(documents: Documents) -> Search:
    """Return LlamaIndex's reciprocal rank fusion of its BM25 retriever and a flat index of FAISS."""
    import faiss
    from llama_index.core import StorageContext, VectorStoreIndex
    from llama_index.core.llms import MockLLM
    from llama_index.core.retrievers import QueryFusionRetriever
    from llama_index.core.retrievers.fusion_retriever import FUSION_MODES
    from llama_index.core.schema import TextNode
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding
    from llama_index.retrievers.bm25 import BM25Retriever
    from llama_index.vector_stores.faiss import FaissVectorStore

    nodes = [
        TextNode(id_=doc_id, text=text, embedding=vector.tolist())
        for doc_id, text, vector in zip(documents.ids, documents.texts, documents.vectors, strict=True)
    ]
    store = FaissVectorStore(faiss_index=faiss.IndexFlatIP(documents.vectors.shape[1]))
    vectors = VectorStoreIndex(
        nodes,
        storage_context=StorageContext.from_defaults(vector_store=store),
        embed_model=HuggingFaceEmbedding(model_name=MODEL, device="cpu"),
    )
    retriever = QueryFusionRetriever(
        [
            vectors.as_retriever(similarity_top_k=DEPTH),
            BM25Retriever.from_defaults(nodes=nodes, similarity_top_k=DEPTH),
        ],
        llm=MockLLM(),
        mode=FUSION_MODES.RECIPROCAL_RANK,
        similarity_top_k=DEPTH,
        num_queries=1,
        use_async=False,
    )

    def search(query: str, k: int) -> Sequence[str]:
        return [found.node.node_id for found in retriever.retrieve(query)[:k]]

    return search


def txtai(documents: Documents) -> Search:
    """Return txtai's hybrid search."""
    from txtai import Embeddings

    embeddings = Embeddings(path=MODEL, hybrid=True, gpu=False)
    # From here it takes the vectors that it has made before.
    checkpoint = HOME / "txtai" / _digest("\n".join(documents.texts))
    rows = zip(documents.ids, documents.texts, strict=True)
    embeddings.index(((doc_id, text, None) for doc_id, text in rows), checkpoint=str(checkpoint))

    def search(query: str, k: int) -> Sequence[str]:
        return [str(doc_id) for doc_id, _ in embeddings.search(query, k)]

    return search


def haystack(documents: Documents) -> Search:
    """Return Haystack's reciprocal rank fusion of its two retrievers in memory, as a pipeline."""
    from haystack import Document, Pipeline
    from haystack.components.joiners import DocumentJoiner
    from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
    from haystack.document_stores.in_memory import InMemoryDocumentStore
    from haystack.utils import ComponentDevice
    from haystack_integrations.components.embedders.sentence_transformers import SentenceTransformersTextEmbedder

    store = InMemoryDocumentStore(embedding_similarity_function="dot_product")
    store.write_documents(
        [
            Document(id=doc_id, content=text, embedding=vector.tolist())
            for doc_id, text, vector in zip(documents.ids, documents.texts, documents.vectors, strict=True)
        ]
    )
    pipeline = Pipeline()
    embedder = SentenceTransformersTextEmbedder(
        model=MODEL, device=ComponentDevice.from_str("cpu"), progress_bar=False, local_files_only=True
    )
    pipeline.add_component("embedder", embedder)
    pipeline.add_component("vectors", InMemoryEmbeddingRetriever(store, top_k=DEPTH))
    pipeline.add_component("words", InMemoryBM25Retriever(store, top_k=DEPTH))
    pipeline.add_component("fusion", DocumentJoiner(join_mode="reciprocal_rank_fusion"))
    pipeline.connect("embedder.embedding", "vectors.query_embedding")
    pipeline.connect("vectors", "fusion")
    pipeline.connect("words", "fusion")

    def search(query: str, k: int) -> Sequence[str]:
        found = pipeline.run({"embedder": {"text": query}, "words": {"query": query}, "fusion": {"top_k": k}})
        return [document.id for document in found["fusion"]["documents"]]

    return search


PEERS: dict[str, Callable[[Documents], Search]] = {
    "LlamaIndex": llama_index,
    "txtai": txtai,
    "Haystack": haystack,
    "plain": plain,
}
PACKAGES = (
    "haystack-ai",
    "llama-index-core",
    "llama-index-retrievers-bm25",
    "sentence-transformers",
    "torch",
    "txtai",
)


def _flat(documents: Documents) -> "faiss.IndexFlatIP":  # type: ignore[name-defined]  # noqa: F821
    import faiss

    index = faiss.IndexFlatIP(documents.vectors.shape[1])
    index.add(documents.vectors)
    return index


def _vectors(texts: list[str]) -> Vectors:
    """Return the vectors of texts, of which those that are not kept yet are made and kept."""
    digests = [_digest(text) for text in texts]
    kept: list[str] = json.loads(_DIGESTS.read_text()) if _DIGESTS.exists() else []
    vectors: Vectors = np.load(_VECTORS) if kept else np.zeros((0, 0), dtype=np.float32)
    known = set(kept)
    missing = {digest: text for digest, text in zip(digests, texts, strict=True) if digest not in known}
    if missing:
        from sentence_transformers import SentenceTransformer

        model = SentenceTransformer(MODEL, device="cpu")
        HOME.mkdir(parents=True, exist_ok=True)
        for start in range(0, len(missing), _KEPT_AT_ONCE):
            say(f"embedding documents in float32, once; {len(missing) - start} to do")
            some = dict(islice(missing.items(), start, start + _KEPT_AT_ONCE))
            made = model.encode(list(some.values()), normalize_embeddings=True, show_progress_bar=False)
            vectors = np.concatenate([vectors, made]) if kept else made
            kept += some
            np.save(_VECTORS, vectors)
            _DIGESTS.write_text(json.dumps(kept))
    rows = {digest: row for row, digest in enumerate(kept)}
    return np.ascontiguousarray(vectors[[rows[digest] for digest in digests]])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


if __name__ == "__main__":
    txtai(read_documents(Path(sys.argv[1])))
