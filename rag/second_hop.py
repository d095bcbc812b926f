"""The second hop: where the best sentence only leads to the article that answers, the sentence there that does."""

import re
from collections.abc import Mapping, Sequence

from index.analysis import CAPITAL, words_of
from rag.content import content_words, is_negated, words_of_names
from rag.kinds import lacking_kind
from rag.naming import is_named, names_of_one
from rag.own_questions import is_question
from rag.quotes import MEASURING, quote_of, readable
from rag.relevance import Sentence
from rag.selection import MAX_SENTENCES, says_nothing
from rag.timeliness import asks_what_happened

# Of what the question asks and the best sentence does not say, so much is said by the one that it leads to.
SAID_SHARE = 0.5
# What these say depends on what stands beside them.
_LIGHT = content_words("call come do get give go keep know put say take tell use want")
# What is asked of a thing that the question names: no way leads on from it.
_OF_ONE_THING = re.compile(r"^\W*(?:what|who|which)(?:['’]s| is| was| are| were) (?:the )?(?:\w+ )+?of ", re.IGNORECASE)
# How something is called by what it is to something else: "the designer of the bridge", "the town's mayor".
_DESCRIBES = re.compile(
    r"\b(?:the|a|an|its|whose) (?:[\w-]+ ){0,3}?(?P<of>[\w-]+),? "
    r"(?:of|who|whom|that|which|where|whose|(?:in|on|at|for|from|to|under|with|by) (?:which|whom))\b|"
    r"\b(?!(?:what|when|who|how|where|why|it|that|there|here|he|she|let)['’])[\w.]+['’]s? (?P<own>[\w-]+)",
    re.IGNORECASE,
)
# What is said of somebody else: "Her brother was".
_OF_HIS = re.compile(r"\b(?:his|her|its|their) [a-z]", re.IGNORECASE)
# A name that is no subject: "in Malmö".
_BESIDE = re.compile(
    r"\b(?:after|as|at|before|by|for|from|in|near|of|on|to|under|with) (?:the )?"
    rf"{CAPITAL}[\w’'.-]*(?:[ -]{CAPITAL}[\w’'.-]*)*"
)


def with_second_hop(
    question: str, chosen: Sequence[Sentence], sentences: Sequence[Sentence], idfs: Mapping[str, float]
) -> list[Sentence]:
    """Return the sentences that are chosen, the best followed by the one that it leads to, where it leads to one.

    "Where was the designer of the Orion Bridge born?" is asked of the bridge first, whose article names Ada Finch, and
    then of hers, which says "born". So a question that calls something by what it is to something else is led on to an
    article that the best sentence, as it is told, names by its title and the question does not, be it its own, where a
    sentence says most of the rest and is of the kind that is asked for.
    """
    if not chosen or not _describes(question) or asks_what_happened(question) or chosen[0].standing.is_row:
        return list(chosen)
    best, *others = chosen
    quote = quote_of(question, best)
    quoted = readable(quote)
    asked = _weights(question, idfs)
    rest = {word: idf for word, idf in asked.items() if word not in content_words(f"{best.title}\n{quoted}")}
    led_to = _led_to(quoted, asked, sentences)
    # What none says counts only as much as one word: it may be said in other words.
    most = max(_weight_in(rest, " ".join(one.text for one in sentences)), *rest.values(), 0.0)
    predicate = rest.keys() - _described(question)
    found = [
        (weight, one.relevance, one)
        for one in sentences
        if one.doc_id in led_to
        and not (one.evidence is quote.evidence and quote.span.holds(one.span))
        and (weight := _weight_in(rest, one.text)) > 0
        and weight >= SAID_SHARE * most
        and content_words(one.text) & predicate
        and _says_it(question, one, rest)
    ]
    answer = max(found, key=lambda each: each[:2], default=(0.0, 0.0, None))[2]
    return [best, answer, *(one for one in others if one is not answer)][:MAX_SENTENCES] if answer else list(chosen)


def _describes(question: str) -> bool:
    """Return whether a question calls something by what it is to something else, as a way to it."""
    return _DESCRIBES.search(_OF_ONE_THING.sub("", question)) is not None


def _described(question: str) -> frozenset[str]:
    """Return what a question calls a thing that it leads to: "designer" in "the designer of the bridge"."""
    found = _DESCRIBES.finditer(_OF_ONE_THING.sub("", question))
    return content_words(" ".join(at["of"] or at["own"] for at in found))


def _led_to(quoted: str, asked: Mapping[str, float], sentences: Sequence[Sentence]) -> set[str]:
    """Return the articles that a quote names by a title of their own, and the question does not."""
    names = names_of_one({one.doc_id: one.title for one in sentences})
    return {
        doc_id for doc_id, name in names.items() if is_named(name, quoted) and not content_words(name) <= asked.keys()
    }


def _says_it(question: str, one: Sentence, rest: Mapping[str, float]) -> bool:
    """Return whether a sentence states something of its article's subject that may be what is asked for."""
    if says_nothing(one) or is_question(one) or is_negated(one.text) != is_negated(question):
        return False
    lacks = min(one.features.number, one.features.date, one.features.name) < 0 or lacking_kind(question, [one.text])
    return not lacks and _is_of_subject(one, rest)


def _is_of_subject(one: Sentence, rest: Mapping[str, float]) -> bool:
    """Return whether a sentence is not of somebody else by the names before what it says, as "Ian Moss was born" is."""
    said = [at.start() for at in re.finditer(r"\w+", one.text) if content_words(at[0]) & rest.keys()]
    before = one.text[: min(said, default=0)]
    names = words_of_names(_BESIDE.sub(" ", before))
    return not _OF_HIS.search(before) and (not names or bool(names & content_words(one.title)))


def _weights(question: str, idfs: Mapping[str, float]) -> dict[str, float]:
    """Return the inverse document frequency of the content words of a question that say something by themselves."""
    weights: dict[str, float] = {}
    for token in question.split():
        weight = max((idfs.get(word, 0.0) for word in words_of(token)), default=0.0)
        weights |= {word: max(weight, weights.get(word, 0.0)) for word in content_words(token) - MEASURING - _LIGHT}
    return weights


def _weight_in(weights: Mapping[str, float], text: str) -> float:
    said = content_words(text)
    return sum(weight for word, weight in weights.items() if word in said)
