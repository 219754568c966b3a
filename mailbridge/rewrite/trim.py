"""Trim: the largest attachments of a post give way to notes, until it is no larger than its group distributes.

What is an attachment is decided narrowly: a leaf of the tree that is not the text of the message. Forwarded messages go
whole; what is signed or encrypted is not entered, since a note inside would break the one and could not be read in the
other. Every octet outside the replaced parts stays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from mailbridge.rewrite import mime
from mailbridge.rewrite.charsets import parameter
from mailbridge.rewrite.lines import CRLF, line, one_line
from mailbridge.rewrite.mime import Edit, Malformed, Part
from mailbridge.rewrite.textpart import textpart, wrapped
from store import sizes
from store.alteration import AS_IT_CAME, KEPT, Alteration, Replaced
from store.terms import GroupPolicy, OverSendSize, wire_limit
from store.texts import say

_NAME_LIMIT: Final = 100  # characters of a file's name
_KIND_LIMIT: Final = 60
_BLANKS: Final = b" \t\r\n"


@dataclass(frozen=True, slots=True)
class _Swap:
    """An attachment with the edit that puts a note there."""

    attachment: Replaced
    edits: tuple[Edit, ...]

    @property
    def saved(self) -> int:
        return sum(end - start - len(instead) for start, end, instead in self.edits)


class Trimmer:
    """One message, for as many groups as it was sent to: read once, each note written once."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._swaps: dict[tuple[int, str], _Swap] = {}
        try:
            found = list(attachments(mime.read(raw)))
        except Malformed:
            found = []
        self._found = sorted(found, key=lambda part: (part.start - part.end, part.start))
        self._most = sum(part.end - part.start for part in found)

    def fits(self, group: GroupPolicy) -> bool:
        """Whether the post is, or can be made, as small as the group's `max_send_size` asks."""
        return self._chosen(group) is not None

    def trimmed(self, group: GroupPolicy) -> tuple[bytes, Alteration]:
        """The octets with the fewest of the largest attachments replaced; as they were if that is not enough."""
        chosen = self._chosen(group)
        if not chosen:
            return self._raw, AS_IT_CAME
        raw = mime.edited(self._raw, [edit for swap in chosen for edit in swap.edits])
        replaced = tuple(swap.attachment for swap in chosen)
        return raw, Alteration(replaced[:KEPT], len(replaced), sum(one.size for one in replaced))

    def _chosen(self, group: GroupPolicy) -> list[_Swap] | None:
        """What is replaced, in order of size; None if that is not enough."""
        if not trims(group, len(self._raw)):
            return []
        assert group.max_send_size is not None
        excess = len(self._raw) - wire_limit(group.max_send_size)
        chosen: list[_Swap] = []
        if self._most <= excess:
            return None
        for part in self._found:
            swap = self._swap(part, group.language)
            if swap.saved <= 0:
                continue
            chosen.append(swap)
            excess -= swap.saved
            if excess <= 0:
                return chosen
        return None

    def _swap(self, part: Part, language: str) -> _Swap:
        known = self._swaps.get((part.start, language))
        if known is None:
            attachment = _described(self._raw, part)
            note = textpart(_note(attachment, language), language)
            edits: tuple[Edit, ...] = ((part.start, part.end, note.removesuffix(CRLF)),)
            if part.start == 0:
                edits = _whole(self._raw, part, note)
            known = self._swaps[part.start, language] = _Swap(attachment, edits)
        return known


def trims(group: GroupPolicy, size: int) -> bool:
    """Whether a message of so many octets is one that the group's settings ask to trim."""
    limit = group.max_send_size
    return group.over_send_size is OverSendSize.TRIM and limit is not None and size > wire_limit(limit)


def fitting(raw: bytes, groups: Collection[GroupPolicy]) -> frozenset[int]:
    """The ids of those groups that trim and for which the message can be made to fit."""
    trimmer = Trimmer(raw)
    return frozenset(group.group_id for group in groups if trims(group, len(raw)) and trimmer.fits(group))


def attachments(part: Part, *, text: bool = False) -> Iterator[Part]:
    """The leaves that are not the text of the message. `text` says that the part's place makes it text."""
    if part.sealed:
        return
    if part.multipart:
        alternative, root = part.kind == b"multipart/alternative", part.kind == b"multipart/related"
        for child in part.children:
            yield from attachments(child, text=alternative or (root and child is part.first))
        return
    named = b"name" in part.parameters or b"name*" in part.parameters or b"name*0" in part.parameters
    if part.disposition == b"attachment" or not (text or (part.kind.startswith(b"text/") and not named)):
        yield part


def _described(raw: bytes, part: Part) -> Replaced:
    disposition = mime.parameters(mime.value(part.fields, b"content-disposition"))
    name = parameter(disposition, b"filename") or parameter(part.parameters, b"name")
    kind = part.kind.decode("ascii", "replace")
    return Replaced(one_line(name, _NAME_LIMIT), one_line(kind, _KIND_LIMIT), _size(raw, part))


def _size(raw: bytes, part: Part) -> int:
    """The bytes of an attachment as its file has them, about, where the encoding is not base64."""
    octets = raw[part.content : part.end]
    if part.encoding != b"base64":
        return len(octets)
    return len(octets.translate(None, _BLANKS).rstrip(b"=")) * 3 // 4


def _note(attachment: Replaced, language: str) -> str:
    name = attachment.name or say(language, "mail.left_out.no_name")
    text = say(
        language, "mail.left_out.text", name=name, kind=attachment.kind, size=sizes.show(attachment.size, language)
    )
    return wrapped(text)


def _whole(raw: bytes, root: Part, note: bytes) -> tuple[Edit, ...]:
    """A message that is nothing but an attachment: its header stays, but for the fields that describe its content."""
    edits: list[Edit] = []
    at = root.start
    for field in root.fields:
        if field.name.startswith(b"content-"):
            edits.append((at, at + len(field.raw), b""))
        at += len(field.raw)
    if not mime.value(root.fields, b"mime-version"):
        note = line("MIME-Version", "1.0") + note
    # The blank line goes too, for the note brings its own.
    return (*edits, (at, root.end, note))
