"""Languages: which one a mail or a page to somebody is in. In Slack a locale decides, and in a channel its group."""

from __future__ import annotations

import re

from sqlmodel import col, select

from store.engine import Reading
from store.schema.group import Group
from store.schema.membership import Membership
from store.schema.person import Person
from store.schema.request import Request
from store.terms import Address, InvalidAddress, Language

OURS = {language.value: language for language in Language}


def spoken(locale: str, other: Language) -> Language:
    """The language of ours that a locale (`fr-CA`) asks for, else `other`."""
    return OURS.get(re.split("[-_]", locale, maxsplit=1)[0].lower(), other)


async def of_address(tx: Reading, address: str, language: Language) -> Language:
    """The language of the Slack profile that has an address, if it is one of ours, else the group's, `language`.

    Who puts words of the catalogue into a letter's arguments asks the same, so that both are in one language.
    """
    try:
        key = Address.parse(address).key
    except InvalidAddress:
        return language
    query = select(Person.locale).where(
        col(Person.email) == key, col(Person.deactivated).is_(False), col(Person.bot).is_(False)
    )
    locale = (await tx.exec(query.order_by(col(Person.id)).limit(1))).first()
    return spoken(locale or "", language)


async def of_applicant(tx: Reading, request: Request, language: Language) -> Language:
    """The language of whoever a request is for, by their profile where they are of Slack, else as `of_address`."""
    person = await tx.get(Person, request.person_id) if request.person_id is not None else None
    if person is not None:
        return spoken(person.locale, language)
    return await of_address(tx, request.address, language)


async def of_membership(tx: Reading, membership_id: int) -> Language | None:
    """The language of the group that a membership is in; None where there is none."""
    query = select(Group.language).join(Membership, col(Membership.group_id) == col(Group.id))
    found = (await tx.exec(query.where(col(Membership.id) == membership_id))).first()
    return Language(found) if found else None


async def of_request(tx: Reading, request_id: int) -> Language | None:
    """The language of the group that a request is about; None where there is none."""
    query = select(Group.language).join(Request, col(Request.group_id) == col(Group.id))
    found = (await tx.exec(query.where(col(Request.id) == request_id))).first()
    return Language(found) if found else None
