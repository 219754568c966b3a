r"""What follows 354: the one true end of data, transparency, and the octets no message may hold.

Pure. Only CRLF.CRLF ends a message (RFC 5321 4.1.1.4); a server that also takes `\n.\n` or `\r.\r` lets one mail carry
a second one in its body (SMTP smuggling, CVE-2023-51764 and its kin). So nothing is repaired: a message with a bare CR,
a bare LF or a NUL is read to its end, and refused. What is refused is forgotten at once and costs no memory.
"""

from __future__ import annotations

from mailbridge.intake.limits import Budget, Limits
from mailbridge.policy import replies
from store.terms import Reply

PROMISED_OCTETS = 1_048_576  # what is smaller finds its room as it comes
_END = b"\r\n.\r\n"


class Content:
    """The octets of one DATA, fed in pieces of any size.

    `refusal` is set as soon as something makes the message unacceptable; reading goes on to the end all the same, so
    that the reply stands where the client expects it and no piece of a body is read as a command.
    """

    def __init__(self, limits: Limits, budget: Budget, most: int, declared: int = 0) -> None:
        """`most` octets the message may have, counted without transparency dots (RFC 1870 5).

        Room for a large message of `declared` octets is taken now; where there is none, `refusal` says so at once.
        """
        self.refusal: Reply | None = None
        self.octets = 0  # as they came over the wire
        self._limits = limits
        self._budget = budget
        self._most = most
        self._reserved = 0
        if declared > PROMISED_OCTETS:
            if budget.promise(declared):
                self._reserved = declared
            else:
                self.refusal = replies.CROWDED
        # One growing block, not thousands of small ones: those would leave the heap in holes that no other mail fits.
        self._octets = bytearray()
        # 354 stands where a line begins; with this the first line needs no rule of its own.
        self._pending = b"\r\n"
        self._last = b""  # the last three octets kept, for what straddles two pieces
        self._returns = self._feeds = self._pairs = self._dots = 0
        self._line = 0
        self._kept = 0
        self._in_header = True

    def feed(self, piece: bytes) -> bytes | None:
        """Take what arrived. None while the end has not come; then what came after it: the next commands."""
        self.octets += len(piece)
        window = self._pending + piece
        end = window.find(_END)
        if end >= 0:
            self._keep(window[: end + 2])
            self._finish()
            return window[end + 5 :]
        self._keep(window[:-4])
        self._pending = window[-4:]
        return None

    def message(self) -> bytes:
        """The message with its transparency dots removed (RFC 5321 4.5.2). Only after the end, without a refusal."""
        # From the line end that `_pending` began with, so that the first line loses its dot too; most mails have none.
        stuffed = bool(self._dots)
        with memoryview(self._octets) as view:
            octets = bytes(view if stuffed else view[2:])
        self._octets = bytearray()
        return octets.replace(b"\r\n.", b"\r\n")[2:] if stuffed else octets

    def release(self) -> None:
        """Give the reserved octets back. Must be called once the message is stored or refused; harmless twice."""
        self._budget.give_back(self._reserved)
        self._reserved = 0
        self._octets = bytearray()

    def _keep(self, piece: bytes) -> None:
        if not piece or self.refusal:
            return
        self._count(piece)
        self.refusal = self._fault(piece)
        if not self.refusal and not self._reserve(len(self._octets) + len(piece)):
            self.refusal = replies.CROWDED
        if self.refusal:
            self.release()
            return
        self._octets += piece
        self._last = (self._last + piece)[-3:]

    def _reserve(self, octets: int) -> bool:
        """Have so many octets reserved, if the budget has them."""
        more = octets - self._reserved
        if more > 0:
            if not self._budget.take(more):
                return False
            self._reserved = octets
        return True

    def _count(self, piece: bytes) -> None:
        seam = self._last[-1:] + piece[:1]
        self._pairs += piece.count(b"\r\n") + (seam == b"\r\n")
        self._returns += piece.count(b"\r")
        self._feeds += piece.count(b"\n")
        self._dots += (self._last[-2:] + piece).count(b"\r\n.")
        self._kept += len(piece)

    def _fault(self, piece: bytes) -> Reply | None:
        open_return = piece.endswith(b"\r")
        if b"\0" in piece or self._feeds > self._pairs or self._returns - open_return > self._pairs:
            return replies.STRAY
        if self._kept - 2 - self._dots > self._most:
            return replies.TOO_BIG
        if self._in_header:
            blank = (self._last + piece).find(b"\r\n\r\n")
            self._in_header = blank < 0
            beyond = 0 if blank < 0 else len(self._last) + len(piece) - blank
            if self._kept - beyond > self._limits.header_octets:
                return replies.HEADER_TOO_BIG
        # A line longer than one piece is what fills memory in readers that wait for its end.
        first = piece.find(b"\n")
        longest = self._line + (len(piece) if first < 0 else first)
        if len(piece) > self._limits.line_octets:
            longest = max(longest, *map(len, piece.split(b"\n")))
        self._line = longest if first < 0 else len(piece) - piece.rfind(b"\n") - 1
        return replies.LINE_TOO_LONG if max(longest, self._line) > self._limits.line_octets else None

    def _finish(self) -> None:
        if not self.refusal and not self._returns == self._feeds == self._pairs:
            self.refusal = replies.STRAY
            self.release()
