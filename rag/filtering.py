"""Why there is nothing to answer from: no documents at all, or none that passes the filters."""

from collections.abc import Sequence

from index.corpus import View
from index.records import Filters

# More names than a person reads are not looked up.
_NAMED = 4
# The sources of so many documents are looked through for those that are meant.
_LOOKED_THROUGH = 500


def why_nothing(view: View, filters: Filters) -> str:
    """Return why no document passes, in sentences that name the ids and sources that there are not."""
    documents, _ = view.reading.count()
    if not documents:
        return "There are no documents yet."
    doc_ids, sources = (filters.doc_ids or ())[:_NAMED], (filters.sources or ())[:_NAMED]
    unknown_ids = [doc_id for doc_id in doc_ids if _matches_nothing(view, Filters(doc_ids=(doc_id,)))]
    unknown_sources = [source for source in sources if _matches_nothing(view, Filters(sources=(source,)))]
    said = []
    if unknown_ids:
        said.append(f"There is no document {_listed(unknown_ids)}.")
    if unknown_sources:
        said.append(f"No document is of the source {_listed(unknown_sources)}{_sources_there(view, unknown_sources)}.")
    is_explained = (doc_ids and len(unknown_ids) == len(doc_ids)) or (sources and len(unknown_sources) == len(sources))
    return " ".join(said if is_explained else ["No document passes the filters.", *said])


def _sources_there(view: View, unknown: Sequence[str]) -> str:
    """Return some sources that the first documents have, only those that differ by their capitals where any does."""
    meant = {source.casefold() for source in unknown}
    named = sorted({line.metadata.source for line in view.reading.documents(_LOOKED_THROUGH) if line.metadata.source})
    alike = [one for one in named if one.casefold() in meant]
    return f"; there is {_listed((alike or named)[:_NAMED], 'and')}" if named else ""


def _matches_nothing(view: View, filters: Filters) -> bool:
    return not view.vectors.searched(view.reading.doc_nos(filters))


def _listed(names: Sequence[str], word: str = "or") -> str:
    *others, last = (repr(name[:80]) for name in names)
    return f"{', '.join(others)} {word} {last}" if others else last
