"""What can go wrong with questions and settings; `index.errors` has the tree these belong to.

FootnoteError
├── InvalidQuery     a question, a cutoff or a filter that cannot be searched with
├── InvalidGold      a gold question that cannot be judged by
├── InvalidBeir      a folder that is not in the BEIR layout
├── BelowBaseline    an evaluation that fell too far below its baseline
└── InvalidSetting   a RAG_ variable that is unknown or has a bad value
"""

from index.errors import FootnoteError


class InvalidQuery(FootnoteError):
    """A question, a cutoff or a filter that cannot be searched with."""


class InvalidGold(FootnoteError):
    """A gold question that is malformed, or whose quote is not in its document."""


class InvalidBeir(FootnoteError):
    """A folder that is not in the BEIR layout, or lacks the split asked for."""


class BelowBaseline(FootnoteError):
    """An evaluation that fell further below its baseline than is allowed."""


class InvalidSetting(FootnoteError):
    """An unknown `RAG_` variable, or a value that does not fit."""
