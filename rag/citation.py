"""Citations: slices of documents with their documents' identity, and the check that they are so."""

from dataclasses import dataclass

from index.corpus import Corpus
from index.document import Metadata, Span, checked_doc_id, checked_span
from index.errors import DocumentNotFound, InvalidDocumentId, InvalidSpan
from index.records import StoredPassage

_QUOTATION_MARKS = frozenset('"“”„«»‘')


@dataclass(frozen=True, slots=True)
class Citation:
    """A slice of a document: `cited_text` is `document.text[span.start:span.end]`, copied from it."""

    doc_id: str
    metadata: Metadata
    span: Span
    cited_text: str

    def holds(self, other: "Citation") -> bool:
        """Tell whether another slice lies inside this one."""
        return self.doc_id == other.doc_id and self.span.holds(other.span)

    @property
    def location(self) -> str:
        """The path of the page that shows the slice in its article."""
        return f"/source/{self.doc_id}?start={self.span.start}&end={self.span.end}"

    @property
    def quoted(self) -> str:
        """The slice on one line, in quotation marks."""
        return quoted(self.cited_text)


@dataclass(frozen=True, slots=True)
class Claim:
    """What somebody says is a citation: a document, offsets into it and the text said to stand there."""

    doc_id: str
    start: int
    end: int
    cited_text: str


def quoted(text: str) -> str:
    """Return a text on one line in quotation marks, of which it has its own where it begins or ends with some."""
    line = " ".join(text.split())
    return line if line[:1] in _QUOTATION_MARKS or line[-1:] in _QUOTATION_MARKS else f"“{line}”"


def cite(passage: StoredPassage, span: Span) -> Citation:
    """Return the citation of a span that lies inside a passage."""
    return Citation(passage.doc_id, passage.metadata, span, passage.slice(span))


def fault(corpus: Corpus, claim: Claim) -> str | None:
    """Return what is wrong with a claimed citation in a sentence, None where it is exact."""
    try:
        text = corpus.document(checked_doc_id(claim.doc_id)).text
        span = checked_span(claim.start, claim.end, text, claim.doc_id)
    except (InvalidDocumentId, DocumentNotFound, InvalidSpan) as error:
        return str(error)
    if span.of(text) == claim.cited_text:
        return None
    at = text.find(claim.cited_text) if claim.cited_text else -1
    if at >= 0:
        return f"The text stands at {at} to {at + len(claim.cited_text)}, not at {claim.start} to {claim.end}."
    return f"{claim.doc_id!r} does not hold this text; at {claim.start} it says {span.of(text)[:80]!r}."
