"""What holds a post whoever may post it: every reason is told, and only where a moderator may be asked."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from mailbridge.policy import chain
from mailbridge.policy.facts import Facts
from store.marks import Marks
from store.terms import Action, GroupKind, GroupPolicy, Mode, Moderation, Posting, Standing

GROUP = GroupPolicy(1, GroupKind.GROUP, "dev@example.org", "dev@example.org", "Dev")
MEMBER = Facts("a@example.com", True, Standing.MEMBER, 1000)
MARKS = {
    "too_many_recipients": Marks(recipients=10),
    "unnamed": Marks(unnamed=True),
    "command_join": Marks(command="join"),
    "command_leave": Marks(command="leave"),
    "command_help": Marks(command="help"),
    "spam": Marks(spam=True, score="7.2"),
}
IN_CHARGE = (Standing.ADMINISTRATOR, Standing.MODERATOR)


def names(facts: Facts, group: GroupPolicy) -> list[str]:
    return [reason.name for reason in chain.decide(facts, group).reasons]


@pytest.mark.parametrize("reason", list(MARKS))
@pytest.mark.parametrize(("standing", "moderation"), list(product(Standing, Moderation)))
def test_a_mark_holds_who_is_not_in_charge_where_there_is_moderation(
    reason: str, standing: Standing, moderation: Moderation
) -> None:
    group = replace(GROUP, posting=Posting.ANYONE, moderation=moderation)
    plain = chain.decide(replace(MEMBER, standing=standing), group)
    marked = chain.decide(replace(MEMBER, standing=standing, marks=MARKS[reason]), group)
    stranger = standing in (Standing.UNPROVEN, Standing.STRANGER)
    spared = standing in IN_CHARGE or (moderation is Moderation.NONE and not (reason == "spam" and stranger))
    if spared:
        assert (marked.action, marked.reasons) == (plain.action, plain.reasons)
    else:
        assert marked.action is Action.HOLD
        assert marked.reasons[: len(plain.reasons)] == plain.reasons
        assert marked.reasons[-1].name == reason


def test_all_that_hits_is_told_in_the_order_of_the_table() -> None:
    marks = Marks(recipients=12, unnamed=True, command="leave", spam=True)
    group = replace(GROUP, mode=Mode.PAUSED)
    every = ["too_many_recipients", "unnamed", "command_leave", "spam", "group_paused"]
    assert names(replace(MEMBER, marks=marks), group) == every
    assert names(replace(MEMBER, marks=marks, standing=Standing.STRANGER), group) == ["non_member", *every]
    trail = chain.decide(replace(MEMBER, marks=marks), group).trail
    assert trail[-8:] == (
        ("recipients", True), ("unnamed", True), ("command_join", False), ("command_leave", True),
        ("command_help", False), ("spam", True), ("paused", True),
        ("on_hold", False),
    )  # fmt: skip


def test_the_threshold_is_mailmans() -> None:
    assert chain.decide(replace(MEMBER, marks=Marks(recipients=9)), GROUP).action is Action.ACCEPT
    [reason] = chain.decide(replace(MEMBER, marks=Marks(recipients=10)), GROUP).reasons
    assert reason.values == {"count": "10"}


def test_what_is_refused_stays_refused() -> None:
    group = replace(GROUP, moderation=Moderation.NONE)
    facts = replace(MEMBER, standing=Standing.STRANGER)
    assert chain.decide(replace(facts, marks=MARKS["spam"]), group) == chain.decide(facts, group)


def test_addresses_of_roles_take_everything() -> None:
    for kind in (GroupKind.OWNER, GroupKind.POSTMASTER, GroupKind.ABUSE):
        group = replace(GROUP, kind=kind, posting=Posting.ANYONE, moderation=Moderation.NONE)
        for marks in MARKS.values():
            facts = replace(MEMBER, standing=Standing.STRANGER, marks=marks)
            assert chain.decide(facts, group).action is Action.ACCEPT
