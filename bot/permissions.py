"""Pure: may this person do that to this group? One table, asked at the click and again at the submit.

Rights rest on the Slack id: operator by settings, administrator and moderator by membership; never on an e-mail match.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verb(StrEnum):
    """What can be done. Words of commands where there is a command of that name."""

    CREATE = "create"
    DIRECTORY = "list"
    SHOW = "show"
    SETTINGS = "settings"
    MEMBERS = "members"
    ADD = "add"
    REMOVE = "remove"
    JOIN = "join"
    LEAVE = "leave"
    IMPORT = "import"
    EXPORT = "export"
    TEST = "test"
    PAUSE = "pause"
    RESUME = "resume"
    RECEIVE = "receive"
    PENDING = "pending"
    WHY = "why"  # of oneself; of others by DETAILS
    CHECK = "check"
    REPORTS = "reports"
    LOG = "log"
    LOG_ALL = "log_all"
    POST = "post"  # write a mail to the group; its policy decides what becomes of it
    DELETE = "delete"
    HOLD = "hold"
    UNHOLD = "unhold"
    ARCHIVE = "archive"
    UNARCHIVE = "unarchive"
    RESTORE = "restore"
    ALIAS = "alias"
    RENAME = "rename"
    PASSWORD = "password"  # one's own app passwords: look, revoke
    HELP = "help"
    DECIDE_REQUEST = "decide_request"
    DECIDE_POST = "decide_post"
    DECIDE_ROSTER = "decide_roster"  # what a group's own keeping asks about its people
    READ_POST = "read_post"
    DETAILS = "details"
    DOCTOR = "doctor"
    BAN = "ban"
    ALLOW = "allow"
    UNDO = "undo"  # what somebody else decided
    UNCLAIM = "unclaim"  # what somebody else looks at
    HASTEN = "hasten"  # have deferred copies tried at once
    STEER_POST = "steer_post"  # retry or stop what a next hop refused
    HOLD_ALL = "hold_all"
    MAKE_PASSWORD = "make_password"
    REVOKE_PASSWORD = "revoke_password"  # somebody else's


class Role(StrEnum):
    OPERATOR = "operator"
    ADMINISTRATOR = "administrator"
    MODERATOR = "moderator"
    MEMBER = "member"
    GUEST = "guest"
    STRANGER = "stranger"
    ANYONE = "anyone"


@dataclass(frozen=True, slots=True)
class Who:
    """A person as permissions see them, to one group or (no flags) to none. `gone`: deactivated, or a bot."""

    operator: bool = False
    administrator: bool = False
    moderator: bool = False
    member: bool = False
    guest: bool = False
    stranger: bool = False
    gone: bool = False

    def roles(self) -> frozenset[Role]:
        """Every role held. Who is gone holds none; a stranger's account is in others' hands, so it holds no rights."""
        if self.gone:
            return frozenset()
        if self.stranger:
            return frozenset({Role.STRANGER, Role.MEMBER} if self.member else {Role.STRANGER})
        held = {
            Role.OPERATOR: self.operator and not self.guest,
            Role.ADMINISTRATOR: self.administrator,
            Role.MODERATOR: self.moderator,
            Role.MEMBER: self.member or self.administrator or self.moderator,
            Role.GUEST: self.guest,
            Role.ANYONE: not self.guest,
        }
        return frozenset(role for role, holds in held.items() if holds)


@dataclass(frozen=True, slots=True)
class Judgement:
    """`reason` names a refusal's text (`slack.denied.<reason>`). `as_operator`: no right of the group sufficed."""

    allowed: bool
    reason: str = ""
    as_operator: bool = False


OPERATORS = frozenset({Role.OPERATOR})
ADMINISTRATORS = frozenset({Role.OPERATOR, Role.ADMINISTRATOR})
DECIDERS = frozenset({Role.OPERATOR, Role.ADMINISTRATOR, Role.MODERATOR})
COLLEAGUES = frozenset({Role.ANYONE, Role.GUEST})
EVERYBODY = frozenset({Role.ANYONE, Role.GUEST, Role.STRANGER})

# Verb -> who may, and what the others are told.
TABLE: dict[Verb, tuple[frozenset[Role], str]] = {
    Verb.CREATE: (OPERATORS, "operators"),
    Verb.DIRECTORY: (COLLEAGUES, "colleagues"),
    Verb.SHOW: (COLLEAGUES | {Role.MEMBER}, "colleagues"),
    Verb.SETTINGS: (ADMINISTRATORS, "administrators"),
    Verb.MEMBERS: (ADMINISTRATORS, "administrators"),
    Verb.ADD: (ADMINISTRATORS, "administrators"),
    Verb.REMOVE: (ADMINISTRATORS, "administrators"),
    Verb.IMPORT: (ADMINISTRATORS, "administrators"),
    Verb.EXPORT: (ADMINISTRATORS, "administrators"),
    Verb.JOIN: (COLLEAGUES, "colleagues"),
    Verb.LEAVE: (EVERYBODY, "gone"),
    Verb.TEST: (DECIDERS, "deciders"),
    Verb.PAUSE: (EVERYBODY, "gone"),
    Verb.RESUME: (EVERYBODY, "gone"),
    Verb.RECEIVE: (EVERYBODY, "gone"),
    Verb.PENDING: (EVERYBODY, "gone"),
    Verb.WHY: (COLLEAGUES | {Role.MEMBER}, "colleagues"),
    Verb.CHECK: (COLLEAGUES | {Role.MEMBER}, "colleagues"),
    Verb.REPORTS: (DECIDERS, "deciders"),
    Verb.LOG: (ADMINISTRATORS, "administrators"),
    Verb.LOG_ALL: (OPERATORS, "log_readers"),
    Verb.POST: (EVERYBODY, "gone"),  # who cannot write mail at all is told why by the store
    Verb.DELETE: (ADMINISTRATORS, "administrators"),
    Verb.HOLD: (DECIDERS, "deciders"),  # whoever may hold one post may hold them all
    Verb.UNHOLD: (DECIDERS, "deciders"),
    Verb.ARCHIVE: (ADMINISTRATORS, "administrators"),
    Verb.UNARCHIVE: (ADMINISTRATORS, "administrators"),
    Verb.RESTORE: (ADMINISTRATORS, "administrators"),
    Verb.ALIAS: (ADMINISTRATORS, "administrators"),
    Verb.RENAME: (ADMINISTRATORS, "administrators"),
    Verb.HELP: (EVERYBODY, "gone"),
    Verb.DECIDE_REQUEST: (DECIDERS, "deciders"),
    Verb.DECIDE_POST: (DECIDERS, "deciders"),
    Verb.DECIDE_ROSTER: (ADMINISTRATORS, "stewards"),
    Verb.READ_POST: (DECIDERS, "deciders"),
    Verb.DETAILS: (ADMINISTRATORS, "administrators"),
    Verb.DOCTOR: (OPERATORS, "checkups"),
    Verb.BAN: (DECIDERS, "deciders"),
    Verb.ALLOW: (DECIDERS, "deciders"),
    Verb.UNDO: (ADMINISTRATORS, "undoers"),
    Verb.UNCLAIM: (ADMINISTRATORS, "unclaimers"),
    Verb.HASTEN: (ADMINISTRATORS, "administrators"),
    Verb.STEER_POST: (DECIDERS, "deciders"),
    Verb.PASSWORD: (EVERYBODY, "gone"),  # who became a guest can still see and revoke them
    Verb.HOLD_ALL: (OPERATORS, "holders"),
    Verb.MAKE_PASSWORD: (frozenset({Role.ANYONE}), "guests"),
    Verb.REVOKE_PASSWORD: (OPERATORS, "revokers"),
}


def judge(verb: Verb, who: Who) -> Judgement:
    """Whether `who` may `verb`; if not, why, as the name of a text."""
    roles = who.roles()
    if not roles:
        return Judgement(False, "gone")
    allowed, reason = TABLE[verb]
    sufficing = roles & allowed
    if sufficing:
        return Judgement(True, as_operator=sufficing == {Role.OPERATOR})
    if verb is Verb.CREATE and (who.guest or who.stranger):
        return Judgement(False, "outsiders")
    if who.stranger and Role.STRANGER not in allowed:
        return Judgement(False, "strangers")
    return Judgement(False, reason)


def sees_hidden(who: Who) -> bool:
    """May this person learn that a hidden group exists? Its members and operators only."""
    return bool(who.roles() & {Role.OPERATOR, Role.ADMINISTRATOR, Role.MODERATOR, Role.MEMBER})
