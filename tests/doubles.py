"""An embedder whose vectors can be computed by hand, for tests that are not about the model."""

import re
import zlib
from collections.abc import Sequence

import numpy as np
from tokenizers import Tokenizer, models, pre_tokenizers

from index.document import Span
from index.embedder import Embedding


class HashingEmbedder:
    """Each word of a text is a token, in one of 64 buckets by its CRC-32; a text's vector counts them, at unit length.

    Texts that share words are near each other. `embedded` lists every text that was embedded.
    """

    name = "hashing"
    fingerprint = "hashing-64"
    dimension = 64
    token_dimension = 64

    def __init__(self) -> None:
        tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
        tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
        self.tokenizer_json: str = tokenizer.to_str()
        self.embedded: list[str] = []

    def is_word(self, word: str) -> bool:
        return False

    def embed_query(self, text: str) -> Embedding:
        spans = tuple(Span(*found.span()) for found in re.finditer(r"\w+", text))
        tokens = np.zeros((len(spans), self.token_dimension), dtype=np.float32)
        for token, span in zip(tokens, spans, strict=True):
            token[zlib.crc32(span.of(text).lower().encode()) % self.token_dimension] = 1
        vector = tokens.sum(axis=0) if spans else np.ones(self.dimension, dtype=np.float32)
        return Embedding(vector / np.linalg.norm(vector).astype(np.float32), tokens, spans)

    def embed_texts(self, texts: Sequence[str]) -> list[Embedding]:
        self.embedded.extend(texts)
        return [self.embed_query(text) for text in texts]
