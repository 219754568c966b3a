"""Settlement: the results of a moment become rows, alarms and notices, in one transaction with the next claim."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from mailbridge.bounce.reason import classify
from mailbridge.deliver import schedule
from mailbridge.deliver.streaks import Streaks
from store import alarms, queue, turns
from store.engine import Bulk
from store.queue import Claim, Result
from store.terms import BounceReason, DeliveryState, Fault, Outcome, Reply, Stage

Random = Callable[[], float]
UNCLEAR_PAUSE = timedelta(seconds=30)
OURS_PAUSE = timedelta(seconds=5)


class Fenced(Exception):  # noqa: N818 - an answer of the database
    """This worker was declared dead; its claims are somebody else's, and its results change nothing."""


@dataclass(slots=True)
class Verdicts:
    """What a batch of results says beyond its rows."""

    results: list[Result] = field(default_factory=list)
    stalled: dict[tuple[int, int], Outcome] = field(default_factory=dict)  # (lane, post) -> the refusal
    waiting: dict[int, Outcome] = field(default_factory=dict)  # lane -> the refusal of us
    working: set[int] = field(default_factory=set)  # lanes that relayed something

    def add(self, later: Verdicts) -> None:
        """Take in what a later batch says."""
        self.results += later.results
        self.stalled |= later.stalled
        self.waiting |= later.waiting
        self.working |= later.working


def judge(
    done: Sequence[tuple[Claim, Outcome]], streaks: dict[int, Streaks], now: datetime, random: Random
) -> Verdicts:
    """Pure: whose fault each outcome is, and when what is deferred is tried again."""
    verdicts = Verdicts()
    for claim, outcome in done:
        post_id = claim.post_id or turns.LETTERS
        fault = streaks.setdefault(claim.lane_id, Streaks()).judge(post_id, claim.id, outcome)
        if outcome.state is DeliveryState.RELAYED:
            verdicts.working.add(claim.lane_id)
            verdicts.results.append(Result(claim, outcome))
        elif fault is Fault.POST and claim.post_id is None:
            # A letter has one recipient and nobody who could press Retry: the hop has the last word.
            verdicts.results.append(Result(claim, replace(outcome, state=DeliveryState.FAILED, fault=fault)))
        elif fault is Fault.RECIPIENT:
            verdicts.results.append(Result(claim, _failed(outcome, _why(outcome))))
        else:
            if fault is Fault.POST:
                verdicts.stalled[claim.lane_id, post_id] = outcome
            elif fault is Fault.US:
                verdicts.waiting[claim.lane_id] = outcome
            verdicts.results.append(_deferred(claim, outcome, fault, now, random))
    return verdicts


def _deferred(claim: Claim, outcome: Outcome, fault: Fault, now: datetime, random: Random) -> Result:
    deferred = replace(outcome, state=DeliveryState.DEFERRED, fault=fault)
    if fault in (Fault.US, Fault.POST):
        return Result(claim, deferred, now + OURS_PAUSE)  # the lane, or the post, waits; the contact is not at fault
    if fault is Fault.UNCLEAR:
        return Result(claim, deferred, now + UNCLEAR_PAUSE * (1 + claim.attempts))
    due_at = schedule.next_due(claim.attempts, claim.created_at, now, random())
    if due_at is None:
        return Result(claim, _failed(outcome, _given_up(outcome)))
    return Result(claim, deferred, due_at)


def _failed(outcome: Outcome, reason: BounceReason) -> Outcome:
    return replace(outcome, state=DeliveryState.FAILED, fault=Fault.RECIPIENT, reason=reason)


def _why(outcome: Outcome) -> BounceReason:
    reply = outcome.reply
    return classify(reply.enhanced, reply.code, f"{reply.code} {reply.text}")


def _given_up(outcome: Outcome) -> BounceReason:
    """A full mailbox is full for five days, too; anything else that goes on so long is that it went on so long."""
    why = _why(outcome)
    return why if why is BounceReason.MAILBOX_FULL or not why.counts else BounceReason.EXPIRED


def unmade(fault: Exception) -> Outcome:
    """The outcome of copies that could not be made: no hop has been asked. Names the fault, never what it holds."""
    reply = Reply(451, "4.3.0", f"The copies cannot be made ({type(fault).__name__}); the log of the bridge says more")
    return Outcome(DeliveryState.DEFERRED, reply, Stage.CONNECT, Fault.NOBODY)


def settle(bulk: Bulk, worker_id: int, verdicts: Verdicts) -> None:
    """Write the verdicts. Raises Fenced (and changes nothing) if the worker is dead."""
    if not queue.settle(bulk, worker_id, verdicts.results):
        raise Fenced
    for (lane_id, post_id), outcome in verdicts.stalled.items():
        alarms.stall(bulk, lane_id, post_id, outcome)
    for lane_id, outcome in verdicts.waiting.items():
        alarms.wait(bulk, lane_id, outcome, schedule.lane_wait)
    for lane_id in verdicts.working - set(verdicts.waiting):
        alarms.clear(bulk, lane_id)
