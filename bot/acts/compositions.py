"""Mail written in Slack: the form, what the bridge says it would be, sending, and taking back."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.acts import lookup
from bot.context import Context
from bot.faults import SlackFault
from bot.permissions import Verb, judge
from bot.views import chat, compose
from bot.views.blocks import View
from bot.views.compose import Draft, Preview
from bot.written import card
from store import compositions, groups, persons, posts, reach
from store.composition import CompositionState
from store.compositions import LONGEST_SUBJECT, LONGEST_TEXT
from store.engine import Reading
from store.schema.composition import Composition
from store.schema.group import Group
from store.schema.post import Post
from store.signal import Topic
from store.terms import PostState, Refused, SlackContent, folded

DRAWN_WITHIN = 1.2  # seconds; a submission has to be answered within two
UNHEARD_AFTER = timedelta(seconds=15)  # a bridge that lives looks every second, and asks the DNS for some
CHANNELS_ASKED = 5
SUGGESTED = 100


async def form(context: Context, draft: Draft) -> View:
    """The form with what is known already. Raises Refused for whom cannot write mail."""
    if refused := compositions.unfit(context.person):
        raise refused
    return compose.form(context.language, draft, longest_subject=LONGEST_SUBJECT, longest_text=LONGEST_TEXT)


async def to(context: Context, group_text: str) -> View:
    """The form for the group that is named, or for one that is chosen in it. Raises Refused, NotAllowed."""
    if not group_text:
        return await form(context, Draft())
    async with context.database.reading() as tx:
        group, _ = await lookup.named(context, tx, Verb.POST, group_text)
    return await form(context, Draft(group=_named(group)))


async def of_message(context: Context, message: Mapping[str, Any]) -> View:
    """The form filled with a message of Slack's."""
    return await form(context, await _filled(context, Draft(), message))


async def _filled(context: Context, draft: Draft, message: Mapping[str, Any]) -> Draft:
    """With a message of Slack's as text, its ids replaced by names and its files named."""
    text = chat.marked(message, await _names(context, message))
    files = chat.files(context.language, message)
    if files:
        listed = "\n".join(f"• {name}" for name in files)
        text = f"{text}\n\n{context.say_plain('compose.files', n=len(files))}\n{listed}".strip()
    return replace(draft, text=text[:LONGEST_TEXT], left_out=max(len(text) - LONGEST_TEXT, 0), files=files)


async def _names(context: Context, message: Mapping[str, Any]) -> chat.Names:
    people, channels = chat.named(message)
    found: dict[str, str] = {}
    async with context.database.reading() as tx:
        for slack_id in people[:SUGGESTED]:
            person = await persons.by_slack(tx, slack_id)
            if person is not None:
                found[slack_id] = person.name
    known = chat.labels(message)
    for channel_id in [one for one in channels if one not in known][:CHANNELS_ASKED]:
        try:
            async with asyncio.timeout(0.5):  # the form has to open within 3 s
                seen = await context.slack.channel(channel_id)
            # A private one's name is for who is in it: to them Slack says it with the id.
            known[channel_id] = channel_id if seen.private else seen.name or channel_id
        except (SlackFault, TimeoutError):
            continue  # a channel we are not in keeps its id
    return chat.Names(found, known)


async def answer(
    context: Context,
    post_id: int,
    message: Mapping[str, Any] | None = None,
    *,
    unread: bool = False,
    told: bool = True,
) -> View:
    """The form for an answer to a post, filled with a message of Slack's where one is given; `unread`: it could not be
    had; `told`: its report stands where the person is. Raises Refused for a post that is not there, NotAllowed."""
    async with context.database.reading() as tx:
        post, group = await answered(context, tx, post_id)
        known = await _known(context, tx, post, group, told=told)
    subject = post.subject if post.subject.lower().startswith("re:") else f"Re: {post.subject}"
    subject = subject if known else ""
    author = _author(context, post, known=known)
    draft = Draft(_named(group), subject[:LONGEST_SUBJECT].strip(), "", post.id, author, unread=unread)
    return await form(context, draft if message is None else await _filled(context, draft, message))


async def answered(context: Context, tx: Reading, post_id: int) -> tuple[Post, Group]:
    """A post that can be answered, and its group. Raises Refused `compose_answers_nothing`, also for an answer to
    somebody else alone and in a group that the person may not know of; `group_gone`, NotAllowed."""
    post = await posts.get(tx, post_id)
    if post is None or post.state is not PostState.ACCEPTED or post.test:
        raise Refused("compose_answers_nothing")
    two = {folded(post.author), folded(post.only_to or "")}
    if post.only_to is not None and (not context.person.email or folded(context.person.email) not in two):
        raise Refused("compose_answers_nothing")
    found = await lookup.behind(context, tx, Verb.POST, post.group_id)
    if found is None:
        raise Refused("compose_answers_nothing")
    return post, found[0]


async def _known(context: Context, tx: Reading, post: Post, group: Group, *, told: bool = True) -> bool:
    """Whether the person knows the post: the group's mail is its members'. Others know what they wrote, and what its
    report has told them, which is as much as the group lets into Slack."""
    email, who = context.person.email, await context.who(tx, group)
    if who.member or judge(Verb.DETAILS, who).allowed or (email and folded(email) == folded(post.author)):
        return True
    return told and group.slack_content is not SlackContent.NONE


def _author(context: Context, post: Post, *, known: bool) -> str:
    return (post.author_name or post.author) if known else context.say_plain("compose.form.its_author")


async def suggest(context: Context, query: str) -> list[dict[str, Any]]:
    """The groups that the person sees and whose name or address holds what they typed; none for who cannot write."""
    if compositions.unfit(context.person) is not None:  # a stranger must not read the directory off the select
        return []
    async with context.database.reading() as tx:
        found = await groups.directory(
            tx, context.person, context.person.operator, query[:100], offset=0, limit=SUGGESTED
        )
    return [compose.group_option(*_named(one.group)) for one in found]


async def ask(
    context: Context, group_id: int, subject: str, text: str, *, answers: int | None = None, alone: bool = False
) -> int:
    """Have it judged and drawn; gives its id. Raises Refused, NotAllowed."""
    async with context.database.writing() as tx:
        post: Post | None = None
        if answers is not None:
            post, group = await answered(context, tx, answers)
        else:
            group, _ = await lookup.numbered(context, tx, Verb.POST, group_id)
        # Under the lock, that nobody's tenth is an eleventh.
        person = await persons.get(tx, context.person.id or 0)
        given = (compositions.subject(subject), compositions.body(text))
        row = await compositions.ask(tx, group, person, secrets.token_hex(12), given, answers=post, alone=alone)
    assert row.id is not None
    return row.id


async def preview(context: Context, composition_id: int) -> View:
    """What it will look like, or, if the bridge does not say so at once, that it takes a moment. Raises Refused."""
    deadline = asyncio.get_running_loop().time() + DRAWN_WITHIN
    with context.database.signal.ear(Topic.COMPOSE) as ear:
        while True:
            row, shown = await _preview(context, composition_id)
            left = deadline - asyncio.get_running_loop().time()
            if row.state is not CompositionState.ASKED or left <= 0:
                return compose.preview(context.language, shown)
            await ear.wait(min(left, 0.2))


async def _preview(context: Context, composition_id: int) -> tuple[Composition, Preview]:
    async with context.database.reading() as tx:
        row = await mine(context, tx, composition_id)
        group, _ = await lookup.numbered(context, tx, Verb.POST, row.group_id)
        said = compositions.verdict(row)
        reached = await reach.of(tx, row.group_id) if said is not None and not row.alone else None
        post = await posts.get(tx, row.answers_id) if row.alone and row.answers_id else None
        known = post is not None and await _known(context, tx, post, group)
        unheard = tx.now - row.created_at > UNHEARD_AFTER
    alone = _author(context, post, known=known) if post is not None else ""
    shown = Preview(composition_id, group.address, said, alone=alone, unheard=unheard)
    if reached is not None:
        shown = replace(shown, recipients=reached.recipients, outside=reached.outside, groups=len(reached.within))
    return row, shown


async def mine(context: Context, tx: Reading, composition_id: int) -> Composition:
    """One's own composition. Raises Refused `compose_gone_stale` for any other."""
    row = await compositions.get(tx, composition_id)
    if row is None or row.person_id != context.person.id:
        raise Refused("compose_gone_stale")
    return row


async def send(context: Context, composition_id: int) -> View:
    """Let it go out after the time to undo. Raises Refused, NotAllowed."""
    async with context.database.writing() as tx:
        row = await mine(context, tx, composition_id)
        await lookup.numbered(context, tx, Verb.POST, row.group_id)
        person = await persons.get(tx, context.person.id or 0)
        row = await compositions.send(tx, composition_id, person)
        shown = await card(tx, row)
    return compose.sent(context.language, shown)


async def undo(context: Context, composition_id: int) -> compose.Card:
    """Take it back, if that can still be done; what became of it either way. Raises Refused."""
    async with context.database.writing() as tx:
        row = await compositions.undo(tx, composition_id, context.person)
        if row is None:
            raise Refused("compose_gone_stale")
        return await card(tx, row)


async def again(context: Context, composition_id: int) -> View:
    """The form with what was written before. Raises Refused."""
    async with context.database.reading() as tx:
        row = await mine(context, tx, composition_id)
        group, _ = await lookup.numbered(context, tx, Verb.POST, row.group_id)
        post = await posts.get(tx, row.answers_id) if row.answers_id is not None else None
        known = post is not None and await _known(context, tx, post, group)
    author = _author(context, post, known=known) if post is not None else ""
    return await form(context, Draft(_named(group), row.subject, row.text, row.answers_id, author, alone=row.alone))


def _named(group: Group) -> tuple[int, str, str]:
    assert group.id is not None
    return group.id, group.display_name, group.address
