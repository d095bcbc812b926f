"""Questions: their path from words to a cited answer.

What is used from Python is named here and imported at its first use, so that what needs less loads less.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from index.errors import FootnoteError
    from index.records import Filters
    from rag.answer import Answer, Disagreement
    from rag.citation import Citation
    from rag.conversation import Turn
    from rag.engine import AskResponse, Engine, Hit, Listener, SearchResponse
    from rag.generation import Generator
    from rag.query import Query, parse_filters
else:

    def __getattr__(name: str) -> object:
        """Return what is public here from the module that defines it."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_MODULES[name]), name)


__all__ = [
    "Answer",
    "AskResponse",
    "Citation",
    "Disagreement",
    "Engine",
    "Filters",
    "FootnoteError",
    "Generator",
    "Hit",
    "Listener",
    "Query",
    "SearchResponse",
    "Turn",
    "parse_filters",
]

_MODULES = {
    "Answer": "rag.answer",
    "AskResponse": "rag.engine",
    "Citation": "rag.citation",
    "Disagreement": "rag.answer",
    "Engine": "rag.engine",
    "Filters": "index.records",
    "FootnoteError": "index.errors",
    "Generator": "rag.generation",
    "Hit": "rag.engine",
    "Listener": "rag.engine",
    "Query": "rag.query",
    "SearchResponse": "rag.engine",
    "Turn": "rag.conversation",
    "parse_filters": "rag.query",
}
