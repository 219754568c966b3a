"""Open a database as it stands, for whoever only looks: nothing is made or brought up to date."""

from __future__ import annotations

import asyncio

from sqlalchemy.exc import SQLAlchemyError

from store import migrate
from store.engine import Database


class DatabaseAway(Exception):  # noqa: N818 - said to a person, in one line
    """The database cannot be used as it stands; the text says why."""


async def as_it_stands(url: str, secrets: tuple[bytes, ...] = ()) -> Database:
    """The database at `url`, if it is there and its schema is ours. Raises DatabaseAway."""
    try:
        await asyncio.to_thread(migrate.check, url)
        return await Database.open(url, secrets=secrets)
    except migrate.SchemaBehind as behind:
        raise DatabaseAway(str(behind)) from behind
    except SQLAlchemyError as error:
        raise DatabaseAway(str(getattr(error, "orig", None) or error).strip().splitlines()[0]) from error
