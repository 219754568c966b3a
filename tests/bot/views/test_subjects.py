"""Invariant 6 in every view: whatever a subject or a name is made of, no mention, link or markup of it acts.

Each view is drawn with a plain word and with a hostile text; what Slack would act upon must be the same in both. The
table has to have every view there is: a new one is filled by its annotations, and if it cannot be, it fails.
"""

from __future__ import annotations

import importlib
import inspect
import os
import pkgutil
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest

import bot.views
from bot.views import (
    alarms,
    bouncing,
    cards,
    check,
    checkup,
    copies,
    decide,
    escape,
    groups,
    home,
    members,
    passwords,
    people,
    proposals,
    reading,
    reasons,
    reminders,
    reports,
    review,
    rulings,
    settings,
    trail,
    why,
)
from bot.views.draft import Draft
from bot.views.ids import Field, Form
from bot.views.mail import Mail
from store.findings import KINDS, Finding, Progress
from store.history import Act
from store.terms import (
    Action,
    BounceReason,
    DeliveryState,
    OverSendSize,
    PostState,
    Reason,
    Receiving,
    RequestKind,
    RequestState,
    Stage,
)
from store.texts import Markup
from store.verdicts import ProposalState
from store.word import RulingKind, Subject
from tests.bot.views import filled, states

AT = states.AT
# By hand: SUBJECTS=100000 python -m pytest tests/bot/views/test_subjects.py
MANY = int(os.environ.get("SUBJECTS", "400"))
SEED = int(os.environ.get("SUBJECTS_SEED", "20260302"))
View = Callable[[str], Any]


def _line(text: str) -> groups.Line:
    mine = groups.Mine("administrator_moderator_contact", Receiving.PAUSED)
    return groups.Line(1, text, text, "open", hidden=True, paused=True, mine=mine)


def _waiting(text: str) -> home.Waiting:
    post = home.WaitingPost(7, text, text, text, True, AT, [Reason("non_member", {"author": text, "group": text})])
    request = home.WaitingRequest(12, RequestKind.JOIN, text, None, text, text, AT)
    return home.Waiting([request, post], total=30, page=2)


def _subject(text: str) -> review.Subject:
    return review.Subject(None, text, text, (Field.CONTACTS,))


def _about(text: str) -> decide.About:
    return decide.About(Subject.POST, 7, text, f"{text}@x")


def _fate(text: str) -> why.Fate:
    heard = why.Heard(text, text, Stage.RCPT, BounceReason.MAILBOX_FULL)
    reason = Reason("non_member", {"author": text, "group": text})
    return why.Fate("failed", AT, text, AT, heard, text, why.Place("receives"), [reason], "relay_pass")


def _held(text: str) -> Any:
    states_of = [
        (PostState.HELD, None),
        (PostState.REJECTED, states.UNDO),
    ]
    return [
        cards.held("en", states.held_card(text, state=state, verdict=cards.Verdict("U0ADA", AT, text), undo=undo))
        for state, undo in states_of
    ]


def _draft(text: str) -> Draft:
    whole = text[:200].encode("utf-8", "replace").decode()  # a form gives back no half characters
    return Draft(settings=DRAFT | {Field.DISPLAY_NAME.value: whole})


def _checked(text: str) -> check.Check:
    verdict = check.Verdict(Action.HOLD, [Reason("non_member", {"author": text, "group": text})])
    return check.Check(text, text, verdict, verdict, 3, 1, [text], 1, "none", 9, 9, OverSendSize.TRIM, AT)


DRAFT = {Field.LOCAL.value: "team", Field.DOMAIN.value: "example.org"}
VERDICT = cards.Verdict("U0ADA", AT)
# Every view, by its module and name, with the text wherever something comes from outside.
TABLE: dict[str, View] = {
    "alarms.created": lambda text: alarms.created("en", alarms.Created(text, text, None)),
    "alarms.lane": lambda text: alarms.lane("en", alarms.LaneAlarm(text, text, AT, AT, 3)),
    "alarms.post": lambda text: alarms.post("en", alarms.PostAlarm(7, text, text, text, AT, 12)),
    "bouncing.administrators": lambda text: bouncing.administrators("en", _bouncing(text)),
    "bouncing.contact": lambda text: bouncing.contact("en", _bouncing(text)),
    "bouncing.form": lambda text: bouncing.form("en", _bouncing(text)),
    "bouncing.storm": lambda text: bouncing.storm("en", bouncing.Storm(7, text, 1_200, 9_000)),
    "cards.held": _held,
    "cards.outcome": lambda text: cards.outcome(
        "en", states.request_card(text, state=RequestState.DENIED, verdict=cards.Verdict("U0ADA", AT, text))
    ),
    "cards.reason_form": lambda text: cards.reason_form(
        "en", Form.POST_REJECT, "7", group=text, optional=True, choices=[reasons.Choice("saved:1", text)]
    ),
    "cards.request": lambda text: cards.request("en", states.request_card(text, slack_id=None)),
    "check.answer": lambda text: check.answer("en", _checked(text)),
    "checkup.checkup": lambda text: checkup.checkup(
        "en", checkup.Checkup(Progress.DONE, AT, [Finding(next(iter(KINDS)), text, dict.fromkeys(states.FILLED, text))])
    ),
    "copies.form": lambda text: copies.form("en", 1, text, copies.ALL),
    "decide.always_form": lambda text: decide.always_form("en", "7 home", author=text, group=text),
    "decide.after": lambda text: decide.after("en", _about(text), states.UNDO),
    "decide.claimed": lambda text: decide.claimed("en", decide.Claim(text, AT)),
    "decide.more": lambda text: decide.more("en", _about(text), None, proven=False),
    "groups.delete_form": lambda text: groups.delete_form("en", 1, text, 3),
    "groups.detail": lambda text: groups.detail(
        "en", groups.Detail(_line(text), 3, 2, [text], [("display_name", text)], text, [text], text, text, [text])
    ),
    "groups.directory": lambda text: groups.directory(
        "en", [_line(text)], search=text[:100], page=2, more=True, command="/group"
    ),
    "groups.join_form": lambda text: groups.join_form("en", 1, text, text[:100]),
    "home.home": lambda text: home.home(
        "en", home.Home("U0ADA", text, True, False, [_line(text)], _waiting(text), passwords=True), "/group"
    ),
    "home.pending": lambda text: home.pending("en", _waiting(text)),
    "home.waiting": lambda text: home.waiting("en", _waiting(text)),
    "members.form": lambda text: members.form(
        "en",
        members.Page(
            4, text[:100], text[:60], 1, False,
            [members.Member(1, None, text, text, "contact", Receiving.PAUSED, AT)], 9, 1, 2, 8,
        ),
    ),
    "passwords.form": lambda text: passwords.form("en", _passwords(text), longest=80),
    "passwords.listing": lambda text: passwords.listing("en", _passwords(text)),
    "passwords.made": lambda text: passwords.made("en", _made(text)),
    "passwords.made_answer": lambda text: passwords.made_answer("en", _made(text)),
    "people.step": lambda text: people.step("en", _draft(text), people.Roster(outside=[text])),
    "proposals.card": lambda text: proposals.card(
        "en", proposals.Proposal(3, text, text, next(iter(ProposalState)), 9, 3, {}, {}, None, AT, True)
    ),
    "reading.modal": lambda text: reading.modal(
        "en", author=text, subject=text, mail=Mail(text, cut=True, attachments=(text,) * 3)
    ),
    "reminders.full": lambda text: reminders.full("en", text, 9),
    "reminders.one": lambda text: reminders.one("en", states.held_card(text)),
    "reminders.over": lambda text: reminders.over("en", text),
    "reminders.several": lambda text: reminders.several("en", reminders.Seen(text, 3, 2, AT)),
    "reports.details": lambda text: reports.details("en", states.report(text), states.failures(text, 3)),
    "reports.report": lambda text: reports.report("en", states.report(text)),
    "reports.steps": lambda text: reports.steps(
        "en", reports.Steps(text, text, AT, AT, None, reports.Failure(text, DeliveryState.BOUNCED, text, None, None))
    ),
    "review.change": lambda text: review.change(
        "en", Draft(group_id=1, version=2), text, [review.Change("display_name", text, text)], [_subject(text)],
        [_subject(text)],
    ),
    "review.create": lambda text: review.create(
        "en", _draft(text), text, [_subject(text)], route=text
    ),
    "review.done": lambda text: review.done("en", text, 4, made=True),
    "review.people": lambda text: review.people("en", [_subject(text)]),
    "rulings.form": lambda text: rulings.form("en", Subject.POST, "post 7", group=text, address=f"{text}@x"[:240]),
    "rulings.listed": lambda text: rulings.listed("en", RulingKind.BAN, text, [rulings.Line(text, AT)] * 2),
    "rulings.preview": lambda text: rulings.preview("en", "post 7", rulings.Preview(text, text, 1, 2, 3, [text] * 3)),
    "rulings.told": lambda text: rulings.told("en", RulingKind.ALLOW, "added", text, text),
    "settings.step": lambda text: settings.step(
        "en", _draft(text), ["example.org"], address=text
    ),
    "trail.shown": lambda text: trail.shown(
        "en", [Act(1, AT, "post.undone", "gone", None, True, text, "post:7", (text,), {"reason": text})],
        of=text, page=1, more=True, command="/group", again="log",
    ),
    "why.answer": lambda text: why.answer(
        "en", Markup("you"), text, why.Place("left", AT), [_fate(text)], words=text
    ),
    "why.form": lambda text: why.form("en", 7, text),
    "why.trail": lambda text: why.trail(
        "en", text, [Reason("non_member", {"author": text, "group": text})], "relay_pass", [("stranger_held", True)]
    ),
}  # fmt: skip
# Fields that are words of ours, where a view without a row has some.
OF_OURS: dict[str, dict[str, Any]] = {
    "compose.preview": {"text": "the asker's own mail, in the markup they typed"},
    "digests.week": {
        "states": dict.fromkeys(PostState, 2), "outcomes": dict.fromkeys(("relayed", *reports.COUNTED), 2),
    },
    "figures.answer": {
        "states": dict.fromkeys(PostState, 2), "outcomes": dict.fromkeys(("relayed", *reports.COUNTED), 2),
        "counts": dict.fromkeys(("relayed", *reports.COUNTED), 2), "state": "accepted",
    },
    "matters.trouble": {"code": "unseen"},
    "naming.rename_form": {"metadata": "7 4"},
}  # fmt: skip
# What builds any view, from texts that are ready; and what shows nothing from outside.
BUILDERS = {"blocks", "answers", "charts"}
OURS_ALONE = {"people.back"}
# Where a mail's subject stands, or a person's or group's name beside it: these see most texts.
SHOWN_MOST = (
    "alarms.post", "cards.held", "cards.request", "home.pending", "reading.modal", "reminders.one", "reports.report",
    "rulings.preview", "why.answer",
)  # fmt: skip


def _bouncing(text: str) -> bouncing.Bouncing:
    return bouncing.Bouncing(3, text, text, BounceReason.MAILBOX_FULL, AT)


def _passwords(text: str) -> passwords.Held:
    return passwords.Held("U0LINUS", True, [passwords.Line(1, text[:80], "abcd", text[:80], AT, None, False)])


def _made(text: str) -> passwords.Made:
    return passwords.Made(1, text[:80], "abcd-efgh-ijkm-npqr", text[:80], "mail.example.org", 587)


def views() -> Iterator[str]:
    """Every public function of `bot.views` that gives something to be shown."""
    for found in pkgutil.iter_modules(bot.views.__path__):
        module = importlib.import_module(f"bot.views.{found.name}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            gives = str(function.__annotations__.get("return", ""))
            shown = re.search(r"\b(Shown|View|Block)\b", gives)
            if function.__module__ == module.__name__ and not name.startswith("_") and shown:
                yield f"{found.name}.{name}"


EVERY = sorted({name for name in views() if name.partition(".")[0] not in BUILDERS} - OURS_ALONE)


def draw(name: str, text: str) -> Any:
    """A view with the text: by its row, or filled by its annotations."""
    if name in TABLE:
        return TABLE[name](text)
    module, _, view = name.partition(".")
    found = getattr(importlib.import_module(f"bot.views.{module}"), view)
    return filled.drawn(found, text, OF_OURS.get(name, {}))


def test_every_view_is_drawn() -> None:
    """One that shows a subject and has no row is filled by its annotations; one that cannot be needs a row."""
    assert set(TABLE) <= set(EVERY)
    assert len(EVERY) > 60
    for name in EVERY:
        assert list(_texts(draw(name, "word"))), name


# ---------------------------------------------------------------- what acts

PIECES = (
    "<!channel>", "<!here|x>", "<@U0ADA>", "<#C0GENERAL>", "<!subteam^S1|@ops>", "<https://evil.example|Go>",
    "https://e.example", "mailto:a@b.example", "<!date^1^{date}^https://evil.example|x>", "*bold*", "_slanted_",
    "~struck~", "`code`", "```", "\n> quoted", "\n• ", ":tada:", ":+1::100:", "\U0001f389", "&lt;!channel&gt;", "&amp;",
    "&", "<", ">", "|", "\x00", "\x1b[31m", "\r\n", "\u2028", "\u202e", "\u2066", "\u200b", "\ufeff", "\U000e0041",
    "\ud800", "e\u0301", "\u212a", "@channel", "#general", "plain", " ", "_", "*", "é", "日本", "a_b", "{0}", "%s",
)  # fmt: skip
TOKEN = re.compile(r"<[^<>]*>")
FENCED = re.compile(r"```\n[^`]*\n```")
# An underscore that a cut left before its "…" has no partner, and so does nothing.
MARK = re.compile(r"[*~`]|(?<![^\W_])_(?=\S)|(?<=\S)_(?![^\W_]|…)")
EMOJI = re.compile(r":[a-z0-9_+'-]{1,100}:")


def subjects(seed: int, n: int) -> Iterator[str]:
    """Texts made of what Slack acts upon: mentions, links, markup, entities, controls; now and then a very long one."""
    dice = random.Random(seed)
    for _ in range(n):
        text = "".join(dice.choice(PIECES) for _ in range(dice.randint(1, 12)))
        if dice.random() < 0.005:
            text = (dice.choice((":tada:", "\U0001f389", text)) * 4_000)[:24_000]
        yield text


def _texts(value: Any, kind: str = "") -> Iterator[tuple[str, str]]:
    """Every text of something shown, with how Slack reads it."""
    if isinstance(value, dict):
        kind = value.get("type", "") if isinstance(value.get("text"), str) else kind
        if kind == "raw_text":  # a table's cell, of which Slack reads nothing
            return
        for key, inner in value.items():
            if key == "accessibility_label":
                yield "plain_text", inner
            elif key == "text" and isinstance(inner, str):
                yield kind, inner
            elif key not in {"initial_value", "private_metadata"}:  # what people type is given back as it was
                yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
    elif hasattr(value, "blocks"):
        yield "mrkdwn", value.text
        yield from _texts(value.blocks)


def acting(shown: Any) -> Counter[str]:
    """What Slack would act upon in something shown, and how often."""
    found: Counter[str] = Counter()
    for kind, text in _texts(shown):
        if kind == "plain_text":
            found.update(TOKEN.findall(text))
            continue
        free = FENCED.sub("", text)
        found.update(TOKEN.findall(free))
        found.update(MARK.findall(TOKEN.sub("", free)))
        found.update(EMOJI.findall(TOKEN.sub("", free)))
    return found


@cache
def _of_word(name: str) -> Counter[str]:
    return acting(draw(name, "word"))


def check_view(name: str, text: str) -> None:
    shown = draw(name, text)
    # A long text may cut some of ours away; none may be added.
    assert not acting(shown) - _of_word(name), (name, text[:200])
    for _, said in _texts(shown):
        assert not escape.INVISIBLE.search(said), (name, text[:200])
        assert "\x00" not in said, (name, text[:200])


@pytest.mark.parametrize("name", EVERY)
def test_nothing_acts_in_any_view(name: str) -> None:
    for text in subjects(SEED, max(MANY // 25, 10)):
        check_view(name, text)


def test_nothing_acts_where_subjects_stand() -> None:
    for text in subjects(SEED + 1, MANY):
        for name in SHOWN_MOST:
            check_view(name, text)
