"""Streaks: what one unclear refusal cannot say, the same one for several recipients does."""

from __future__ import annotations

from dataclasses import dataclass, field

from store.terms import DeliveryState, Fault, Outcome, Stage

LONG = 5  # equal refusals with no success between
LAST_TRY = 3  # a recipient refused this often, while others are taken, is at fault itself


@dataclass(slots=True)
class Streaks:
    """Counts equal unclear refusals of one lane, by post."""

    counts: dict[tuple[int, str], int] = field(default_factory=dict)

    def judge(self, post_id: int, outcome: Outcome, attempts: int) -> Fault:
        """Whose fault `outcome` is, the run of earlier ones considered. `attempts` counts the tries before this one."""
        if outcome.state is DeliveryState.RELAYED:
            self.counts = {key: n for key, n in self.counts.items() if key[0] != post_id}
            return Fault.NOBODY
        if outcome.fault is not Fault.UNCLEAR:
            return outcome.fault
        key = (post_id, f"{outcome.stage} {outcome.reply.code} {outcome.reply.enhanced}")
        self.counts[key] = n = self.counts.get(key, 0) + 1
        if n >= LONG:
            del self.counts[key]
            # After the dot the hop has seen the content; before it, it only knows who asks.
            return Fault.POST if outcome.stage is Stage.DOT else Fault.US
        return Fault.RECIPIENT if attempts >= LAST_TRY else Fault.UNCLEAR
