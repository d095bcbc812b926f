"""Other retrievers over whole documents with the same model: LlamaIndex's fusion of BM25 and FAISS, txtai's hybrid.

Imported at run time only, from the optional dependency group `peers`.
"""

from collections.abc import Callable, Mapping, Sequence

from index.embedder import DEFAULT_MODEL
from index.preparation import source_folder

K = 100
Search = Callable[[str, int], Sequence[str]]


def llama_index(texts: Mapping[str, str]) -> dict[str, Search]:
    """Return LlamaIndex's reciprocal rank fusion of its BM25 retriever and a FAISS index, by name."""
    import faiss
    from llama_index.core import StorageContext, VectorStoreIndex
    from llama_index.core.llms import MockLLM
    from llama_index.core.retrievers import QueryFusionRetriever
    from llama_index.core.retrievers.fusion_retriever import FUSION_MODES
    from llama_index.core.schema import TextNode
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding
    from llama_index.retrievers.bm25 import BM25Retriever
    from llama_index.vector_stores.faiss import FaissVectorStore

    embedder = HuggingFaceEmbedding(model_name=str(source_folder(DEFAULT_MODEL)), device="cpu", embed_batch_size=32)
    nodes = [TextNode(id_=doc_id, text=text) for doc_id, text in texts.items()]
    storage = StorageContext.from_defaults(vector_store=FaissVectorStore(faiss_index=faiss.IndexFlatIP(384)))
    vectors = VectorStoreIndex(nodes, storage_context=storage, embed_model=embedder)
    words = BM25Retriever.from_defaults(nodes=nodes, similarity_top_k=K)
    retriever = QueryFusionRetriever(
        [vectors.as_retriever(similarity_top_k=K), words],
        llm=MockLLM(),
        mode=FUSION_MODES.RECIPROCAL_RANK,
        similarity_top_k=K,
        num_queries=1,
        use_async=False,
    )

    def search(query: str, k: int) -> Sequence[str]:
        return [found.node.node_id for found in retriever.retrieve(query)[:k]]

    return {"LlamaIndex, BM25 and FAISS, reciprocal rank fusion": search}


def txtai(texts: Mapping[str, str]) -> dict[str, Search]:
    """Return txtai's hybrid search, by name."""
    from txtai import Embeddings

    embeddings = Embeddings(path=str(source_folder(DEFAULT_MODEL)), hybrid=True, gpu=False)
    embeddings.index((doc_id, text, None) for doc_id, text in texts.items())

    def search(query: str, k: int) -> Sequence[str]:
        return [str(doc_id) for doc_id, _ in embeddings.search(query, k)]

    return {"txtai, hybrid": search}
