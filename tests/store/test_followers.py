"""Who of a source is to be a contact, and what is too much to be done unasked: pure, by example."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from store.concerns import LeftOut
from store.followers import Choices, Contact, Difference, Recent, Seen, difference, too_many

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ANN = Seen("U1", 1, "Ann", "ann@example.org")


@pytest.mark.parametrize(
    ("seen", "choices", "reason"),
    [
        (Seen("U1"), Choices(True, True), LeftOut.UNKNOWN),
        (Seen("U1", 1, "A", "a@example.org", deactivated=True, bot=True), Choices(True, True), LeftOut.GONE),
        (Seen("U1", 1, "A", "a@example.org", stranger=True), Choices(True, True), LeftOut.STRANGER),
        (Seen("U1", 1, "A", "a@example.org", bot=True), Choices(), LeftOut.BOT),
        (Seen("U1", 1, "A", "a@example.org", bot=True), Choices(bots=True), None),
        (Seen("U1", 1, "A", None, bot=True), Choices(bots=True), LeftOut.NO_EMAIL),
        (Seen("U1", 1, "A", "a@example.org", guest=True), Choices(), LeftOut.GUEST),
        (Seen("U1", 1, "A", "a@example.org", guest=True), Choices(guests=True), None),
        (Seen("U1", 1, "A", None), Choices(), LeftOut.NO_EMAIL),
    ],
)
def test_who_fits(seen: Seen, choices: Choices, reason: LeftOut | None) -> None:
    found = difference([seen], [], choices)
    assert found.come == (() if reason else (seen,))
    assert dict(found.aside) == ({"U1": reason} if reason else {})


@pytest.mark.parametrize(
    ("contact", "come", "go"),
    [
        (Contact(1, "other@example.net", "U1", followed=False), 0, 0),  # the person, at an address of their choice
        (Contact(1, "ann@example.org", None, followed=False), 0, 0),  # the address, of nobody we know
        (Contact(1, "bob@example.org", "U2", followed=False), 1, 0),  # added by hand: stays beside
        (Contact(1, "bob@example.org", "U2", followed=True), 1, 1),
        (Contact(1, "bob@example.org", "U2", followed=True, gone=True), 1, 0),  # deactivated: asked apart
    ],
)
def test_the_roster_beside_it(contact: Contact, come: int, go: int) -> None:
    found = difference([ANN], [contact], Choices())
    assert (len(found.come), len(found.go)) == (come, go)


def test_a_follower_who_fits_no_more_goes_and_who_left_or_is_a_group_stays_out() -> None:
    guest = Seen("U2", 2, "Gil", "gil@example.org", guest=True)
    found = difference([ANN, guest], [Contact(1, "gil@example.org", "U2", followed=True)], Choices())
    assert [one.membership_id for one in found.go] == [1]
    assert difference([ANN], [], Choices(), kept_out={"ann@example.org"}).aside == {"U1": LeftOut.LEFT}
    assert difference([ANN], [], Choices(), ours={"ann@example.org"}).aside == {"U1": LeftOut.OURS}


@pytest.mark.parametrize(
    ("n", "roster", "asked"),
    [(1, 0, False), (2, 3, False), (3, 14, True), (3, 15, False), (10, 50, False), (10, 49, True), (11, 5000, True)],
)
def test_more_than_ten_or_a_fifth_is_asked(n: int, roster: int, asked: bool) -> None:
    assert too_many(n, roster) is asked


def test_one_by_one_within_an_hour_is_as_much_as_at_once() -> None:
    recent: Recent | None = Recent.from_json({}, NOW, 1000)
    for number in range(10):
        assert recent is not None
        gone = Contact(number, f"p{number}@example.org", f"U{number}", followed=True)
        recent = recent.grown(Difference(go=(gone,)))
    assert recent is not None
    last = Difference(go=(Contact(99, "p99@example.org", "U99", followed=True),))
    assert recent.grown(last) is None
    back = recent.grown(Difference((Seen("U3", 3, "C", "p3@example.org"),)))
    assert back is not None
    assert back.grown(last) is not None  # who came back has not gone
    kept = Recent.from_json(recent.as_json(), NOW + timedelta(minutes=59), 1)
    assert kept == recent
    assert Recent.from_json(recent.as_json(), NOW + timedelta(hours=1), 7) == Recent(NOW + timedelta(hours=1), 7)
