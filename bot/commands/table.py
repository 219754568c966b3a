"""The command tree: every verb with its arguments and its handler. The help and the usage lines are printed from it."""

from __future__ import annotations

from collections.abc import Mapping

from bot.commands import (
    answers,
    checkup,
    compositions,
    french,
    groups,
    help,  # noqa: A004 - the noun is the command's
    lifecycle,
    log,
    naming,
    passwords,
    people,
    rosters,
    rulings,
    settings,
    subscription,
)
from bot.commands.bound import Argument, Bound, Kind
from bot.commands.entry import Entry
from bot.commands.grammar import Misread, nearest
from bot.context import Context
from bot.permissions import Verb
from bot.views.blocks import Shown


def _optional(kind: Kind) -> Argument:
    return Argument(kind, required=False)


GROUP = Argument(Kind.GROUP)


async def _help(context: Context, bound: Bound) -> Shown:
    command = context.settings.command
    if bound.verb is None:
        return help.everything(context.language, TABLE, command, operator=context.person.operator)
    return help.one(context.language, entry(bound.verb), command, context.served.domains[0])


def entry(word: str) -> Entry:
    """The row of a verb. Raises Misread `unknown_verb` or, with the nearest match, `unknown_verb_near`."""
    found = TABLE.get(french.VERBS.get(word, word))
    if found is not None:
        return found
    near = SYNONYMS.get(word) or nearest(word, TABLE)
    if near is None:
        raise Misread("unknown_verb", word=word[:60])
    raise Misread("unknown_verb_near", word=word[:60], near=near)


ENTRIES = (
    Entry(Verb.DIRECTORY, (_optional(Kind.SEARCH), _optional(Kind.PAGE)), groups.directory),
    Entry(Verb.SHOW, (GROUP,), groups.show),
    Entry(Verb.JOIN, (GROUP, _optional(Kind.MAILBOX), _optional(Kind.TEXT)), subscription.join),
    Entry(Verb.LEAVE, (GROUP,), subscription.leave),
    Entry(Verb.PAUSE, (GROUP, _optional(Kind.DATE)), subscription.pause),
    Entry(Verb.RESUME, (GROUP,), subscription.resume),
    Entry(Verb.RECEIVE, (GROUP, _optional(Kind.WISH), _optional(Kind.SWITCH)), subscription.receive),
    Entry(Verb.PENDING, (), groups.pending),
    Entry(Verb.CHECK, (GROUP,), answers.check),
    Entry(Verb.WHY, (GROUP, _optional(Kind.WHOM), _optional(Kind.POST)), answers.why),
    Entry(Verb.REPORTS, (GROUP, _optional(Kind.PAGE)), answers.reports),
    Entry(Verb.POST, (_optional(Kind.GROUP),), compositions.post),
    Entry(Verb.PASSWORD, (_optional(Kind.DEED), _optional(Kind.HOLDER), _optional(Kind.LABEL)), passwords.password),
    Entry(
        Verb.CREATE,
        (_optional(Kind.GROUP), _optional(Kind.SOURCE), _optional(Kind.TEMPLATE)),
        groups.create,
        operators_only=True,
    ),
    Entry(Verb.SETTINGS, (GROUP, _optional(Kind.SETTING), _optional(Kind.VALUE)), settings.change),
    Entry(Verb.MEMBERS, (GROUP, _optional(Kind.SEARCH), _optional(Kind.PAGE)), people.members),
    Entry(Verb.ADD, (GROUP, Argument(Kind.PEOPLE), _optional(Kind.ROLE), _optional(Kind.UNTIL)), people.add),
    Entry(Verb.REMOVE, (GROUP, Argument(Kind.PEOPLE), _optional(Kind.ROLE)), people.remove),
    Entry(Verb.BAN, (GROUP, _optional(Kind.TURN), _optional(Kind.PATTERN)), rulings.ban),
    Entry(Verb.ALLOW, (GROUP, _optional(Kind.TURN), _optional(Kind.PATTERN)), rulings.allow),
    Entry(Verb.IMPORT, (GROUP,), rosters.take),
    Entry(Verb.EXPORT, (GROUP,), rosters.give),
    Entry(Verb.TEST, (GROUP,), subscription.test),
    Entry(Verb.LOG, (GROUP, _optional(Kind.TRAIL)), log.log),
    Entry(Verb.ALIAS, (GROUP, _optional(Kind.STEP), _optional(Kind.ALIAS)), naming.alias),
    Entry(Verb.RENAME, (GROUP, _optional(Kind.ANEW)), naming.rename),
    Entry(Verb.HOLD, (GROUP, _optional(Kind.TEXT)), lifecycle.hold),
    Entry(Verb.UNHOLD, (GROUP,), lifecycle.unhold),
    Entry(Verb.ARCHIVE, (GROUP,), lifecycle.archive),
    Entry(Verb.UNARCHIVE, (GROUP,), lifecycle.unarchive),
    Entry(Verb.DELETE, (GROUP,), groups.delete),
    Entry(Verb.RESTORE, (GROUP,), lifecycle.restore),
    Entry(Verb.DOCTOR, (), checkup.ask, operators_only=True),
    Entry(Verb.HELP, (_optional(Kind.VERB),), _help),
)
TABLE: Mapping[str, Entry] = {row.verb.value: row for row in ENTRIES}
# What people call it who know other list managers; none of them looks like our word for it.
SYNONYMS: Mapping[str, str] = {
    word: verb.value
    for verb, words in {
        Verb.JOIN: ("subscribe", "enter", "signup"),
        Verb.LEAVE: ("unsubscribe", "quit", "exit", "signoff"),
        Verb.SHOW: ("info", "details", "view", "about"),
        Verb.SETTINGS: ("config", "configure", "edit", "change", "set"),
        Verb.CREATE: ("new", "make"),
        Verb.MEMBERS: ("who", "people", "contacts", "roster"),
        Verb.ADD: ("invite", "enrol"),
        Verb.REMOVE: ("kick", "rm"),
        Verb.IMPORT: ("upload", "csv"),
        Verb.EXPORT: ("download", "dump"),
        Verb.DIRECTORY: ("ls", "groups", "lists", "search", "find"),
        Verb.PENDING: ("held", "requests", "queue", "moderate"),
        Verb.CHECK: ("tips", "mailtips", "can"),
        Verb.WHY: ("explain", "trace", "whynot", "reason"),
        Verb.REPORTS: ("stats", "statistics", "figures", "report"),
        Verb.LOG: ("audit", "history", "activity"),
        Verb.POST: ("send", "mail", "write", "compose"),
        Verb.HOLD: ("freeze", "stop", "emergency"),
        Verb.UNHOLD: ("unfreeze", "lift", "thaw"),
        Verb.ARCHIVE: ("retire",),
        Verb.RESTORE: ("undelete",),
        Verb.ALIAS: ("aliases",),
        Verb.RENAME: ("move",),
        Verb.PAUSE: ("mute", "vacation", "snooze"),
        Verb.RESUME: ("unmute", "unpause"),
        Verb.PASSWORD: ("token", "apppassword", "app-password", "passwd", "smtp"),
        Verb.DOCTOR: ("diagnose", "checkup", "diagnostics"),
        Verb.BAN: ("block", "bans", "blocklist", "blacklist"),
        Verb.ALLOW: ("whitelist", "allowlist", "trust"),
        Verb.RECEIVE: ("duplicates", "copies", "own", "addressed"),
        Verb.HELP: ("?", "man", "commands"),
    }.items()
    for word in words
}
