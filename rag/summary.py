"""Summaries: whether one is asked for, of what, and which sentences of an article tell it in short."""

import re
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from rag.content import content_words
from rag.evidence import say_the_same
from rag.relevance import Sentence

MAX_SENTENCES = 4
# A shorter sentence, or one that begins so, tells little by itself.
_LEAST_WORDS = 7
_LEANS_ON_ANOTHER = re.compile(
    r"\W*(?:he|she|it|they|his|her|its|their|this|these|that|those|such|but|however|yet|so|then|also|instead)\b",
    re.IGNORECASE,
)
# What an article may be called, whatever it is about.
_ARTICLE_LIST = "article report interview minutes letter page story text document paper post review study guide manual"
_ARTICLES, _ARTICLE = _ARTICLE_LIST.replace(" ", "|"), content_words(_ARTICLE_LIST)
_OF_WHAT = r"((?!(?:it|this|that|these|those|them|all|everything|he|she|they|you|i|we)\b)\w.*?)"
# How long or in which form it is to be.
_COUNT = r"(?:an?|one|two|three|four|five|ten|a few|\d+)"
_HOW_LONG = re.compile(
    r"(?:,? |^)(?:in|with|using|as) (?:(?:about|at most|no more than|less than|under) )?"
    rf"(?:(?P<count>{_COUNT})(?: or {_COUNT})? )?(?:(?:short|simple|brief|bullet|plain) )?"
    r"(?P<of>sentences?|points|bullets|words|lines?|paragraphs?|english),?(?!\w)|"
    r"(?:,? |^)(?:briefly|for me|shortly)\b,?",
    re.IGNORECASE,
)
_ASKED = re.compile(
    r"\s*(?:(?:please|can you|could you|would you)\s+)*(?:"
    rf"(?:summari[sz]e|sum up|recap|tl;?dr(?: of)?)\s+{_OF_WHAT}|"
    r"(?:give me |write |what(?:[’']s| is) |show me )?(?:a |an |the )?(?:short |brief |quick )?"
    rf"(?:summary|overview|gist|synopsis) (?:of|for|on)\s+{_OF_WHAT}|"
    r"(?:give me |tell me |list |what (?:are|were) )?(?:the )?(?:main|key|most important|central) "
    rf"(?:points|findings|takeaways|messages|ideas|facts|results) (?:of|in|from|about)\s+{_OF_WHAT}|"
    rf"what(?:[’']s| is| was) ((?:the|an?|this|that) (?:[\w’'-]+ )?(?:{_ARTICLES})\b.*?) about"
    r")(?:,? please)?\W*",
    re.IGNORECASE,
)
# The subject of an article is what the question names, if its title has so much of it.
_NAMED_SHARE = 0.6


def summary_of(question: str) -> str | None:
    """Return what a question asks for a summary of ("the report on tariffs"), None where it asks for none."""
    found = _ASKED.fullmatch(_HOW_LONG.sub("", question.strip()))
    return next(filter(None, found.groups()), None) if found else None


def told_in_short(question: str, sentences: Sequence[Sentence]) -> list[Sentence]:
    """Return the sentences that sum up the article that a question wants summed up, in the order of its text.

    That is its first one and those nearest to the mean of all. None where no article is, by its title, what is named,
    or no summary is asked for: then the sentences that answer are looked for as of any question.
    """
    subject, most = summary_of(question), _most(question)
    of_article = _of_article(subject, sentences) if subject else []
    telling = [one for one in of_article if _tells_by_itself(one)]
    if not telling:
        return []
    mean = np.mean([one.vector for one in telling], axis=0)
    chosen = telling[:1]
    for one in sorted(telling[1:], key=lambda one: -float(one.vector @ mean)):
        if len(chosen) < most and not any(say_the_same(one.vector, said.vector) for said in chosen):
            chosen.append(one)
    return sorted(chosen, key=lambda one: one.span.start)


def _most(question: str) -> int:
    """Return how many sentences a summary has at most, fewer than usual where so many are asked for."""
    asked = _HOW_LONG.search(question)
    if asked is None or not asked["count"] or asked["of"].lower() not in ("sentence", "sentences", "points", "bullets"):
        return MAX_SENTENCES
    said = asked["count"].lower()
    count = int(said) if said.isdigit() else {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3}.get(said, MAX_SENTENCES)
    return max(1, min(count, MAX_SENTENCES))


def _of_article(subject: str, sentences: Sequence[Sentence]) -> list[Sentence]:
    """Return the sentences of the article that a subject names by its title, in order; any title fits "the report"."""
    named = content_words(subject) - _ARTICLE
    articles: dict[str, list[Sentence]] = defaultdict(list)
    for one in sentences:
        articles[one.doc_id].append(one)
    shares = {
        doc_id: len(named & content_words(own[0].title)) / len(named) if named else 1.0
        for doc_id, own in articles.items()
    }
    best = max(shares, key=lambda doc_id: shares[doc_id], default=None)
    if best is None or shares[best] < _NAMED_SHARE or not (named or content_words(subject) & _ARTICLE):
        return []
    return sorted(articles[best], key=lambda one: one.span.start)


def _tells_by_itself(sentence: Sentence) -> bool:
    text = sentence.text.strip("*_ ")
    return (
        len(text.split()) >= _LEAST_WORDS
        and text[-1:] in '.!”"’'
        and not text.startswith("|")
        and not _LEANS_ON_ANOTHER.match(text)
    )
