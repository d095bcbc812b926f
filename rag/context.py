"""Context: the question that another one goes on from, which stands behind it in brackets."""

import re

from index.document import Span

# Three words at least: "(in 2010)" is a part of what is asked.
_CONTEXT = re.compile(r" \((?:[^()\s]+\s+){2,}[^()\s]+\)$")


def with_context(question: str, before: str) -> str:
    """Return a question with the one that it goes on from."""
    return f"{question} ({before})"


def context_of(question: str) -> Span | None:
    """Return where a question has the one that it goes on from, None where it has none."""
    found = _CONTEXT.search(question)
    return Span(*found.span()) if found else None
