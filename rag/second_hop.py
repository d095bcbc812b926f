"""The second hop: where the best sentence only leads to the article that answers, the sentence there that does."""

from collections.abc import Sequence

from rag.content import content_words
from rag.kinds import lacking_kind
from rag.naming import names
from rag.relevance import Sentence

# Of the question's words that what is quoted lacks, so many stand in the sentence that it leads to.
SAID_SHARE = 0.5


def second_hop(question: str, quoted: str, best: Sentence, sentences: Sequence[Sentence]) -> Sentence | None:
    """Return the sentence that says the rest of what is asked, of an article that `quoted`, told for the best, names.

    "Where was the designer of the Orion Bridge born?" is asked of the bridge first, whose article names Ada Finch, and
    then of hers, which says "born". None where the best has all of the question's words, or no such article has more.
    """
    asked = content_words(question)
    rest = asked - content_words(f"{best.title}\n{quoted}")
    if not rest:
        return None
    found = [
        (len(said), one.relevance, one)
        for one in sentences
        if one.doc_id != best.doc_id
        and len(said := rest & content_words(one.text)) >= SAID_SHARE * len(rest)
        and not content_words(one.title) <= asked
        and names(quoted, one.title)
        and not lacking_kind(question, [one.text])
    ]
    return max(found, key=lambda each: each[:2], default=(0, 0.0, None))[2]
