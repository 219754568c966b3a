"""A roster's change before and after it is made, and the form that takes a file of contacts.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.views import blocks, escape
from bot.views.blocks import Shown, View
from bot.views.ids import Action, Field, Form
from store.texts import Markup, say
from store.verdicts import ProposalState

WITHDRAW = "withdraw"
# What would change, then what would not, each told if there is any.
SHOWN = (
    "added", "nested", "renamed", "withdrawn", "already", "bouncing", "left", "complained", "forgotten", "banned",
    "duplicates",
    "invalid", "no_email", "guests", "strangers", "gone_from_slack",
)  # fmt: skip
OUTCOMES = ("added", "renamed", "withdrawn", "already", "kept_out", "gone")


@dataclass(frozen=True, slots=True)
class Proposal:
    """`shown` and `outcome` are numbers by name; `large`: so many would be taken out that it is asked once more."""

    proposal_id: int
    group: str
    source: str
    state: ProposalState
    total: int
    done: int
    shown: Mapping[str, Any]
    outcome: Mapping[str, Any]
    by: str | None = None
    at: datetime | None = None
    large: bool = False


def card(language: str, shown: Proposal) -> Shown:
    """To who asked for the change: what it is, and Apply and Discard while it waits."""
    head = say(
        language, f"slack.proposal.{shown.state}", via=escape.mrkdwn, source=shown.source, group=shown.group,
        done=shown.done, total=shown.total, by=escape.person(shown.by) if shown.by else Markup(escape.ELLIPSIS),
        at=escape.moment(shown.at) if shown.at else Markup(escape.ELLIPSIS),
    )  # fmt: skip
    over = shown.state is ProposalState.APPLIED
    told = lines(language, "outcome", OUTCOMES, shown.outcome) if over else summary(language, shown.shown)
    text = "\n".join([head, *told])
    if shown.state is not ProposalState.WAITING:
        return blocks.shown(text, [blocks.section(text)])
    withdrawn = int(shown.shown.get("withdrawn", 0))
    sure = blocks.confirm(
        say(language, "slack.proposal.sure_title"),
        say(language, "slack.proposal.sure_text", via=escape.plain, n=withdrawn, group=shown.group),
        say(language, "slack.proposal.apply"),
        say(language, "commands.button.cancel"),
        danger=True,
    )
    buttons = (
        blocks.button(
            say(language, "slack.proposal.apply"), Action.PROPOSAL_APPLY, shown.proposal_id, style="primary",
            confirm=sure if shown.large else None,
            spoken=say(language, "slack.proposal.apply_spoken", via=escape.plain, group=shown.group),
        ),
        blocks.button(
            say(language, "slack.proposal.discard"), Action.PROPOSAL_DISCARD, shown.proposal_id,
            spoken=say(language, "slack.proposal.discard_spoken", via=escape.plain, group=shown.group),
        ),
    )  # fmt: skip
    return blocks.shown(text, [blocks.section(text), blocks.actions(*buttons)])


def summary(language: str, counts: Mapping[str, Any]) -> list[str]:
    """A line for each kind of what would change or would not."""
    return lines(language, "shown", SHOWN, counts)


def lines(language: str, kind: str, names: tuple[str, ...], counts: Mapping[str, Any]) -> list[str]:
    return [say(language, f"slack.proposal.{kind}.{name}", n=int(counts[name])) for name in names if counts.get(name)]


def import_form(language: str, group_id: int, address: str) -> View:
    """Where a file of contacts is chosen."""
    others = blocks.option(
        say(language, "commands.import.withdraw"),
        WITHDRAW,
        description=say(language, "commands.import.withdraw_hint"),
    )
    return blocks.modal(
        say(language, "commands.import.title"),
        Form.MEMBERS_IMPORT,
        [
            blocks.section(say(language, "commands.import.text", via=escape.mrkdwn, address=address)),
            blocks.entry(
                Field.FILE,
                say(language, "commands.import.file"),
                blocks.file_input(("csv", "txt", "tsv"), most=1),
                hint=say(language, "commands.import.hint"),
            ),
            blocks.entry(
                Field.WITHDRAW_OTHERS,
                say(language, "commands.import.others"),
                blocks.checkboxes([others]),
                optional=True,
            ),
        ],
        submit=say(language, "commands.import.submit"),
        close=say(language, "commands.button.cancel"),
        metadata=str(group_id),
    )
