"""App passwords as text: made, read back as people type them, and hashed.

Sixteen letters, since printers have small fields: four that find the row, and twelve, 60 random bits, that nobody
guesses. Hashing takes some 25 ms and 19 MiB, so callers do it in a thread, and few at a time.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Container
from dataclasses import dataclass, field

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

# No l, o, 0 or 1: it is read from one screen and typed on another.
ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
SELECTOR = 4
LETTERS = 16
_GROUP = 4
_LONGEST = 100  # of what is hashed: longer is no app password, and must not cost more for it
_BLANKS = re.compile(r"[\s-]+")
_WRITTEN = re.compile(f"[{ALPHABET}]{{{LETTERS}}}")
# argon2id, as OWASP's smallest: 19 MiB, two passes, one lane (RFC 9106 3.1). More would buy little beside 60
# random bits, and every guess of a stranger costs it.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# The hash of what nobody has: verified where there is no such password, so that both take the same time.
NOBODYS = "$argon2id$v=19$m=19456,t=2,p=1$OU87H8SYkVJoVdBGEbRopw$bdPFOpxajYq+S68O1jvv91rrCoNxylY3q2gYM21/ME4"


@dataclass(frozen=True, slots=True)
class AppPassword:
    """`letters` is the whole password without its hyphens. Its repr does not show it, for logs and tracebacks."""

    letters: str = field(repr=False)

    @property
    def selector(self) -> str:
        return self.letters[:SELECTOR]

    @property
    def shown(self) -> str:
        """As people are shown it, in groups of four."""
        return "-".join(self.letters[at : at + _GROUP] for at in range(0, LETTERS, _GROUP))


def generate(taken: Container[str] = ()) -> AppPassword:
    """A new password whose selector is none of `taken`."""
    while True:
        made = AppPassword("".join(secrets.choice(ALPHABET) for _ in range(LETTERS)))
        if made.selector not in taken:
            return made


def read(text: str) -> AppPassword | None:
    """What somebody typed, hyphens, blanks and capitals aside; None if it cannot be an app password."""
    letters = _BLANKS.sub("", text[:_LONGEST]).lower()
    return AppPassword(letters) if _WRITTEN.fullmatch(letters) else None


def digest(password: AppPassword) -> str:
    """Its hash with salt and parameters. Slow on purpose."""
    return _HASHER.hash(password.letters)


def matches(kept: str, text: str) -> bool:
    """Whether `text`, as typed, is the password behind a hash. As slow for what is none. Raises argon2's
    InvalidHashError if `kept` is no hash."""
    password = read(text)
    try:
        return _HASHER.verify(kept, password.letters if password else text[:_LONGEST]) and password is not None
    except VerifyMismatchError:
        return False
