"""`python -m store person | forget | verify-audit`: what they do and what they say on the terminal."""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
from collections import Counter
from typing import Any

from sqlalchemy.exc import OperationalError

from store import sealing
from store.engine import Database
from store.locks import is_busy
from store.opening import DatabaseAway, as_it_stands
from store.privacy import erasure
from store.privacy.erasure import Erased
from store.privacy.identity import Identity, identify
from store.privacy.portrait import Portrait, portrait
from store.settings import DatabaseSettings, StoreSettings
from store.terms import Refused
from store.texts import say

LANGUAGE = "en"
_ANCHOR = re.compile(r"([0-9]{1,18}):([0-9a-f]{64})")
# A copy at a next hop is settled within its time limits, which are minutes; who waits longer runs it again.
IN_FLIGHT_SECONDS = 60.0
VACUUM_SECONDS = 60.0
_PAUSE = 0.5


def _tell(key: str, /, *, n: int | None = None, **values: Any) -> None:
    sys.stdout.write(say(LANGUAGE, f"store.privacy.{key}", n=n, **values) + "\n")


def _complain(text: str) -> int:
    sys.stderr.write(f"{text}\n")
    return 1


def _refused(refused: Refused) -> int:
    values: dict[str, Any] = dict(refused.values)
    return _complain(say(LANGUAGE, f"refused.{refused.name}", **values))


async def verify_audit(arguments: argparse.Namespace) -> int:
    """Walk the audit's chain: 0, its length and its head; or 1 and the first row that is not as it was sealed."""
    anchor = _ANCHOR.fullmatch(arguments.head) if arguments.head else None
    if arguments.head and anchor is None:
        return _complain(say(LANGUAGE, "store.privacy.head_malformed", text=arguments.head[:100]))
    try:
        database = await as_it_stands(DatabaseSettings.load().database_url)
    except DatabaseAway as away:
        return _complain(str(away))
    try:
        async with database.reading() as tx:
            verdict = await sealing.verify(tx, (int(anchor[1]), anchor[2]) if anchor else None)
    finally:
        await database.close()
    if verdict.unsealed:
        _tell("unsealed", n=verdict.unsealed)
    if verdict.fault is not None:
        fault = verdict.fault
        values: dict[str, Any] = {"place": fault.seal, "row": fault.row or 0, "whole": verdict.count}
        return _complain(say(LANGUAGE, f"store.privacy.fault_{fault.kind}", **values))
    if verdict.erased:
        _tell("erased_texts", n=verdict.erased)
    _tell("verified", n=verdict.count, head=f"{verdict.count}:{verdict.head}")
    return 0


async def person(arguments: argparse.Namespace) -> int:
    """Print all that is kept about one person."""
    try:
        database = await as_it_stands(DatabaseSettings.load().database_url)
    except DatabaseAway as away:
        return _complain(str(away))
    try:
        async with database.reading() as tx:
            try:
                identity = await identify(tx, arguments.who)
            except Refused as refused:
                return _refused(refused)
            found = await portrait(tx, identity)
    finally:
        await database.close()
    if arguments.json:
        sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=2) + "\n")
    else:
        _print(found, arguments.who)
    return 0


def _print(found: Portrait, who: str) -> None:
    if not found:
        _tell("nothing", who=who)
    for name, rows in found.items():
        _tell("table", n=len(rows), table=name)
        for row in rows:
            shown = (f"{column}={_short(value)}" for column, value in row.items() if value not in (None, "", [], {}))
            sys.stdout.write("  " + "  ".join(shown) + "\n")


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


async def forget(arguments: argparse.Namespace) -> int:
    """Erase one person: say what is kept; with `--yes`, leave no trace of it."""
    settings = StoreSettings.load()
    try:
        database = await as_it_stands(settings.database_url, settings.secrets)
    except DatabaseAway as away:
        return _complain(str(away))
    try:
        async with database.reading() as tx:
            identity = await identify(tx, arguments.who)
            found = await portrait(tx, identity)
        _meant(identity, found)
        if not arguments.yes:
            _tell("not_yet")
            return 0
        left = await erasure.withdraw(database, identity)
        if not await _landed(database, identity):
            return _complain(say(LANGUAGE, "store.privacy.in_flight"))
        await sealing.seal(database)
        done = await erasure.erase(database, identity)
        done.deleted["membership"] += left
        await sealing.seal(database)
        cleaned = await _vacuumed(database)
    except Refused as refused:
        return _refused(refused)
    finally:
        await database.close()
    return _said(done, cleaned=cleaned)


def _meant(identity: Identity, found: Portrait) -> None:
    known = sorted(identity.keys | identity.slack_ids | identity.names)
    _tell("known_as", known=", ".join(known))
    for name, rows in found.items():
        _tell("table", n=len(rows), table=name)


def _said(done: Erased, *, cleaned: bool) -> int:
    _tell("done", deleted=_counted(done.deleted), changed=_counted(done.changed))
    for group in sorted(set(done.groups)):
        _tell("named_by_group", group=group)
    for post, until in sorted(set(done.remaining)):
        _tell("remains", post=post, until=f"{until:%Y-%m-%d %H:%M} UTC")
    if done.remaining:
        return _complain(say(LANGUAGE, "store.privacy.again"))
    if not cleaned:
        return _complain(say(LANGUAGE, "store.privacy.not_vacuumed"))
    _tell("slack")
    return 0


def _counted(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {n}" for name, n in sorted(counter.items()) if n) or "–"


async def _landed(database: Database, identity: Identity) -> bool:
    """Wait for the copies that are at a next hop: what it says of them would be written after the erasure."""
    for _ in range(round(IN_FLIGHT_SECONDS / _PAUSE)):
        async with database.reading() as tx:
            if not await erasure.in_flight(tx, identity):
                return True
        await asyncio.sleep(_PAUSE)
    return False


async def _vacuumed(database: Database) -> bool:
    """Rewrite SQLite's file: deleted rows stand in its free pages, and in its log, until they are used again."""
    if database.dialect != "sqlite":
        return True
    async with database.engine.connect() as connection:
        plain = await connection.execution_options(isolation_level="AUTOCOMMIT")
        for _ in range(round(VACUUM_SECONDS / _PAUSE)):
            try:
                await plain.exec_driver_sql("VACUUM")
                busy = (await plain.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")).one()[0]
            except OperationalError as error:
                if not is_busy(error):
                    raise
                busy = 1
            if not busy:
                return True
            await asyncio.sleep(_PAUSE)
    return False


def arguments(command: Any) -> None:
    """Add the three commands to the command line of `python -m store`; `command` makes one."""
    verifying = command("verify-audit", verify_audit, "see whether the audit is as it was written")
    verifying.add_argument("--head", metavar="COUNT:HASH", help="a head printed earlier, which must still be in it")
    showing = command("person", person, "print all that is kept about one person")
    showing.add_argument("who", metavar="ADDRESS|SLACK_ID")
    showing.add_argument("--json", action="store_true", help="as JSON, whole")
    erasing = command("forget", forget, "erase one person from the database; the audit still verifies")
    erasing.add_argument("who", metavar="ADDRESS|SLACK_ID")
    erasing.add_argument("--yes", action="store_true", help="do it; without, only what would be erased is said")
