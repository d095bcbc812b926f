"""What can go wrong with documents and with the stored data.

FootnoteError
├── DocumentError            the document at hand cannot be taken; nothing else is touched
│   ├── InvalidDocumentId
│   ├── UnsupportedFormat
│   ├── UnreadableDocument   not text, or a broken or encrypted file
│   ├── EmptyDocument        nothing in it, or only furniture
│   ├── DocumentTooLarge
│   ├── DuplicateDocumentId  two files ask for one id
│   └── InvalidMetadata
├── DocumentNotFound
├── InvalidSpan              offsets outside a document's text
├── InvalidCursor            a page of documents that was not handed out
├── NothingToIndex           no such file, or a folder without articles
├── DataError                the stored data cannot serve
│   ├── DataMissing          nothing has been indexed here
│   ├── DataMismatch         made with another model or a newer format
│   ├── DataCorrupt
│   ├── DataUnwritable
│   │   ├── StorageFull      no room on the disk
│   │   └── ReadOnlyData     the folder or the database may only be read
│   ├── DataBusy             another writer holds the database
│   ├── DataUnreachable      the server that holds the data does not answer, or not as it should
│   ├── NotOfThisStore       a command that makes no sense on the store that is set
│   ├── DataInTheWay         restoring, or backing up, would overwrite what is there
│   └── InvalidBackup        not a database, damaged, or of a newer format
└── ModelError
    ├── ModelNotPrepared
    └── ModelUnusable        damaged on disk, or unlike its reference

Every message names the offending value and says what to do about it.
"""


class FootnoteError(Exception):
    """Anything the caller can act on; `str(error)` is one sentence with the value and the remedy."""


class DocumentError(FootnoteError):
    """The document at hand cannot be taken."""


class InvalidDocumentId(DocumentError):
    """A document id outside `[A-Za-z0-9._-]{1,200}`, or `.` or `..`."""


class UnsupportedFormat(DocumentError):
    """A file or media type that no reader here understands."""


class UnreadableDocument(DocumentError):
    """A file whose content cannot be turned into text."""


class EmptyDocument(DocumentError):
    """A document with no text to cite."""


class DocumentTooLarge(DocumentError):
    """A document over the limit on its size."""


class DuplicateDocumentId(DocumentError):
    """Two files whose names give one document id."""


class InvalidMetadata(DocumentError):
    """A title, source, url or date that cannot be stored as given."""


class DocumentNotFound(FootnoteError):
    """No document has this id."""


class InvalidSpan(FootnoteError):
    """Offsets that do not lie inside the document's text."""


class InvalidCursor(FootnoteError):
    """A cursor that no listing of documents has given."""


class NothingToIndex(FootnoteError):
    """A path that leads to no article."""


class DataError(FootnoteError):
    """The stored data cannot serve as it is."""


class DataMissing(DataError):
    """There is no database in the data folder."""


class DataMismatch(DataError):
    """The data was made with another model, other settings or a newer format."""


class DataCorrupt(DataError):
    """The database is damaged."""


class DataUnwritable(DataError):
    """The data folder cannot be written."""


class StorageFull(DataUnwritable):
    """There is no room left where the data is kept."""


class ReadOnlyData(DataUnwritable):
    """The data folder, or what is in it, may be read but not written."""


class DataBusy(DataError):
    """Another writer has held the database for longer than a writer waits."""


class DataUnreachable(DataError):
    """The server that holds the data does not answer in time, or refuses."""


class NotOfThisStore(DataError):
    """A command for the embedded store, where another one is set."""


class DataInTheWay(DataError):
    """What is there already would be overwritten, and nobody said that it may be."""


class InvalidBackup(DataError):
    """A file that no data can be restored from."""


class ModelError(FootnoteError):
    """The embedding model cannot serve."""


class ModelNotPrepared(ModelError):
    """The model has not been exported for this machine yet."""


class ModelUnusable(ModelError):
    """The prepared model is damaged, or does not agree with its reference."""
