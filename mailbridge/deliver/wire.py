"""Replies as they come off the wire (RFC 5321 4.2): octets in, whole replies out; anything else is garbage."""

from __future__ import annotations

import re

from store.terms import Reply

LINE_OCTETS = 8 * 1024  # RFC 5321 4.5.3.1.5 asks for 512; real hops write more, none needs this
REPLY_OCTETS = 64 * 1024  # a hop must not fill our memory with one endless reply
_CODES = {b"%d" % code: code for code in range(200, 600)}
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")

Heard = tuple[int, list[bytes]]  # the code, and the text of each line without it


class Garbage(Exception):  # noqa: N818 - what a hop said, not an error of ours
    """The hop said something that is no reply, or none that fits what it was asked: nothing after it can be paired."""


class Replies:
    """Cuts a stream into replies. Continuation lines must carry the code of the last one (RFC 5321 4.2.1)."""

    def __init__(self) -> None:
        self._rest = b""
        self._code = 0
        self._lines: list[bytes] = []
        self._octets = 0

    @property
    def pending(self) -> bool:
        """True in the middle of a reply."""
        return bool(self._rest or self._lines)

    def feed(self, data: bytes) -> list[Heard]:
        """The replies completed by `data`. Raises Garbage; the reader is of no use afterwards."""
        lines = (self._rest + data if self._rest else data).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > LINE_OCTETS:
            raise Garbage("a line without end")
        replies: list[Heard] = []
        for line in lines:
            code = _CODES.get(line[:3])
            if code is not None and line[3:4] == b" " and line[-1:] == b"\r" and not self._lines and len(line) < 512:
                replies.append((code, [line[4:-1]]))  # nearly all replies are one such line
            elif (reply := self._line(line)) is not None:
                replies.append(reply)
        return replies

    def _line(self, line: bytes) -> Heard | None:
        if line[-1:] == b"\r":
            line = line[:-1]
        code = _CODES.get(line[:3])
        mark = line[3:4]
        if code is None or mark not in (b" ", b"-", b"") or len(line) > LINE_OCTETS:
            raise Garbage(f"not a reply: {text([line[:80]])!r}")
        if not self._lines and mark != b"-":
            return code, [line[4:]]
        if self._lines and code != self._code:
            raise Garbage(f"a reply that begins with {self._code} and goes on with {code}")
        self._code = code
        self._lines.append(line[4:])
        self._octets += len(line)
        if self._octets > REPLY_OCTETS:
            raise Garbage("a reply without end")
        if mark == b"-":
            return None
        whole, self._lines, self._octets = self._lines, [], 0
        return code, whole


def text(lines: list[bytes]) -> str:
    """Reply lines as one line of text for people: bad UTF-8 replaced, controls blanked, at most 1,000 characters."""
    whole = b" ".join(lines).decode("utf-8", "replace")[:1000]
    return whole if whole.isascii() and whole.isprintable() else _CONTROLS.sub(" ", whole)


def reply(code: int, lines: list[bytes]) -> Reply:
    """What was heard as a Reply. A multi-line reply repeats its enhanced code on each line (RFC 2034 4): kept once."""
    if len(lines) == 1:
        return Reply.heard(code, [text(lines)])
    enhanced = lines[0].split(b" ", 1)[0]
    if re.fullmatch(rb"[245]\.\d{1,3}\.\d{1,3}", enhanced):
        lines = lines[:1] + [line.removeprefix(enhanced + b" ") for line in lines[1:]]
    return Reply.heard(code, [text(lines)])
