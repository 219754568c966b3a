"""Cards: a request and a held post that wait for a decision, and what became of them. Pure functions of their rows.

A card's buttons carry the row's id and nothing else. The same function draws the card before and after the decision,
so every copy says the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.views import blocks, decide, escape, reasons
from bot.views.blocks import Block, Shown, View
from bot.views.ids import Action, Field, Form
from store import sizes
from store.marks import UNMARKED, Marks
from store.terms import PostState, Reason, RequestKind, RequestState
from store.texts import Markup, TextMissing, say
from store.word import Subject

NOTE_SHOWN = 1_000
EXCERPT_SHOWN = 600
REASON_LONGEST = 1_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision as a card tells it: by whom (a Slack id; None for the system), when, and the reason given."""

    by: str | None
    at: datetime | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RequestCard:
    """`deleted`: the request ended because its group did."""

    request_id: int
    kind: RequestKind
    group: str
    state: RequestState
    address: str
    slack_id: str | None
    note: str
    verdict: Verdict
    deleted: bool = False
    claim: decide.Claim | None = None
    undo: decide.Undo | None = None

    @property
    def about(self) -> decide.About:
        return decide.About(Subject.REQUEST, self.request_id, self.group, self.address)


@dataclass(frozen=True, slots=True)
class HeldCard:
    """`subject` and `excerpt` are None where the group keeps them out of Slack; `size` is in octets.

    `until` is when it expires, None for never; `of_author` counts the posts of its author that wait in the group.
    """

    post_id: int
    group: str
    state: PostState
    author: str
    author_name: str
    authenticated: bool
    proof: str
    reasons: Sequence[Reason]
    size: int
    subject: str | None
    excerpt: str | None
    attachments: Sequence[str]
    verdict: Verdict
    deleted: bool = False
    marks: Marks = UNMARKED
    until: datetime | None = None
    of_author: int = 1
    claim: decide.Claim | None = None
    undo: decide.Undo | None = None

    @property
    def about(self) -> decide.About:
        return decide.About(Subject.POST, self.post_id, self.group, self.author)


# ---------------------------------------------------------------- requests


def request(language: str, card: RequestCard) -> Shown:
    """The card of a request, with buttons while it waits."""
    who = escape.person(card.slack_id) if card.slack_id else Markup(escape.mrkdwn(card.address))
    head = say(language, f"slack.request.{card.kind}", via=escape.mrkdwn, who=who, group=card.group)
    body: list[Block] = [
        blocks.section(head),
        blocks.context(say(language, f"slack.request.{card.kind}_address", via=escape.mrkdwn, address=card.address)),
    ]
    if card.note:
        body.append(blocks.section(say(language, "slack.request.note", note=escape.quoted(card.note, NOTE_SHOWN))))
    if card.state is RequestState.PENDING:
        body += decide.claimed(language, card.claim)
        body.append(_request_buttons(language, card))
        body += decide.more(language, card.about, card.claim, proven=True)
        return blocks.shown(head, body)
    outcome = request_outcome(language, card)
    rest = decide.after(language, card.about, card.undo)
    return blocks.shown(f"{head} {outcome}", [*body, blocks.section(outcome), *rest])


def _request_buttons(language: str, card: RequestCard) -> Block:
    spoken: dict[str, Any] = {"address": card.address, "group": card.group}
    return blocks.actions(
        blocks.button(
            say(language, "slack.request.approve"), Action.REQUEST_APPROVE, card.request_id, style="primary",
            spoken=say(language, "slack.request.approve_spoken", via=escape.plain, **spoken),
        ),
        blocks.button(
            say(language, "slack.request.deny"), Action.REQUEST_DENY, card.request_id,
            spoken=say(language, "slack.request.deny_spoken", via=escape.plain, **spoken),
        ),
    )  # fmt: skip


def request_outcome(language: str, card: RequestCard) -> str:
    """What became of a request that waits no more, in words."""
    if card.deleted:
        return say(language, "slack.decided.group_deleted")
    return decided(language, f"request_{card.state}", card.verdict)


def decided(language: str, what: str, verdict: Verdict) -> str:
    """In words: what was decided, by whom and when, and why. `what` names the text, such as `request_approved`."""
    values: dict[str, Any] = {"at": escape.moment(verdict.at) if verdict.at else Markup("–")}
    if verdict.by is None:
        text = say(language, f"slack.decided.{what}_alone", via=escape.mrkdwn, **values)
    else:
        text = say(language, f"slack.decided.{what}", via=escape.mrkdwn, by=escape.person(verdict.by), **values)
    if not verdict.reason:
        return text
    why = say(language, "slack.decided.why", reason=escape.quoted(verdict.reason, REASON_LONGEST + 100))
    return f"{text}\n{why}"


def outcome(language: str, card: RequestCard) -> Shown:
    """What the applicant is told by DM."""
    what = f"{card.kind}_deleted" if card.deleted else f"{card.kind}_{card.state}"
    text = say(language, f"slack.outcome.{what}", via=escape.mrkdwn, group=card.group, address=card.address)
    body = [blocks.section(text)]
    if card.state is RequestState.DENIED and card.verdict.reason:
        reason = escape.quoted(card.verdict.reason, REASON_LONGEST + 100)
        body.append(blocks.section(say(language, "slack.decided.why", reason=reason)))
    return blocks.shown(text, body)


# ---------------------------------------------------------------- held posts


def held(language: str, card: HeldCard, *, again: bool = False) -> Shown:
    """The card of a held post, with buttons while it waits; `again` where it reminds of one that stands above."""
    if again:
        head = say(language, "slack.reminder.head", n=1, via=escape.mrkdwn, group=card.group)
    else:
        waits = card.state is PostState.HELD
        head = say(
            language, "slack.held.head" if waits else "slack.held.head_over", via=escape.mrkdwn, group=card.group
        )
    if card.author_name:
        author = say(
            language, "slack.held.author_named", via=escape.mrkdwn, name=card.author_name, author=card.author or "–"
        )
    else:
        author = say(language, "slack.held.author", via=escape.mrkdwn, author=card.author or "–")
    body: list[Block] = [blocks.section(head), blocks.section(author)]
    if card.subject is not None:
        key = "slack.held.subject" if card.subject.strip() else "slack.held.no_subject"
        body.append(blocks.section(say(language, key, via=escape.mrkdwn, subject=card.subject)))
    body.append(blocks.section(why(language, card.reasons, card.proof)))
    body.append(blocks.context(*_facts(language, card)))
    if card.excerpt:
        body.append(blocks.section(escape.quoted(card.excerpt, EXCERPT_SHOWN)))
    if card.state is PostState.HELD:
        if card.until is not None:
            body.append(blocks.context(say(language, "slack.held.until", until=escape.moment(card.until))))
        body += decide.claimed(language, card.claim)
        body.append(_held_buttons(language, card))
        body += decide.more(language, card.about, card.claim, proven=card.authenticated)
        return blocks.shown(f"{head} {author}", body)
    result = post_outcome(language, card)
    rest = decide.after(language, card.about, card.undo)
    return blocks.shown(f"{head} {result}", [*body, blocks.section(result), *rest])


def _facts(language: str, card: HeldCard) -> list[str]:
    facts = [say(language, "slack.held.size", size=sizes.show(card.size, language))]
    if card.marks.recipients:
        facts.append(say(language, "slack.held.recipients", n=card.marks.recipients))
    if card.marks.score:
        facts.append(say(language, "slack.held.score", via=escape.mrkdwn, score=card.marks.score))
    if card.state is PostState.HELD and card.of_author > 1:
        facts.append(say(language, "slack.held.of_author", n=card.of_author))
    if card.attachments:
        names = ", ".join(escape.mrkdwn(name, 80) for name in card.attachments)
        facts.append(say(language, "slack.held.attachments", n=len(card.attachments), names=Markup(names)))
    return facts


def post_outcome(language: str, card: HeldCard) -> str:
    """What became of a held post that waits no more, in words."""
    if card.deleted:
        return say(language, "slack.decided.group_deleted")
    return decided(language, f"post_{card.state}", card.verdict)


def why(language: str, reasons: Sequence[Reason], proof: str) -> str:
    """Every reason a post is held for, and what proved its author or did not, a line each."""
    lines = [reason(language, given) for given in reasons]
    if proof:
        lines.append(_known(language, f"verdict.{proof}", {}, proof))
    return "\n".join(f"• {line}" for line in lines) or say(language, "slack.held.no_reason")


def reason(language: str, given: Reason) -> str:
    """Why policy decided so, in words."""
    return _known(language, f"reason.{given.name}", sizes.spoken(given.values, language), given.name)


def _known(language: str, key: str, values: object, name: str) -> str:
    # The bridge may be newer than the bot and know reasons the catalogue here lacks: the card must come all the same.
    try:
        return say(language, key, via=escape.mrkdwn, **(values if isinstance(values, dict) else dict(values)))  # type: ignore[call-overload]  # a mapping of texts
    except TextMissing:
        return escape.mrkdwn(name)


def _held_buttons(language: str, card: HeldCard) -> Block:
    def button(action: Action, word: str, **more: object) -> blocks.Element:
        spoken = say(language, f"slack.held.{word}_spoken", via=escape.plain, group=card.group, author=card.author)
        return blocks.button(say(language, f"slack.held.{word}"), action, card.post_id, spoken=spoken, **more)  # type: ignore[arg-type]  # style and confirm

    sure = blocks.confirm(
        say(language, "slack.held.discard_title"),
        say(language, "slack.held.discard_text"),
        say(language, "slack.held.discard"),
        say(language, "slack.held.keep"),
        danger=True,
    )
    reject = [button(Action.POST_REJECT, "reject")] if card.authenticated else []
    return blocks.actions(
        button(Action.POST_READ, "read"),
        blocks.button(
            say(language, "why.button"),
            Action.POST_WHY,
            card.post_id,
            spoken=say(language, "why.spoken_held", via=escape.plain, group=card.group),
        ),
        button(Action.POST_RELEASE, "release", style="primary"),
        *reject,
        button(Action.POST_DISCARD, "discard", style="danger", confirm=sure),
    )


# ---------------------------------------------------------------- forms


def reason_form(
    language: str, form: Form, about: str, *, group: str, optional: bool, choices: Sequence[reasons.Choice] = ()
) -> View:
    """Asks why, before a denial or rejection; what is chosen or written goes to the applicant or author."""
    own, hint, chosen = "slack.reasons.label", None, list[Block]()
    if choices:
        own, hint = "slack.reasons.own", say(language, "slack.reasons.own_hint")
        options = [blocks.option(escape.plain(one.text), one.value) for one in choices]
        choose = blocks.select(options, placeholder=say(language, "slack.reasons.choose"))
        chosen = [blocks.entry(Field.CANNED, say(language, "slack.reasons.label"), choose, optional=True)]
    key = "deny" if form is Form.REQUEST_DENY else "reject"
    return blocks.modal(
        say(language, f"slack.{key}.title"),
        form,
        [
            blocks.section(say(language, f"slack.{key}.text", via=escape.mrkdwn, group=group)),
            *chosen,
            blocks.entry(
                Field.REASON, say(language, own), blocks.text_input(multiline=True, longest=REASON_LONGEST),
                optional=optional or bool(choices), hint=hint,
            ),
        ],
        submit=say(language, f"slack.{key}.submit"),
        close=say(language, "slack.modal.cancel"),
        metadata=about,
    )  # fmt: skip
