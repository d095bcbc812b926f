"""Values: which quantities can both be true of one thing."""

import math
import re

from rag.numbers import with_commas
from rag.quantities import Quantity

# Values nearer than this are the same where one of them is said to be approximate: "nearly 50%" and "48%".
_ABOUT_EQUAL = 0.05
_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")


def agree(one: Quantity, other: Quantity) -> bool:
    """Return whether two values can both be true: equal, one rounded, one a bound or an estimate that holds."""
    if one.low <= other.high and other.low <= one.high:
        return True
    if one.kind in ("date", "time"):
        return False
    apart = max(one.low, other.low) - min(one.high, other.high)
    relative = apart / max(abs(one.low), abs(other.low))
    if {one.bound, other.bound} & {"about", "over", "under"}:
        return relative <= _ABOUT_EQUAL or _bounds(one, other) or _bounds(other, one)
    return _bounds(one, other) or _bounds(other, one) or (relative <= _ABOUT_EQUAL / 2 and _rounded(one.low, other.low))


def _bounds(one: Quantity, other: Quantity) -> bool:
    """Return whether the first says "at least" or "at most" and the second, which does not, is within."""
    if one.bound == other.bound:
        return False
    return (one.bound == "least" and other.low >= one.low) or (one.bound == "most" and other.high <= one.high)


def _rounded(one: float, other: float) -> bool:
    """Return whether one number is the other with fewer digits: 8,850 is 8,848 rounded."""
    digits = min(len(f"{abs(number):.15g}".replace(".", "").strip("0")) for number in (one, other))
    return math.isclose(float(f"{one:.{max(digits, 1)}g}"), float(f"{other:.{max(digits, 1)}g}"))


def has_number(text: str, value: str) -> bool:
    """Return whether a text has the very number of a value, whatever it says of it; digits alone tell nothing."""
    number, *_ = [one.replace(",", "") for one in _NUMBER.findall(with_commas(value))] or [""]
    return len(number) > 1 and number in (one.replace(",", "") for one in _NUMBER.findall(with_commas(text)))
