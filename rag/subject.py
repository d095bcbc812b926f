"""The subject: what is looked for where a question is about the articles themselves ("Do the sources agree on …?")."""

import re

_ARTICLES = (
    r"(?:(?:the|all|both|these|those|my|our|your|of|different|various|two|three) )*"
    r"(?:articles?|sources?|documents?|reports?|papers?|texts?|stories|accounts?|authors?|outlets?|publications?)"
)
_OFTEN = r"(?:all |both |ever |really |actually |always )*"
_EACH_OTHER = r"(?: (?:with )?(?:each other|one another|themselves))?"
_DISAGREEMENT = r"(?:(?:dis)?agreement|consensus|conflict|contradiction|discrepanc(?:y|ie)|difference|dispute)s?"
_ON = r"(?:on|about|over|of|in|regarding|concerning|as to|when it comes to|with respect to)"
_SUBJECT = r"(?P<subject>(?!(?:it|this|that|these|those|them|everything|anything)\b)\w.*)"
_ABOUT_ARTICLES = re.compile(
    rf"(?:so,? |and )?(?:"
    rf"(?:(?:where|how|why|in what|on what) )?(?:do|does|did) {_ARTICLES} {_OFTEN}"
    rf"(?:agree|disagree|differ|diverge|conflict|contradict|match){_EACH_OTHER}"
    rf"|which {_ARTICLES} (?:agree|disagree|differ|conflict){_EACH_OTHER}"
    rf"|(?:is|are) {_ARTICLES} {_OFTEN}"
    rf"(?:in agreement|agreed|consistent|in conflict|at odds|divided|unanimous){_EACH_OTHER}"
    rf"|(?:is|are) there (?:any |a |an |some )?{_DISAGREEMENT} (?:between|among|amongst|in) {_ARTICLES}"
    rf"|what (?:do|does|did) {_ARTICLES} (?:say|report|state|write|tell us|claim)"
    rf") {_ON} {_SUBJECT}",
    re.IGNORECASE,
)
_WHETHER = re.compile(r"(?:whether|if)(?: or not)?\s+", re.IGNORECASE)
_ASKING = re.compile(r"(?:what|who|whom|whose|which|when|where|why|how)\b", re.IGNORECASE)


def of_the_subject(question: str) -> str:
    """Return the question that asks for the subject itself, where one asks what the articles say or agree on of it.

    Any other question is returned as it is.
    """
    found = _ABOUT_ARTICLES.fullmatch(question.rstrip(" \t?.!"))
    if not found:
        return question
    subject = found["subject"]
    if whether := _WHETHER.match(subject):
        return f"Is it true that {subject[whether.end() :]}?"
    if _ASKING.match(subject):
        return f"{subject[0].upper()}{subject[1:]}?"
    return f"What about {subject}?"
