"""The groups of a file: which keys a group has, how each is read, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

from store import addresses, rulings, sizes
from store.configuration import LONGEST_NAME, SETTINGS
from store.exchange import contactsfile, document
from store.exchange.document import Faults, Value
from store.followers import SOURCE
from store.names import Served
from store.pattern import Pattern
from store.terms import Address, Refused
from store.word import RulingKind
from store.wording import WORDINGS

SLACK_PERSON = re.compile(r"[UW][A-Z0-9]{1,20}", re.ASCII)
SLACK_CHANNEL = re.compile(r"[CG][A-Z0-9]{1,20}", re.ASCII)
SIZES = frozenset({"max_receive_size", "max_send_size"})
CHANNELS = frozenset({"report_channel", "moderation_channel"})
PEOPLE = ("administrators", "moderators")
RULINGS: Mapping[str, RulingKind] = {"bans": RulingKind.BAN, "allowed": RulingKind.ALLOW}
KEYS = frozenset({"address", "route", "aliases", "contacts", "contacts_file", *PEOPLE, *SETTINGS, *RULINGS})
ROOT = frozenset({"groups"})
CONTACT = frozenset({"address", "name"})

Contact = tuple[Address, str]


@dataclass(frozen=True, slots=True)
class GroupFile:
    """One group as the file has it. What the file does not mention is None, and stays as it is in the store."""

    place: str
    address: Address
    settings: Mapping[str, Any] = field(default_factory=dict)
    route: Address | None = None
    aliases: tuple[Address, ...] | None = None
    administrators: tuple[str | Address, ...] | None = None  # a Slack id or an address
    moderators: tuple[str | Address, ...] | None = None
    contacts: tuple[Contact, ...] | None = None
    rulings: Mapping[RulingKind, tuple[Pattern, ...]] = field(default_factory=dict)


def read(path: Path, served: Served) -> list[GroupFile]:
    """Every group of the YAML file at `path`. Raises ImportRefused with all that is wrong with it."""
    faults = Faults()
    groups: dict[str, GroupFile] = {}
    root = document.read(path, faults)
    entries = root.fields(ROOT).get("groups") if root else None
    if root and entries is None and not faults.lines:
        faults.add(root.place, "no_groups")
    for entry in entries.items() if entries else ():
        group = _group(entry, path, served)
        if group is None:
            continue
        if group.address.key in groups:
            faults.add(group.place, "group_twice", address=group.address.key)
        groups[group.address.key] = group
    faults.refuse()
    return list(groups.values())


def _group(entry: Value, path: Path, served: Served) -> GroupFile | None:
    fields = entry.fields(KEYS)
    if "address" not in fields:
        entry.faults.add(entry.place, "no_address")
        return None

    def own(value: Value, text: str, *, route: bool = False) -> Address:
        published = () if route else served.published
        return addresses.group_address(text, served.domains, published)

    address = _checked(fields["address"], own)
    route = _checked(fields["route"], lambda value, text: own(value, text, route=True)) if "route" in fields else None
    settings = {name: _setting(name, value) for name, value in fields.items() if name in SETTINGS}
    people = {name: _each(fields[name], _person) if name in fields else None for name in PEOPLE}
    aliases = _each(fields["aliases"], own) if "aliases" in fields else None
    contacts = _contacts(fields, path)
    ruled = {kind: _each(fields[key], partial(_ruling, kind)) for key, kind in RULINGS.items() if key in fields}
    if address is None:
        return None
    return GroupFile(entry.place, address, settings, route, aliases, contacts=contacts, rulings=ruled, **people)


def _checked(value: Value, reader: Callable[[Value, str], Any]) -> Any:
    """What `reader` makes of a scalar; None with the fault noted where it refuses."""
    text = value.text()
    if text is None:
        return None
    try:
        return reader(value, text)
    except Refused as refused:
        value.faults.add_refusal(value.place, refused)
        return None


def _each(values: Value, reader: Callable[[Value, str], Any]) -> tuple[Any, ...]:
    found = [_checked(value, reader) for value in values.items()]
    return tuple(dict.fromkeys(one for one in found if one is not None))


def _person(value: Value, text: str) -> str | Address:
    return text if SLACK_PERSON.fullmatch(text) else addresses.contact(text)


def _ruling(kind: RulingKind, value: Value, text: str) -> Pattern:
    return rulings.check(kind, rulings.pattern(text))


def _setting(name: str, value: Value) -> Any:
    if name in SIZES:
        return None if value.empty else _checked(value, lambda _, text: sizes.size(text))
    if name in CHANNELS:
        return None if value.empty else _checked(value, _channel)
    if name in WORDINGS:
        return None if value.empty else _checked(value, lambda _, text: WORDINGS[name](text))
    if name == "follows":
        return None if value.empty else _checked(value, _source)
    kind = SETTINGS[name]
    if kind is bool:
        return value.flag()
    text = value.text()
    if text is None:
        return None
    if issubclass(kind, StrEnum):
        if text in list(kind):
            return kind(text)
        value.faults.add(value.place, "not_a_choice", setting=name, text=text, choices=", ".join(kind))
        return None
    shown = addresses.display(text)
    if len(text) > LONGEST_NAME or not shown:
        refusal = Refused("name_too_long", limit=str(LONGEST_NAME)) if shown else Refused("name_missing")
        value.faults.add_refusal(value.place, refusal)
    return shown


def _channel(value: Value, text: str) -> str | None:
    if not SLACK_CHANNEL.fullmatch(text):
        value.faults.add(value.place, "not_a_channel", text=text)
        return None
    return text


def _source(value: Value, text: str) -> str | None:
    if not SOURCE.fullmatch(text):
        value.faults.add(value.place, "not_a_source", text=text)
        return None
    return text


def _contacts(fields: Mapping[str, Value], path: Path) -> tuple[Contact, ...] | None:
    if "contacts" not in fields and "contacts_file" not in fields:
        return None
    found: dict[str, Contact] = {}
    for value in fields["contacts"].items() if "contacts" in fields else ():
        contact = _contact(value)
        if contact is not None:
            found.setdefault(contact[0].key, contact)
    named = fields.get("contacts_file")
    text = named.text() if named and not named.empty else None
    if named and text:
        if Path(text).is_absolute() or ".." in Path(text).parts:
            named.faults.add(named.place, "file_elsewhere", text=text)
        else:
            for contact in contactsfile.read(path.parent / text, named.faults):
                found.setdefault(contact[0].key, contact)
    return tuple(found.values())


def _contact(value: Value) -> Contact | None:
    name = ""
    at = value
    if not value.scalar:
        fields = value.fields(CONTACT)
        name = (fields["name"].text() or "") if "name" in fields and not fields["name"].empty else ""
        if "address" not in fields:
            value.faults.add(value.place, "no_address")
            return None
        at = fields["address"]
    address = _checked(at, lambda _, text: addresses.contact(text))
    return None if address is None else (address, addresses.display(name))
