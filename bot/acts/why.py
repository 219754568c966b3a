"""Why somebody got a group's posts or did not: asked by a command, or of one post by its report's button."""

from __future__ import annotations

from collections.abc import Sequence

from bot.acts import lookup
from bot.context import Context, NotAllowed
from bot.permissions import Verb, judge
from bot.views import escape
from bot.views import why as views
from bot.views.blocks import Shown
from store import addresses, fates, persons
from store.engine import Reading
from store.schema.group import Group
from store.schema.person import Person
from store.schema.post import Post
from store.terms import PostState, Reason, Refused, SlackContent, folded
from store.texts import Markup

POSTS_SHOWN = 5


async def explain(
    context: Context, group_text: str, *, slack_id: str = "", address: str = "", words: str = ""
) -> Shown:
    """Of the last posts, or those `words` mean; of the asker where nobody is named. Raises Refused, NotAllowed."""
    async with context.database.reading() as tx:
        group, _ = await lookup.named(context, tx, Verb.WHY, group_text)
        return await _explained(context, tx, group, slack_id=slack_id, address=address, words=words)


async def of_post(context: Context, post_id: int, *, slack_id: str = "", address: str = "") -> Shown:
    """Of one post. Raises Refused `group_gone`, `post_gone`; NotAllowed."""
    async with context.database.reading() as tx:
        post = await tx.get(Post, post_id)
        if post is None:
            raise Refused("group_gone")
        group, _ = await lookup.numbered(context, tx, Verb.WHY, post.group_id)
        return await _explained(context, tx, group, slack_id=slack_id, address=address, one=post)


async def asks_of_anybody(context: Context, post_id: int) -> str | None:
    """The group's address if the person may ask of anybody about this post; None where only of themselves."""
    async with context.database.reading() as tx:
        post = await tx.get(Post, post_id)
        if post is None:
            raise Refused("group_gone")
        group, _ = await lookup.numbered(context, tx, Verb.WHY, post.group_id)
        return group.address if judge(Verb.DETAILS, await context.who(tx, group)).allowed else None


async def _explained(
    context: Context,
    tx: Reading,
    group: Group,
    *,
    slack_id: str,
    address: str,
    words: str = "",
    one: Post | None = None,
) -> Shown:
    assert group.id is not None
    person = context.person
    if slack_id and slack_id != person.slack_id:
        person = await _named(tx, slack_id)
    key = addresses.contact(address).key if address else None
    me = await fates.whom(tx, group.id, person=context.person)
    theirs = await fates.whom(tx, group.id, person=None if key else person, key=key)
    mine = key in _keys(me) if key else slack_id in ("", context.person.slack_id)
    who = await context.who(tx, group)
    anybody = judge(Verb.DETAILS, who).allowed
    if not mine and not anybody:
        raise NotAllowed("others", group.address)
    asker = folded(context.person.email or "")
    author = None if anybody else asker
    found = [one] if one else await fates.recent(tx, group.id, POSTS_SHOWN, author=author, words=words)
    told = []
    for post in found:
        if not (anybody or post.state is PostState.ACCEPTED or post.author.lower() == author):
            continue
        fate = await fates.of(tx, post, theirs)
        own = post.author.lower() == asker or (fate.said is not None and mine)
        if post.only_to is not None and not (own or anybody):
            continue
        # The group's mail is its members', an answer to an author alone is the two's; others know what they wrote, and
        # what they had a copy of.
        known = own or (post.only_to is None and (anybody or who.member))
        if known or not words or words == post.public_id:  # nor may a search tell that there is a post of these words
            told.append(await _told(context, tx, group, fate, theirs, known=known))
    now = _place(await fates.place(tx, group.id, theirs))
    whom = escape.person(person.slack_id) if key is None else Markup(escape.mrkdwn(theirs.address))
    return views.answer(context.language, whom, group.address, now, told, words=words)


async def _named(tx: Reading, slack_id: str) -> Person:
    found = await persons.by_slack(tx, slack_id)
    if found is None:
        raise Refused("whom_unknown")
    return found


def _keys(me: fates.Whom) -> Sequence[str]:
    """The addresses that are the asker's own: of the place in the group, and of the profile."""
    email = me.person.email if me.person else None
    return [key for key in (me.key, email) if key]


async def _told(
    context: Context, tx: Reading, group: Group, fate: fates.Fate, whom: fates.Whom, *, known: bool
) -> views.Fate:
    post, other = fate.post, fate.group
    said = fate.said
    mine = post.author.lower() == whom.key
    return views.Fate(
        name=fate.name,
        posted_at=post.created_at,
        subject=post.subject if known and group.slack_content is not SlackContent.NONE else None,
        at=fate.at,
        heard=views.Heard(said.hop, said.reply, said.stage, said.reason) if said else None,
        group=other.address if other is not None and await lookup.seen(context, tx, other) else "",
        place=_place(fate.place) if fate.place else None,
        reasons=[Reason.from_json(reason) for reason in post.reasons] if mine and post.reasons else (),
        proof=post.verdict if mine and post.reasons else "",
    )


def _place(place: fates.Place) -> views.Place:
    return views.Place(place.name, place.at, place.reason)
