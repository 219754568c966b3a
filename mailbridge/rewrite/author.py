"""A From that survives: whether the author's own signature still covers the Edition, and who stands there if not.

Receivers ask that the domain in From vouch for the mail (DMARC). Ours comes from our servers, so only the author's own
DKIM signature can; where our lines broke it, or there was none, and the domain asks for alignment, the group takes the
author's place in From, by name "via" the group, and replies still reach the author.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from mailbridge import headers
from mailbridge.headers import Field
from mailbridge.rewrite.lines import CRLF, line, one_line, phrase
from store.terms import GroupPolicy
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
_ENFORCING_EVERYWHERE: Final = re.compile(r"yahoo\.[a-z]{2,3}(?:\.[a-z]{2})?")


@dataclass(frozen=True, slots=True)
class Writer:
    """The mailbox of From: its address, and the name beside it as text ("" if none)."""

    address: str
    name: str

    @property
    def domain(self) -> str:
        """Lower-case, an A-label where the address was one."""
        return self.address.rpartition("@")[2].lower()


def asks_for_alignment(domain: str) -> bool:
    """Whether the domain belongs to a provider known to enforce it."""
    return domain in _ENFORCING or bool(_ENFORCING_EVERYWHERE.fullmatch(domain))


def survives(before: Sequence[Field], after: Sequence[Field], ours: Collection[bytes], domain: str) -> bool:
    """Whether a DKIM signature of `domain` covers nothing that changed between two header blocks over one body.

    `ours` are names (lower-case) of fields that will still be put on top. It is not asked whether the signature holds:
    one that did when the message came still does, and of one that did not nothing better can be made.
    """
    was, becomes = _by_name(before), _by_name(after)
    for name in ours:
        becomes.setdefault(name, []).insert(0, b"")
    for field in before:
        tags = _tags(field.value) if field.name == b"dkim-signature" else {}
        signer = tags.get(b"d", b"").lower().decode("ascii", "replace")
        counts = Counter(name.strip().lower() for name in tags.get(b"h", b"").split(b":"))
        if not (signer == domain or signer.endswith(f".{domain}")) or b"from" not in counts:
            continue
        # h= counts from below; a name it lists more often than it is there must not be added (RFC 6376 5.4.2).
        if all(was.get(name, [])[-n:] == becomes.get(name, [])[-n:] for name, n in counts.items()):
            return True
    return False


def via(fields: Sequence[Field], writer: Writer, group: GroupPolicy) -> list[Field]:
    """Return the fields with the group in From, and the original in X-Original-From, each where From was.

    A reply reaches whom it would have: Reply-To becomes the author, or, where one is there already, that stays and the
    author goes to Cc (unless To or Cc have the author), so that a reply to all does.
    """
    replies = any(field.name == b"reply-to" for field in fields)
    copied = any(field.name == b"cc" for field in fields)
    known = any(field.name in (b"to", b"cc") and _names(field, writer.address) for field in fields)
    lines: list[bytes] = []
    for field in fields:
        if field.name == b"from":
            lines += [_from(writer, group), b"X-Original-From:" + field.raw.partition(b":")[2]]
            if not replies:
                lines.append(line("Reply-To", f"<{writer.address}>"))
            elif not copied and not known:
                lines.append(line("Cc", f"<{writer.address}>"))
        elif field.name == b"cc" and replies and not known:
            lines.append(_appended(field, writer.address))
            known = True
        elif field.name != b"x-original-from":
            lines.append(field.raw)
    return headers.fields(b"".join(lines))


def _from(writer: Writer, group: GroupPolicy) -> bytes:
    # A second address in the name is what forgers write, and some filters refuse it.
    name = one_line(writer.name, _NAME_LIMIT).partition("@")[0].strip(" \"'<") or writer.address.rpartition("@")[0]
    whom = one_line(group.display_name, _NAME_LIMIT).partition("@")[0].strip() or group.address.rpartition("@")[0]
    return line("From", *phrase(say(group.language, "mail.from.via", author=name, name=whom)), f"<{group.address}>")


def _appended(field: Field, address: str) -> bytes:
    if not field.value:
        return line("Cc", f"<{address}>")
    return field.raw.rstrip(b" \t\r\n,") + b"," + CRLF + b"\t<" + address.encode() + b">" + CRLF


def _names(field: Field, address: str) -> bool:
    """Whether the address stands in the field by itself, not as the end of a longer one."""
    wanted = re.escape(address.lower().encode("utf-8", "replace"))
    return bool(re.search(rb"(?<![^\s<,:;\"'(])" + wanted + rb"(?![^\s>,;)\"'])", field.value.lower()))


def _by_name(fields: Sequence[Field]) -> dict[bytes, list[bytes]]:
    found: dict[bytes, list[bytes]] = {}
    for field in fields:
        found.setdefault(field.name, []).append(field.raw)
    return found


def _tags(value: bytes) -> dict[bytes, bytes]:
    """The tags of a signature (RFC 6376 3.2). No pattern: it may be 256 KiB of blanks."""
    parts = (part.partition(b"=") for part in value.split(b";"))
    return {name.strip(): text.strip() for name, equals, text in parts if equals}
