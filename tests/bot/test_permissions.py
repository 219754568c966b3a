"""Who may do what: every verb against every kind of person."""

from __future__ import annotations

import pytest

from bot.permissions import TABLE, Role, Verb, Who, judge, sees_hidden
from store import texts

NOBODY = Who()
OPERATOR = Who(operator=True)
ADMINISTRATOR = Who(administrator=True, member=True)
MODERATOR = Who(moderator=True, member=True)
MEMBER = Who(member=True)
GUEST = Who(guest=True)
STRANGER = Who(stranger=True)
GONE = Who(gone=True, operator=True, administrator=True)
KINDS = {
    "nobody": NOBODY, "operator": OPERATOR, "administrator": ADMINISTRATOR, "moderator": MODERATOR,
    "member": MEMBER, "guest": GUEST, "stranger": STRANGER, "gone": GONE,
}  # fmt: skip
EVERYBODY = {"nobody", "operator", "administrator", "moderator", "member", "guest", "stranger"}
COLLEAGUES = EVERYBODY - {"stranger"}
MANAGING = {"operator", "administrator"}
DECIDING = {"operator", "administrator", "moderator"}
MAY = {
    Verb.CREATE: {"operator"},
    Verb.DIRECTORY: COLLEAGUES,
    Verb.SHOW: COLLEAGUES,
    Verb.SETTINGS: MANAGING,
    Verb.MEMBERS: MANAGING,
    Verb.ADD: MANAGING,
    Verb.IMPORT: MANAGING,
    Verb.EXPORT: MANAGING,
    Verb.REMOVE: MANAGING,
    Verb.JOIN: COLLEAGUES,
    Verb.LEAVE: EVERYBODY,
    Verb.TEST: DECIDING,
    Verb.PAUSE: EVERYBODY,
    Verb.RESUME: EVERYBODY,
    Verb.RECEIVE: EVERYBODY,
    Verb.PENDING: EVERYBODY,
    Verb.WHY: COLLEAGUES,
    Verb.CHECK: COLLEAGUES,
    Verb.REPORTS: DECIDING,
    Verb.HASTEN: MANAGING,
    Verb.LOG: MANAGING,
    Verb.LOG_ALL: {"operator"},
    Verb.POST: EVERYBODY,
    Verb.DELETE: MANAGING,
    Verb.HOLD: DECIDING,
    Verb.UNHOLD: DECIDING,
    Verb.HOLD_ALL: {"operator"},
    Verb.ARCHIVE: MANAGING,
    Verb.UNARCHIVE: MANAGING,
    Verb.RESTORE: MANAGING,
    Verb.ALIAS: MANAGING,
    Verb.RENAME: MANAGING,
    Verb.HELP: EVERYBODY,
    Verb.DECIDE_REQUEST: DECIDING,
    Verb.DECIDE_POST: DECIDING,
    Verb.DECIDE_ROSTER: MANAGING,
    Verb.READ_POST: DECIDING,
    Verb.DETAILS: MANAGING,
    Verb.DOCTOR: {"operator"},
    Verb.STEER_POST: DECIDING,
    Verb.BAN: DECIDING,
    Verb.ALLOW: DECIDING,
    Verb.UNDO: MANAGING,
    Verb.UNCLAIM: MANAGING,
    Verb.PASSWORD: EVERYBODY,
    Verb.MAKE_PASSWORD: COLLEAGUES - {"guest"},
    Verb.REVOKE_PASSWORD: {"operator"},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("verb", Verb)
def test_table(verb: Verb, kind: str) -> None:
    assert judge(verb, KINDS[kind]).allowed is (kind in MAY[verb])


def test_every_verb_has_its_row() -> None:
    assert set(TABLE) == set(Verb) == set(MAY)


@pytest.mark.parametrize("verb", [Verb.CREATE, Verb.SETTINGS, Verb.DECIDE_POST])
def test_flags_of_a_strangers_account_carry_no_right(verb: Verb) -> None:
    assert not judge(verb, Who(operator=True, administrator=True, moderator=True, stranger=True)).allowed


def test_a_guest_never_creates_even_as_operator_but_administers_if_appointed() -> None:
    assert judge(Verb.CREATE, Who(operator=True, guest=True)).reason == "outsiders"
    assert judge(Verb.SETTINGS, Who(administrator=True, guest=True)).allowed


def test_as_operator_is_said_only_where_no_right_of_the_group_suffices() -> None:
    assert judge(Verb.SETTINGS, OPERATOR).as_operator
    assert not judge(Verb.SETTINGS, Who(operator=True, administrator=True)).as_operator
    assert not judge(Verb.HELP, OPERATOR).as_operator


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("verb", Verb)
def test_every_refusal_has_its_text(verb: Verb, kind: str) -> None:
    judgement = judge(verb, KINDS[kind])
    assert judgement.allowed or f"slack.denied.{judgement.reason}" in texts.keys("en")


def test_hidden_groups_are_seen_by_their_own_and_operators() -> None:
    assert {kind for kind, who in KINDS.items() if sees_hidden(who)} == DECIDING | {"member"}


def test_a_strangers_membership_counts_as_one() -> None:
    assert Who(stranger=True, member=True).roles() == {Role.STRANGER, Role.MEMBER}
    assert judge(Verb.SHOW, Who(stranger=True, member=True)).allowed
