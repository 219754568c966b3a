"""Several groups in one transaction: one reply over SMTP, one each over LMTP, and nobody's refusal lost."""

from __future__ import annotations

import pytest

from mailbridge.policy.outcome import conclude
from store.terms import Action, Decision, Reason, Reply

FIRST, SECOND = Reply(550, "5.7.2", "first"), Reply(552, "5.3.4", "second")
ACCEPT = Decision(Action.ACCEPT)
HOLD = Decision(Action.HOLD, (Reason("non_member"),))
DISCARD = Decision(Action.DISCARD, (Reason("automatic"),))
REFUSE = Decision(Action.REJECT, (Reason("not_permitted"),), reply=FIRST)
TOO_BIG = Decision(Action.REJECT, (Reason("over_receive_size"),), reply=SECOND)
LOOP = Decision(Action.REJECT, (Reason("loop"),), reply=SECOND)


def test_if_every_group_refuses_the_first_refusal_is_said() -> None:
    for authenticated in (True, False):
        found = conclude([REFUSE, TOO_BIG], authenticated=authenticated, lmtp=False)
        assert (found.replies, found.posts, found.letters) == ((FIRST, FIRST), (), ())


def test_a_proven_author_is_told_by_letter() -> None:
    found = conclude([TOO_BIG, ACCEPT, REFUSE], authenticated=True, lmtp=False)
    assert found.replies == (None, None, None)
    assert found.posts == ((1, ACCEPT),)
    assert found.letters == (0, 2)


def test_an_unproven_author_gets_no_letter_but_a_held_post() -> None:
    found = conclude([REFUSE, HOLD], authenticated=False, lmtp=False)
    assert found.letters == ()
    assert [index for index, _ in found.posts] == [0, 1]
    would_be = found.posts[0][1]
    assert (would_be.action, would_be.reply) == (Action.HOLD, None)
    assert would_be.reasons == (Reason("refused_alone"), *REFUSE.reasons)
    assert found.posts[1][1] == HOLD


@pytest.mark.parametrize("authenticated", [True, False])
def test_a_loop_beside_an_accepted_post_is_dropped(authenticated: bool) -> None:
    found = conclude([ACCEPT, LOOP], authenticated=authenticated, lmtp=False)
    assert (found.replies, found.posts, found.letters) == ((None, None), ((0, ACCEPT),), ())


def test_discards_are_said_to_be_taken_and_stored_nowhere() -> None:
    assert conclude([DISCARD], authenticated=False, lmtp=False).replies == (None,)
    assert conclude([DISCARD], authenticated=False, lmtp=False).posts == ()
    assert conclude([DISCARD, REFUSE], authenticated=False, lmtp=False).replies == (FIRST, FIRST)


def test_lmtp_answers_each() -> None:
    found = conclude([REFUSE, ACCEPT, DISCARD, TOO_BIG, HOLD], authenticated=True, lmtp=True)
    assert found.replies == (FIRST, None, None, SECOND, None)
    assert [index for index, _ in found.posts] == [1, 4]
    assert found.letters == ()


def test_a_banned_author_is_held_by_nobody_and_told_only_if_proven() -> None:
    banned = Decision(Action.REJECT, (Reason("banned", {"author": "e@x.example", "group": "g@x.example"}),), (), FIRST)
    proven, unproven = (conclude([ACCEPT, banned], authenticated=is_, lmtp=False) for is_ in (True, False))
    assert (proven.posts, proven.letters) == (((0, ACCEPT),), (1,))
    assert (unproven.posts, unproven.letters) == (((0, ACCEPT),), ())
