"""English: patterns of the words that questions are made of, to be matched in any case, and of where sentences end."""

import re
from typing import Final

AUXILIARY: Final = (
    r"(?:is|are|was|were|am|be|been|do|does|did|has|have|had|can|could|will|would|shall|should|may(?!\s*(?:$|[0-9?,]))|might|must|isn[’']t|"
    r"aren[’']t|wasn[’']t|weren[’']t|don[’']t|doesn[’']t|didn[’']t|won[’']t|can[’']t|couldn[’']t)"
)
ASKING: Final = r"(?:what|who|whom|whose|which|when|where|why|how)"
PREPOSITION: Final = (
    r"(?:in|on|at|for|to|from|with|by|about|after|before|during|since|between|under|over|into|against|until|within|"
    r"across|around|than|as|like|of)"
)
# What stands after an abbreviation goes on.
SENTENCE_END: Final = re.compile(
    r"(?<!\b[A-Z])(?<!\bMr)(?<!\bMs)(?<!\bMrs)(?<!\bDr)(?<!\bSt)(?<!\bvs)(?<!\bNo)[.!?][\"”’']?\s+(?=[A-Z“\"‘0-9•])"
)
