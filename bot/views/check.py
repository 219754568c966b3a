"""Check: what would happen to a post before it is written, as mail programs' tips say it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.views import blocks, cards, escape, settings
from bot.views.blocks import Shown
from store import sizes
from store.terms import Action, OverSendSize, Reason
from store.texts import Markup, say

WITHIN_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Verdict:
    """What would become of a post, and why."""

    action: Action
    reasons: Sequence[Reason] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """`unproven` is what would become of the same mail if nothing proved whose it is; None where that is the same.
    `address` is the asker's, "" where Slack shows none. `within` names the groups that pass it on and are not hidden
    from the asker, of which there are `hidden` more. Sizes are bytes of attachments, None without a limit."""

    group: str
    address: str
    verdict: Verdict
    unproven: Verdict | None
    recipients: int
    outside: int
    within: Sequence[str]
    hidden: int
    moderation: str
    largest: int | None
    delivered: int | None
    over_send_size: OverSendSize
    last_at: datetime | None


def answer(language: str, seen: Check) -> Shown:
    """The outcome first, then who would get it, then what limits there are."""
    first = say(
        language,
        f"check.{seen.verdict.action}",
        via=escape.mrkdwn,
        group=seen.group,
        address=seen.address or say(language, "check.unseen_address"),
    )
    lines = [first, *_reasons(language, seen.verdict)]
    if not seen.address:
        lines.append(say(language, "check.no_address"))
    if seen.unproven is not None:
        lines.append(say(language, f"check.unproven_{seen.unproven.action}"))
    body = [blocks.section("\n".join(lines)), blocks.section("\n".join(_recipients(language, seen)))]
    body.append(blocks.context(*_limits(language, seen)))
    return blocks.shown(first, body)


def _reasons(language: str, verdict: Verdict) -> list[str]:
    return [f"• {cards.reason(language, one)}" for one in verdict.reasons]


def _recipients(language: str, seen: Check) -> list[str]:
    if not seen.recipients:
        lines = [say(language, "check.nobody")]
    else:
        lines = [say(language, "check.recipients", n=seen.recipients)]
        lines.append(say(language, "check.outside", n=seen.outside) if seen.outside else say(language, "check.inside"))
    if seen.within or seen.hidden:
        named = [escape.mrkdwn(one) for one in seen.within[:WITHIN_SHOWN]]
        more = seen.hidden + len(seen.within[WITHIN_SHOWN:])
        if more:
            named.append(say(language, "slack.passed.more", n=more))
        lines.append(say(language, "check.within", groups=Markup(", ".join(named))))
    return lines


def _limits(language: str, seen: Check) -> list[str]:
    server = say(language, "commands.setting.server_limit")
    largest = server if seen.largest is None else sizes.show(seen.largest, language)
    found = [say(language, "check.largest", size=largest)]
    if seen.delivered is not None and (seen.largest is None or seen.delivered < seen.largest):
        found.append(say(language, f"check.delivered_{seen.over_send_size}", size=sizes.show(seen.delivered, language)))
    held = settings.shown(language, "moderation", seen.moderation)
    found.append(say(language, "check.setting", setting=settings.label(language, "moderation"), value=held))
    at = escape.moment(seen.last_at) if seen.last_at else ""
    found.append(say(language, "check.last", at=at) if at else say(language, "check.last_none"))
    return found
