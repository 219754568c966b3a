"""The table "Who may post", row by row, and the rules that come before it."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from mailbridge.policy import chain
from mailbridge.policy.facts import Facts
from store.terms import (
    Action,
    GroupKind,
    GroupPolicy,
    Mode,
    Moderation,
    OverSendSize,
    Posting,
    Reason,
    Standing,
    wire_limit,
)

GROUP = GroupPolicy(1, GroupKind.GROUP, "dev@example.org", "dev@example.org", "Dev")
MEMBER = Facts("a@example.com", True, Standing.MEMBER, 1000)
A, H, R = Action.ACCEPT, Action.HOLD, Action.REJECT

# (posting, standing) -> what becomes of the post under moderation none / non-members / everyone
TABLE = {
    (Posting.ANYONE, Standing.ADMINISTRATOR): (A, A, A),
    (Posting.ANYONE, Standing.MODERATOR): (A, A, A),
    (Posting.ANYONE, Standing.MEMBER): (A, A, H),
    (Posting.ANYONE, Standing.UNPROVEN): (A, H, H),
    (Posting.ANYONE, Standing.STRANGER): (A, H, H),
    (Posting.MEMBERS, Standing.ADMINISTRATOR): (A, A, A),
    (Posting.MEMBERS, Standing.MODERATOR): (A, A, A),
    (Posting.MEMBERS, Standing.MEMBER): (A, A, H),
    (Posting.MEMBERS, Standing.UNPROVEN): (R, H, H),
    (Posting.MEMBERS, Standing.STRANGER): (R, H, H),
    (Posting.ADMINISTRATORS, Standing.ADMINISTRATOR): (A, A, A),
    (Posting.ADMINISTRATORS, Standing.MODERATOR): (A, A, A),
    (Posting.ADMINISTRATORS, Standing.MEMBER): (R, H, H),
    (Posting.ADMINISTRATORS, Standing.UNPROVEN): (R, H, H),
    (Posting.ADMINISTRATORS, Standing.STRANGER): (R, H, H),
}


@pytest.mark.parametrize(("posting", "standing"), list(product(Posting, Standing)))
def test_who_may_post(posting: Posting, standing: Standing) -> None:
    group = replace(GROUP, posting=posting)
    facts = replace(MEMBER, standing=standing)
    decisions = [chain.decide(facts, replace(group, moderation=moderation)) for moderation in Moderation]
    assert tuple(decision.action for decision in decisions) == TABLE[posting, standing]
    for decision in decisions:
        assert (decision.reply is not None) == (decision.action is R)
        assert bool(decision.reasons) == (decision.action is not A)
        if standing is Standing.UNPROVEN and decision.action is not A:
            assert [reason.name for reason in decision.reasons] == ["unproven"]
        if decision.reply:
            assert (decision.reply.code, decision.reply.enhanced) == (550, "5.7.2")
            assert "dev-owner@example.org" in decision.reply.text


@pytest.mark.parametrize(("posting", "moderation"), list(product(Posting, Moderation)))
def test_silence_of_the_dns_holds_or_puts_off_and_never_refuses(posting: Posting, moderation: Moderation) -> None:
    group = replace(GROUP, posting=posting, moderation=moderation)
    check = Reason("dkim_unanswered", {"domain": "example.com"})
    unproven = replace(MEMBER, authenticated=False, standing=Standing.UNPROVEN, checks=(check,))
    refused, decision = chain.decide(unproven, group), chain.decide(replace(unproven, unchecked=True), group)
    assert decision.action is refused.action
    if decision.action is R:
        assert decision.reply
        assert (decision.reply.code, decision.reply.enhanced) == (451, "4.4.3")
    if decision.action is not A:
        # What was found out stands below the reason that rests on it.
        assert [reason.name for reason in decision.reasons] == ["unchecked", "dkim_unanswered"]
        assert [reason.name for reason in refused.reasons] == ["unproven", "dkim_unanswered"]
    # A stranger is one whatever is silent.
    stranger = replace(unproven, standing=Standing.STRANGER)
    assert chain.decide(replace(stranger, unchecked=True), group) == chain.decide(stranger, group)


def test_the_trail_names_every_rule_asked_and_the_one_that_hit() -> None:
    decision = chain.decide(replace(MEMBER, standing=Standing.STRANGER), GROUP)
    names = [name for name, _ in decision.trail]
    assert names[:4] == ["archived", "loop", "hops", "automatic"]
    assert [name for name, hit in decision.trail if hit] == ["stranger_held"]
    assert decision.trail[-2:] == (("paused", False), ("on_hold", False))


@pytest.mark.parametrize(
    ("facts", "action", "reply"),
    [
        (replace(MEMBER, loops=frozenset({"dev@example.org"})), R, "554 5.4.6"),
        (replace(MEMBER, loops=frozenset({"other@example.org"})), A, None),
        (replace(MEMBER, received=31), R, "554 5.4.6"),
        (replace(MEMBER, received=30), A, None),
        (replace(MEMBER, automatic="null_sender"), Action.DISCARD, None),
        # A loop is refused even where a machine wrote it, and a machine discarded even where nobody may post.
        (replace(MEMBER, automatic="auto_submitted", loops=frozenset({"dev@example.org"})), R, "554 5.4.6"),
        (replace(MEMBER, automatic="auto_submitted", standing=Standing.STRANGER), Action.DISCARD, None),
    ],
)
def test_loops_and_machines_come_first(facts: Facts, action: Action, reply: str | None) -> None:
    decision = chain.decide(facts, GROUP)
    assert decision.action is action
    assert (str(decision.reply)[:9] if decision.reply else None) == reply


@pytest.mark.parametrize("setting", ["max_receive_size", "max_send_size"])
@pytest.mark.parametrize("over", list(OverSendSize))
def test_sizes(setting: str, over: OverSendSize) -> None:
    group = replace(GROUP, over_send_size=over, **{setting: 10 * 2**20})  # type: ignore[arg-type]  # by its name
    limit = wire_limit(10 * 2**20)
    assert chain.decide(replace(MEMBER, size=limit), group).action is A
    refused = chain.decide(replace(MEMBER, size=limit + 1), group)
    assert refused.action is R
    assert refused.reply
    assert refused.reply.line().startswith("552 5.3.4 dev@example.org takes messages with up to about 10 MB of att")
    assert chain.at_rcpt(group, limit) is None
    assert chain.at_rcpt(group, None) is None
    trims = setting == "max_send_size" and over is OverSendSize.TRIM
    # What might be trimmed must come first.
    assert chain.at_rcpt(group, limit + 1) == (None if trims else refused.reply)
    assert chain.decide(replace(MEMBER, size=limit + 1, trimmable=True), group).action is (A if trims else R)
    assert chain.at_rcpt(GROUP, 10**12) is None


def test_a_pause_holds_what_would_be_accepted_and_leaves_refusals() -> None:
    group = replace(GROUP, mode=Mode.PAUSED)
    accepted = chain.decide(MEMBER, group)
    assert (accepted.action, [reason.name for reason in accepted.reasons]) == (H, ["group_paused"])
    held = chain.decide(replace(MEMBER, standing=Standing.STRANGER), group)
    assert (held.action, [reason.name for reason in held.reasons]) == (H, ["non_member", "group_paused"])
    refused = chain.decide(replace(MEMBER, standing=Standing.STRANGER), replace(group, moderation=Moderation.NONE))
    assert refused.action is R


def test_built_in_groups_take_anyone() -> None:
    owner = replace(GROUP, kind=GroupKind.OWNER, posting=Posting.ANYONE, moderation=Moderation.NONE)
    assert chain.decide(replace(MEMBER, standing=Standing.STRANGER), owner).action is A


@pytest.mark.parametrize("standing", list(Standing))
def test_a_ban_refuses_whoever_posts_but_those_in_charge(standing: Standing) -> None:
    group = replace(GROUP, posting=Posting.ANYONE, moderation=Moderation.NONE)
    decision = chain.decide(replace(MEMBER, standing=standing, banned="@example.com"), group)
    in_charge = standing in {Standing.ADMINISTRATOR, Standing.MODERATOR}
    assert decision.action is (A if in_charge else R)
    if not in_charge:
        assert [reason.name for reason in decision.reasons] == ["banned"]
        assert str(decision.reply).startswith("550 5.7.1 dev@example.org takes no mail from this author")
        assert "@example.com" not in str(decision.reply)  # by which pattern is nobody's business


@pytest.mark.parametrize(("posting", "moderation"), list(product(Posting, Moderation)))
def test_an_allowed_author_is_taken_as_a_member_is(posting: Posting, moderation: Moderation) -> None:
    group = replace(GROUP, posting=posting, moderation=moderation)
    allowed = chain.decide(replace(MEMBER, standing=Standing.STRANGER, allowed=True), group)
    assert allowed.action is chain.decide(MEMBER, group).action
    spam = replace(MEMBER.marks, spam=True)
    taken = chain.decide(replace(MEMBER, standing=Standing.STRANGER, allowed=True, marks=spam), group)
    assert taken.action is chain.decide(replace(MEMBER, marks=spam), group).action
