"""A From that survives: who stands in From of the copies, the author or the group.

Receivers ask that the domain in From vouch for the mail (DMARC). Ours comes from our servers, so only the author's own
DKIM signature can; where our changes broke it, or none held, and the domain asks for alignment, the group takes the
author's place in From, by name "via" the group, and replies still reach the author.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mailbridge import headers
from mailbridge.headers import Field
from mailbridge.proof.dkim import related
from mailbridge.rewrite.lines import line, one_line, phrase
from mailbridge.rewrite.mailboxes import appended, named
from store.terms import GroupPolicy, Origin
from store.texts import say

_NAME_LIMIT: Final = 50  # characters of an author's name, so that the group's own still fits behind it
# Providers that refuse or quarantine what is not aligned: by their policy, or (Gmail) whatever it says.
_ENFORCING: Final = frozenset(
    {
        "gmail.com", "googlemail.com",
        "aol.com", "aim.com", "ymail.com", "rocketmail.com", "myyahoo.com", "verizon.net", "att.net", "sbcglobal.net",
        "icloud.com", "me.com", "mac.com",
        "outlook.com", "hotmail.com", "live.com", "msn.com",
        "mail.ru", "bk.ru", "inbox.ru", "list.ru", "internet.ru",
        "proton.me", "protonmail.com", "pm.me",
    }
)  # fmt: skip
_ANSWERED: Final = (b"reply-to", b"to", b"cc")  # whom a reply to all goes to, beside From
_ENFORCING_EVERYWHERE: Final = re.compile(r"yahoo\.[a-z]{2,3}(?:\.[a-z]{2})?")


@dataclass(frozen=True, slots=True)
class Writer:
    """The mailbox of From: its address, and the name beside it as text ("" if none).

    `proven`: it surely wrote the message. `group`: it is a group of ours, whose copy came to another one; where it
    stands in for an author, it has said in X-Original-From and Reply-To for whom.
    """

    address: str
    name: str
    proven: bool = False
    group: bool = False

    @property
    def domain(self) -> str:
        """Lower-case, an A-label where the address was one."""
        return self.address.rpartition("@")[2].lower()


def asks_for_alignment(domain: str) -> bool:
    """Whether the domain belongs to a provider known to enforce it."""
    return domain in _ENFORCING or bool(_ENFORCING_EVERYWHERE.fullmatch(domain))


def stays(writer: Writer, origin: Origin, *, survives: bool, signs_for: str) -> bool:
    """Whether the author may stand in From of our copies.

    `survives` says that a signature of the author's own does; `signs_for` is the domain our copies are signed by (""
    for none). Where that is the author's own domain, our signature is what aligns the copy: a proven author needs no
    other, and anybody else must not get it, or a forgery that came in unsigned would go out signed by the domain it
    names.
    """
    if survives:
        return True
    if signs_for and related(signs_for, writer.domain) and (not writer.proven or signs_for == writer.domain):
        return writer.proven
    return not (origin.asks or asks_for_alignment(writer.domain))


def via(fields: Sequence[Field], writer: Writer, group: GroupPolicy) -> list[Field]:
    """Return the fields with the group in From, and the original in X-Original-From, each where From was.

    A reply reaches whom it would have: Reply-To becomes the author, or, where one is there already, that stays and the
    author goes to Cc (unless it, To or Cc have the author), so that a reply to all does. Where a group of ours had
    taken the author's place already, what it said of the author stays, and the group is not written to.
    """
    # One that holds no address is for programs none at all: they would answer the group in From.
    replies = any(field.name == b"reply-to" and b"@" in field.value for field in fields)
    original = writer.group and any(field.name == b"x-original-from" for field in fields)
    copied = any(field.name == b"cc" for field in fields)
    known = original or any(field.name in _ANSWERED and named(field, writer.address) for field in fields)
    lines: list[bytes] = []
    for field in fields:
        if field.name == b"from":
            lines.append(_from(writer, group))
            if not original:
                lines.append(b"X-Original-From:" + field.raw.partition(b":")[2])
            if not replies:
                lines.append(line("Reply-To", f"<{writer.address}>"))
            elif not copied and not known:
                lines.append(line("Cc", f"<{writer.address}>"))
        elif field.name == b"cc" and replies and not known:
            lines.append(appended(field, writer.address))
            known = True
        elif field.name == b"reply-to" and not replies:
            continue
        elif original or field.name != b"x-original-from":
            lines.append(field.raw)
    return headers.fields(b"".join(lines))


def _from(writer: Writer, group: GroupPolicy) -> bytes:
    # A second address in the name is what forgers write, and some filters refuse it.
    name = one_line(writer.name, _NAME_LIMIT).partition("@")[0].strip(" \"'<") or writer.address.rpartition("@")[0]
    whom = one_line(group.display_name, _NAME_LIMIT).partition("@")[0].strip() or group.address.rpartition("@")[0]
    return line("From", *phrase(say(group.language, "mail.from.via", author=name, name=whom)), f"<{group.address}>")
