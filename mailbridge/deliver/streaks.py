"""Streaks: what one unclear refusal cannot say, the same one for several recipients does."""

from __future__ import annotations

from dataclasses import dataclass, field

from store.terms import DeliveryState, Fault, Outcome, Stage

LONG = 5  # equal refusals with no success between
LAST_TRY = 4  # a recipient refused this often, while others are taken, is at fault itself
REMEMBERED = 10_000  # of each kind; what is forgotten is counted anew


@dataclass(slots=True)
class Streaks:
    """One lane's unclear refusals: equal ones by post, and by delivery how many, since when nothing else was taken."""

    counts: dict[tuple[int, str], int] = field(default_factory=dict)
    refused: dict[int, tuple[int, int]] = field(default_factory=dict)  # delivery: times, `relayed` at the first
    relayed: int = 0

    @property
    def empty(self) -> bool:
        """True when nothing is remembered that a later refusal would add to."""
        return not (self.counts or self.refused)

    def judge(self, post_id: int, delivery_id: int, outcome: Outcome) -> Fault:
        """Whose fault `outcome` is, the run of earlier ones considered."""
        if outcome.state is DeliveryState.RELAYED:
            self.relayed += 1
            self.refused.pop(delivery_id, None)
            self.counts = {key: n for key, n in self.counts.items() if key[0] != post_id}
            return Fault.NOBODY
        if outcome.fault is not Fault.UNCLEAR:
            return outcome.fault
        key = (post_id, f"{outcome.stage} {outcome.reply.code} {outcome.reply.enhanced}")
        n = self.counts.pop(key, 0) + 1
        if n >= LONG:
            # After the dot the hop has seen the content; before it, it only knows who asks.
            return Fault.POST if outcome.stage is Stage.DOT else Fault.US
        times, before = self.refused.pop(delivery_id, (0, self.relayed))
        if times + 1 >= LAST_TRY and self.relayed > before:
            return Fault.RECIPIENT
        self.counts[key], self.refused[delivery_id] = n, (times + 1, before)
        for memory in (self.counts, self.refused):
            if len(memory) > REMEMBERED:
                del memory[next(iter(memory))]  # type: ignore[arg-type]  # each its own kind of key
        return Fault.UNCLEAR
