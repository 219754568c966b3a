"""The arguments of MAIL and RCPT (RFC 5321 4.1.2): a path in angle brackets, then parameters.

Pure, and stricter than the grammar where leniency has been an attack: no source routes, no quoted local parts that
hide an @, nothing outside the brackets, and never a control character.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from store.terms import Address, InvalidAddress, Reply, folded

# atext and dots of RFC 5322 3.2.3, and UTF-8 (RFC 6531). Dots are taken wherever they stand: some providers hand out
# such mailboxes, and as return paths they are only ever compared.
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\u0080-\U0010ffff-]+")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_LITERAL = re.compile(r"\[[A-Za-z0-9:.-]+\]")
_ARGUMENT = re.compile(r" *<([^<>]*)>(?: +(.*?))? *")
_PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([^\x00-\x20\x7f=][^\x00-\x20\x7f]*))?")
_PATH_OCTETS = 320

SYNTAX = Reply(501, "5.5.4", "Syntax: the address stands in angle brackets, parameters after it")
MALFORMED = Reply(553, "5.1.3", "That is not an address of the form name@domain")
ROUTED = Reply(553, "5.1.3", "Source routes are not accepted; give the address alone")


class BadPath(ValueError):  # noqa: N818 - an answer for the client, not an error of ours
    """The argument is refused; `reply` is what the client is told."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply))
        self.reply = reply


@dataclass(frozen=True, slots=True)
class Path:
    """A parsed argument. `local` and `domain` are empty for the null path; the domain is a lower-case A-label.

    `parameters` maps upper-case keywords to their values, None where a keyword stands alone.
    """

    local: str
    domain: str
    parameters: Mapping[str, str | None] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def null(self) -> bool:
        return not self.domain and not self.local

    @property
    def ascii(self) -> bool:
        return self.local.isascii()

    @property
    def key(self) -> str:
        """The form addresses are compared by."""
        return f"{folded(self.local)}@{self.domain}"

    def __str__(self) -> str:
        return "" if self.null else f"{self.local}@{self.domain}"


def reverse(argument: str) -> Path:
    """The argument of MAIL, `FROM:<path> parameters`. Raises BadPath. `<>` gives the null path (RFC 5321 4.5.5)."""
    text, parameters = _argument(argument, "FROM:")
    if not text:
        return Path("", "", parameters)
    return Path(*_mailbox(text), parameters)


def forward(argument: str, default_domain: str) -> Path:
    """The argument of RCPT, `TO:<path> parameters`. Raises BadPath.

    `<postmaster>` without a domain is postmaster of `default_domain` (RFC 5321 4.5.1); nothing else may lack one.
    """
    text, parameters = _argument(argument, "TO:")
    if text.lower() == "postmaster":
        return Path("postmaster", default_domain, parameters)
    if not text:
        raise BadPath(MALFORMED)
    return Path(*_mailbox(text), parameters)


def _argument(argument: str, keyword: str) -> tuple[str, Mapping[str, str | None]]:
    if argument[: len(keyword)].upper() != keyword:
        raise BadPath(SYNTAX)
    match = _ARGUMENT.fullmatch(argument, len(keyword))
    if not match:
        raise BadPath(SYNTAX)
    parameters: dict[str, str | None] = {}
    for word in (match[2] or "").split():
        found = _PARAMETER.fullmatch(word)
        if not found or found[1].upper() in parameters:
            raise BadPath(SYNTAX)
        parameters[found[1].upper()] = found[2]
    return match[1], MappingProxyType(parameters)


def _mailbox(text: str) -> tuple[str, str]:
    """Local part and domain, or BadPath. The last @ splits, and no other may remain in the local part."""
    if text.startswith("@"):
        raise BadPath(ROUTED)
    local, at, domain = text.rpartition("@")
    if not at or len(text.encode("utf-8", "surrogatepass")) > _PATH_OCTETS:
        raise BadPath(MALFORMED)
    quoted = _QUOTED.fullmatch(local)
    if quoted:
        # `"x@evil"@us` must not become something another program reads as x@evil; only needless quotes are taken.
        local = re.sub(r"\\(.)", r"\1", quoted[1])
    if not _LOCAL.fullmatch(local):
        raise BadPath(MALFORMED)
    if _LITERAL.fullmatch(domain):
        return local, domain.lower()
    if domain != domain.strip() or domain.endswith(".."):
        raise BadPath(MALFORMED)  # people's spelling, which Address.parse forgives, but no host's
    try:
        return local, Address.parse(f"x@{domain}").domain
    except InvalidAddress as error:
        raise BadPath(MALFORMED) from error
