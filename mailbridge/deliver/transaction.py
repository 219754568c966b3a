"""One mail transaction of a connection: its commands, and the outcomes of its recipients as they become known."""

from __future__ import annotations

from mailbridge.deliver import commands
from mailbridge.deliver.capabilities import Capabilities
from mailbridge.deliver.envelope import Envelope
from store.terms import DeliveryState, Fault, Outcome, Reply, Stage


class Transaction:
    """An envelope on its way: outcomes known so far, and how many recipients the hop has taken."""

    __slots__ = ("accepted", "envelope", "lines", "outcomes")

    def __init__(self, envelope: Envelope, offers: Capabilities) -> None:
        self.envelope = envelope
        self.outcomes: list[Outcome | None] = [None] * len(envelope.recipients)
        self.accepted = 0
        self.lines = _lines(self, offers)  # MAIL, then a RCPT for each recipient that has no outcome yet

    @property
    def hopeless(self) -> bool:
        """True when every recipient has an outcome before anything was said."""
        return len(self.lines) < 2

    def conclude(self, outcome: Outcome) -> None:
        """Give `outcome` to every recipient that has none yet."""
        if self.outcomes == [None]:  # a personal copy
            self.outcomes = [outcome]
        else:
            self.outcomes = [known or outcome for known in self.outcomes]

    def concluded(self) -> list[Outcome]:
        """The outcomes in the recipients' order."""
        return [outcome for outcome in self.outcomes if outcome is not None]


def _lines(transaction: Transaction, offers: Capabilities) -> list[bytes]:
    """The commands before DATA; what cannot be said to this hop is concluded instead of tried.

    An eight-bit body goes to a hop without 8BITMIME as it is: the hops that do not offer it take it all the same, and
    converting it would break the author's signature.
    """
    envelope = transaction.envelope
    international = envelope.utf8 or not envelope.mail_from.isascii()
    if international and not offers.utf8:  # RFC 6531 3.5; whoever the contacts are, it is the author's address
        refusal = Reply(550, "5.6.7", "The next hop does not offer SMTPUTF8, which this mail needs")
        transaction.conclude(Outcome(DeliveryState.DEFERRED, refusal, Stage.MAIL, Fault.POST))
        return []
    utf8 = international or (offers.utf8 and not all(map(str.isascii, envelope.recipients)))
    if offers.size is not None and envelope.size > offers.size:  # RFC 1870 5
        refusal = Reply(552, "5.3.4", f"The next hop takes {offers.size} octets, this mail has {envelope.size}")
        transaction.conclude(Outcome(DeliveryState.DEFERRED, refusal, Stage.MAIL, Fault.POST))
        return []
    try:
        size = envelope.size if offers.sizes else None
        eight_bit = envelope.eight_bit and offers.eight_bit
        lines = [commands.mail(envelope.mail_from, size=size, eight_bit=eight_bit, utf8=utf8)]
    except commands.Unwritable as error:
        refusal = Reply(553, "5.1.7", f"The return path cannot be written: {error}")
        transaction.conclude(Outcome(DeliveryState.DEFERRED, refusal, Stage.MAIL, Fault.US))
        return []
    for index, address in enumerate(envelope.recipients):
        if not (address.isascii() or offers.utf8):
            refusal = Reply(550, "5.6.7", "The next hop does not offer SMTPUTF8, which this address needs")
            transaction.outcomes[index] = Outcome(DeliveryState.FAILED, refusal, Stage.RCPT, Fault.RECIPIENT)
            continue
        try:
            lines.append(commands.rcpt(address, utf8=utf8))
        except commands.Unwritable as error:
            refusal = Reply(553, "5.1.3", f"The address cannot be written: {error}")
            transaction.outcomes[index] = Outcome(DeliveryState.FAILED, refusal, Stage.RCPT, Fault.RECIPIENT)
    return lines
