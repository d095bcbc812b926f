"""The wire of documents: what goes in and comes out as JSON where they are stored, listed and removed."""

from typing import Annotated

from pydantic import ConfigDict, Field

from api.schemas import End, Start, When, Wire
from index.corpus import Outcome
from index.document import Document, Metadata, Span, passage_id
from index.reading import HTML, MARKDOWN, PLAIN
from index.records import DocumentSummary

Url = Annotated[
    str,
    Field(
        description="The address of a web page.",
        json_schema_extra={"pattern": r"^https?://[^\s<>\"/?#\[\]]+([/?#][^\s<>\"]*)?$"},
    ),
]

Line = Annotated[str, Field(json_schema_extra={"pattern": r"^[^\x00]*$"})]


class DocumentBody(Wire):
    """A document to store."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": "Output rose to 43,000 tonnes.", "title": "Annual report"}]}
    )
    text: str = Field(
        description="What it says; there has to be something to cite.",
        json_schema_extra={"minLength": 1, "pattern": r"^[^\x00]*[^\s\x00][^\x00]*$"},
    )
    title: Line | None = Field(None, max_length=2000)
    source: Line | None = Field(None, max_length=2000)
    url: Url | None = Field(None, max_length=2000)
    published_at: When | None = Field(None, max_length=100, description="ISO 8601 date or instant.")
    media_type: str = Field("text/plain", json_schema_extra={"enum": [PLAIN, MARKDOWN, HTML]})

    def metadata(self) -> Metadata:
        """Return what the caller says of the document."""
        return Metadata(self.title, self.source, self.url, self.published_at)


class PassageRef(Wire):
    """Where a passage of a document stands."""

    passage_id: str
    start_char_index: Start
    end_char_index: End


class DocumentLine(Wire):
    """A document in a list, without its text."""

    doc_id: str
    title: str | None
    source: str | None
    url: str | None
    published_at: str | None
    sha256: str
    passages: int


class DocumentList(Wire):
    """A page of the documents in the order of their ids; `next_cursor` is null on the last page."""

    documents: list[DocumentLine]
    next_cursor: str | None


class StoredDocument(Wire):
    """A document with its canonical text, which every offset refers to."""

    doc_id: str
    title: str | None
    source: str | None
    url: str | None
    published_at: str | None
    sha256: str
    text: str
    passages: list[PassageRef]


class PutResponse(Wire):
    """What storing a document did; once this is sent it is on disk and can be found."""

    doc_id: str
    outcome: Outcome
    sha256: str
    passages: int


class FailedUpload(Wire):
    """A file that was not taken, and why."""

    file: str
    code: str
    message: str


class UploadResponse(Wire):
    """What became of each uploaded file."""

    documents: list[PutResponse]
    failed: list[FailedUpload]


def document_line(summary: DocumentSummary) -> DocumentLine:
    """Return a document's line in a list."""
    return DocumentLine(
        doc_id=summary.doc_id,
        title=summary.metadata.title,
        source=summary.metadata.source,
        url=summary.metadata.url,
        published_at=summary.metadata.published_at,
        sha256=summary.sha256,
        passages=summary.passages,
    )


def stored_document(document: Document, spans: list[Span]) -> StoredDocument:
    """Return a document with where its passages stand."""
    return StoredDocument(
        doc_id=document.doc_id,
        title=document.metadata.title,
        source=document.metadata.source,
        url=document.metadata.url,
        published_at=document.metadata.published_at,
        sha256=document.sha256,
        text=document.text,
        passages=[
            PassageRef(
                passage_id=passage_id(document.doc_id, span), start_char_index=span.start, end_char_index=span.end
            )
            for span in spans
        ],
    )
