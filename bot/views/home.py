"""App Home, and what waits for a person wherever it is shown: requests and held posts with their buttons.

Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.views import answers, blocks, cards, decide, escape
from bot.views.blocks import Block, Shown, View
from bot.views.groups import Line, buttons, standing
from bot.views.ids import Action
from store.terms import Reason, RequestKind
from store.texts import Markup, say
from store.word import Subject

GROUPS_A_PAGE = 15
WAITING_A_PAGE = 10
SUBJECT_SPOKEN = 30  # characters, of the 75 that a label may have
REASONS_SHOWN = 800  # characters; ten posts have to fit one message


@dataclass(frozen=True, slots=True)
class WaitingRequest:
    request_id: int
    kind: RequestKind
    group: str
    applicant: str | None  # Slack id
    address: str
    note: str
    since: datetime
    claim: decide.Claim | None = None


@dataclass(frozen=True, slots=True)
class WaitingPost:
    """`subject` is empty where the group shows nothing of its mails in Slack; `until` is when it expires, if ever.

    Who releases it here has seen no card: what the card says of why it waits stands here too.
    """

    post_id: int
    group: str
    author: str
    subject: str
    authenticated: bool
    since: datetime
    reasons: Sequence[Reason] = ()
    proof: str = ""
    until: datetime | None = None
    claim: decide.Claim | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A page of what waits: the oldest first, requests before posts; `total` counts all."""

    items: Sequence[WaitingRequest | WaitingPost] = ()
    total: int = 0
    page: int = 1

    @property
    def more(self) -> bool:
        return self.total > self.page * WAITING_A_PAGE


@dataclass(frozen=True, slots=True)
class Home:
    """All that the Home tab shows one person."""

    slack_id: str
    email: str | None
    operator: bool
    outsider: bool  # a guest, or of another workspace
    groups: Sequence[Line]
    waiting: Waiting = Waiting()
    page: int = 1
    more: bool = False
    passwords: bool = False  # app passwords can be made here


def home(language: str, shown: Home, command: str) -> View:
    """The Home tab. `command` is how the slash command is called here."""
    body: list[Block] = [blocks.header(say(language, "commands.home.title"))]
    known = (
        say(language, "commands.home.known", via=escape.mrkdwn, email=shown.email)
        if shown.email
        else say(language, "commands.home.without_email")
    )
    body.append(blocks.context(known))
    own: list[blocks.Element] = []
    if shown.operator:
        own.append(blocks.button(say(language, "commands.button.create"), Action.GROUP_CREATE, style="primary"))
    if shown.passwords:
        own.append(blocks.button(say(language, "commands.button.passwords"), Action.PASSWORD_FORM))
    if own:
        body.append(blocks.actions(*own))
    body += [blocks.divider(), blocks.section(say(language, "commands.home.waiting"))]
    body += waiting(language, shown.waiting) or [blocks.context(say(language, "commands.home.nothing_waits"))]
    body += [blocks.divider(), blocks.section(say(language, "commands.home.groups"))]
    if not shown.groups:
        body.append(blocks.context(say(language, "commands.home.no_groups", command=Markup(command))))
    for line in shown.groups:
        text = say(language, "commands.home.group", via=escape.mrkdwn, name=line.name, address=line.address)
        body.append(blocks.section("\n".join([text, *standing(language, line)])))
        body.append(blocks.actions(*buttons(language, line), block_id=f"g{line.group_id}"))  # at least Leave
    body += answers.pager(
        language,
        Action.HOME_PAGE,
        previous=str(shown.page - 1) if shown.page > 1 else None,
        following=str(shown.page + 1) if shown.more else None,
    )
    hint = "commands.home.hint_outsider" if shown.outsider else "commands.home.hint"
    body.append(blocks.context(say(language, hint, command=Markup(command))))
    return blocks.home(body)


def pending(language: str, found: Waiting) -> Shown:
    """What waits, as an answer."""
    if not found.items:
        return answers.answer(language, "commands.pending.nothing")
    title = say(language, "commands.pending.title", n=found.total)
    return blocks.shown(title, [blocks.section(title), *waiting(language, found)])


def waiting(language: str, found: Waiting) -> list[Block]:
    """Each waiting thing in two blocks: what it is, and the buttons its card has."""
    body: list[Block] = []
    for item in found.items:
        body += _request(language, item) if isinstance(item, WaitingRequest) else _post(language, item)
    if found.total > 1:
        label, spoken = say(language, "several.button"), say(language, "several.button_spoken", n=found.total)
        body.append(blocks.actions(blocks.button(label, Action.PENDING_SEVERAL, "", spoken=spoken)))
    return body + answers.pager(
        language,
        Action.PENDING_PAGE,
        previous=str(found.page - 1) if found.page > 1 else None,
        following=str(found.page + 1) if found.more else None,
    )


def _request(language: str, item: WaitingRequest) -> list[Block]:
    applicant = escape.person(item.applicant) if item.applicant else Markup(escape.mrkdwn(item.address))
    text = say(
        language,
        f"commands.pending.{item.kind.value}",
        via=escape.mrkdwn,
        applicant=applicant,
        address=item.address,
        group=item.group,
        since=escape.moment(item.since),
    )
    if item.note:
        text += "\n" + say(language, "commands.pending.note", note=Markup(escape.mrkdwn(item.note, 300)))
    if item.claim is not None:
        text += "\n" + decide.at_it(language, item.claim)
    spoken: dict[str, Any] = {"address": item.address, "group": item.group}
    request = Markup(say(language, "access.request", via=escape.plain, **spoken))
    return [
        blocks.section(text),
        blocks.actions(
            blocks.button(
                say(language, "commands.pending.approve"),
                Action.REQUEST_APPROVE,
                item.request_id,
                style="primary",
                spoken=say(language, "commands.pending.spoken_approve", via=escape.plain, **spoken),
            ),
            blocks.button(
                say(language, "commands.pending.deny"),
                Action.REQUEST_DENY,
                item.request_id,
                spoken=say(language, "commands.pending.spoken_deny", via=escape.plain, **spoken),
            ),
            decide.claiming(language, Subject.REQUEST, item.request_id, item.claim, request),
            *decide.banning(language, decide.About(Subject.REQUEST, item.request_id, item.group, item.address)),
            block_id=f"r{item.request_id}",
        ),
    ]


def _post(language: str, item: WaitingPost) -> list[Block]:
    text = say(
        language,
        "commands.pending.post" if item.subject else "commands.pending.post_unseen",
        via=lambda value: escape.mrkdwn(value, 200),
        author=item.author,
        group=item.group,
        subject=item.subject,
        since=escape.moment(item.since),
    )
    text += "\n" + escape.cut(cards.why(language, item.reasons, item.proof), REASONS_SHOWN)
    if item.until is not None:
        text += "\n" + say(language, "slack.held.until", until=escape.moment(item.until))
    if item.claim is not None:
        text += "\n" + decide.at_it(language, item.claim)
    post = _spoken(language, item)
    wanted = [("read", Action.POST_READ), ("release", Action.POST_RELEASE)]
    if item.authenticated:  # a reason can only be mailed to an author who proved the address
        wanted.append(("reject", Action.POST_REJECT))
    found = [
        blocks.button(
            say(language, f"commands.pending.{name}"),
            action,
            item.post_id,
            spoken=say(language, f"commands.pending.spoken_{name}", post=post),
        )
        for name, action in wanted
    ]
    ask = blocks.confirm(
        say(language, "commands.pending.discard_title"),
        say(language, "commands.pending.discard_text"),
        say(language, "commands.pending.discard"),
        say(language, "commands.button.cancel"),
        danger=True,
    )
    found.append(
        blocks.button(
            say(language, "commands.pending.discard"),
            Action.POST_DISCARD,
            item.post_id,
            confirm=ask,
            spoken=say(language, "commands.pending.spoken_discard", post=post),
        )
    )
    found.append(decide.claiming(language, Subject.POST, item.post_id, item.claim, post))
    found.append(decide.menu(language, item.post_id, item.author, proven=item.authenticated))
    return [blocks.section(text), blocks.actions(*found, block_id=f"p{item.post_id}")]


def _spoken(language: str, item: WaitingPost) -> Markup:
    """How a post is spoken of beside others of its author: by its subject, where it may be seen."""
    key = "access.post_of_subject" if item.subject else "access.post"
    subject = escape.cut(item.subject, SUBJECT_SPOKEN)
    return Markup(say(language, key, via=escape.plain, author=item.author, group=item.group, subject=subject))
