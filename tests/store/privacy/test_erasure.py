"""A person is exported and erased: nothing of them is in a dump of either engine, and the audit verifies."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import sqlite3
import zlib
from collections.abc import Callable
from email.header import Header
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import make_url
from sqlmodel import col, select, update

from store import (
    audit,
    checkups,
    expansion,
    groups,
    lanes,
    letters,
    memberships,
    outbox,
    passwords,
    persons,
    posts,
    requests,
    suppressions,
)
from store.__main__ import main
from store.engine import Database
from store.groups import NewGroup
from store.hashing import generate
from store.persons import Profile
from store.posts import NewMessage, Submission
from store.privacy import erasure
from store.privacy.identity import identify
from store.roster import Entry
from store.schema.allowance import Allowance
from store.schema.bounce import Bounce
from store.schema.delivery import Delivery
from store.schema.incident import Incident
from store.schema.membership import Membership
from store.schema.message import Message
from store.schema.post import Post
from store.schema.proposal import Proposal
from store.schema.request import Request
from store.terms import (
    Action,
    Actor,
    Address,
    AllowanceScope,
    Decision,
    DeliveryState,
    Language,
    LetterKind,
    NoticeKind,
    PostState,
    Reason,
    Standing,
    SuppressionReason,
)
from store.verdicts import ProposalState
from tests.postgres import Server
from tests.store.offices import SERVED, SYSTEM

ZOE, ELSEWHERE = "Zoe.Quandt@example.org", "zq@elsewhere.example"
SLACK_ID, NAME = "U0ZOEQ", "Zoé Quandt"
# However it is written: as typed, folded, in JSON's escapes, in the hexadecimal of pg_dump, by name alone.
TRACES = re.compile(
    "|".join(
        [re.escape(ZOE), re.escape(ELSEWHERE), SLACK_ID, NAME, r"Zo\\+u00e9 Quandt", "Quandt"]
        + [word.encode().hex() for word in (ZOE, ZOE.lower(), ELSEWHERE, SLACK_ID, NAME, "Quandt")]
    ),
    re.IGNORECASE,
)
OTHER = "Ann <ann@example.com>"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database_url: str) -> None:
    for name in list(os.environ):
        if name.startswith("POSTROOM_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("POSTROOM_DOMAINS", "groups.example.org")
    monkeypatch.setenv("POSTROOM_SECRET", "correct-horse-battery-staple")
    monkeypatch.setenv("POSTROOM_DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path)


Dump = Callable[[], str]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def dump(database_url: str, request: pytest.FixtureRequest) -> Dump:
    """All a backup holds; of SQLite the octets of the file and its log, too."""
    name = str(make_url(database_url).database)
    if database_url.startswith("postgresql"):
        server: Server = request.getfixturevalue("postgres_server")
        return lambda: server.dump(name)

    def sqlite() -> str:
        with sqlite3.connect(name) as connection:
            lines = "\n".join(connection.iterdump())
        connection.close()
        files = [Path(name), *Path(name).parent.glob(f"{Path(name).name}-wal")]
        return lines + "".join(path.read_bytes().decode("utf-8", "replace") for path in files)

    return sqlite


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run_(*words: str) -> tuple[int, str, str]:
        code = main(words)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run_


async def within(url: str, story: Callable[[Database], Any]) -> Any:
    database = await Database.open(url, secrets=(b"correct-horse-battery-staple",))
    try:
        return await story(database)
    finally:
        await database.close()


async def town(database: Database) -> None:
    """Zoe has left a trace in every table there is for one."""
    async with database.writing() as tx:
        boss = await persons.upsert(tx, Profile("U0BOSS", "Bo Boss", "boss@example.org"))
        zoe = await persons.upsert(tx, Profile(SLACK_ID, NAME, ZOE))
        new = NewGroup("team@groups.example.org", administrators=(Entry(person_id=boss.id), Entry(person_id=zoe.id)))
        group = await groups.create(tx, new, SERVED, persons.actor(zoe))
        closed = await groups.create(
            tx, NewGroup("shut@groups.example.org", administrators=(Entry(person_id=boss.id),)), SERVED, SYSTEM
        )
        assert group.id is not None
        assert closed.id is not None
        await memberships.enrol(tx, group.id, [Entry(person_id=zoe.id)], contact=True, actor=SYSTEM)
        await memberships.enrol(
            tx, closed.id, [Entry(Address.parse(ELSEWHERE), zoe.id, NAME)], contact=True, actor=SYSTEM
        )
        await suppressions.add(tx, closed.id, [ZOE.lower()], SuppressionReason.LEFT)
        await groups.change(tx, group.id, {"footer": f"Ask {NAME}, {ZOE}"}, None, persons.actor(zoe))
        await groups.change(tx, group.id, {"footer": "Ask the boss"}, None, persons.actor(boss))
        await audit.record(tx, "request.denied", Actor(boss.subject), details={"reason": f"<@{SLACK_ID}> told us"})
        await passwords.add(tx, zoe, "Printer of Zoe Quandt", generate(), "hash", persons.actor(zoe))
        await checkups.ask(tx, zoe, persons.actor(zoe))
        tx.add(Allowance(scope=AllowanceScope.HELP, subject=ZOE.lower(), since=tx.now, used=1))
        await outbox.announce(tx, NoticeKind.GROUP_CREATED, group.id, [SLACK_ID], group_id=group.id,
                              arguments={"by": SLACK_ID})  # fmt: skip
        await letters.write(tx, LetterKind.TEST, ZOE, Language.EN, arguments={"name": NAME})
        await letters.write(tx, LetterKind.JOIN_DONE, "ann@example.com", Language.EN, arguments={"by": NAME})
        await requests.propose(tx, closed, zoe, Address.parse(ZOE), f"Please, {NAME}")
        row = (await tx.exec(select(Membership).where(col(Membership.key) == ELSEWHERE))).one()
        tx.add(Incident(membership_id=row.id or 0, group_id=closed.id, address=ELSEWHERE, reason="full",
                        created_at=tx.now))  # fmt: skip
        shown = zlib.compress(json.dumps([[[ELSEWHERE, NAME]], [], []]).encode())
        tx.add(Proposal(group_id=group.id, person_id=boss.id or 0, source="new.csv", state=ProposalState.WAITING,
                        changes=shown, moved_at=tx.now, created_at=tx.now))  # fmt: skip
        lane = await tx.run(lambda bulk: lanes.ensure(bulk, lanes.RELAY))
        text = base64.encodebytes(f"{ZOE} was here".encode()).decode()
        head = f"From: {OTHER}\r\nTo: {Header(NAME, 'utf-8').encode()} <{ELSEWHERE}>\r\n"
        for number, (author, raw, action) in enumerate((
            (ZOE, f"From: {NAME} <{ZOE}>\r\nSubject: Hi\r\n\r\nText\r\n", Action.HOLD),
            (ZOE, f"From: {NAME} <{ZOE}>\r\nSubject: Ho\r\n\r\nText\r\n", Action.ACCEPT),
            ("ann@example.com", f"{head}Content-Transfer-Encoding: base64\r\n\r\n{text}", Action.ACCEPT),
        )):  # fmt: skip
            reasons = (Reason("non_member", {"author": author, "group": group.address}),)
            message = NewMessage(
                raw=raw.encode(), public_id=f"p{number}", author=author, author_name=NAME if author == ZOE else "Ann",
                return_path=author, subject=f"About {NAME}", header_message_id=f"<{number}.{author}>",
                addressed=(ELSEWHERE,),
            )  # fmt: skip
            one = Submission(group.id, Standing.STRANGER, Decision(action, reasons), None)
            (post,) = (await posts.submit(tx, message, [one])).posts
            if author != ZOE:
                delivery = Delivery(
                    post_id=post.id, membership_id=row.id, lane_id=lane, address=ELSEWHERE, key=ELSEWHERE,
                    state=DeliveryState.BOUNCED, created_at=tx.now, due_at=tx.now, settled_at=tx.now,
                    reply=f"<{ELSEWHERE}> is full",
                )  # fmt: skip
                report = Message(size=1, digest="d", raw=f"To: {ELSEWHERE}".encode(), created_at=tx.now)
                tx.add(delivery)
                tx.add(report)
                await tx.flush()
                tx.add(Bounce(delivery_id=delivery.id or 0, message_id=report.id or 0, created_at=tx.now,
                              diagnostic=f"{ELSEWHERE} is full"))  # fmt: skip
                await tx.exec(update(Post).where(col(Post.id) == post.id).values(done_at=tx.now))


def test_a_forgotten_person_is_in_no_dump_and_the_audit_verifies(database_url: str, dump: Dump, run: Run) -> None:
    asyncio.run(within(database_url, town))
    assert len(TRACES.findall(dump())) > 40
    code, out, err = run("person", SLACK_ID, "--json")
    assert (code, err) == (0, "")
    kept = json.loads(out)
    mentioned = {"allowance", "audit", "bounce", "checkup", "delivery", "incident", "letter", "membership", "message",
                 "notice", "password", "person", "placement", "post", "request", "suppression"}  # fmt: skip
    assert set(kept) == mentioned
    assert kept["password"][0]["digest"] == "withheld"
    assert {act["verb"] for act in kept["audit"] if act["own"]} >= {"group.created", "group.changed", "password.made"}
    assert run("person", ELSEWHERE)[1].startswith("allowance: 1 row\n")

    code, out, _ = run("forget", ZOE)
    assert (code, out.splitlines()[-1]) == (0, "Nothing was erased. Run it again with --yes to erase all of this; "
                                               "it cannot be undone.")  # fmt: skip
    assert len(TRACES.findall(dump())) > 40
    code, out, err = run("forget", ZOE, "--yes")
    assert (code, err) == (0, ""), out
    assert [found[0] for found in TRACES.finditer(dump())] == []
    code, out, err = run("verify-audit")
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "3 texts in it were erased with persons."
    assert run("person", ZOE)[1] == f"Nothing is kept about {ZOE}.\n"

    async def asked(database: Database) -> list[tuple[str, str]]:
        async with database.reading() as tx:
            assert (await tx.exec(select(Proposal.changes))).all() == [None]
            return [(row.address, row.state.value) for row in (await tx.exec(select(Request))).all()]

    assert asyncio.run(within(database_url, asked)) == [("erased", "withdrawn")]


async def test_what_somebody_answers_them_alone_goes_nowhere(database: Database) -> None:
    async with database.writing() as tx:
        boss = await persons.upsert(tx, Profile("U0BOSS", "Bo Boss", "boss@example.org"))
        new = NewGroup("team@groups.example.org", administrators=(Entry(person_id=boss.id),))
        group = await groups.create(tx, new, SERVED, SYSTEM)
        assert group.id is not None
        ids = []
        for action in (Action.ACCEPT, Action.HOLD):
            message = NewMessage(b"x", f"p-{action}", author="boss@example.org", only_to=ELSEWHERE)
            one = Submission(group.id, Standing.ADMINISTRATOR, Decision(action, ()), None)
            ids += [post.id for post in (await posts.submit(tx, message, [one])).posts]
    await database.bulk(lambda bulk: expansion.expand(bulk, ids[0] or 0, by_domain=False))
    async with database.reading() as tx:
        identity = await identify(tx, ELSEWHERE)
    await erasure.withdraw(database, identity)
    async with database.reading() as tx:
        assert (await tx.exec(select(Delivery.state))).all() == [DeliveryState.SKIPPED]
        assert (await tx.get_one(Post, ids[1])).state is PostState.DISCARDED


async def test_what_they_answer_one_alone_never_goes_to_all(database: Database) -> None:
    async with database.writing() as tx:
        boss = await persons.upsert(tx, Profile("U0BOSS", "Bo Boss", "boss@example.org"))
        new = NewGroup("team@groups.example.org", administrators=(Entry(person_id=boss.id),),
                       contacts=(Entry(Address.parse("ann@example.com")),))  # fmt: skip
        group = await groups.create(tx, new, SERVED, SYSTEM)
        assert group.id is not None
        # As a bridge submits it between the withdrawal and the erasure.
        message = NewMessage(b"x", "p", author=ELSEWHERE, only_to="ann@example.com")
        one = Submission(group.id, Standing.MEMBER, Decision(Action.ACCEPT, ()), None)
        (post,) = (await posts.submit(tx, message, [one])).posts
        identity = await identify(tx, ELSEWHERE)
    await erasure.erase(database, identity, mark=False)
    await database.bulk(lambda bulk: expansion.expand(bulk, post.id or 0, by_domain=False))
    async with database.reading() as tx:
        assert (await tx.exec(select(Delivery))).all() == []


def test_who_alone_administers_a_group_is_not_erased_before_somebody_else_does(
    database_url: str, dump: Dump, run: Run
) -> None:
    async def alone(database: Database) -> None:
        async with database.writing() as tx:
            zoe = await persons.upsert(tx, Profile(SLACK_ID, NAME, ZOE))
            new = NewGroup("hers@groups.example.org", administrators=(Entry(person_id=zoe.id),))
            await groups.create(tx, new, SERVED, SYSTEM)

    asyncio.run(within(database_url, alone))
    before = len(TRACES.findall(dump()))
    code, _, err = run("forget", ZOE, "--yes")
    assert code == 1
    assert err.startswith("Nobody else administers hers@groups.example.org. Make another person administrator there")
    assert len(TRACES.findall(dump())) == before


def test_a_forgotten_address_stays_out_of_imports_until_it_is_enrolled_again(database_url: str, run: Run) -> None:
    Path("groups.yaml").write_text(
        "groups:\n  - address: dev@groups.example.org\n    administrators: [U1]\n"
        f"    contacts: [{ELSEWHERE}, a@b.org]\n"
    )
    assert run("import", "groups.yaml")[0] == 0
    assert run("forget", ELSEWHERE, "--yes")[0] == 0
    out_again = (
        "dev@groups.example.org: 1 address that asked to be forgotten stays out (bring it back with --re-enrol): "
    )
    assert run("import", "groups.yaml") == (0, f"{out_again}{ELSEWHERE}\nNothing to change.\n", "")

    async def enrolled(database: Database) -> tuple[int, int]:
        async with database.writing() as tx:
            (group,) = await groups.meant(tx, "dev@groups.example.org")
            assert group.id is not None
            done = await memberships.enrol(
                tx, group.id, [Entry(Address.parse(ELSEWHERE))], contact=True, actor=Actor("0" * 32)
            )
        return len(done.added), len(done.suppressed)

    assert asyncio.run(within(database_url, enrolled)) == (0, 1)
    assert run("import", "groups.yaml", "--re-enrol")[0] == 0
    assert run("import", "groups.yaml") == (0, "Nothing to change.\n", "")


def test_what_somebody_elses_mail_still_needs_is_named_and_goes_later(database_url: str, dump: Dump, run: Run) -> None:
    async def held(database: Database) -> None:
        async with database.writing() as tx:
            boss = await persons.upsert(tx, Profile("U0BOSS", "Bo Boss", "boss@example.org"))
            new = NewGroup("team@groups.example.org", administrators=(Entry(person_id=boss.id),))
            group = await groups.create(tx, new, SERVED, SYSTEM)
            assert group.id is not None
            raw = f"From: {OTHER}\r\n\r\nAsk {ZOE}\r\n".encode()
            message = NewMessage(raw=raw, public_id="p", author="ann@example.com")
            await posts.submit(tx, message, [Submission(group.id, Standing.STRANGER, Decision(Action.HOLD), None)])

    asyncio.run(within(database_url, held))
    code, out, err = run("forget", ZOE, "--yes")
    assert (code, err) == (1, "Run it again after that to erase the rest.\n")
    assert "post:1 is somebody else's, says something of the person, and still waits or goes out, until" in out
    assert TRACES.search(dump())

    async def discard(database: Database) -> None:
        async with database.writing() as tx:
            await posts.discard(tx, 1, SYSTEM)

    asyncio.run(within(database_url, discard))
    assert run("forget", ZOE, "--yes")[0] == 0
    assert not TRACES.search(dump())


def test_a_head_noted_elsewhere_shows_what_was_cut(database_url: str, run: Run) -> None:
    asyncio.run(within(database_url, town))
    assert run("forget", "nobody@x.example", "--yes")[0] == 0
    code, out, err = run("verify-audit")
    assert (code, err) == (0, "")
    found = re.search(r"Its head is (([0-9]+):[0-9a-f]{64});", out)
    assert found is not None
    assert run("verify-audit", "--head", found[1])[0] == 0
    code, _, err = run("verify-audit", "--head", f"{found[2]}:{'0' * 64}")
    assert (code, err[:31]) == (1, "The audit was written anew: at ")
    assert run("verify-audit", "--head", "yesterday")[2] == (
        "yesterday is no head. Give one as verify-audit prints it: COUNT:HASH.\n"
    )
    assert run("forget", "no address", "--yes")[0] == 1
