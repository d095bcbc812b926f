"""Quotes: what is cited for a sentence, and how it reads."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from index.analysis import words_of
from index.document import Span
from index.records import StoredPassage
from rag.answer_type import AnswerType, answer_type, asks_why, gives_reason, holds
from rag.content import content_words, words_of_names
from rag.evidence import Evidence
from rag.plain_text import plain
from rag.relevance import Sentence
from rag.structure import BELOW, FEW_WORDS, asked_above, cells_of, goes_on_to, heads, led_by, list_of, structure_of
from rag.table_rows import column_name, column_words
from rag.timeliness import asks_what_happened, time_asked

# A sentence of fewer words is a fragment, quoted only where there is nothing else.
MIN_WORDS = 3
# A bullet is cited together with the line that introduces its list, where both are no longer than this.
MAX_LIST_CHARS = 600
# A sentence that begins so is understood only after the one before it.
_GOES_ON = re.compile(
    r"[\"“‘'(]?(?:"
    r"It\b(?! (?:is|was) (?:(?:\w+ )?\w+ (?:that|whether)|raining|snowing)\b| (?:seems|appears|turned out)\b)|"
    r"(?:They|He|She|These|Those|Its|Their|His|Her|Such|Rather|Instead|However|But|Yet|Therefore|Thus|Hence|"
    r"Consequently|Accordingly|As a result|For this reason)\b|Then\b(?!-)|That\b(?! said\b)|"
    r"(?:During|After|Before|Because of|Despite|Under|With) (?:it|them|this|these|that|those),|"
    r"This\b(?! (?:week|weekend|month|year|morning|afternoon|evening|spring|summer|autumn|fall|winter|\w+day)\b)|"
    r"(?:In \d{4}|Afterwards?|Later|Since then|After that|Eventually|Subsequently),? "
    r"(?:it|they|he|she|its|their|his|her)\b)"
)
# A sentence beside one is cited with it where both match the question by so much better than the one.
MATCHED_MORE = 0.03
# With these it is asked for a measure; who says one of something else says no more of it.
MEASURING = content_words("much many heavy deep long old high far tall wide big large often soon can")
# What it goes on from is cited with it, at most so many sentences, where all are no longer than this.
MAX_GOING_ON, MAX_GOING_ON_CHARS = 2, 400
# A heading that turns what stands under it into its opposite.
_DENIES = re.compile(
    r"\b(?:not|no|never|none|without|except(?:ions?)?|exclu\w+|exempt\w*|forbidden|prohibited|banned|unavailable|removed|"
    r"discontinued|withdrawn)\b|n[’']t\b",
    re.IGNORECASE,
)
# Who speaks in an interview or a list of questions; where there is a B, it is a list of letters.
_SPEAKER = r"(?:Q|A|Question|Answer|F|Frage|Antwort)"
_SPEAKS = re.compile(
    rf"^[ \t>]*(?:([*_]{{1,3}}){_SPEAKER}(?:\s?:\1|\1\s?:)|([*_]{{0,3}}){_SPEAKER}\s?:)\s+(?=\S)", re.MULTILINE
)
_ANOTHER_LETTER = re.compile(r"^\W*B\W{0,3}:", re.MULTILINE)
# What answers a question, and says nothing to another one.
_REPLY = re.compile(r"(?:yes|no)[.,;:!–—-]+\s", re.IGNORECASE)
# Who asks so wants all of a list.
_ASKS_FOR_LIST = re.compile(
    r"\bhow (?:do|does|can|could|should|must|to)\b|\b(?:list|all|every|steps)\b|\bwhat (?:are|were)\b|"
    r"\b(?:which|what) (?!does\b)[a-z]{3,}(?<![aius])s\b|\bwhat (?:do|does|must|should) .*\bdo\b|"
    r"\bwhat(?:[’']s| is| was) (?:new|added|changed|fixed|removed|improved)\b",
    re.IGNORECASE,
)
# Who asks so, and for nothing besides, wants of a row the columns that are named.
_ASKS_FOR_COLUMN = re.compile(
    r"(?:how (?:much|many)|which|what(?:[’']s| is| are| was| were) the)\b"
    r"(?!.*(?:, |\b(?:and|until|till|when|where|who|whose|why|which|what|how|by|on|per|about)\b)).*",
    re.IGNORECASE,
)
# A second column of such a name says nothing of what its cells are: that is in the first one.
_NO_COLUMN = frozenset(("answer", "content", "description", "detail", "details", "information", "value", "values"))


class Quote(NamedTuple):
    """What is cited of a passage: one sentence or more of it, and the bullets of a list with the line above them."""

    evidence: Evidence
    span: Span


def quotes_of(question: str, chosen: Sequence[Sentence]) -> list[Quote]:
    """Return what is cited for the sentences, in their order; of several items of a list the whole list, once."""
    leads = Counter((one.evidence.passage_id, _lead_of_item(one)) for one in chosen)
    asks_for_list = _ASKS_FOR_LIST.search(question) is not None
    quotes = []
    for sentence in chosen:
        lead, passage = _lead_of_item(sentence), sentence.evidence.passage
        quote = quote_of(question, sentence, _quoted_apart(sentence, chosen))
        if lead and leads[sentence.evidence.passage_id, lead] > 1:
            ends = [one.end for one in led_by(passage, lead) if one.end - lead.start < MAX_LIST_CHARS]
            quote = Quote(sentence.evidence, Span(lead.start, max([quote.span.end, *ends])))
        elif asks_for_list and (whole := _headed_list(question, sentence)):
            quote = Quote(sentence.evidence, whole)
        quotes.append(quote)
    return merged(quotes)


def _headed_list(question: str, sentence: Sentence) -> Span | None:
    """Return the whole list that a sentence is of, where it is no longer than a quote may be and its heading is asked.

    "How do I rent a locker?" asks for all that stands under "Renting a locker".
    """
    passage = sentence.evidence.passage
    whole = list_of(passage, sentence.span)
    is_asked = heads(question, sentence.standing.heading)
    return whole if whole and is_asked and whole.end - whole.start < MAX_LIST_CHARS else None


def _quoted_apart(sentence: Sentence, chosen: Sequence[Sentence]) -> list[Span]:
    """Return the chosen sentences of a passage, given best first, that are quoted apart from one of them.

    They are those that are better and those before it: the best is what is read first.
    """
    own = [one for one in chosen if one.evidence is sentence.evidence]
    better = own[: own.index(sentence)]
    return [one.span for one in own if one in better or one.span.start < sentence.span.start]


def _lead_of_item(sentence: Sentence) -> Span | None:
    standing = sentence.standing
    return standing.lead if standing.begins_item else None


def quote_of(question: str, sentence: Sentence, apart: Sequence[Span] = ()) -> Quote:
    """Return what is cited for a sentence: itself; a bullet from the line above its list, and that with the list.

    One that goes on from the sentence before it ("However", "They") is cited from that one, and one that lacks what
    the question asks for up to the sentence after it, where that has it. What is quoted `apart` is left out.
    """
    passage, span = sentence.evidence.passage, sentence.span
    standing = structure_of(passage)[span.start]
    if standing.is_row:
        return Quote(sentence.evidence, span)
    if standing.begins_item and standing.lead and span.end - standing.lead.start < MAX_LIST_CHARS:
        return Quote(sentence.evidence, Span(standing.lead.start, span.end))
    before = [one for one in passage.sentences if one.end <= span.start]
    start = _begun(question, sentence, before[-MAX_GOING_ON:], apart)
    ends = [span.end, *(one.end for one in led_by(passage, span) if one.end - start < MAX_LIST_CHARS)]
    after = _what_is_asked_after(question, passage, Span(start, span.end), span)
    after = after or _more_of_it_after(question, sentence, Span(start, span.end), apart)
    if after is not None and after.end - start <= MAX_GOING_ON_CHARS:
        ends.append(after.end)
    return Quote(sentence.evidence, Span(start, ends[-1]))


def _more_of_it_after(question: str, sentence: Sentence, cited: Span, apart: Sequence[Span]) -> Span | None:
    """Return the sentence after one in its paragraph, or the next, that says more of what is asked; None where none is.

    "Who built the orrery?" is answered by "Do not miss the orrery. It was built by Thomas Wray."
    """
    passage = sentence.evidence.passage
    after = goes_on_to(passage, sentence.span)
    for _ in range(MAX_GOING_ON):
        if after is None or after in apart or passage.slice(after).endswith("?"):
            return None
        if _says_more(question, sentence, cited, after):
            return after
        after = goes_on_to(passage, after)
    return None


def _says_more(question: str, sentence: Sentence, cited: Span, other: Span) -> bool:
    """Return whether another sentence of a passage says more of what is asked than what is cited for a sentence.

    It has a word of the question that is not cited, but for names, or where no number or date is asked for and cited,
    together they match the question better. A question of the article's own begins something else, and what stands
    below one that asks the same needs nothing more.
    """
    passage, reading = sentence.evidence.passage, sentence.evidence.reading
    said, more = passage.slice(cited), passage.slice(other)
    if more.endswith("?") or sentence.span in asked_above(question, passage):
        return False
    heading = sentence.standing.heading
    lacks = content_words(question) - content_words(f"{heading} {said}") - MEASURING - words_of_names(question)
    if lacks & content_words(more):
        return True
    if _hold_what_is_asked(question, said) == [True]:
        return False
    return reading.match_of([sentence.span, other]) - reading.match_of([sentence.span]) > MATCHED_MORE


def _what_is_asked_after(question: str, passage: StoredPassage, cited: Span, span: Span) -> Span | None:
    """Return the sentence after one in its paragraph, where it is needed for the answer; None where it is not.

    It is where what is cited has no number or date and the next sentence has the one asked for, where a reason is asked
    for and none is given yet, and where it is asked what happened to something. What is capitalised there is seldom
    the name asked for.
    """
    after = goes_on_to(passage, span)
    if after is None or len(passage.slice(span).split()) < MIN_WORDS:
        # "No." says little without what comes after it.
        return after
    if asks_why(question):
        return None if gives_reason(passage.slice(cited)) else after
    if asks_what_happened(question) and time_asked(question) is None:
        return after
    held = _hold_what_is_asked(question, passage.slice(cited), passage.slice(after))
    return after if held == [False, True] else None


def _hold_what_is_asked(question: str, *texts: str) -> list[bool]:
    """Return of each text whether it has the number or the date that is asked for; none has where neither is."""
    asked_for = answer_type(question)
    if asked_for not in (AnswerType.NUMBER, AnswerType.DATE):
        return [False for _ in texts]
    return [holds(asked_for, text, words_of(question)) for text in texts]


def _begun(question: str, sentence: Sentence, before: Sequence[Span], apart: Sequence[Span]) -> int:
    """Return where what is cited for a sentence begins: with what it goes on from, or with the question it answers.

    It goes on from the sentence before it in its paragraph, too, that says more of what is asked.
    """
    passage, span = sentence.evidence.passage, sentence.span
    start = span.start
    for one in reversed(before):
        cited, said = passage.slice(Span(one.start, span.end)), passage.slice(Span(start, span.end))
        goes_on = "\n" not in cited and _GOES_ON.match(said)
        is_short = len(said.split()) < FEW_WORDS and start == span.start
        answers = is_short and passage.slice(one).endswith("?") and "\n\n" not in cited
        if len(cited) > MAX_GOING_ON_CHARS or not (goes_on or answers):
            break
        start = one.start
    if start == span.start and before and before[-1] not in apart and structure_of(passage)[span.start].goes_on:
        is_short = span.end - before[-1].start <= MAX_GOING_ON_CHARS
        return before[-1].start if is_short and _says_more(question, sentence, span, before[-1]) else start
    return start


def merged(quotes: Sequence[Quote]) -> list[Quote]:
    """Return the quotes, those of one passage that overlap made one, in the place of the first."""
    kept: list[Quote] = []
    for quote in quotes:
        of_passage = [at for at, other in enumerate(kept) if other.evidence.passage_id == quote.evidence.passage_id]
        overlapping = [at for at in of_passage if quote.span.shared(kept[at].span)]
        spans = [quote.span, *(kept[at].span for at in overlapping)]
        whole = Span(min(span.start for span in spans), max(span.end for span in spans))
        place = overlapping[0] if overlapping else len(kept)
        kept = [other for at, other in enumerate(kept) if at not in overlapping]
        kept.insert(place, Quote(quote.evidence, whole))
    return kept


def told(question: str, quote: Quote) -> str:
    """Return the quote as it reads in an answer: a value with what it is of, a "No." with what it says no to."""
    text = readable(quote, column_words(question) if _ASKS_FOR_COLUMN.fullmatch(question.strip()) else frozenset())
    if _is_value(quote):
        return " – ".join(filter(None, [plain(quote.evidence.passage.metadata.title or ""), text]))
    above = _question_above(quote) if _REPLY.match(text) else None
    if above is None:
        return text
    asked, other = content_words(question), content_words(above)
    return text if other <= asked else f"{plain(above)} {text}"


def _question_above(quote: Quote) -> str | None:
    """Return the article's own question that a quote follows, None where it follows none."""
    passage = quote.evidence.passage
    before = [one for one in passage.sentences if one.end <= quote.span.start]
    standing = structure_of(passage).get(quote.span.start)
    above = standing.heading.rpartition(BELOW)[2] if standing else ""
    last = passage.slice(before[-1]) if before and standing and standing.adjoins else above
    return last if last.endswith("?") else None


def readable(quote: Quote, asked: frozenset[str] = frozenset()) -> str:
    """Return the quote as it reads in an answer: in plain, the cells of a row each with what its column is.

    Of a row only the columns are read that some `asked` words name, all where they name none.
    """
    passage = quote.evidence.passage
    standing = structure_of(passage).get(quote.span.start)
    if standing and standing.begins_item and standing.lead is None and _DENIES.search(standing.heading):
        # "Damage by moths" may stand under "What is not insured".
        heading = plain(standing.heading.rpartition(BELOW)[2]).rstrip("?:")
        return f"{heading}: {_said(passage, quote.span)}"
    rows = [one for one in passage.sentences if quote.span.holds(one) and structure_of(passage)[one.start].is_row]
    if not rows or rows[-1].end < quote.span.end:
        return _said(passage, quote.span)
    above = _said(passage, Span(quote.span.start, rows[0].start))
    shown = [
        _row(passage, row, asked) for row in rows if len(rows) == 1 or not structure_of(passage)[row.start].is_header
    ]
    return " ".join(filter(None, [above, ". ".join(shown)]))


def _row(passage: StoredPassage, span: Span, asked: frozenset[str]) -> str:
    """Return a row of a table in words, its cells each with what its column is, those that are asked for or all."""
    lead = structure_of(passage)[span.start].lead
    columns, cells = (_cells(passage.slice(row)) for row in (lead or span, span))
    if lead is None or len(columns) < len(cells):
        return _said(passage, span)
    if len(cells) == 2 and columns[1].lower() in _NO_COLUMN:
        return (" " if cells[0].endswith("?") else ": ").join(filter(None, cells))
    filled = [(column, cell) for column, cell in zip(columns[1:], cells[1:], strict=False) if cell]
    filled = [(column, cell) for column, cell in filled if asked & column_name(column)] or filled
    named = "; ".join(f"{column}: {cell}" if column else cell for column, cell in filled)
    return " – ".join(filter(None, [cells[0], named]))


def _is_value(quote: Quote) -> bool:
    """Return whether a quote is one row of a table of facts and their values, which says of nothing what it is."""
    standing = structure_of(quote.evidence.passage).get(quote.span.start)
    columns = (
        _cells(quote.evidence.passage.slice(standing.lead)) if standing and standing.is_row and standing.lead else []
    )
    return len(columns) == 2 and columns[1].lower() in ("value", "values")


def _said(passage: StoredPassage, span: Span) -> str:
    """Return what a passage says there in plain, without the letters of who asks and who answers."""
    text = passage.slice(span)
    return plain(text if _ANOTHER_LETTER.search(passage.text) else _SPEAKS.sub(r"\2", text))


def _cells(row: str) -> list[str]:
    return [plain(cell).rstrip(":") for cell in cells_of(row)]
