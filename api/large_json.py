"""A large body of JSON, read in a process of its own: Python reads JSON in one go and lets nothing else run meanwhile.

Run as a script, it reads the body from standard input and writes a `Parsed` to standard output. It imports the standard
library alone, so that it starts in a moment.
"""

import json
import os
import pickle  # nosec B403
import resource
import sys
from typing import TypeAlias

# More than any request here can use; a body of brackets alone would take thirty times its size.
MAX_VALUES = 200_000
INVALID, NESTED, TOO_MANY = "invalid", "nested", "too many"
# What the body holds and None; or what is said of it, and of which kind its fault is.
Parsed: TypeAlias = tuple[object, str | None]

# What the interpreter takes; and of what a body may take beside its own bytes, its text once more and its copy to send.
_OWN_BYTES, _BYTES_A_BYTE = 512 * 2**20, 6


def parsed(body: bytes) -> Parsed:
    """Return what a body holds, or what is wrong with it."""
    try:
        value = json.loads(body)
    except RecursionError:
        return None, NESTED
    except MemoryError:
        return None, TOO_MANY
    except ValueError as error:
        return str(error), INVALID
    return (None, TOO_MANY) if _has_too_many(value) else (value, None)


def _has_too_many(value: object) -> bool:
    waiting, seen = [value], 1
    while waiting:
        held = waiting.pop()
        if isinstance(held, dict | list):
            seen += len(held)
            if seen > MAX_VALUES:
                return True
            waiting.extend(held.values() if isinstance(held, dict) else held)
    return False


def main() -> None:
    """Read one body, giving way to whatever else the machine has to do."""
    os.nice(10)
    body = sys.stdin.buffer.read()
    most = _OWN_BYTES + _BYTES_A_BYTE * len(body)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    sys.stdout.buffer.write(pickle.dumps(parsed(body), pickle.HIGHEST_PROTOCOL))


if __name__ == "__main__":
    main()
