"""What the author of a post is told by letter. Only ever a proven one: anything else is backscatter."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlmodel import col, func, select

from store import languages, letters, moments
from store.engine import Reading, Writing
from store.marks import Marks
from store.schema.group import Group
from store.schema.letter import HELD, Letter
from store.schema.post import Post
from store.terms import GroupKind, LetterKind

# Who writes five mails in a row is told once that mail to the group waits; ten a day is Mailman's number.
ONE_IN: Final = timedelta(hours=1)
MOST_A_DAY: Final = 10


async def told_held(tx: Writing, post: Post, *, by_domain: bool) -> bool:
    """Tell the author that the post waits for a decision; seldom, however much they write. Returns whether told.

    Nothing is answered that went to many or was written by a machine (RFC 3834 2).
    """
    group = await tx.get(Group, post.group_id)
    assert group is not None
    if not post.authenticated or group.kind is not GroupKind.GROUP or Marks.from_json(post.marks).bulk:
        return False
    if await _written(tx, post, ONE_IN) or await _written(tx, post, timedelta(days=1)) >= MOST_A_DAY:
        return False
    await tell(tx, LetterKind.POST_HELD, post, by_domain=by_domain)
    return True


async def _written(tx: Reading, post: Post, within: timedelta) -> int:
    query = select(func.count(col(Letter.id))).where(
        HELD,
        col(Letter.group_id) == post.group_id,
        col(Letter.address) == post.author,
        col(Letter.created_at) > tx.now - within,
    )
    return (await tx.exec(query)).one()


async def tell(
    tx: Writing,
    kind: LetterKind,
    post: Post,
    *,
    reason: str = "",
    by_domain: bool = False,
    after: timedelta = letters.AT_ONCE,
) -> int | None:
    """Write what became of a post to its author, if proven to be it. Gives the letter's id, None where none is written.

    Of a group within another, which the author did not write to and may not know of, only its moderator speaks to them.
    """
    if not post.authenticated or (post.parent_id is not None and kind is not LetterKind.POST_REJECTED):
        return None
    group = await tx.get(Group, post.group_id)
    assert group is not None
    arguments = {"group": group.address, "name": group.display_name, "subject": post.subject, "reason": reason}
    if post.expires_at is not None:
        language = await languages.of_address(tx, post.author, group.language)
        arguments["until"] = moments.show(post.expires_at, language)
    letter = await letters.write(
        tx,
        kind,
        post.author,
        group.language,
        group_id=group.id,
        arguments=arguments,
        in_reply_to=post.header_message_id,
        by_domain=by_domain,
        after=after,
    )
    return letter.id


async def tell_deleted(tx: Writing, post: Post, group: Group) -> None:
    """Write to the author of a post that waited, if proven to be it, that its group was deleted."""
    if not post.authenticated or post.parent_id is not None or group.kind is not GroupKind.GROUP:
        return
    name = group.address if group.hidden else group.display_name or group.address
    await letters.write(
        tx,
        LetterKind.POST_REJECTED,
        post.author,
        group.language,
        # Its addresses answer no more, so nothing is written in its name.
        group_id=None,
        arguments={"group": group.address, "name": name, "subject": post.subject},
        in_reply_to=post.header_message_id,
    )
