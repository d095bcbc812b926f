"""The text of a PDF, read within bounds: a small file may inflate to any size. The only file that imports pypdf."""

import io
import re
import struct
import time
import unicodedata
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from index.errors import DocumentTooLarge, UnreadableDocument
from index.limits import Limits
from index.page_layout import joined, laid_out
from index.page_lines import Line, PageLines, lines_of
from index.running_lines import without_running_lines

if TYPE_CHECKING:
    from pypdf import PdfReader

# What a stream in a PDF may inflate to; the text of a page is far less, pictures are not read.
_MAX_STREAM_BYTES = 16 * 1024 * 1024
# "ﬁ" and its like: a font's, not the text's.
_LIGATURES = {code: unicodedata.normalize("NFKD", chr(code)) for code in range(0xFB00, 0xFB07)}
# What programs state where nobody gave a title, and what they put before the name of a file.
_NO_TITLE = re.compile(r"\W*(?:untitled|anonymous|unspecified|no title|document\d*)\W*\d*", re.IGNORECASE)
_PROGRAM = re.compile(r"Microsoft (?:Word|PowerPoint|Excel) - ", re.IGNORECASE)
# Reading a thousand pages takes about this long on a slow machine.
_DEADLINE_S = 60.0
# What pypdf lets through from broken files beside its own errors.
_FAULTS = (ValueError, KeyError, IndexError, TypeError, AttributeError, ArithmeticError, AssertionError)


def read_pdf(file_name: str, raw: bytes, limits: Limits, deadline_s: float = _DEADLINE_S) -> tuple[str, str | None]:
    """Return a PDF's text, its pages apart by blank lines and without headers and footers, and the title it states.

    Raises UnreadableDocument where it is broken, encrypted or inflates too far, DocumentTooLarge where it has too many
    pages, too much text or takes longer than `deadline_s`.
    """
    from pypdf import PdfReader

    due = time.monotonic() + deadline_s

    def check_time(*_: object) -> None:
        if time.monotonic() > due:
            raise DocumentTooLarge(f"{file_name!r} takes too long to read; split it, or save its text alone.")

    with _translated(file_name):
        reader = PdfReader(io.BytesIO(raw))
        if reader.is_encrypted and not reader.decrypt(""):
            raise _encrypted(file_name)
        pages = laid_out(list(_pages(file_name, reader, limits, check_time)), check_time)
        text = joined(without_running_lines([page.text for page in pages]), [page.open_ends for page in pages])
        title = reader.metadata.title if reader.metadata else None
    text = text.replace("\0", "").encode("utf-8", "replace").decode()
    return text, _title(title) if isinstance(title, str) else None


def _title(stated: str) -> str | None:
    """Return the title that a PDF states, None where it is none: a program's own, or a file's name."""
    title = " ".join(stated.translate(_LIGATURES).split())
    is_file = _PROGRAM.match(title) or re.fullmatch(r"\S+\.(?:docx?|odt|pptx?|xlsx?|indd|tex|pdf|rtf)", title)
    return None if is_file or _NO_TITLE.fullmatch(title) else title or None


def _pages(
    file_name: str, reader: "PdfReader", limits: Limits, check_time: Callable[..., None]
) -> Iterator[list[Line]]:
    count, chars = len(reader.pages), 0
    if count > limits.pdf_pages:
        raise DocumentTooLarge(
            f"{file_name!r} has {count:,} pages; split it into documents of at most {limits.pdf_pages:,} pages."
        )
    for page in reader.pages:
        check_time()
        # Called for each operation of a page, of which there may be millions.
        told = PageLines()
        text = page.extract_text(visitor_operand_before=check_time, visitor_text=told.take)
        chars += len(text)
        if chars > limits.document_bytes:
            limit = limits.document_bytes / 2**20
            raise DocumentTooLarge(f"{file_name!r} holds over {limit:g} MB of text; split it into smaller documents.")
        lines = told.lines if told.text == text else lines_of(text)
        yield [line._replace(text=line.text.translate(_LIGATURES)) for line in lines]


@contextmanager
def _translated(file_name: str) -> Iterator[None]:
    """Bound what pypdf inflates, and raise its errors as DocumentErrors."""
    from pypdf import apply_configuration
    from pypdf.errors import DependencyError, FileNotDecryptedError, LimitReachedError, PyPdfError

    try:
        with apply_configuration(
            zlib_maximum_output_length=_MAX_STREAM_BYTES,
            lzw_maximum_output_length=_MAX_STREAM_BYTES,
            run_length_maximum_output_length=_MAX_STREAM_BYTES,
            jbig2_maximum_output_length=_MAX_STREAM_BYTES,
            array_based_stream_maximum_output_length=_MAX_STREAM_BYTES,
        ):
            yield
    except LimitReachedError as error:
        raise UnreadableDocument(
            f"{file_name!r} asks for more work than any document does ({error}); save its text alone."
        ) from error
    except (DependencyError, FileNotDecryptedError):
        raise _encrypted(file_name) from None
    except (PyPdfError, RecursionError, struct.error, zlib.error, *_FAULTS) as error:
        raise UnreadableDocument(f"{file_name!r} is not a PDF that can be read ({error}); save it anew.") from error


def _encrypted(file_name: str) -> UnreadableDocument:
    return UnreadableDocument(f"{file_name!r} is encrypted; save a copy without a password.")
