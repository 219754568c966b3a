"""The nouns of a command: what an argument may be, and the arguments of one command as typed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.commands.grammar import Token
from bot.commands.named import Outsider, Place, Role


class Kind(StrEnum):
    """What an argument may be. Each is a noun of the catalogue: `commands.argument.<kind>`."""

    VERB = "verb"
    GROUP = "group"
    SOURCE = "source"
    PEOPLE = "people"
    ROLE = "role"
    UNTIL = "until"
    MAILBOX = "mailbox"
    TEXT = "text"
    DATE = "date"
    WISH = "wish"
    SWITCH = "switch"
    SETTING = "setting"
    VALUE = "value"
    SEARCH = "search"
    PAGE = "page"
    DEED = "deed"
    HOLDER = "holder"
    LABEL = "label"
    WHOM = "whom"
    POST = "post"
    TURN = "turn"
    PATTERN = "pattern"
    TRAIL = "trail"
    STEP = "step"
    ALIAS = "alias"
    ANEW = "anew"
    TEMPLATE = "template"


class Deed(StrEnum):
    """What can be done with app passwords."""

    NEW = "new"
    LIST = "list"
    REVOKE = "revoke"


class Wish(StrEnum):
    """The copies a contact may do without, as people name them."""

    OWN = "own"
    ADDRESSED = "addressed"


class Turn(StrEnum):
    """Which way a ban or an allowance goes."""

    ADD = "add"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Argument:
    kind: Kind
    required: bool = True


@dataclass(frozen=True, slots=True)
class Bound:
    """The arguments of one command as typed; what was not given is None or empty."""

    verb: str | None = None
    group: str | None = None
    source: str | None = None  # the Slack id of a channel or user group
    slack_ids: tuple[str, ...] = ()
    outsiders: tuple[Outsider, ...] = ()
    channels: tuple[Place, ...] = ()
    teams: tuple[Place, ...] = ()
    role: Role | None = None
    mailbox: str = ""
    text: str = ""
    date: str = ""
    until: str = ""
    wish: Wish | None = None
    switch: bool | None = None
    setting: str | None = None
    value: str | None = None
    search: str = ""
    page: int = 1
    deed: Deed | None = None
    holder: str = ""  # the Slack id of whose app passwords are meant
    label: str = ""
    post: str = ""
    turn: Turn | None = None
    pattern: str = ""
    alias: str = ""
    anew: str = ""  # the address a group is to have
    template: str = ""
    words: tuple[Token, ...] = ()  # of the log: what to show of it, read by `bot.commands.trail`
