"""What waits for a person, and their Home tab, from the rows."""

from __future__ import annotations

from bot import rows
from bot.acts import groups as group_acts
from bot.context import Context
from bot.views import home as views
from bot.views.blocks import View
from store import groups, passwords, pending, persons
from store.engine import Reading
from store.schema.group import Group
from store.schema.post import Post
from store.schema.request import Request
from store.terms import Reason, SlackContent


async def waiting(context: Context, page: int = 1) -> views.Waiting:
    """The page-th ten of what the person can decide: requests, then held posts, the oldest first."""
    async with context.database.reading() as tx:
        return await _waiting(context, tx, page)


async def home(context: Context, page: int = 1, waiting_page: int = 1) -> View:
    """The person's Home tab."""
    person = context.person
    async with context.database.reading() as tx:
        offset = (page - 1) * views.GROUPS_A_PAGE
        lines = await group_acts.of_person(tx, context, offset, views.GROUPS_A_PAGE + 1)
        found = await _waiting(context, tx, waiting_page)
    return views.home(
        context.language,
        views.Home(
            slack_id=person.slack_id,
            email=person.email,
            operator=person.operator and not (person.guest or person.stranger),
            outsider=person.guest or person.stranger,
            groups=lines[: views.GROUPS_A_PAGE],
            waiting=found,
            page=page,
            more=len(lines) > views.GROUPS_A_PAGE,
            passwords=context.settings.submission is not None and passwords.unfit(person) is None,
        ),
        context.settings.command,
    )


async def deciding(context: Context, tx: Reading) -> dict[int, Group]:
    """The groups in which the person decides, by id."""
    assert context.person.id is not None
    if context.person.stranger:
        return {}
    return {
        group.id: group
        for group, membership in await groups.mine(tx, context.person.id)
        if group.id is not None and (membership.moderator or membership.administrator)
    }


async def _waiting(context: Context, tx: Reading, page: int) -> views.Waiting:
    deciding_in = await deciding(context, tx)
    if not deciding_in:
        return views.Waiting()
    total = sum(await pending.count(tx, list(deciding_in)))
    last = max(1, -(-total // views.WAITING_A_PAGE))  # a page that emptied meanwhile shows the last one
    page = min(page, last)
    offset = (page - 1) * views.WAITING_A_PAGE
    shown = await pending.page(tx, list(deciding_in), offset, views.WAITING_A_PAGE)
    items: list[views.WaitingRequest | views.WaitingPost] = []
    for one in shown:
        group = deciding_in[one.group_id]
        if isinstance(one, Request):
            items.append(await _request(tx, one, group.display_name))
        else:
            items.append(await _post(tx, one, group.display_name, group.slack_content))
    return views.Waiting(items, total=total, page=page)


async def _request(tx: Reading, request: Request, group: str) -> views.WaitingRequest:
    assert request.id is not None
    applicant = await persons.get(tx, request.person_id) if request.person_id is not None else None
    return views.WaitingRequest(
        request_id=request.id,
        kind=request.kind,
        group=group,
        applicant=applicant.slack_id if applicant else None,
        address=request.address,
        note=request.note,
        since=request.created_at,
        claim=await rows.claim(tx, request),
    )


async def _post(tx: Reading, post: Post, group: str, content: SlackContent) -> views.WaitingPost:
    assert post.id is not None
    return views.WaitingPost(
        post_id=post.id,
        group=group,
        author=post.author,
        subject="" if content is SlackContent.NONE else post.subject,
        authenticated=post.authenticated,
        since=post.created_at,
        reasons=[Reason.from_json(reason) for reason in post.reasons],
        proof=post.verdict,
        until=post.expires_at,
        claim=await rows.claim(tx, post),
    )
