"""`python -m store upgrade | check | import FILE | export [FILE] | person WHO | forget WHO | verify-audit`."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from store import migrate, names
from store.engine import Database
from store.exchange.document import ImportRefused
from store.exchange.exporting import export_groups
from store.exchange.importing import Options, import_groups
from store.exchange.lines import lines
from store.locks import DatabaseBusy
from store.names import Served
from store.privacy import console
from store.settings import DatabaseSettings, SettingsRefused, StoreSettings
from store.terms import GroupKind
from store.texts import say

LANGUAGE = "en"
BROKEN_PIPE = 141  # as a program ends that SIGPIPE ends


def tell(line: str) -> None:
    """One line for the person at the terminal."""
    sys.stdout.write(f"{line}\n")


async def upgrade(_arguments: argparse.Namespace) -> int:
    """Make the schema current."""
    await asyncio.to_thread(migrate.upgrade, DatabaseSettings.load().database_url)
    tell(say(LANGUAGE, "store.upgrade.done"))
    return 0


async def check(_arguments: argparse.Namespace) -> int:
    """Settings, database, schema, file and built-in addresses: a line each, and 1 if any is not as it should be."""
    settings = StoreSettings.load()
    tell(say(LANGUAGE, "store.check.settings"))
    url = settings.database_url
    await asyncio.to_thread(migrate.check, url)
    tell(say(LANGUAGE, "store.check.database", engine=make_url(url).get_backend_name()))
    tell(say(LANGUAGE, "store.check.schema"))
    database = await Database.open(url)
    try:
        return max(await _check_file(database), await _check_builtins(database, settings))
    finally:
        await database.close()


async def _check_file(database: Database) -> int:
    if database.dialect != "sqlite":
        return 0
    async with database.engine.connect() as connection:
        problem = str((await connection.execute(text("PRAGMA quick_check(1)"))).scalar())
    if problem == "ok":
        tell(say(LANGUAGE, "store.check.whole"))
        return 0
    tell(say(LANGUAGE, "store.check.damaged", problem=" ".join(problem.split())))
    return 1


async def _check_builtins(database: Database, settings: StoreSettings) -> int:
    wanted = [f"{kind}@{domain}" for domain in settings.domains for kind in (GroupKind.POSTMASTER, GroupKind.ABUSE)]
    async with database.reading() as tx:
        missing = [address for address in wanted if await names.destination(tx, address) is None]
    for address in missing:
        tell(say(LANGUAGE, "store.check.builtins_missing", address=address))
    if not missing:
        tell(say(LANGUAGE, "store.check.builtins"))
    return 0  # a fresh database is not a broken one


async def import_(arguments: argparse.Namespace) -> int:
    """Groups from a file."""
    settings = StoreSettings.load()
    options = Options(prune=arguments.prune, re_enrol=arguments.re_enrol, dry_run=arguments.dry_run)
    served = Served(settings.domains, settings.published_domains)
    await asyncio.to_thread(migrate.ready, settings.database_url)
    database = await Database.open(settings.database_url, secrets=settings.secrets)
    try:
        changes = await import_groups(database, arguments.file, served, options)
    finally:
        await database.close()
    for line in lines(changes, dry_run=options.dry_run):
        tell(line)
    return 0


async def export(arguments: argparse.Namespace) -> int:
    """Groups to a file, or to standard output."""
    settings = DatabaseSettings.load()
    await asyncio.to_thread(migrate.check, settings.database_url)
    database = await Database.open(settings.database_url)
    try:
        async with database.reading() as tx:
            if arguments.file is None:
                exported = await export_groups(tx, sys.stdout)
                if exported.stopped:  # beside the YAML, not in it
                    sys.stderr.write(say(LANGUAGE, "store.export.stopped", n=exported.stopped) + "\n")
                return 0
            try:
                with arguments.file.open("w", encoding="utf-8") as out:
                    exported = await export_groups(tx, out)
            except OSError as error:
                problem = error.strerror or str(error)
                sys.stderr.write(say(LANGUAGE, "store.export.unwritable", file=arguments.file, problem=problem) + "\n")
                return 1
            tell(say(LANGUAGE, "store.export.done", n=exported.groups, file=arguments.file))
            if exported.stopped:
                tell(say(LANGUAGE, "store.export.stopped", n=exported.stopped))
            return 0
    finally:
        await database.close()


def parser() -> argparse.ArgumentParser:
    """The command line, whose help is its manual."""
    made = argparse.ArgumentParser(prog="python -m store", description="Postroom's database and its groups as code.")
    commands = made.add_subparsers(required=True, metavar="COMMAND")

    def command(
        name: str, run: Callable[[argparse.Namespace], Coroutine[Any, Any, int]], summary: str
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=summary, description=summary)
        added.set_defaults(run=run)
        return added

    command("upgrade", upgrade, "bring the database to this program's schema")
    command("check", check, "see whether settings, database and schema are as they should be")
    importing = command("import", import_, "add and change groups, their people and contacts, from a YAML file")
    importing.add_argument("file", type=Path, metavar="FILE.yaml")
    importing.add_argument("--prune", action="store_true", help="remove from the file's groups whom the file lacks")
    importing.add_argument("--dry-run", action="store_true", help="print the difference and change nothing")
    importing.add_argument("--re-enrol", action="store_true", help="bring back addresses that left or complained")
    exporting = command("export", export, "write all groups as a YAML file that import takes")
    exporting.add_argument("file", type=Path, nargs="?", metavar="FILE.yaml", help="standard output if absent")
    console.arguments(command)
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; what it refuses is a line on standard error, and 1."""
    arguments = parser().parse_args(argv)
    try:
        code: int = asyncio.run(arguments.run(arguments))
        sys.stdout.flush()
    except (SettingsRefused, migrate.SchemaBehind, ImportRefused) as refused:
        problem = str(refused)
    except DatabaseBusy:
        problem = say(LANGUAGE, "store.database.busy")
    except OperationalError as error:
        problem = say(LANGUAGE, "store.database.missing", problem=" ".join(str(error.orig).split()))
    except BrokenPipeError:
        # Whoever read our output has enough of it (`… | head`). Nothing is left to be written at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    else:
        return code
    sys.stderr.write(f"{problem}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
