"""Reports: what became of a post, in one message that grows in place; who failed, for administrators; test steps.

"Relayed" is said of what a next hop took, never "delivered": of mailboxes beyond it nobody here knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.views import blocks, conversation, escape
from bot.views.blocks import Block, Shown, View
from bot.views.conversation import NONE, Conversation
from bot.views.ids import Action, Form, numbered
from store import sizes
from store.alteration import AS_IT_CAME, Alteration, Replaced
from store.terms import BounceReason, DeliveryState, Stage
from store.texts import Markup, say

FAILURES_A_PAGE = 25
REPLY_SHOWN = 400
REPLACED_SHOWN = 10
PASSED_SHOWN = 10
# What is said after the copies that went out, where there is any; each a count and a text of the catalogue.
COUNTED = ("deferred", "failed", "bounced", "skipped", "addressed", "elsewhere", "own", "repeated")


@dataclass(frozen=True, slots=True)
class Counts:
    """Of one post's copies. `expected` is None until all contacts are gone through; `repeated` counts possibly-twice
    copies; `own`, `addressed` and `elsewhere` the contacts who got none, as they want none of their own, have one from
    the author, or have one by another group."""

    relayed: int = 0
    deferred: int = 0
    failed: int = 0
    bounced: int = 0
    skipped: int = 0
    own: int = 0
    addressed: int = 0
    elsewhere: int = 0
    repeated: int = 0
    expected: int | None = None

    @property
    def reached(self) -> int:
        """Copies a next hop took, those that came back later included: they were relayed all the same."""
        return self.relayed + self.bounced


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why copies wait: `limit` (rate or daily count), `fault` (of ours; operators are told), `refused` (the post; its
    moderators are). `until` is when the next go, where that is known; `by` when all have gone at the lane's pace."""

    why: str
    until: datetime | None = None
    by: datetime | None = None


@dataclass(frozen=True, slots=True)
class Passed:
    """A group within the group, and what became of the post there (`slack.passed.<outcome>`)."""

    address: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Report:
    """`subject` is None where the group keeps it, and so the names of attachments, out of Slack; `kept` says that the
    message itself is still there. `passed` names the groups within the group that are not hidden, of which there are
    `hidden` more."""

    post_id: int
    group: str
    author: str
    subject: str | None
    counts: Counts
    finished: bool
    waiting: Waiting | None = None
    accepted_at: datetime | None = None
    done_at: datetime | None = None
    kept: bool = True
    alteration: Alteration = AS_IT_CAME
    passed: Sequence[Passed] = ()
    hidden: int = 0
    conversation: Conversation = NONE


@dataclass(frozen=True, slots=True)
class Failure:
    """One copy that did not arrive, and what the next hop said of it."""

    address: str
    state: DeliveryState
    reply: str
    stage: Stage | None
    at: datetime | None
    reason: BounceReason | None = None


@dataclass(frozen=True, slots=True)
class Failures:
    """A page of a post's failures; `more` says that another follows."""

    post_id: int
    group: str
    rows: Sequence[Failure] = ()
    offset: int = 0
    more: bool = False


@dataclass(frozen=True, slots=True)
class Steps:
    """A test mail's way. Each moment is None until it was reached; `failure` is what stopped it."""

    group: str
    address: str
    accepted_at: datetime | None
    expanded_at: datetime | None
    relayed_at: datetime | None
    failure: Failure | None = None
    waiting: Waiting | None = None


def report(language: str, shown: Report) -> Shown:
    """The report in the channel: the count first, then what else there is to know."""
    progress = _progress(language, shown)
    if shown.conversation.answers:
        head = conversation.head(language, shown.conversation, shown.group, shown.subject)
    elif shown.subject is not None and shown.subject.strip():
        head = say(language, "slack.report.subject", via=escape.mrkdwn, subject=shown.subject, group=shown.group)
    else:
        head = say(language, "slack.report.head", via=escape.mrkdwn, group=shown.group)
    body: list[Block] = [
        blocks.section(head),
        blocks.section(
            progress,
            accessory=blocks.button(
                say(language, "slack.report.details"), Action.REPORT_DETAILS, shown.post_id,
                spoken=say(language, "slack.report.details_spoken", via=escape.plain, group=shown.group),
            ),
        ),
    ]  # fmt: skip
    if shown.conversation.excerpt is not None:
        body.insert(1, conversation.excerpt(language, shown.conversation))
    body.append(
        blocks.actions(
            conversation.button(language, shown.post_id, shown.group),
            blocks.button(
                say(language, "why.button"),
                Action.REPORT_WHY,
                shown.post_id,
                spoken=say(language, "why.spoken_report", via=escape.plain, group=shown.group),
            ),
        )
    )
    changes = _changes(language, shown)
    if changes:
        body.append(blocks.section("\n".join(changes)))
    notes = _notes(language, shown)
    if notes:
        body.append(blocks.context(*notes))
    return blocks.shown(f"{head} {progress}", body)


def _progress(language: str, shown: Report) -> str:
    counts = shown.counts
    if counts.expected is None:
        first = say(language, "slack.report.so_far", relayed=counts.reached)
    elif counts.expected == 0 and shown.finished:
        groups = shown.passed or shown.hidden
        first = say(language, "slack.report.only_groups" if groups else "slack.report.nobody")
    else:
        first = say(language, "slack.report.progress", relayed=counts.reached, expected=counts.expected)
    pieces = [first]
    for name in COUNTED:
        n = getattr(counts, name)
        if n > 0:
            pieces.append(say(language, f"slack.report.{name}", n=n))
    return " · ".join(pieces)


def _changes(language: str, shown: Report) -> list[str]:
    """What the copies are without, and why."""
    alteration, lines = shown.alteration, []
    if alteration.count:
        size = sizes.show(alteration.size, language)
        lines.append(say(language, "slack.report.replaced", n=alteration.count, size=size))
        if shown.subject is not None:
            lines += [_replaced(language, one) for one in alteration.replaced[:REPLACED_SHOWN]]
            more = alteration.count - min(len(alteration.replaced), REPLACED_SHOWN)
            lines += [say(language, "slack.report.replaced_more", n=more)] if more else []
    if alteration.unfooted:
        lines.append(say(language, f"slack.report.unfooted_{alteration.unfooted}"))
    return lines


def _replaced(language: str, one: Replaced) -> str:
    key = "slack.report.replaced_one" if one.name else "slack.report.replaced_nameless"
    return say(language, key, via=escape.mrkdwn, name=one.name, kind=one.kind, size=sizes.show(one.size, language))


def _notes(language: str, shown: Report) -> list[str]:
    notes = []
    if shown.conversation.answered:
        notes.append(conversation.answered(language, shown.conversation))
    if shown.passed or shown.hidden:
        notes.append(_passed(language, shown))
    if shown.waiting is not None:
        notes.append(waiting(language, shown.waiting))
    if shown.finished and shown.done_at is not None:
        notes.append(say(language, "slack.report.finished", at=escape.moment(shown.done_at)))
    elif shown.accepted_at is not None:
        notes.append(say(language, "slack.report.accepted", at=escape.moment(shown.accepted_at)))
    return notes


def _passed(language: str, shown: Report) -> str:
    """The groups within, with what became of the post where it did not just go out."""
    groups = [
        say(language, f"slack.passed.{one.outcome}", via=escape.mrkdwn, group=one.address)
        for one in shown.passed[:PASSED_SHOWN]
    ]
    more = shown.hidden + len(shown.passed[PASSED_SHOWN:])
    if more:
        groups.append(say(language, "slack.passed.more", n=more))
    return say(language, "slack.report.passed", groups=Markup(", ".join(groups)))


def waiting(language: str, why: Waiting) -> str:
    """Why copies wait, and until when."""
    moments: dict[str, Any] = {
        "until": escape.moment(why.until) if why.until else "",
        "by": escape.moment(why.by) if why.by else "",
    }
    tail = "_by" if why.by else "_until" if why.until else ""
    return say(language, f"slack.waiting.{why.why}{tail}", **moments)


# ---------------------------------------------------------------- details


def details(language: str, shown: Report, failures: Failures) -> View:
    """Who failed and what the next hop said of them; opened by administrators alone."""
    body: list[Block] = [blocks.section(_progress(language, shown))]
    if shown.waiting is not None:
        body.append(blocks.context(waiting(language, shown.waiting)))
    if not shown.kept:
        body.append(blocks.context(say(language, "slack.details.emptied")))
    body.append(blocks.divider())
    if not failures.rows:
        body.append(blocks.section(say(language, "slack.details.none")))
    body += [blocks.section(failure(language, row)) for row in failures.rows]
    pages = _pages(language, failures)
    if pages:
        body.append(blocks.actions(*pages))
    body.append(blocks.actions(*_more(language, shown)))
    return blocks.modal(
        say(language, "slack.details.title"), Form.DETAILS, body,
        close=say(language, "slack.modal.close"), metadata=str(shown.post_id),
    )  # fmt: skip


def failure(language: str, row: Failure) -> str:
    """One failed copy in words."""
    head = say(
        language, f"slack.details.{row.state}", via=escape.mrkdwn, address=row.address,
        at=escape.moment(row.at) if row.at else "–",
    )  # fmt: skip
    if row.reason is not None:
        head = f"{head}\n{say(language, f'bounce.{row.reason}')}"
    if not row.reply:
        return head
    said = say(language, f"slack.stage.{row.stage or 'unknown'}", reply=escape.quoted(row.reply, REPLY_SHOWN + 100))
    return f"{head}\n{said}"


def _more(language: str, shown: Report) -> list[blocks.Element]:
    """Every copy as a table or a file; and the deferred ones again, where there are any."""
    wanted = [("table", Action.REPORT_TABLE), ("file", Action.REPORT_FILE)]
    if shown.counts.deferred and not shown.finished:
        wanted.append(("hasten", Action.REPORT_HASTEN))
    return [
        blocks.button(
            say(language, f"outcomes.button.{name}"), action, shown.post_id,
            spoken=say(language, f"outcomes.spoken.{name}", via=escape.plain, group=shown.group),
        )
        for name, action in wanted
    ]  # fmt: skip


def _pages(language: str, failures: Failures) -> list[blocks.Element]:
    of = say(language, "access.page.report")
    wanted = []
    if failures.offset > 0:
        wanted.append(("back", "previous", 1, max(failures.offset - FAILURES_A_PAGE, 0)))
    if failures.more:
        wanted.append(("on", "next", 2, failures.offset + FAILURES_A_PAGE))
    return [
        blocks.button(
            say(language, f"slack.page.{label}"), numbered(Action.REPORT_PAGE, n), f"{failures.post_id}:{offset}",
            spoken=say(language, f"access.{spoken}", of=of),
        )
        for label, spoken, n, offset in wanted
    ]  # fmt: skip


# ---------------------------------------------------------------- a test mail


def steps(language: str, shown: Steps) -> Shown:
    """The way of a test mail, step by step; redrawn as it goes."""
    head = say(language, "slack.test.head", via=escape.mrkdwn, group=shown.group, address=shown.address)
    lines = []
    for name, at in (
        ("accepted", shown.accepted_at),
        ("expanded", shown.expanded_at),
        ("relayed", shown.relayed_at),
    ):
        key = f"slack.test.{name}" if at else f"slack.test.{name}_waits"
        lines.append(say(language, key, at=escape.moment(at, style="{time_secs}") if at else ""))
        if at is None:
            break
    if shown.failure is not None:
        lines[-1] = failure(language, shown.failure)
    elif shown.waiting is not None:
        lines.append(waiting(language, shown.waiting))
    body = [blocks.section(head), blocks.section("\n".join(lines))]
    return blocks.shown(f"{head} {lines[-1]}", body)
