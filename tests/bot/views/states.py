"""States to draw: every kind of card, report and alarm, with texts as hostile or as long as they come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bot.views import (
    alarms,
    bouncing,
    cards,
    check,
    checkup,
    decide,
    digests,
    figures,
    limits,
    outcomes,
    reading,
    reasons,
    reminders,
    reports,
    rulings,
    threads,
    why,
)
from bot.views.blocks import Shown
from bot.views.ids import Form
from bot.views.mail import Mail
from store import texts
from store.alteration import KEPT, Alteration, Replaced, Unfooted
from store.findings import ANYWHERE, KINDS, Check, Finding, Progress
from store.marks import Marks
from store.terms import (
    Action,
    BounceReason,
    DeliveryState,
    OverSendSize,
    PostState,
    Reason,
    RequestKind,
    RequestState,
    Stage,
)
from store.texts import Markup
from store.word import RulingKind, Subject

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
# Every value that a finding's texts may need.
FILLED = {
    value
    for key in texts.keys("en")
    if key.startswith("doctor.") and key.endswith((".found", ".remedy"))
    for value in texts.placeholders("en", key)
} - {"subject"}
CLAIM = decide.Claim("U0GRACE", AT)
UNDO = decide.Undo(AT, undo=True, letter=True)
DECIDED = cards.Verdict("U0ADA", AT, "")


def request_card(text: str = "x", **more: Any) -> cards.RequestCard:
    """A request whose every text from outside is `text`."""
    given: dict[str, Any] = {
        "request_id": 12, "kind": RequestKind.JOIN, "group": text, "state": RequestState.PENDING, "address": text,
        "slack_id": "U0LINUS", "note": text, "verdict": cards.Verdict(None, None),
    }  # fmt: skip
    return cards.RequestCard(**(given | more))


def held_card(text: str = "x", **more: Any) -> cards.HeldCard:
    """A held post whose every text from outside is `text`."""
    reasons = [
        Reason("non_member", {"author": text, "group": text}),
        Reason("unheard_of", {"a": text}),
        Reason(text, {}),
    ]
    given: dict[str, Any] = {
        "post_id": 7, "group": text, "state": PostState.HELD, "author": text, "author_name": text,
        "authenticated": True, "proof": "relay_pass", "reasons": reasons, "size": 1_234_567, "subject": text,
        "excerpt": text, "attachments": [text] * 20, "verdict": cards.Verdict(None, None),
    }  # fmt: skip
    return cards.HeldCard(**(given | more))


def counts(**more: Any) -> reports.Counts:
    """Some of everything."""
    given: dict[str, Any] = {
        "relayed": 120, "deferred": 2, "failed": 1, "bounced": 3, "skipped": 1, "repeated": 4, "expected": 130,
    }  # fmt: skip
    return reports.Counts(**(given | more))


def report(text: str = "x", **more: Any) -> reports.Report:
    """A report on its way."""
    given: dict[str, Any] = {
        "post_id": 7, "group": text, "author": text, "subject": text, "counts": counts(), "finished": False,
        "waiting": reports.Waiting("limit", AT, AT), "accepted_at": AT,
    }  # fmt: skip
    return reports.Report(**(given | more))


def failures(text: str = "x", n: int = reports.FAILURES_A_PAGE) -> reports.Failures:
    """A full page in the middle."""
    rows = [reports.Failure(text, DeliveryState.FAILED, text, Stage.RCPT, AT, BounceReason.UNCLEAR)] * n
    return reports.Failures(7, text, rows, offset=50, more=True)


def answers_of(text: str) -> Iterator[Shown]:
    """What is told of posts that were asked about, of one's own before it is written, of months, weeks and copies."""
    reasons = [Reason("non_member", {"author": text, "group": text}), Reason(text)]
    heard = why.Heard(text, text, Stage.RCPT, BounceReason.UNCLEAR)
    fates = [
        why.Fate("failed", AT, text, AT, heard),
        why.Fate("elsewhere", AT, None, AT, group=text),
        why.Fate("post_held", AT, text, reasons=reasons, proof=text),
    ]
    place = why.Place("bouncing_why", AT, BounceReason.UNCLEAR)
    yield why.answer("en", Markup("<@U0ADA>"), text, place, fates)
    yield why.answer("en", Markup("<@U0ADA>"), text, place, [], words=text)
    verdict = check.Verdict(Action.HOLD, reasons)
    seen = check.Check(text, text, verdict, verdict, 2, 1, [text] * 20, 1, "none", 1, 1, OverSendSize.TRIM, AT)
    yield check.answer("en", seen)
    post = figures.Post("2026-03-02 09:00", text, "accepted", 5, {"relayed": 5})
    month = figures.Figures(
        1, text, 30, {"accepted": 1}, 5, {"relayed": 5}, (1, 2), (3, 4), 2,
        [figures.Period("03-02", 1, 5)], [post] * 10, 2, 3,
    )  # fmt: skip
    yield digests.week("en", digests.Week(AT, month, 2, 1, 1, 2))
    copies = [outcomes.Copy(text, DeliveryState.FAILED, AT, text, text, 1, AT)] * outcomes.COPIES_A_PAGE
    for shown in (figures.answer("en", month), outcomes.table("en", outcomes.Page(1, text, copies, 2, 3))):
        yield shown
        assert shown.instead is not None
        yield Shown(shown.text, shown.instead)


def messages(text: str) -> Iterator[Shown]:
    """Every message there is, with `text` wherever something comes from outside."""
    for kind in RequestKind:
        for state in RequestState:
            card = request_card(text, kind=kind, state=state, verdict=cards.Verdict("U0ADA", AT, text))
            yield cards.request("en", card)
            yield cards.request("en", request_card(text, kind=kind, state=state, slack_id=None))
        for state in (RequestState.APPROVED, RequestState.DENIED, RequestState.EXPIRED):
            yield cards.outcome("en", request_card(text, kind=kind, state=state, verdict=cards.Verdict("U1", AT, text)))
    for held_state in PostState:
        yield cards.held("en", held_card(text, state=held_state, verdict=cards.Verdict("U0ADA", AT, text)))
        yield cards.held("en", held_card(text, state=held_state, author_name="", subject=None, excerpt=None))
        for undo in (UNDO, decide.Undo(AT, stop=True), decide.Undo(AT, stop=True, allowed=True)):
            shown = held_card(text, state=held_state, verdict=cards.Verdict("U0ADA", AT, text), undo=undo)
            yield cards.held("en", replace(shown, claim=CLAIM, author=f"{text}@x"))
    yield cards.request("en", request_card(f"{text}@x", claim=CLAIM))
    yield cards.request("en", request_card(text, state=RequestState.DENIED, undo=UNDO))
    for kind in RequestKind:
        yield cards.outcome("en", request_card(text, kind=kind))
    for ruling in RulingKind:
        lines = [rulings.Line(text, AT)] * 100
        yield rulings.listed("en", ruling, text, lines)
        yield rulings.listed("en", ruling, text, [])
        for what in ("added", "already", "removed"):
            yield rulings.told("en", ruling, what, text, text)
    for n in (1, 2, 200):
        marks = Marks(recipients=1_000, unnamed=True, command="leave", spam=True, score=text)
        yield reminders.one("en", held_card(text, marks=marks, until=AT, of_author=n))
        yield reminders.several("en", reminders.Seen(text, n, n - 1, AT if n > 1 else None))
        yield reminders.mention("en", ["U0ADA"] * n, reminders.Seen(text, n, n - 1, None))
        yield reminders.full("en", text, n)
    yield reminders.over("en", text)
    yield from answers_of(text)
    for cause in ("limit", "fault", "refused"):
        yield reports.report("en", report(text, waiting=reports.Waiting(cause, AT, None)))
        yield reports.report("en", report(text, waiting=reports.Waiting(cause)))
    yield reports.report("en", report(text, finished=True, done_at=AT, counts=counts(expected=0), waiting=None))
    yield reports.report("en", report(text, counts=counts(expected=None), subject=None))
    for n in (1, 2, KEPT, 400):
        replaced = (Replaced(text, text, 2**20),) * min(n, KEPT)
        for unfooted in (None, *Unfooted):
            alteration = Alteration(replaced, n, n * 2**20, unfooted)
            yield reports.report("en", report(text, alteration=alteration))
            yield reports.report("en", report(text, alteration=alteration, subject=None))
    failure = reports.Failure(text, DeliveryState.BOUNCED, text, None, None)
    for upto in range(4):
        first, second, third = (AT if n < upto else None for n in range(3))
        yield reports.steps("en", reports.Steps(text, text, first, second, third))
        yield reports.steps("en", reports.Steps(text, text, first, second, third, failure=failure))
    yield reports.steps("en", reports.Steps(text, text, AT, AT, None, waiting=reports.Waiting("fault", AT)))
    yield alarms.post("en", alarms.PostAlarm(7, text, text, text or "550", AT, 12))
    yield alarms.post("en", alarms.PostAlarm(7, text, text, "", None, 0))
    yield alarms.post("en", alarms.PostAlarm(7, text, text, text or "451", AT, 12, unmade=True))
    yield alarms.lane("en", alarms.LaneAlarm(text, text or "421", AT, AT, 3))
    yield alarms.lane("en", alarms.LaneAlarm(text, "", None, None, 0))
    for ended in ("", "resumed", "removed", "left"):
        incident = bouncing.Bouncing(3, text, text, BounceReason.MAILBOX_FULL, AT if not ended else None, ended)
        yield bouncing.contact("en", incident)
        yield bouncing.administrators("en", incident)
    yield bouncing.storm("en", bouncing.Storm(7, text, 1_200, 9_000))
    for progress in Progress:
        every = [Finding(name, text, dict.fromkeys(FILLED, text)) for name in KINDS]
        every += [Finding(name, text, dict.fromkeys(FILLED, text), Check.MX) for name in ANYWHERE]
        yield checkup.checkup("en", checkup.Checkup(progress, AT, every if progress is Progress.DONE else []))
    yield alarms.created("en", alarms.Created(text, text, "U0ADA"))
    yield alarms.created("en", alarms.Created(text, text, None))
    for drawn in (threads.offer, threads.taken, threads.declined):
        yield drawn("en", 9, text)


def views(text: str) -> Iterator[dict[str, Any]]:
    """Every modal of cards and reports."""
    yield why.form("en", 7, text)
    yield why.trail("en", text, [Reason(text)], text, [(text, True), ("paused", False)] * 12)
    yield reports.details("en", report(text), failures(text))
    yield reports.details("en", report(text, kept=False), reports.Failures(7, text))
    yield reading.modal(
        "en", author=text, subject=text, mail=Mail((text * 500)[:65_536], cut=True, attachments=(text,) * 20)
    )
    yield reading.modal("en", author="", subject="", mail=Mail())
    yield bouncing.form("en", bouncing.Bouncing(3, text, text, BounceReason.SUSPENDED, AT))
    yield cards.reason_form("en", Form.REQUEST_DENY, "12", group=text, optional=True)
    yield cards.reason_form("en", Form.POST_REJECT, "7 home", group=text, optional=False)
    for subject in Subject:
        held_for = [Reason("non_member"), Reason("spam"), Reason(text)]
        fitting = held_for if subject is Subject.POST else ()
        choices = [reasons.Choice("saved:1", text), *reasons.canned("en", subject, fitting)]
        yield cards.reason_form("en", Form.POST_REJECT, "7", group=text, optional=True, choices=choices)
        yield rulings.form("en", subject, "post 7", group=text, address=f"{text}@{text}"[:250])
    yield rulings.preview("en", "post 7 x", rulings.Preview(text, text, 1, 2, 3, [text] * 5))
    yield rulings.preview("en", "post 7 x", rulings.Preview(text, text, 0, 0, 0, []))


SURFACES = limits.Surface
