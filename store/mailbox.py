"""The shape of an address. Part of `store.terms`, which everybody imports it from; standard library only."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from typing import Self

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


class InvalidAddress(ValueError):  # noqa: N818 - said to people through Refused
    """The text is not an address we take; the message names the fault."""


def folded(text: str) -> str:
    """Text in the case addresses are compared in: ASCII letters small, all others as they are.

    Local parts belong to their host (RFC 5321 2.4, RFC 6531 3.3); that ASCII ones ignore case is everybody's custom.
    Beyond that, lower case makes one address of two: the Kelvin sign becomes a k, and whoever gets a mailbox with it
    would be taken for the member with the k.
    """
    return text.translate(_LOWER)


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox split at its last @: local part as written, domain as lower-case A-label.

    `str()` gives the form used in envelopes; `key` the form addresses are compared by.
    """

    local: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"

    @property
    def key(self) -> str:
        return f"{folded(self.local)}@{self.domain}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Split `local@domain`; the domain is lower-cased and IDNA-encoded.

        Raises InvalidAddress. Looks at shape only; whether we take an address as a contact is
        `store.addresses`' question, whether we serve it the name table's.
        """
        local, at, domain = text.strip().rpartition("@")
        if not at or not local or not domain:
            raise InvalidAddress(f"{text!r} is not of the form name@domain")
        if len(local.encode("utf-8", "surrogatepass")) > 64 or len(domain) > 255:
            raise InvalidAddress(f"{text[:80]!r} is longer than an address may be")
        if re.search(r"[\x00-\x20\x7f<>()\[\],;:\\\"\u2028\u2029]", local + domain):
            raise InvalidAddress(f"{text!r} holds a character that no address may hold")
        domain = domain.rstrip(".")
        try:
            ascii_domain = domain.lower() if domain.isascii() else domain.encode("idna").decode("ascii").lower()
        except UnicodeError as error:
            raise InvalidAddress(f"{domain!r} is not a domain") from error
        if not re.fullmatch(
            r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", ascii_domain
        ):
            raise InvalidAddress(f"{domain!r} is not a domain")
        return cls(local, ascii_domain)
