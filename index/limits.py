"""What one document may be at most, so that none takes the machine's memory or its time."""

from dataclasses import dataclass

from index.document import MAX_DOCUMENT_BYTES


@dataclass(frozen=True, slots=True)
class Limits:
    """The most bytes of a document, as a file and as text, and the most pages of a PDF."""

    document_bytes: int = MAX_DOCUMENT_BYTES
    pdf_pages: int = 1000


STANDARD = Limits()
