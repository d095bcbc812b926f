"""The subject: what is looked for where a question is whether the articles agree ("Do the sources agree on …?")."""

import re

from rag.english import ASKING
from rag.summary import summary_of

_ARTICLES = (
    r"(?:(?:the|all|both|these|those|my|our|your|of|different|various|two|three) )*"
    r"(?:articles|sources|documents|reports|texts|outlets|publications|authors)"
)
_OFTEN = r"(?:all |both |ever |really |actually |always )*"
_EACH_OTHER = r"(?: (?:with )?(?:each other|one another|themselves))?"
_DISAGREEMENT = r"(?:(?:dis)?agreement|consensus|conflict|contradiction|discrepanc(?:y|ie)|difference|dispute)s?"
_ON = r"(?:on|about|over|regarding|concerning|as to|when it comes to|with respect to)"
_POINTING = r"(?:it|this|that|these|those|them|him|her|his|its|their|they|he|she|us|you|everything|anything|time)"
_SUBJECT = rf"(?P<subject>(?!{_POINTING}\b)\w.*)"
_ABOUT_ARTICLES = re.compile(
    rf"(?:so,? |and )?(?:"
    rf"(?:(?:where|how|why|in what|on what) )?(?:do|did) {_ARTICLES} {_OFTEN}"
    rf"(?:agree|disagree|differ|diverge|conflict|contradict|match){_EACH_OTHER}"
    rf"|which {_ARTICLES} (?:agree|disagree|differ|conflict){_EACH_OTHER}"
    rf"|are {_ARTICLES} {_OFTEN}"
    rf"(?:in agreement|agreed|consistent|in conflict|at odds|divided|unanimous){_EACH_OTHER}"
    rf"|(?:is|are) there (?:any |a |an |some )?{_DISAGREEMENT} (?:between|among|amongst|in) {_ARTICLES}"
    rf") {_ON} {_SUBJECT}",
    re.IGNORECASE,
)
_WHETHER = re.compile(r"(?:whether|if)(?: or not)?\s+", re.IGNORECASE)
_OPENS_QUESTION = re.compile(rf"{ASKING}\b", re.IGNORECASE)
# "When", or "what to do", asks nothing by itself.
_LEAST_ASKED = 4


def of_the_subject(question: str) -> str:
    """Return the question for the subject itself where one asks whether the articles agree on it, or to sum it up.

    Any other question is returned as it is.
    """
    found = _ABOUT_ARTICLES.fullmatch(question.rstrip(" \t?.!"))
    if not found:
        summed_up = summary_of(question)
        return f"What about {summed_up}?" if summed_up else question
    subject = found["subject"]
    if whether := _WHETHER.match(subject):
        return f"Is it true that {subject[whether.end() :]}?"
    if _OPENS_QUESTION.match(subject):
        if len(subject.split()) < _LEAST_ASKED:
            return question
        return f"{subject[0].upper()}{subject[1:]}?"
    return f"What about {subject}?"
