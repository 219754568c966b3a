"""What comes back from a connection that ended under it, and deserves another at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence, Sized

from mailbridge.deliver.envelope import Envelope, Feed
from mailbridge.deliver.outcome import LOST
from store.terms import Outcome, Stage


class Returns:
    """The feed as a pool's connections see it.

    An envelope whose connection ended before its dot is tried once more on another: a hop that takes so many mails a
    connection says 421 to whichever comes next, and an idle connection may be closed under the first one.
    """

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._back: deque[Envelope] = deque()
        self._again: set[Envelope] = set()
        self.closing = False

    @property
    def waiting(self) -> int | None:
        """How many envelopes there are at most; None where the feed has no length."""
        return len(self._back) + len(self._feed) if isinstance(self._feed, Sized) else None

    def take(self) -> Envelope | None:
        """What came back first, then the feed's."""
        return self._back.popleft() if self._back else self._feed.take()

    def done(self, envelope: Envelope, outcomes: Sequence[Outcome], /) -> None:
        """Keep what may be tried again; hand on the rest."""
        if envelope in self._again:
            self._again.discard(envelope)
        elif not self.closing and all(_untried(outcome) for outcome in outcomes):
            self._again.add(envelope)
            self._back.append(envelope)
            return
        self._feed.done(envelope, outcomes)

    def conclude(self, outcome: Outcome) -> None:
        """Give what came back to the feed, with `outcome` for each."""
        while self._back:
            envelope = self._back.popleft()
            self.done(envelope, [outcome] * len(envelope.recipients))

    def conclude_all(self, outcome: Outcome) -> None:
        """Give everything that waits, in the feed too, `outcome`."""
        while (envelope := self.take()) is not None:
            self._again.add(envelope)
            self.done(envelope, [outcome] * len(envelope.recipients))


def _untried(outcome: Outcome) -> bool:
    return outcome.reply.code == LOST and outcome.stage is not Stage.DOT
