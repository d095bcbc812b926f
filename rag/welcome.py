"""Welcome: what is said to whom greets, thanks, or asks what there is to ask, and asks nothing of the articles."""

import re
from dataclasses import replace

from index.corpus import View
from index.records import Filters
from rag.answer import Answer, abstain
from rag.plain_text import plain

_SHOWN, _TITLE_CHARS = 3, 80
_ARTICLES = r"(?:articles?|documents?|files?|sources?|texts?|papers)"
_NO_QUESTION = re.compile(
    r"(?:hello|hi|hey|hallo|greetings|good (?:morning|afternoon|evening|day))(?: (?:there|everyone|all|footnote))?|"
    r"(?:ok(?:ay)?,? )?(?:thanks|thank you|thx|cheers)(?: (?:so|very) much| a lot)?|(?:good)?bye|"
    r"(?:please )?help(?: me)?|who are you|what (?:are you|is this|can you do|can i ask(?: you)?|do you (?:know|do))|"
    r"how (?:does (?:this|it) work|can (?:you help me|i use this))|"
    rf"(?:what|which|how many) {_ARTICLES}(?: (?:do you (?:have|know)|have you got|"
    rf"are (?:there|here|indexed|available)|can (?:you|i) search))?|"
    rf"(?:list|show)(?: me)?(?: all)?(?: (?:the|your|my))? {_ARTICLES}|"
    r"(?:(?:can|could) you )?(?:please )?(?:summari[sz]e|sum up|(?:give|tell) me(?: a summary| an overview| more|"
    rf" something)?(?: of| about)?)(?: (?:all|everything|it|them|this|these|the|your|my))*(?: {_ARTICLES})?|"
    rf"what(?:[’']s| is| are) (?:this|it|these|they|all this|(?:this|the|these|your|my) {_ARTICLES}) (?:all )?about|"
    rf"what do (?:the|these|your|my) {_ARTICLES} say|what (?:is|are) in (?:the|these|your|my) {_ARTICLES}",
    re.IGNORECASE,
)
_POINTS = re.compile(r"\b(?:it|this|these|they|them|help)\b", re.IGNORECASE)
_AROUND = " \t\n.,;:!?…👋🙏🙂😀"


def asks_nothing(question: str, *, follows: bool = False) -> bool:
    """Return whether a question is none that an article could answer: "Hello", or what articles there are.

    What `follows` on other questions may ask of what was spoken of: "How does it work?"
    """
    if follows and _POINTS.search(question):
        return False
    return _NO_QUESTION.fullmatch(" ".join(question.split()).strip(_AROUND)) is not None


def welcome(view: View, filters: Filters) -> Answer:
    """Return an answer that says which articles there are, without citations; with filters none is named."""
    answer = abstain("This asks nothing of what the articles say.")
    if filters != Filters():
        return replace(answer, text="Ask what these articles say.")
    count, _ = view.reading.count()
    titles = [f"“{_shown(one.metadata.title or one.doc_id)}”" for one in view.reading.documents(_SHOWN)]
    if not count:
        return abstain("There are no documents yet.")
    articles = f"There {'is 1 article' if count == 1 else f'are {count:,} articles'}"
    such_as = ", " if count == len(titles) else ", among them "
    shown = " and ".join(filter(None, [", ".join(titles[:-1]), titles[-1]]))
    return replace(answer, text=f"{articles}{such_as}{shown}. Ask what they say.")


def _shown(title: str) -> str:
    title = plain(title)
    return title if len(title) <= _TITLE_CHARS else f"{title[:_TITLE_CHARS].rstrip()}…"
