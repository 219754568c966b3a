"""Which addresses we take: a contact's, a group's, and many of them as people paste them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import takewhile

from email_validator import EmailNotValidError, validate_email

from store.terms import Address, InvalidAddress, Refused, folded

LONGEST_LOCAL = 48  # leaves room for the longest sub-address suffix
# What no group may be called: RFC 2142 and RFC 5321 4.5.1 roles, and the return path of every served domain.
RESERVED_LOCALS = frozenset({"bounces", "postmaster", "abuse", "mailer-daemon"})
LONGEST_NAME = 120

_GROUP_LOCAL = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?", re.ASCII)
# Plain addresses skip the full grammar: an import holds 100,000 of them, and these need no second look.
_PLAIN = re.compile(
    r"[A-Za-z0-9_+'-]{1,30}(?:\.[A-Za-z0-9_+'-]{1,16}){0,2}@(?:[a-z0-9]{1,40}(?:-[a-z0-9]{1,18})?\.){1,3}[a-z]{2,24}",
    re.ASCII,
)
# As Slack writes an address, within the brackets a person put around it or without.
_SLACK_LINK = re.compile(r"<?<mailto:([^|<>\s]*)(?:\|[^<>]*)?>>?", re.IGNORECASE)
_UNSHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")


def contact(text: str) -> Address:
    """The mailbox of a contact. Local part as written, domain as lower-case A-label.

    Any deliverable syntax is taken, domains reserved for tests (RFC 6761) included; no DNS is asked.
    Raises Refused `contact_malformed` with the fault in the validator's words.
    """
    written = text.strip()
    if _PLAIN.fullmatch(written):
        local, _, domain = written.rpartition("@")
        return Address(local, domain)
    try:
        checked = validate_email(written, check_deliverability=False, globally_deliverable=False)
        address = Address.parse(f"{checked.local_part}@{checked.ascii_domain}")
    except (EmailNotValidError, InvalidAddress) as fault:
        raise Refused("contact_malformed", text=_shown(written), fault=_shown(str(fault))) from fault
    if "." not in address.domain and address.domain != "localhost":
        raise Refused("contact_domain_short", text=_shown(written), domain=address.domain)
    return address


def contacts(text: str) -> list[tuple[Address, str]]:
    """Addresses with display names from pasted text: one a line, or between commas, semicolons or blanks.

    Understands `a@b`, `Name <a@b>`, `"Last, First" <a@b>` and Slack's `<mailto:a@b|a@b>`. A repeated address is
    kept once. Raises Refused (of `contact`) for the first entry that is none.
    """
    found: dict[str, tuple[Address, str]] = {}
    for entry in _entries(_SLACK_LINK.sub(r"<\1>", text)):
        for address_text, name in _written(entry):
            address = contact(address_text)
            found.setdefault(address.key, (address, display(name)))
    return list(found.values())


def _written(entry: str) -> Iterator[tuple[str, str]]:
    """Each address of an entry as it is written, with the name before it; in one pass, however long the text is."""
    position = 0
    while (begin := entry.find("<", position)) >= 0 and (end := entry.find(">", begin)) >= 0:
        words = entry[position:begin].split()
        # `a@b Name <c@d>`: what stands before the name as an address of its own is not part of it.
        alone = list(takewhile(_PLAIN.fullmatch, words))
        yield from ((word, "") for word in alone)
        yield entry[begin + 1 : end], " ".join(words[len(alone) :])
        position = end + 1
    for part in entry[position:].split():
        yield part, ""


def display(name: str) -> str:
    """A display name made safe to keep: one line, no invisible or direction-changing characters, no outer quotes."""
    shown = " ".join(_UNSHOWN.sub(" ", name).split()).strip("\"' ")
    return shown[:LONGEST_NAME]


def group_address(text: str, domains: Collection[str], published: Collection[str] = ()) -> Address:
    """The address a group may have: `[a-z0-9._-]`, up to 48 octets, alphanumeric ends, on a domain of ours.

    `domains` are those we serve, `published` those that forward to us (both lower-case A-labels).
    Raises Refused: `address_malformed`, `address_too_long`, `address_not_ascii` (a look-alike letter shown as
    punycode), `address_foreign` or `address_reserved`.
    """
    linked = _SLACK_LINK.fullmatch(text.strip())
    written = linked[1] if linked else text.strip()
    local, at, domain_text = written.rpartition("@")
    if not at or not local or not domain_text:
        raise Refused("address_malformed", text=_shown(written))
    if not local.isascii():
        raise Refused("address_not_ascii", text=_shown(written), punycode=f"{_punycode(local)}@{domain_text}"[:200])
    try:
        domain = Address.parse(f"x@{domain_text}").domain
    except InvalidAddress as fault:
        raise Refused("address_malformed", text=_shown(written)) from fault
    ours = sorted({*domains, *published})
    if domain not in ours:
        if not domain_text.isascii():
            raise Refused("address_not_ascii", text=_shown(written), punycode=f"{local}@{domain}"[:200])
        raise Refused("address_foreign", domain=domain, domains=", ".join(ours))
    return Address(group_local(local), domain)


def group_local(text: str) -> str:
    """The local part of a group's address, in lower case. Raises Refused as `group_address` does."""
    local = folded(text.strip())
    if not local.isascii():
        raise Refused("address_not_ascii", text=_shown(local), punycode=_punycode(local)[:200])
    if len(local) > LONGEST_LOCAL:
        raise Refused("address_too_long", limit=str(LONGEST_LOCAL), length=str(len(local)))
    if not _GROUP_LOCAL.fullmatch(local) or ".." in local:
        raise Refused("address_malformed", text=_shown(local))
    if local in RESERVED_LOCALS:
        raise Refused("address_reserved", local=local)
    return local


def _entries(text: str) -> Iterator[str]:
    """Cut at line ends, and at commas and semicolons that stand outside quotes and angle brackets."""
    for line in text.splitlines():
        quoted, bracketed, start = False, False, 0
        for index, letter in enumerate(line):
            if letter == '"' and not bracketed:
                quoted = not quoted
            elif letter in "<>" and not quoted:
                bracketed = letter == "<"
            elif letter in ",;" and not quoted and not bracketed:
                yield from filter(None, [line[start:index].strip()])
                start = index + 1
        yield from filter(None, [line[start:].strip()])


def _punycode(label: str) -> str:
    return "xn--" + label.encode("punycode", "replace").decode("ascii")


def _shown(text: str) -> str:
    return " ".join(_UNSHOWN.sub(" ", text).split())[:100]
