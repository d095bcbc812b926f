"""The keys of the service: who may ask, and who may change what there is to ask."""

import hashlib
import hmac
import logging
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from rag.errors import InvalidSetting

MIN_KEY_CHARS = 16

_Seen = tuple[int, int, int, int, int] | None

_SHA256 = "sha256:"
_ENTRY = re.compile(r"([A-Za-z0-9._-]{1,60}):(read|write):([!-~]+)")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,60}")

_logger = logging.getLogger("footnote.keys")


class Scope(StrEnum):
    """What a key opens: asking and reading; or changing the documents, too."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is kept: whose it is, what it opens, and the SHA-256 of what is presented."""

    name: str
    scope: Scope
    digest: bytes = field(repr=False)

    def opens(self, scope: Scope) -> bool:
        """Return whether what needs a scope may be done with this key."""
        return scope is Scope.READ or self.scope is Scope.WRITE


class Keyring:
    """The keys that are taken: fixed ones, and those of a file, which is read again when it has changed.

    It is false where no key is asked for, because there is neither a key nor a file of them.
    """

    def __init__(self, keys: Sequence[Key] = (), file: Path | None = None) -> None:
        self._fixed = self._keys = tuple(keys)
        self._file = file
        if file is not None:
            # Looked at before it is read, so that no change after that is missed.
            self._seen = _seen(file)
            self._keys = _with_file(self._fixed, file)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._keys)

    def __bool__(self) -> bool:
        """Return whether a key is asked for, were it that the file of keys has lost its last one."""
        return bool(self._keys) or self._file is not None

    def find(self, presented: str) -> Key | None:
        """Return the key that was presented, None where it is none of these.

        It takes as long whichever it is: all are compared, and each whole.
        """
        if self._file is not None:
            self._follow(self._file)
        digest = _digest(presented)
        found = None
        for key in self._keys:
            if hmac.compare_digest(key.digest, digest):
                found = key
        return found

    def _follow(self, file: Path) -> None:
        """Take the keys that the file holds now; where it cannot be used, those that it held before still open."""
        seen = _seen(file)
        if seen == self._seen:
            return
        self._seen = seen
        try:
            self._keys = _with_file(self._fixed, file)
        except InvalidSetting as error:
            _logger.error("%s The keys from before still open.", error)
        else:
            _logger.warning("%r has changed; %d keys open now.", str(file), len(self._keys))


def read_keys(given: str | None, file: Path | None) -> Keyring:
    """Return the keys of `RAG_API_KEYS` and of the file of `RAG_API_KEYS_FILE`.

    A key is `name:scope:key`, the last part the key itself or `sha256:` and its digest; in the setting they stand
    between commas or blanks, in the file one on a line, `#` before a remark. Several may have one name, so that a key
    can be replaced while the one before it still opens; the file may change while the service runs. Raises
    InvalidSetting, which never says what was given.
    """
    separate = filter(None, re.split(r"[\s,]+", given or ""))
    entries = [(f"Entry {number} of RAG_API_KEYS", entry) for number, entry in enumerate(separate, 1)]
    ring = Keyring(_parsed_beside((), entries), file)
    if not len(ring) and (given is not None or file is not None):
        named = "RAG_API_KEYS" if file is None else f"{str(file)!r}"
        raise InvalidSetting(f"{named} holds no key; `rag key NAME` makes one, or leave the setting out.")
    return ring


def _with_file(fixed: tuple[Key, ...], file: Path) -> tuple[Key, ...]:
    lines = ((number, line.partition("#")[0].strip()) for number, line in enumerate(_lines(file), 1))
    return _parsed_beside(fixed, [(f"Line {number} of {str(file)!r}", line) for number, line in lines if line])


def _parsed_beside(fixed: tuple[Key, ...], entries: Sequence[tuple[str, str]]) -> tuple[Key, ...]:
    """Return the keys that there are and those of entries, each of which is named by its place."""
    keys = list(fixed)
    for place, entry in entries:
        keys.append(_parsed(place, entry))
        if any(hmac.compare_digest(keys[-1].digest, key.digest) for key in keys[:-1]):
            raise InvalidSetting(f"{place} is the key of another entry; give each key once.")
    return tuple(keys)


def new_key(name: str, scope: Scope) -> tuple[str, str]:
    """Return a new random key, and the entry that takes it; raise InvalidSetting for a name that cannot be one."""
    if not _NAME.fullmatch(name):
        raise InvalidSetting(f"A key cannot be named {name[:80]!r}; use up to 60 of A-Z, a-z, 0-9, '.', '_' and '-'.")
    key = f"fn_{secrets.token_urlsafe(32)}"
    return key, f"{name}:{scope}:{_SHA256}{_digest(key).hex()}"


def _digest(key: str) -> bytes:
    # Keys are long and random, so nobody can try them all, and a slow digest would only slow each request.
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()


def _seen(file: Path) -> _Seen:
    """Return what changes whenever the file is written, made readable or replaced, None where there is none."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InvalidSetting(f"RAG_API_KEYS_FILE cannot be {str(file)!r}: {reason}.") from error


def _parsed(place: str, entry: str) -> Key:
    parts = _ENTRY.fullmatch(entry)
    if parts is None:
        raise InvalidSetting(f"{place} is not NAME:read:KEY or NAME:write:KEY; `rag key NAME` makes one.")
    name, scope, key = parts.groups()
    if not key.startswith(_SHA256):
        if len(key) < MIN_KEY_CHARS:
            raise InvalidSetting(
                f"{place} has a key of {len(key)} characters, and at least {MIN_KEY_CHARS} are needed; "
                "`rag key NAME` makes one."
            )
        return Key(name, Scope(scope), _digest(key))
    hexadecimal = key.removeprefix(_SHA256)
    if not re.fullmatch(r"[0-9a-fA-F]{64}", hexadecimal):
        raise InvalidSetting(f"{place} has no SHA-256 after 'sha256:', which is 64 hexadecimal digits.")
    return Key(name, Scope(scope), bytes.fromhex(hexadecimal))
