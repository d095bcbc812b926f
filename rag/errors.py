"""What can go wrong with questions and settings; `index.errors` has the tree these belong to.

FootnoteError
├── InvalidQuery     a question, a cutoff or a filter that cannot be searched with
└── InvalidSetting   a RAG_ variable that is unknown or has a bad value
"""

from index.errors import FootnoteError


class InvalidQuery(FootnoteError):
    """A question, a cutoff or a filter that cannot be searched with."""


class InvalidSetting(FootnoteError):
    """An unknown `RAG_` variable, or a value that does not fit."""
