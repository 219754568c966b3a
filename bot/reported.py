"""Posts as their reports show them: counts, who failed, the steps of a test mail; with no more of a mail than its group
lets into Slack."""

from __future__ import annotations

from datetime import timedelta

from bot import rows, written
from bot.views import reports
from bot.views.blocks import Shown
from store import posts, retention
from store import reports as figures
from store.engine import Reading
from store.schema.notice import Notice
from store.terms import SlackContent

WAITING = {
    "alarm": "fault",
    "rate": "limit",
    "daily": "limit",
    "stalled": "refused",
    "unmade": "unmade",
    "hold": "hold",
}
FAILURES_SHOWN = 500
# The bridge marks a post's report as it counts; the steps of a test mail are looked at anew each second instead.
STEPS_WATCHED = timedelta(minutes=2)


async def report(tx: Reading, post_id: int) -> reports.Report | None:
    """A post's report as the channel sees it; None for a post that is not there."""
    found = await figures.report(tx, post_id)
    if found is None:
        return None
    group = await rows.group(tx, found.post.group_id)
    return reports.Report(
        post_id=post_id,
        group=group.address,
        author=found.post.author,
        subject=None if group.slack_content is SlackContent.NONE else found.post.subject,
        counts=counts(found),
        finished=found.finished,
        waiting=waiting(found),
        accepted_at=found.post.accepted_at,
        done_at=found.post.done_at,
        kept=await retention.kept(tx, post_id),
        alteration=found.alteration,
        # What is hidden from people outside it is not named where they may read it.
        passed=[reports.Passed(one.address, one.outcome) for one in found.passed if not one.hidden],
        hidden=sum(one.hidden for one in found.passed),
        conversation=await written.conversation(tx, found.post, group),
    )


def counts(found: figures.Report) -> reports.Counts:
    """The sums of a post's tallies as a report counts them."""
    return reports.Counts(
        expected=found.expected,
        **{name: max(found.counts.get(name, 0), 0) for name in ("relayed", *reports.COUNTED)},
    )


def waiting(found: figures.Report) -> reports.Waiting | None:
    """Why a post's copies wait, as a report says it."""
    why = found.waiting
    return None if why is None else reports.Waiting(WAITING[why.why], why.until, why.by)


async def failures(tx: Reading, post_id: int, offset: int) -> reports.Failures:
    """A page of who failed."""
    failed = (await figures.failures(tx, post_id, limit=FAILURES_SHOWN + 1))[offset:]
    found = await posts.get(tx, post_id)
    group = await rows.group(tx, found.group_id) if found else None
    return reports.Failures(
        post_id=post_id,
        group=group.address if group else "",
        rows=[
            reports.Failure(row.address, row.state, row.reply, row.stage, row.at, row.reason)
            for row in failed[: reports.FAILURES_A_PAGE]
        ],
        offset=offset,
        more=len(failed) > reports.FAILURES_A_PAGE,
    )


async def draw(tx: Reading, notice: Notice, language: str) -> Shown | None:
    shown = await report(tx, notice.subject_id)
    return None if shown is None else reports.report(language, shown)


async def steps(tx: Reading, notice: Notice, language: str) -> Shown | None:
    found = await figures.report(tx, notice.subject_id)
    if found is None:
        return None
    post = found.post
    group = await rows.group(tx, post.group_id)
    page = await failures(tx, notice.subject_id, 0)
    shown = reports.Steps(
        group=group.address,
        address=post.author,
        accepted_at=post.accepted_at,
        expanded_at=post.expanded_at,
        relayed_at=post.first_relayed_at,
        failure=page.rows[0] if page.rows else None,
        waiting=waiting(found),
    )
    return reports.steps(language, shown)


async def steps_go_on(tx: Reading, notice: Notice) -> bool:
    """Whether a test mail is still on its way, and its person still likely to look."""
    found = await figures.report(tx, notice.subject_id)
    return found is not None and not found.finished and tx.now - notice.created_at < STEPS_WATCHED
