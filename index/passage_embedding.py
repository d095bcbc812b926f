"""How a document becomes passages with their vectors."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np

from index.document import Document, Passage, Span
from index.embedder import Embedder
from index.furniture import without_inline_at
from index.passages import STANDARD, Splitter, Splitting
from index.reading import document_blocks
from index.records import TOKEN_SCALE, EmbeddedPassage, Identity

# So many texts are handed over at once. Their vectors are made integers before the next are, which bounds what a long
# document takes: those of a passage of 200 tokens have 25 KB, as floats 100.
_WINDOW = 128


class PassageEmbedder:
    """Splits documents and embeds their passages. `identity` is what the vectors depend on.

    Any number of threads may use it at once, and it may be sent to another process.
    """

    def __init__(self, embedder: Embedder, splitting: Splitting = STANDARD) -> None:
        self._embedder = embedder
        self._splitting = splitting
        self.identity = Identity(
            embedder.name, embedder.fingerprint, embedder.dimension, embedder.token_dimension, splitting.name
        )

    def embedded(self, document: Document) -> list[EmbeddedPassage]:
        """Return a document's passages with their vectors; raise EmptyDocument where there is nothing to cite."""
        return list(self.each(document))

    def each(self, document: Document) -> Iterator[EmbeddedPassage]:
        """Yield a document's passages likewise, as they are embedded.

        What is embedded of a passage is the document's title, the headings above it and its text without inline
        furniture.
        """
        title = document.metadata.title
        passages = self._splitter.split(document.text, document_blocks(document), title)
        for first in range(0, len(passages), _WINDOW):
            window = passages[first : first + _WINDOW]
            read = [self._in_context(document.text, passage, title) for passage in window]
            embeddings = self._embedder.embed_texts([text for text, _ in read])
            for passage, made, (_, offsets) in zip(window, embeddings, read, strict=True):
                tokens = np.rint(made.tokens * TOKEN_SCALE).astype(np.int8)
                yield EmbeddedPassage(passage, made.vector, tokens, _sentence_tokens(passage, made.spans, offsets))

    def __reduce__(self) -> tuple[type["PassageEmbedder"], tuple[Embedder, Splitting]]:
        """Return how another process makes it anew."""
        return PassageEmbedder, (self._embedder, self._splitting)

    @cached_property
    def _splitter(self) -> Splitter:
        # Made with the first document: to read a tokenizer takes a while, and who only asks needs none.
        return Splitter(self._embedder.tokenizer_json, self._splitting)

    def _in_context(self, text: str, passage: Passage, title: str | None) -> tuple[str, list[int]]:
        """Return what is embedded of a passage, and where each character stands in `text` (−1: title or headings)."""
        context = " › ".join(filter(None, (title, passage.heading)))
        body, offsets = without_inline_at(text, passage.span)
        limit = self._splitting.context_tokens
        if not context or not limit:
            return body, offsets
        lead = f"{self._splitter.first_tokens(context, limit)}\n"
        return lead + body, [-1] * len(lead) + offsets


def _sentence_tokens(passage: Passage, tokens: Sequence[Span], offsets: Sequence[int]) -> tuple[Span, ...]:
    """Return for each sentence of a passage the positions of its tokens; none where it was not read so far."""
    starts = [offsets[token.start] for token in tokens]
    return tuple(
        Span(bisect_left(starts, sentence.start), bisect_left(starts, sentence.end)) for sentence in passage.sentences
    )
