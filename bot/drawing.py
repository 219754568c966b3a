"""Rows into what a view shows: the one place that knows which columns a card, a report or an alarm is drawn from.

Drawn from the state at that moment, so a copy redrawn late says what is true now. What the group keeps out of Slack
(`slack_content`) is left out here, before any view sees it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from bot import digests, endings, held, holds, matters, proposed, rows, written
from bot.views import alarms, cards, decide, reports
from bot.views import bouncing as bounces
from bot.views import checkup as checkup_views
from bot.views.blocks import Shown
from store import checkups, incidents, lanes, outbox, persons, posts, requests, retention, steering, tallies, undo
from store import reports as figures
from store.engine import Reading
from store.findings import Progress
from store.schema.group import Group
from store.schema.incident import Incident
from store.schema.notice import Notice
from store.schema.post import Post
from store.schema.request import Request
from store.terms import BounceReason, NoticeKind, RequestState, SlackContent

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
Draw = Callable[[Reading, Notice, str], Awaitable[Shown | None]]


async def request_card(tx: Reading, request: Request) -> cards.RequestCard:
    """A request as its card shows it."""
    assert request.id is not None
    group = await rows.group(tx, request.group_id)
    applicant = await persons.get(tx, request.person_id) if request.person_id is not None else None
    return cards.RequestCard(
        request_id=request.id,
        kind=request.kind,
        group=group.address,
        state=request.state,
        address=request.address,
        slack_id=applicant.slack_id if applicant else None,
        note=request.note,
        verdict=await rows.verdict(tx, request.decided_by, request.decided_at, request.decision_reason),
        deleted=request.state is RequestState.EXPIRED and rows.ended_with(group, request.decided_at),
        claim=await rows.claim(tx, request),
        undo=_undo(request, tx.now),
    )


def _undo(request: Request, now: datetime) -> decide.Undo | None:
    if request.undo_until is None or not undo.open_for(request, now):
        return None
    letter = undo.LETTER in (request.undo or {}) and request.state is RequestState.DENIED
    return decide.Undo(request.undo_until, undo=True, letter=letter)


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


# ---------------------------------------------------------------- notices, by kind


async def _request_card(tx: Reading, notice: Notice, language: str) -> Shown | None:
    request = await requests.get(tx, notice.subject_id)
    return None if request is None else cards.request(language, await request_card(tx, request))


async def _request_outcome(tx: Reading, notice: Notice, language: str) -> Shown | None:
    request = await requests.get(tx, notice.subject_id)
    if request is None or request.state is RequestState.UNCONFIRMED:
        return None
    if request.state is RequestState.PENDING:  # a decision was taken back, of which they have heard or not
        copies = await outbox.placements(tx, notice.kind, notice.subject_id)
        if not any(copy.ts for copy in copies):
            return None
    return cards.outcome(language, await request_card(tx, request))


async def _held_card(tx: Reading, notice: Notice, language: str) -> Shown | None:
    post = await posts.get(tx, notice.subject_id)
    return None if post is None else cards.held(language, await held.card(tx, post))


async def _report(tx: Reading, notice: Notice, language: str) -> Shown | None:
    shown = await report(tx, notice.subject_id)
    return None if shown is None else reports.report(language, shown)


async def _steps(tx: Reading, notice: Notice, language: str) -> Shown | None:
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


async def _steps_go_on(tx: Reading, notice: Notice) -> bool:
    """Whether a test mail is still on its way, and its person still likely to look."""
    found = await figures.report(tx, notice.subject_id)
    return found is not None and not found.finished and tx.now - notice.created_at < STEPS_WATCHED


async def _post_alarm(tx: Reading, notice: Notice, language: str) -> Shown | None:
    post = await posts.get(tx, notice.subject_id)
    if post is None:
        return None
    assert post.id is not None
    group = await rows.group(tx, post.group_id)
    found = await figures.report(tx, post.id)
    stalled = post.stalled or {}
    since = stalled.get("since")
    shown = alarms.PostAlarm(
        post_id=post.id,
        group=group.address,
        subject=None if group.slack_content is SlackContent.NONE else post.subject,
        reply=str(stalled.get("reply", "")),
        since=datetime.fromisoformat(since) if since else None,
        open_copies=max(tallies.remaining(found.counts), 0) if found else 0,
        unmade=bool(stalled.get("unmade")),
        answer=None if stalled else await alarm_answer(tx, post),
    )
    return alarms.post(language, shown)


async def alarm_answer(tx: Reading, post: Post) -> alarms.Answer | None:
    """What was said last to an alarm about the post."""
    found = await steering.answered(tx, post)
    return None if found is None else alarms.Answer(found.again, found.slack_id, found.at)


async def _lane_alarm(tx: Reading, notice: Notice, language: str) -> Shown | None:
    lane = await lanes.get(tx, notice.subject_id)
    if lane is None:
        return None
    alarm = lane.alarm or {}
    since = alarm.get("since")
    shown = alarms.LaneAlarm(
        hop=None if lane.key == lanes.RELAY else lane.key.removeprefix("mx:"),
        reply=str(alarm.get("reply", "")),
        since=datetime.fromisoformat(since) if since else None,
        until=lane.waiting_until,
        tries=int(alarm.get("tries", 1)),
    )
    return alarms.lane(language, shown)


async def _group_created(tx: Reading, notice: Notice, language: str) -> Shown | None:
    group = await tx.get(Group, notice.subject_id)
    if group is None:
        return None
    by = notice.arguments.get("by")
    return alarms.created(language, alarms.Created(group.address, group.display_name, str(by) if by else None))


async def bouncing(tx: Reading, incident: Incident) -> bounces.Bouncing:
    """A contact's incident as it is said."""
    assert incident.id is not None
    group = await rows.group(tx, incident.group_id)
    return bounces.Bouncing(
        incident_id=incident.id,
        group=group.address,
        address=incident.address,
        reason=BounceReason(incident.reason),
        until=incident.removal_at,
        ended=incident.ended,
    )


async def _bouncing(tx: Reading, notice: Notice, language: str) -> Shown | None:
    incident = await incidents.get(tx, notice.subject_id)
    return None if incident is None else bounces.contact(language, await bouncing(tx, incident))


async def _member_bouncing(tx: Reading, notice: Notice, language: str) -> Shown | None:
    incident = await incidents.get(tx, notice.subject_id)
    return None if incident is None else bounces.administrators(language, await bouncing(tx, incident))


async def _bounce_storm(tx: Reading, notice: Notice, language: str) -> Shown | None:
    found = await figures.report(tx, notice.subject_id)
    if found is None:
        return None
    seen, group = counts(found), await rows.group(tx, found.post.group_id)
    storm = bounces.Storm(notice.subject_id, group.address, seen.failed + seen.bounced, found.expected or 0)
    return bounces.storm(language, storm)


async def _checkup(tx: Reading, notice: Notice, language: str) -> Shown | None:
    asked = await checkups.get(tx, notice.subject_id)
    if asked is None:
        return None
    shown = checkup_views.Checkup(checkups.progress(asked, tx.now), asked.created_at, checkups.findings(asked))
    return checkup_views.checkup(language, shown)


async def _checkup_goes_on(tx: Reading, notice: Notice) -> bool:
    """Whether time alone can change what is said of it: what the bridge finds, it marks itself."""
    asked = await checkups.get(tx, notice.subject_id)
    return asked is not None and checkups.progress(asked, tx.now) in (Progress.WAITING, Progress.RUNNING)


# What is looked at anew from time to time, though nobody marked it, for as long as this says.
GOES_ON: dict[NoticeKind, Callable[[Reading, Notice], Awaitable[bool]]] = {
    NoticeKind.TEST_STEPS: _steps_go_on,
    NoticeKind.CHECKUP: _checkup_goes_on,
}

DRAW: dict[NoticeKind, Draw] = {
    NoticeKind.REQUEST_CARD: _request_card,
    NoticeKind.REQUEST_OUTCOME: _request_outcome,
    NoticeKind.HELD_CARD: _held_card,
    NoticeKind.HELD_REMINDER: held.reminder,
    NoticeKind.HELD_FLOOD: held.flood,
    NoticeKind.HELD_FULL: held.full,
    NoticeKind.REPORT: _report,
    NoticeKind.TEST_STEPS: _steps,
    NoticeKind.POST_ALARM: _post_alarm,
    NoticeKind.LANE_ALARM: _lane_alarm,
    NoticeKind.GROUP_CREATED: _group_created,
    NoticeKind.GROUP_HOLD: holds.notice,
    NoticeKind.BOUNCING: _bouncing,
    NoticeKind.MEMBER_BOUNCING: _member_bouncing,
    NoticeKind.BOUNCE_STORM: _bounce_storm,
    NoticeKind.CHECKUP: _checkup,
    NoticeKind.PROPOSAL: proposed.card,
    NoticeKind.ENDING: endings.contact,
    NoticeKind.MEMBER_ENDING: endings.administrators,
    NoticeKind.COMPOSITION: written.notice,
    NoticeKind.ROSTER_MATTER: matters.draw,
    NoticeKind.GROUP_ORPHANED: matters.draw,
    NoticeKind.DIGEST: digests.draw,
}


async def under(tx: Reading, notice: Notice, target: str) -> str | None:
    """The message in whose thread a notice is to stand at `target`: that of another notice, by what it is about."""
    found = notice.arguments.get("under")
    if not found:
        return None
    kind, subject_id = found
    cards_there = await outbox.placements(tx, NoticeKind(kind), int(subject_id))
    return next((card.ts for card in cards_there if card.target == target and card.ts), None)


# Where a notice is wanted, if the group has such a channel.
CHANNEL_OF = {
    NoticeKind.REPORT: "report_channel",
    NoticeKind.DIGEST: "report_channel",
    NoticeKind.GROUP_CREATED: "report_channel",
    NoticeKind.GROUP_HOLD: "report_channel",
    NoticeKind.REQUEST_CARD: "moderation_channel",
    NoticeKind.HELD_CARD: "moderation_channel",
    NoticeKind.HELD_REMINDER: "moderation_channel",
    NoticeKind.HELD_FLOOD: "moderation_channel",
    NoticeKind.HELD_FULL: "moderation_channel",
    NoticeKind.POST_ALARM: "moderation_channel",
    NoticeKind.ROSTER_MATTER: "moderation_channel",
}
# Not for moderators to decide, where a channel would not take it.
STEWARDS = frozenset({NoticeKind.ROSTER_MATTER})


async def wants_private(tx: Reading, notice: Notice) -> bool:
    """Whether a notice may stand in private channels alone: cards, and whatever is said of a hidden group."""
    wanted = CHANNEL_OF.get(notice.kind)
    if wanted is None or notice.group_id is None:
        return False
    return wanted == "moderation_channel" or (await rows.group(tx, notice.group_id)).hidden


async def unplaced(tx: Reading, notice: Notice, target: str) -> tuple[str, str] | None:
    """For a copy that goes to a person because a channel would not take it: the group's address and that channel."""
    if notice.group_id is None or not target.startswith(("U", "W")) or notice.kind not in CHANNEL_OF:
        return None
    group = await rows.group(tx, notice.group_id)
    channel = getattr(group, CHANNEL_OF[notice.kind])
    return (group.address, channel) if channel else None


async def language_of(tx: Reading, notice: Notice, target: str) -> str:
    """The language a copy of a notice is in: the person's own by DM, the group's in a channel."""
    if target.startswith(("U", "W")):
        person = await persons.by_slack(tx, target)
        if person is not None:
            return person.locale
    group = await tx.get(Group, notice.group_id) if notice.group_id is not None else None
    return str(group.language) if group else "en"


async def draw(tx: Reading, notice: Notice, target: str) -> Shown | None:
    """The notice as it is to stand at `target` now; None if there is nothing to say (any more)."""
    return await DRAW[notice.kind](tx, notice, await language_of(tx, notice, target))
