"""A group's people, a page at a time, for its administrators: who they are, how their mail goes, what can be done.

Pure.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.views import answers, blocks, endings, escape
from bot.views.blocks import Block, Element, View
from bot.views.groups import LONGEST_SEARCH
from bot.views.ids import Action, Field, Form
from store.terms import BounceReason, Receiving
from store.texts import Markup, say

PAGE = 15
MOST_PAGES = 1_000_000
LONGEST_REPLY = 200
SINCE = "{date_short_pretty}"
MOST_ROWS = 2**63  # ids of either engine


@dataclass(frozen=True, slots=True)
class Member:
    """One membership. `flags` as in the catalogue (`administrator_contact`); `slack_id` None: no Slack person yet."""

    membership_id: int
    slack_id: str | None
    name: str
    address: str
    flags: str
    receiving: Receiving = Receiving.ON
    paused_until: datetime | None = None
    why: BounceReason | None = None  # of copies stopped as mail came back
    gone: bool = False  # deactivated in Slack: gets nothing
    nested: bool = False  # the address is a group's
    since: datetime | None = None
    until: datetime | None = None  # when it ends that they are contact
    reply: str = ""  # what the last bounce said


@dataclass(frozen=True, slots=True)
class Page:
    """What the form shows, and what its metadata brings back."""

    group_id: int
    address: str
    search: str
    page: int
    more: bool
    members: Sequence[Member]
    contacts: int
    moderators: int
    administrators: int
    receiving: int


def form(language: str, page: Page, *, said: str = "") -> View:
    """The members form; `said` is a ready text on top: what the last act did."""
    body: list[Block] = [blocks.section(said), blocks.divider()] if said else []
    body.append(
        blocks.section(
            say(
                language,
                "commands.members.counts",
                via=escape.mrkdwn,
                address=page.address,
                contacts=page.contacts,
                receiving=page.receiving,
                moderators=page.moderators,
                administrators=page.administrators,
            )
        )
    )
    body.append(_acts(language, page))
    body.append(
        blocks.entry(
            Field.SEARCH,
            say(language, "commands.members.search"),
            blocks.text_input(initial=page.search, longest=LONGEST_SEARCH),
            optional=True,
        )
    )
    if not page.members:
        body.append(blocks.section(say(language, "commands.members.none")))
    body += [
        blocks.section(line(language, member), accessory=_menu(language, member), block_id=f"m{member.membership_id}")
        for member in page.members
    ]
    body += answers.pager(
        language,
        Action.MEMBERS_PAGE,
        previous=str(page.page - 1) if page.page > 1 else None,
        following=str(page.page + 1) if page.more else None,
    )
    return blocks.modal(
        say(language, "commands.members.title"),
        Form.MEMBERS,
        body,
        submit=say(language, "commands.members.submit"),
        close=say(language, "commands.wizard.close"),
        metadata=pack(page.group_id, page.search, page.page),
    )


def _acts(language: str, page: Page) -> Block:
    names = (("add", Action.MEMBERS_ADD), ("import", Action.MEMBERS_IMPORT), ("export", Action.MEMBERS_EXPORT))
    return blocks.actions(
        *(
            blocks.button(
                say(language, f"commands.members.button.{name}"), action, page.group_id,
                spoken=say(language, f"commands.members.spoken.{name}", via=escape.plain, address=page.address),
            )
            for name, action in names
        )
    )  # fmt: skip


def pack(group_id: int, search: str, page: int) -> str:
    return json.dumps({"group": group_id, "search": search[:LONGEST_SEARCH], "page": page}, separators=(",", ":"))


def unpack(metadata: str) -> tuple[int, str, int]:
    """The group's id, the search and the page. Raises ValueError."""
    try:
        data = json.loads(metadata)
        group_id, page = int(data["group"]), int(data["page"])
        if not 0 < group_id < MOST_ROWS or not 0 < page < MOST_PAGES:
            raise ValueError("beyond what there can be")
        return group_id, str(data["search"])[:LONGEST_SEARCH], page
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ValueError("not the members form's") from error


def line(language: str, member: Member) -> str:
    """A member in one text: who, with which flags, and how their mail goes where it does not."""
    named = who(member)
    if member.address and (member.slack_id or member.name):
        key = "commands.review.person_with_address"
    elif member.address:
        key = "commands.review.person"
    else:
        key = "commands.review.person_without_address"
    flags = Markup(say(language, f"commands.flags.{member.flags}"))
    text = say(language, key, via=escape.mrkdwn, who=named, address=member.address, flags=flags)
    found = [text]
    if member.flags.endswith("contact") and member.receiving is not Receiving.ON:
        if member.receiving is Receiving.PAUSED and member.paused_until is not None:
            found.append(say(language, "commands.members.paused_until", at=escape.moment(member.paused_until)))
        elif member.receiving is Receiving.BOUNCING and member.why is not None:
            why = Markup(say(language, f"bounce.{member.why}"))
            found.append(say(language, "commands.members.bouncing_why", why=why))
        else:
            found.append(say(language, f"commands.members.{member.receiving.value}"))
    if member.gone:
        found.append(say(language, "commands.members.gone"))
    if member.until is not None:
        found.append(say(language, "commands.members.until", day=endings.last_day(member.until)))
    if member.since is not None:
        found.append(say(language, "commands.members.since", at=escape.moment(member.since, style=SINCE)))
    if member.reply:
        found.append(say(language, "commands.members.reply", via=escape.mrkdwn, reply=member.reply[:LONGEST_REPLY]))
    if member.nested:
        found.append(say(language, "commands.members.nested"))
    if member.slack_id is None and member.flags != "contact":
        found.append(say(language, "commands.members.unlinked"))
    return "\n".join(found)


def who(member: Member) -> Markup:
    """A member in a few words: the Slack person, else the name, else the address."""
    return named(member.slack_id, member.name or member.address)


def named(slack_id: str | None, name: str) -> Markup:
    """Somebody as Slack shows them, else by a name or an address."""
    return escape.person(slack_id) if slack_id else Markup(escape.mrkdwn(name))


def choices(member: Member) -> list[str]:
    """What can be done with a member, by name; Slack's menu holds five."""
    found = []
    if member.slack_id:
        moderates, administers = "moderator" in member.flags, "administrator" in member.flags
        found.append("withdraw_moderator" if moderates else "make_moderator")
        found.append("withdraw_administrator" if administers else "make_administrator")
    if member.flags.endswith("contact"):
        if member.receiving is not Receiving.STOPPED:  # who stopped their mail starts it again themselves
            found.append("resume" if member.receiving is not Receiving.ON else "pause")
        # Five fit: who has an office keeps it when they are no contact any more, and needs no date for that.
        found.append("limit" if member.flags == "contact" else "withdraw_contact")
    elif member.address or member.slack_id:
        found.append("make_contact")
    found.append("remove")
    return found


def _menu(language: str, member: Member) -> Element:
    return {
        "type": "overflow",
        "action_id": str(Action.MEMBERS_CHOOSE),
        "options": [
            blocks.option(say(language, f"commands.members.do.{name}"), f"{name}:{member.membership_id}")
            for name in choices(member)
        ],
        "confirm": blocks.confirm(
            say(language, "commands.members.confirm_title"),
            say(language, "commands.members.confirm_text", via=escape.plain,
                who=escape.cut(escape.visible(member.name or member.address), 100)),
            say(language, "commands.members.confirm_yes"),
            say(language, "commands.button.cancel"),
        ),
    }  # fmt: skip
