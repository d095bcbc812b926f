"""An embedder whose vectors can be computed by hand, for tests that are not about the model."""

import re
import zlib
from collections.abc import Sequence

import numpy as np
from tokenizers import Tokenizer, models, pre_tokenizers

from index.embedder import Vectors


class HashingEmbedder:
    """Each word of a text counts in one of 64 buckets, the one its CRC-32 falls into; the counts have unit length.

    Texts that share words are near each other. `embedded` lists every text that was embedded.
    """

    name = "hashing"
    fingerprint = "hashing-64"
    dimension = 64

    def __init__(self) -> None:
        tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
        tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
        self.tokenizer_json: str = tokenizer.to_str()
        self.embedded: list[str] = []

    def embed_query(self, text: str) -> Vectors:
        row = np.zeros(self.dimension, dtype=np.float32)
        for word in re.findall(r"\w+", text.lower()) or [""]:
            row[zlib.crc32(word.encode()) % self.dimension] += 1
        return row / np.linalg.norm(row).astype(np.float32)

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        self.embedded.extend(texts)
        rows = [self.embed_query(text) for text in texts]
        return np.array(rows, dtype=np.float32).reshape(len(texts), self.dimension)
