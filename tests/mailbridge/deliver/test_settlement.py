"""What a batch of outcomes means for its rows, its lanes and its posts. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mailbridge.deliver.outcome import broken, conclude, lost
from mailbridge.deliver.settlement import OURS_PAUSE, Verdicts, judge
from mailbridge.deliver.streaks import LAST_TRY, LONG, Streaks
from store.queue import Claim
from store.terms import BounceReason, DeliveryState, Fault, Outcome, Reply, Stage

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LANE = 3
SPAM = conclude(Stage.DOT, Reply(554, "5.7.1", "Message content rejected"))
QUOTA = conclude(Stage.DOT, Reply(550, "5.4.5", "Daily sending quota exceeded"))
UNKNOWN = conclude(Stage.RCPT, Reply(550, "5.1.1", "No such user"))
LATER = conclude(Stage.RCPT, Reply(451, "4.7.1", "Greylisted"))
BARE = conclude(Stage.DOT, Reply(554, "", "No"))
TAKEN = conclude(Stage.DOT, Reply(250, "2.0.0", "Ok"))


def claim(number: int = 1, *, post: int | None = 7, attempts: int = 0, age: timedelta = timedelta()) -> Claim:
    return Claim(number, LANE, post, None if post else 1, None, f"c{number}@x.test", attempts, attempts > 0, NOW - age)


def verdicts(*outcomes: tuple[Claim, Outcome]) -> Verdicts:
    return judge(outcomes, {}, NOW, lambda: 0.5)


def states(found: Verdicts) -> list[tuple[DeliveryState, Fault]]:
    return [(result.outcome.state, result.outcome.fault) for result in found.results]


def test_a_refused_post_waits_whole_and_no_contact_fails() -> None:
    found = verdicts((claim(1), SPAM), (claim(2), SPAM))
    assert states(found) == [(DeliveryState.DEFERRED, Fault.POST)] * 2
    assert (found.stalled, found.waiting) == ({(LANE, 7): SPAM}, {})


def test_a_refused_letter_fails_since_nobody_could_press_retry() -> None:
    found = verdicts((claim(post=None), SPAM))
    assert states(found) == [(DeliveryState.FAILED, Fault.POST)]
    assert found.results[0].due_at is None
    assert (found.stalled, found.waiting) == ({}, {})


@pytest.mark.parametrize("post", [7, None])
def test_a_fault_of_ours_makes_the_lane_wait_and_fails_nobody(post: int | None) -> None:
    found = verdicts((claim(post=post, attempts=9, age=timedelta(days=4)), QUOTA))
    assert states(found) == [(DeliveryState.DEFERRED, Fault.US)]
    assert found.results[0].due_at == NOW + OURS_PAUSE
    assert (found.stalled, found.waiting) == ({}, {LANE: QUOTA})


@pytest.mark.parametrize("post", [7, None])
def test_an_unknown_recipient_fails_alone(post: int | None) -> None:
    found = verdicts((claim(1, post=post), UNKNOWN), (claim(2, post=post), TAKEN))
    assert states(found) == [(DeliveryState.FAILED, Fault.RECIPIENT), (DeliveryState.RELAYED, Fault.NOBODY)]
    assert (found.stalled, found.waiting, found.working) == ({}, {}, {LANE})


@pytest.mark.parametrize("post", [7, None])
def test_what_is_nobodys_fault_is_tried_for_five_days(post: int | None) -> None:
    young, old = verdicts((claim(post=post), LATER)), verdicts((claim(post=post, age=timedelta(days=5)), LATER))
    assert states(young) == [(DeliveryState.DEFERRED, Fault.NOBODY)]
    assert states(old) == [(DeliveryState.FAILED, Fault.RECIPIENT)]


def test_the_same_bare_refusal_for_five_recipients_is_about_the_post() -> None:
    found = verdicts(*((claim(number), BARE) for number in range(LONG)))
    assert states(found)[-1] == (DeliveryState.DEFERRED, Fault.POST)
    assert found.stalled == {(LANE, 7): BARE}
    beside = verdicts(*((claim(n), BARE) for n in range(LONG - 1)), (claim(8), TAKEN), (claim(9), BARE))
    assert beside.stalled == {}


def again(streaks: dict[int, Streaks], one: Claim, outcome: Outcome) -> Fault:
    """The fault of one more try."""
    [result] = judge([(one, outcome)], streaks, NOW, lambda: 0.5).results
    return result.outcome.fault


def test_a_recipient_refused_again_and_again_while_others_are_taken_is_at_fault() -> None:
    streaks: dict[int, Streaks] = {}
    for tries in range(LAST_TRY - 1):
        assert again(streaks, claim(1, attempts=tries), BARE) is Fault.UNCLEAR
        assert again(streaks, claim(2, post=8), TAKEN) is Fault.NOBODY
    assert again(streaks, claim(1, attempts=LAST_TRY - 1), BARE) is Fault.RECIPIENT


def test_a_hop_that_takes_nothing_says_nothing_about_a_recipient() -> None:
    streaks: dict[int, Streaks] = {}
    assert again(streaks, claim(2, post=8), TAKEN) is Fault.NOBODY
    for tries in range(LONG - 1):
        assert again(streaks, claim(1, attempts=tries), BARE) is Fault.UNCLEAR
    assert again(streaks, claim(1, attempts=LONG - 1), BARE) is Fault.POST


def test_tries_that_were_no_refusals_count_for_nothing() -> None:
    streaks: dict[int, Streaks] = {}
    for tries in range(9):
        assert again(streaks, claim(1, attempts=tries), LATER) is Fault.NOBODY
        assert again(streaks, claim(2, post=8), TAKEN) is Fault.NOBODY
    assert again(streaks, claim(1, attempts=9), BARE) is Fault.UNCLEAR


def test_batches_that_could_not_be_written_are_owed_together() -> None:
    owed = verdicts((claim(1), SPAM))
    owed.add(verdicts((claim(2), TAKEN), (claim(3, post=8), QUOTA)))
    assert [result.claim.id for result in owed.results] == [1, 2, 3]
    assert (owed.stalled, owed.waiting, owed.working) == ({(LANE, 7): SPAM}, {LANE: QUOTA}, {LANE})


@pytest.mark.parametrize(
    ("outcome", "age", "reason"),
    [
        (UNKNOWN, timedelta(), BounceReason.USER_UNKNOWN),
        (conclude(Stage.RCPT, Reply(552, "5.2.2", "Mailbox full")), timedelta(), BounceReason.MAILBOX_FULL),
        (conclude(Stage.RCPT, Reply(550, "5.1.2", "Host unknown")), timedelta(), BounceReason.HOST_UNKNOWN),
        # Given up after five days: a mailbox may be full so long; a server that cannot be reached is just that.
        (conclude(Stage.RCPT, Reply(452, "4.2.2", "Mailbox full")), timedelta(days=6), BounceReason.MAILBOX_FULL),
        (conclude(Stage.RCPT, Reply(450, "4.1.1", "User unknown")), timedelta(days=6), BounceReason.EXPIRED),
        (lost("timed out"), timedelta(days=6), BounceReason.EXPIRED),
        (LATER, timedelta(days=6), BounceReason.POLICY),
    ],
)
def test_a_failure_says_why(outcome: Outcome | Reply, age: timedelta, reason: BounceReason) -> None:
    if isinstance(outcome, Reply):
        outcome = broken(Stage.CONNECT, outcome, uncertain=False)
    found = verdicts((claim(attempts=40, age=age), outcome))
    assert [(one.outcome.state, one.outcome.reason) for one in found.results] == [(DeliveryState.FAILED, reason)]
