"""One connection's conversation after EHLO, without a socket: what to write next, and what each reply was about.

With PIPELINING (RFC 2920) the content of one transaction and the commands of the next go out together, so a copy costs
one round trip. Every command written adds an entry to the queue of expected replies; replies are paired from its front
and from nowhere else. A reply that does not fit its entry ends the conversation: after it nothing could be paired.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from enum import Enum, auto

from mailbridge.deliver import commands, wire
from mailbridge.deliver.capabilities import Capabilities
from mailbridge.deliver.envelope import Feed
from mailbridge.deliver.outcome import LOST, broken, conclude
from mailbridge.deliver.transaction import Transaction
from mailbridge.deliver.wire import Garbage
from store.terms import Reply, Stage

SLICE = 64 * 1024  # octets of content handed out at a time; a copy smaller than this goes in one piece
DOT = b".\r\n"


class HungUp(Exception):  # noqa: N818 - what a hop said
    """The hop ends the conversation: 421 at any point (RFC 5321 3.8), or a refusal while the content is still going."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply))
        self.reply = reply


class Step(Enum):
    """What an expected reply answers."""

    RESET = auto()
    MAIL = auto()
    RCPT = auto()
    DATA = auto()
    DOT = auto()


STAGES = {
    Step.RESET: Stage.MAIL,
    Step.MAIL: Stage.MAIL,
    Step.RCPT: Stage.RCPT,
    Step.DATA: Stage.DATA,
    Step.DOT: Stage.DOT,
}


_Entry = tuple[Step, Transaction | None, int]


class Dialogue:
    """The state of one conversation. `answered` counts the transactions that ended by what the hop replied."""

    def __init__(self, feed: Feed, capabilities: Capabilities, ours: Collection[str] = ()) -> None:
        self._feed = feed
        self._offers = capabilities
        self._ours = ours
        self._expected: deque[_Entry] = deque()
        self._commands: deque[tuple[bytes, _Entry]] = deque()
        self._open: Transaction | None = None  # between its MAIL and the reply to its DATA
        self._content: Transaction | None = None  # 354 heard, the content not wholly handed out
        self._sent = 0  # octets of its body handed out
        self._reset = False
        self.ending = False
        self.answered = 0

    # ------------------------------------------------------------ where it stands

    @property
    def idle(self) -> bool:
        """True when nothing was taken that has no outcome yet, and no reply is owed."""
        return not self._expected and self._open is None and self._content is None

    @property
    def stage(self) -> Stage | None:
        """Where the reply that is due next belongs; None when none is due (idle, or the content is going out)."""
        return STAGES[self._expected[0][0]] if self._expected else None

    @property
    def streaming(self) -> bool:
        """True while a long content is handed out piece by piece."""
        return self._content is not None

    # ------------------------------------------------------------ what to write

    def due(self) -> list[bytes | memoryview]:
        """The octets to write now, as pieces; empty when it is the hop's turn, or there is nothing to do.

        Call again when they are written and after every batch of replies.
        """
        parts: list[bytes | memoryview] = []
        if self._content is not None:
            if not self._hand_out(self._content, parts):
                return parts
            if not self._offers.pipelining:
                return parts
        if self._open is None and not self.ending and (self._offers.pipelining or not self._expected):
            self._begin()
        if self._commands:
            if self._offers.pipelining:
                parts += [command for command, _ in self._commands]
                self._expected.extend([entry for _, entry in self._commands])
                self._commands.clear()
            elif not self._expected:
                command, entry = self._commands.popleft()
                parts.append(command)
                self._expected.append(entry)
        return parts

    def _hand_out(self, transaction: Transaction, parts: list[bytes | memoryview]) -> bool:
        """Append content, and the dot when all of it is out (True): a slice at a time, so a lost connection shows
        whether the dot was ever on its way."""
        envelope = transaction.envelope
        if transaction.accepted:
            body = envelope.body
            if len(body) <= SLICE:
                parts += (envelope.prefix, body)
            else:
                if self._sent == 0:
                    parts.append(envelope.prefix)
                if self._sent < len(body):
                    parts.append(memoryview(body)[self._sent : self._sent + SLICE])
                    self._sent += SLICE
                    return False
        # Nobody accepted, yet 354: the dot alone, as RFC 2920 3.1 asks.
        parts.append(DOT)
        self._content, self._sent = None, 0
        self._expected.append((Step.DOT, transaction, 0))
        return True

    def _begin(self) -> None:
        while (envelope := self._feed.take()) is not None:
            transaction = Transaction(envelope, self._offers)
            if transaction.hopeless:
                self._feed.done(envelope, transaction.concluded())
                continue
            self._open = transaction
            if self._reset:
                self._commands.append((commands.RSET, (Step.RESET, None, 0)))
                self._reset = False
            lines = iter(transaction.lines)
            self._commands.append((next(lines), (Step.MAIL, transaction, 0)))
            for index, known in enumerate(transaction.outcomes):
                if known is None:
                    self._commands.append((next(lines), (Step.RCPT, transaction, index)))
            self._commands.append((commands.DATA, (Step.DATA, transaction, 0)))
            return

    # ------------------------------------------------------------ what was heard

    def heard(self, code: int, lines: list[bytes]) -> None:
        """Take one reply. Raises HungUp or Garbage; call `lost` then, and write nothing more."""
        if not self._expected:
            self._unexpected(code, lines)
        step, transaction, index = self._expected.popleft()
        if code == LOST:
            reply = wire.reply(code, lines)
            if transaction is not None:
                transaction.conclude(broken(STAGES[step], reply, uncertain=False))
                self._expected.appendleft((step, transaction, index))  # so that `lost` gives it back
            raise HungUp(reply)
        if transaction is None:
            if code >= 300:
                raise Garbage(f"{code} to RSET")
        elif step is Step.RCPT:
            self._rcpt(transaction, index, code, lines)
        elif step is Step.DOT:
            self._dot(transaction, code, lines)
        elif step is Step.MAIL:
            self._mail(transaction, code, lines)
        else:
            self._data(transaction, code, lines)

    def _unexpected(self, code: int, lines: list[bytes]) -> None:
        reply = wire.reply(code, lines)
        if self._content is not None and code >= 400:  # said early, in the middle of the content: it is about it
            early = broken(Stage.DOT, reply, uncertain=False) if code == LOST else None
            self._content.conclude(early or conclude(Stage.DOT, reply, self._ours))
            raise HungUp(reply)
        if code == LOST:
            raise HungUp(reply)
        raise Garbage(f"{code} to nothing that was asked")

    def _mail(self, transaction: Transaction, code: int, lines: list[bytes]) -> None:
        if code < 300:
            return
        if code < 400:
            self._garbled(Step.MAIL, transaction, f"{code} to MAIL")
        transaction.conclude(conclude(Stage.MAIL, wire.reply(code, lines), self._ours))
        self._abandon(transaction)

    def _rcpt(self, transaction: Transaction, index: int, code: int, lines: list[bytes]) -> None:
        if code < 300:
            if transaction.outcomes[index] is not None:
                # MAIL was refused: a dot now could deliver an empty mail to somebody.
                self._garbled(Step.RCPT, transaction, f"{code} to RCPT after MAIL was refused")
            transaction.accepted += 1
        elif code < 400:
            self._garbled(Step.RCPT, transaction, f"{code} to RCPT")
        elif transaction.outcomes[index] is None:
            transaction.outcomes[index] = conclude(Stage.RCPT, wire.reply(code, lines), self._ours)
        if self._commands and self._commands[0][1][0] is Step.DATA and not transaction.accepted:
            self._abandon(transaction)

    def _data(self, transaction: Transaction, code: int, lines: list[bytes]) -> None:
        if code == 354:
            self._open, self._content = None, transaction
            return
        if code < 400:
            self._garbled(Step.DATA, transaction, f"{code} to DATA")
        transaction.conclude(conclude(Stage.DATA, wire.reply(code, lines), self._ours))
        self._open, self._reset = None, True  # the hop may still hold MAIL open, and would refuse the next one
        self._answer(transaction)

    def _dot(self, transaction: Transaction, code: int, lines: list[bytes]) -> None:
        if 300 <= code < 400:
            self._garbled(Step.DOT, transaction, f"{code} to the end of the content")
        if transaction.accepted:
            transaction.conclude(conclude(Stage.DOT, wire.reply(code, lines), self._ours))
        self._answer(transaction)

    def _abandon(self, transaction: Transaction) -> None:
        """Without pipelining, commands not yet written are left out once nobody is left to deliver to."""
        if self._commands:
            self._commands.clear()
            self._open, self._reset = None, True
            self._answer(transaction)

    def _garbled(self, step: Step, transaction: Transaction, what: str) -> None:
        self._expected.appendleft((step, transaction, 0))  # so that `lost` finds it
        raise Garbage(what)

    def _answer(self, transaction: Transaction) -> None:
        self.answered += 1
        self._give_back(transaction)

    def _give_back(self, transaction: Transaction) -> None:
        self._feed.done(transaction.envelope, transaction.concluded())

    # ------------------------------------------------------------ the end

    def lost(self, reply: Reply) -> None:
        """The connection is gone, or of no use: conclude what has no outcome. Uncertain where the dot was handed out.

        Harmless when called again.
        """
        stages: dict[Transaction, Stage] = {}
        for step, transaction, _ in self._expected:
            if transaction is not None:
                stages.setdefault(transaction, STAGES[step])
        if self._content is not None:
            stages.setdefault(self._content, Stage.DATA)
        if self._open is not None:
            stages.setdefault(self._open, Stage.MAIL)
        self._expected.clear()
        self._commands.clear()
        self._open = self._content = None
        self.ending = True
        for transaction, stage in stages.items():
            transaction.conclude(broken(stage, reply, uncertain=stage is Stage.DOT and transaction.accepted > 0))
            self._give_back(transaction)
