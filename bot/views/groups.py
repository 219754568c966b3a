"""Groups as people see them: the directory a page at a time, and one group with what the asker may do there.

Pure.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.views import answers, blocks, endings, escape, limits
from bot.views.blocks import Block, Element, Shown, View
from bot.views.copies import ALL, NAMES, Wishes
from bot.views.ids import Action, Field, Form
from bot.views.lifecycle import Hold, hold
from bot.views.review import setting_line
from store.terms import Receiving
from store.texts import Markup, say

PAGE = 20
LONGEST_SEARCH = 100
LONGEST_NOTE = 500
LONGEST_MAILBOX = 320


@dataclass(frozen=True, slots=True)
class Mine:
    """What the reader is to a group: `flags` as in the catalogue (`administrator_contact`), "" if nothing."""

    flags: str = ""
    receiving: Receiving = Receiving.ON
    paused_until: datetime | None = None
    until: datetime | None = None  # when it ends that they are contact
    wishes: Wishes = ALL

    @property
    def contact(self) -> bool:
        return self.flags.endswith("contact")

    @property
    def decides(self) -> bool:
        return self.administrator or "moderator" in self.flags

    @property
    def administrator(self) -> bool:
        return self.flags.startswith("administrator")


@dataclass(frozen=True, slots=True)
class Line:
    """One group of the directory."""

    group_id: int
    address: str
    name: str
    subscription: str
    hidden: bool = False
    paused: bool = False
    on_hold: bool = False
    archived: bool = False
    mine: Mine = Mine()


@dataclass(frozen=True, slots=True)
class Detail:
    """All that is shown of one group. `settings` (name, value as a draft holds it) only to those who may see them."""

    line: Line
    contacts: int
    receiving: int
    administrators: Sequence[str]  # Slack ids: whom to ask
    settings: Sequence[tuple[str, str]] = ()
    route: str = ""
    aliases: Sequence[str] = ()
    join_at: str = ""  # addresses that take a mail instead of a command; "" for a group nobody joins
    help_at: str = ""
    inside: Sequence[str] = ()  # addresses of the groups within that the reader may know of
    hold: Hold | None = None
    notes: Sequence[str] = ()  # ready texts


def directory(language: str, lines: Sequence[Line], *, search: str, page: int, more: bool, command: str) -> Shown:
    """A page of the directory. `command` is how the slash command is called here."""
    if not lines:
        name = "nothing_found" if search else "no_more" if page > 1 else "empty"
        return answers.answer(language, f"commands.list.{name}", search=search, command=command)
    title = say(language, "commands.list.title_found" if search else "commands.list.title", via=escape.mrkdwn,
                search=search)  # fmt: skip
    body: list[Block] = [blocks.section(title)]
    body += [blocks.section(_line(language, line), accessory=_entry_button(language, line)) for line in lines]
    body += answers.pager(
        language,
        Action.DIRECTORY_PAGE,
        previous=page_value(search, page - 1) if page > 1 else None,
        following=page_value(search, page + 1) if more else None,
    )
    body.append(blocks.context(say(language, "commands.list.footer", command=Markup(command))))
    return blocks.shown(title, body)


def page_value(search: str, page: int) -> str:
    """What a page button carries: the asker's own search and the page, and no right to anything."""
    return json.dumps({"search": search[:LONGEST_SEARCH], "page": page}, separators=(",", ":"))


def read_page(value: str) -> tuple[str, int]:
    """The search and page of a page button. Raises ValueError."""
    try:
        data = json.loads(value)
        return str(data["search"])[:LONGEST_SEARCH], min(max(int(data["page"]), 1), 1_000_000)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ValueError("not a page") from error


def detail(language: str, group: Detail) -> Shown:
    """One group, with the buttons of what the asker can do."""
    line = group.line
    head = say(language, "commands.show.head", via=escape.mrkdwn, name=line.name, address=line.address)
    body: list[Block] = [blocks.section(head)]
    if group.hold is not None:
        body.append(blocks.section(hold(language, group.hold)))
    contacts = say(language, "commands.show.contacts", n=group.contacts, receiving=group.receiving)
    body.append(blocks.section(contacts))
    if group.administrators:
        people = Markup(", ".join(escape.person(one) for one in group.administrators[:20]))
        body.append(blocks.section(say(language, "commands.show.administrators", people=people)))
    else:
        body.append(blocks.section(say(language, "commands.show.no_administrators")))
    lines = [setting_line(language, *one) for one in group.settings]
    body += [blocks.fields(*lines[at : at + limits.FIELDS]) for at in range(0, len(lines), limits.FIELDS)]
    if group.route and group.route != line.address:
        body.append(blocks.context(say(language, "commands.review.route", via=escape.mrkdwn, route=group.route)))
    if group.aliases:
        aliases = ", ".join(group.aliases[:20])
        body.append(blocks.context(say(language, "commands.show.aliases", via=escape.mrkdwn, aliases=aliases)))
    if group.help_at:
        way = "by_mail" if group.join_at else "by_mail_closed"
        text = say(language, f"commands.show.{way}", via=escape.mrkdwn, join=group.join_at, help=group.help_at)
        body.append(blocks.context(text))
    if group.inside:
        inside = ", ".join(group.inside[:20])
        body.append(blocks.context(say(language, "commands.show.inside", via=escape.mrkdwn, groups=inside)))
    body += [blocks.context(note) for note in (*standing(language, line), *group.notes)]
    offered = buttons(language, line)
    if offered:
        body.append(blocks.actions(*offered))
    return blocks.shown(f"{head}\n{contacts}", body)  # a notification of a name alone would say nothing of it


def buttons(language: str, line: Line, *, everything: bool = True) -> list[Element]:
    """What the reader can do with a group: join, or pause and leave, and for its administrators its forms."""
    mine, found = line.mine, []
    if not mine.contact:
        if (line.subscription != "closed" or mine.administrator) and not line.archived:
            found.append(_button(language, "join", Action.GROUP_JOIN, line))
    elif mine.receiving is Receiving.ON:
        found.append(_button(language, "pause", Action.GROUP_PAUSE, line))
    else:
        found.append(_button(language, "resume", Action.GROUP_RESUME, line))
    if mine.contact:
        found.append(_button(language, "receive", Action.GROUP_RECEIVE, line))
    if mine.flags:
        found.append(leave_button(language, line))
    if mine.administrator:
        found += [
            _button(language, "settings", Action.GROUP_SETTINGS, line),
            _button(language, "members", Action.GROUP_MEMBERS, line),
        ]
        if everything:
            found.append(_button(language, "test", Action.GROUP_TEST, line))
    if mine.decides and everything and not line.archived:
        name, action = ("unhold", Action.GROUP_UNHOLD) if line.on_hold else ("hold", Action.GROUP_HOLD)
        found.append(_button(language, name, action, line))
    return found


def leave_button(language: str, line: Line) -> Element:
    return _button(language, "leave", Action.GROUP_LEAVE, line, confirm=leave_question(language, line.address))


def leave_question(language: str, address: str) -> Element:
    """Asked wherever a button leaves a group, for joining again may need a decision."""
    return blocks.confirm(
        say(language, "commands.leave.confirm_title"),
        say(language, "commands.leave.confirm_text", via=escape.plain, address=escape.cut(address, 100)),
        say(language, "commands.leave.confirm_yes"),
        say(language, "commands.leave.confirm_no"),
    )


def standing(language: str, line: Line) -> list[str]:
    """What the group is to the reader, and how their delivery and the group stand, a text each."""
    found = []
    if line.mine.flags:
        flags = Markup(say(language, f"commands.flags.{line.mine.flags}"))
        found.append(say(language, "commands.show.you_are", flags=flags))
    if line.mine.contact and line.mine.receiving is not Receiving.ON:
        if line.mine.receiving is Receiving.PAUSED and line.mine.paused_until is not None:
            at = escape.moment(line.mine.paused_until)
            found.append(say(language, "commands.receiving.paused_until", at=at))
        else:
            found.append(say(language, f"commands.receiving.{line.mine.receiving.value}"))
    if line.mine.contact and line.mine.until is not None:
        found.append(say(language, "commands.receiving.until", day=endings.last_day(line.mine.until)))
    if line.mine.contact:
        wishes = line.mine.wishes
        found += [say(language, f"commands.receive.{name}_off") for name in NAMES if not getattr(wishes, name)]
    if line.hidden:
        found.append(say(language, "commands.show.hidden"))
    if line.paused:
        found.append(say(language, "commands.show.paused"))
    if line.on_hold:
        found.append(say(language, "commands.show.on_hold"))
    if line.archived:
        found.append(say(language, "commands.show.archived"))
    return found


def join_form(language: str, group_id: int, address: str, note: str = "") -> View:
    """Asks somebody without an address in Slack where the group's mail should go."""
    return blocks.modal(
        say(language, "commands.join_form.title"),
        Form.JOIN,
        [
            blocks.section(say(language, "commands.join_form.text", via=escape.mrkdwn, address=address)),
            blocks.entry(
                Field.MAILBOX,
                say(language, "commands.join_form.mailbox"),
                blocks.text_input(longest=LONGEST_MAILBOX, placeholder=say(language, "commands.join_form.example")),
            ),
            blocks.entry(
                Field.NOTE,
                say(language, "commands.join_form.note"),
                blocks.text_input(initial=note, multiline=True, longest=LONGEST_NOTE),
                optional=True,
            ),
        ],
        submit=say(language, "commands.join_form.submit"),
        close=say(language, "commands.wizard.cancel"),
        metadata=str(group_id),
    )


def delete_form(language: str, group_id: int, address: str, contacts: int) -> View:
    """The question before a group is deleted; its address has to be typed."""
    key = "commands.delete.text" if contacts else "commands.delete.text_none"
    text = say(language, key, via=escape.mrkdwn, n=contacts, address=address)
    return blocks.modal(
        say(language, "commands.delete.title"),
        Form.DELETE,
        [
            blocks.section(text),
            blocks.entry(
                Field.CONFIRM,
                say(language, "commands.delete.label"),
                blocks.text_input(longest=320, placeholder=escape.plain(address)),
            ),
        ],
        submit=say(language, "commands.delete.submit"),
        close=say(language, "commands.wizard.cancel"),
        metadata=str(group_id),
    )


def _line(language: str, line: Line) -> str:
    text = say(
        language,
        f"commands.list.line_{line.subscription}",
        via=escape.mrkdwn,
        name=line.name,
        address=line.address,
    )
    return "\n".join([text, *standing(language, line)])


def _entry_button(language: str, line: Line) -> Element:
    """The one button of a line of the directory: join, or look."""
    if not line.mine.contact and line.subscription != "closed":
        return _button(language, "join", Action.GROUP_JOIN, line)
    return _button(language, "show", Action.GROUP_SHOW, line)


def _button(language: str, name: str, action: Action, line: Line, confirm: dict[str, object] | None = None) -> Element:
    label = say(language, f"commands.button.{name}")
    spoken = say(language, f"commands.button.spoken_{name}", via=escape.plain, address=line.address)
    return blocks.button(label, action, line.group_id, confirm=confirm, spoken=spoken)
