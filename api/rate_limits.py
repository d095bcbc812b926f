"""How often one caller may ask. The only file that imports limits."""

import math
import time
from ipaddress import IPv6Address, ip_address

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from api.errors import TooManyRequests

# So many different wrong keys an address may present in so long. The same one again and again, of a program that has
# not heard of its new key, is no guessing and keeps nobody else behind that address out.
_GUESSES = parse("20/minute")
_ONCE = parse("1/minute")


class RateLimits:
    """Counts requests by caller and wrong keys by address, in this process's memory.

    A window begins with its first request and ends when its time is over, so what Retry-After says is exact. `limit` is
    as in `600/minute`, None where requests are not limited.
    """

    def __init__(self, limit: str | None = None) -> None:
        self._limit = parse(limit) if limit else None
        self._windows = FixedWindowRateLimiter(MemoryStorage())

    def count(self, caller: str) -> None:
        """Count a request; raise TooManyRequests where it is one too many."""
        if self._limit is not None and not self._windows.hit(self._limit, caller):
            raise self._too_many(f"More than {_in_words(self._limit)} were sent", self._limit, caller)

    def check_guesses(self, address: str) -> None:
        """Raise TooManyRequests where too many wrong keys came from an address: no further one is looked at."""
        if not self._windows.test(_GUESSES, "guesses", address):
            raise self._too_many("Too many wrong keys came from this address", _GUESSES, "guesses", address)

    def count_guess(self, address: str, presented: str) -> None:
        """Count a wrong key."""
        if self._windows.hit(_ONCE, "guess", address, presented):
            self._windows.hit(_GUESSES, "guesses", address)

    def _too_many(self, said: str, limit: RateLimitItem, *caller: str) -> TooManyRequests:
        left_s = self._windows.get_window_stats(limit, *caller).reset_time - time.time()
        wait_s = max(1, math.ceil(left_s))
        return TooManyRequests(f"{said}; ask again in {wait_s} s.", wait_s)


def caller_at(host: str) -> str:
    """Return whom an address stands for: itself, or of IPv6 the /64 network, all of which one household has."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Address(int(address) >> 64 << 64))


def _in_words(limit: RateLimitItem) -> str:
    multiple = "" if limit.multiples == 1 else f"{limit.multiples} "
    return f"{limit.amount} requests a {multiple}{limit.GRANULARITY.name}"
