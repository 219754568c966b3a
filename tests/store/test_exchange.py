"""Groups as code: read with every fault named, compared, carried over twice with the same result, written back."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import col, select

from store import groups, memberships, persons
from store.engine import Database
from store.exchange import groupfile
from store.exchange.document import ImportRefused
from store.exchange.importing import Options, import_groups
from store.exchange.lines import lines
from store.names import Served
from store.persons import Profile
from store.schema.audit import Audit
from store.schema.group import Group
from store.schema.membership import Membership
from store.terms import Actor, Leave, Mode, Posting
from tests.store.named import named

SERVED = Served(("groups.example.org",), ("example.org",))
FILE = """
groups:
  - address: dev@groups.example.org
    display_name: Développeurs
    max_receive_size: 25MB
    max_send_size: none
    subscription: closed
    posting: anyone
    hidden: yes
    report_channel: C0123
    aliases: [developers@groups.example.org]
    administrators: [U1, ann@example.com]
    moderators:
      - U2
    contacts:
      - bob@example.com
      - {address: Carol@example.com, name: "Carol, the boss"}
    contacts_file: dev.csv
"""
CSV = "name;address\nDave;dave@example.com\n;bob@example.com\n\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "dev.csv").write_text(CSV)
    path = tmp_path / "groups.yaml"
    path.write_text(FILE)
    return path


async def run(database: Database, file: Path, **options: bool) -> list[str]:
    given = Options(**options)
    changes = await import_groups(database, file, SERVED, given)
    return lines(changes, dry_run=given.dry_run)


async def roster(database: Database) -> dict[str, tuple[str, ...]]:
    """Who has which flags, by address or Slack id."""
    async with database.reading() as tx:
        group = await named(tx, "dev@groups.example.org")
        assert group is not None
        rows = (await tx.exec(select(Membership).where(col(Membership.group_id) == group.id))).all()
        found = {}
        for row in rows:
            person = await persons.get(tx, row.person_id) if row.person_id else None
            flags = (name for name in ("contact", "moderator", "administrator") if getattr(row, name))
            found[row.key or (person.slack_id if person else "")] = tuple(flags)
    return found


async def change_leave(database: Database, leave: Leave) -> None:
    async with database.writing() as tx:
        group = await named(tx, "dev@groups.example.org")
        assert group is not None
        assert group.id is not None
        await groups.change(tx, group.id, {"leave": leave}, None, Actor("system"))


async def leave(database: Database, key: str) -> None:
    async with database.writing() as tx:
        group = await named(tx, "dev@groups.example.org")
        assert group is not None
        row = await memberships.find(tx, group.id, key=key)
        assert row is not None
        await memberships.leave(tx, group.id, row, Actor("mail"))


async def test_a_file_becomes_groups_and_the_second_time_nothing(database: Database, file: Path) -> None:
    assert await run(database, file) == [
        "dev@groups.example.org: the group is created.",
        "dev@groups.example.org: 2 administrators are added: U1, ann@example.com",
        "dev@groups.example.org: 1 moderator is added: U2",
        "dev@groups.example.org: 3 contacts are added: bob@example.com, carol@example.com, dave@example.com",
        "dev@groups.example.org: 1 address is not known in Slack yet and cannot act until it is: ann@example.com",
    ]
    async with database.reading() as tx:
        group = await named(tx, "developers@groups.example.org")
        assert group is not None
        assert (group.display_name, group.max_receive_size, group.max_send_size) == ("Développeurs", 25 * 2**20, None)
        assert (group.posting, group.hidden, group.report_channel) == (Posting.ANYONE, True, "C0123")
        carol = await memberships.find(tx, group.id, key="carol@example.com")
        assert carol is not None
        assert (carol.address, carol.name) == ("Carol@example.com", "Carol, the boss")
    before = await roster(database)
    assert before == {
        "U1": ("administrator",),
        "ann@example.com": ("administrator",),
        "U2": ("moderator",),
        "bob@example.com": ("contact",),
        "carol@example.com": ("contact",),
        "dave@example.com": ("contact",),
    }
    said = await run(database, file)
    assert said[-1] == "Nothing to change."
    assert await roster(database) == before


async def test_an_address_is_linked_when_the_directory_knows_it(database: Database, file: Path) -> None:
    await run(database, file)
    async with database.writing() as tx:
        ann = await persons.upsert(tx, Profile("U9", "Ann", "ann@example.com"))
    assert await run(database, file) == ["Nothing to change."]
    async with database.reading() as tx:
        group = await named(tx, "dev@groups.example.org")
        assert group is not None
        row = await memberships.find(tx, group.id, person_id=ann.id)
        assert row is not None
        assert row.administrator


async def test_a_dry_run_tells_the_same_and_changes_nothing(database: Database, file: Path) -> None:
    told = await run(database, file, dry_run=True)
    assert told.pop() == "Nothing was changed: this was a dry run."
    async with database.reading() as tx:
        assert (await tx.exec(select(Group))).all() == []
        assert (await tx.exec(select(Audit))).all() == []
    assert await run(database, file) == told


async def test_a_dry_run_foresees_what_is_refused_only_in_writing(database: Database, file: Path) -> None:
    file.write_text(FILE.replace("    contacts_file: dev.csv\n", "    bans: [example.com]\n"))
    for dry_run in (True, False):
        with pytest.raises(ImportRefused, match=r"ann@example\.com"):
            await run(database, file, dry_run=dry_run)
    async with database.reading() as tx:
        assert (await tx.exec(select(Group))).all() == []


async def test_what_differs_is_changed_and_what_the_file_does_not_mention_stays(database: Database, file: Path) -> None:
    await run(database, file)
    file.write_text(
        """
groups:
  - address: DEV@groups.example.org
    max_receive_size: 10MB
    mode: paused
    aliases: [devs@groups.example.org]
    contacts: [{address: bob@example.com, name: Bob}, eve@example.com]
"""
    )
    assert await run(database, file) == [
        "dev@groups.example.org: max_receive_size was 25 MB and becomes 10 MB.",
        "dev@groups.example.org: mode was live and becomes paused.",
        "dev@groups.example.org: the alias devs@groups.example.org is added.",
        "dev@groups.example.org: 1 contact is added: eve@example.com",
        "dev@groups.example.org: 1 contact is renamed: bob@example.com (Bob)",
    ]
    async with database.reading() as tx:
        for alias in ("devs", "developers"):
            group = await named(tx, f"{alias}@groups.example.org")
            assert group is not None
            assert (group.mode, group.posting, group.max_receive_size) == (Mode.PAUSED, Posting.ANYONE, 10 * 2**20)
    assert len(await roster(database)) == 7
    assert await run(database, file) == ["Nothing to change."]


async def test_pruning_removes_whom_the_file_lacks(database: Database, file: Path) -> None:
    await run(database, file)
    file.write_text(
        """
groups:
  - address: dev@groups.example.org
    aliases: []
    administrators: [U1]
    contacts: [bob@example.com]
"""
    )
    assert await run(database, file) == ["Nothing to change."]
    assert sorted(await run(database, file, prune=True)) == [
        "dev@groups.example.org: 1 administrator is removed: ann@example.com",
        "dev@groups.example.org: 2 contacts are removed: carol@example.com, dave@example.com",
        "dev@groups.example.org: the alias developers@groups.example.org is removed.",
    ]
    assert await roster(database) == {
        "U1": ("administrator",),
        "U2": ("moderator",),
        "bob@example.com": ("contact",),
    }
    async with database.reading() as tx:
        assert await named(tx, "developers@groups.example.org") is None


async def test_pruning_the_last_administrator_is_refused_and_nothing_changes(database: Database, file: Path) -> None:
    await run(database, file)
    before = await roster(database)
    file.write_text(
        "groups: [{address: dev@groups.example.org, display_name: New, administrators: [], contacts: [x@example.com]}]"
    )
    with pytest.raises(ImportRefused, match=r"groups.yaml:1: Somebody must be able to administer"):
        await run(database, file, prune=True)
    assert await roster(database) == before
    async with database.reading() as tx:
        group = await named(tx, "dev@groups.example.org")
        assert group is not None
        assert group.display_name == "Développeurs"


@pytest.mark.parametrize("policy", [Leave.OPEN, Leave.CLOSED])
async def test_who_left_stays_out_unless_brought_back(database: Database, file: Path, policy: Leave) -> None:
    await run(database, file)
    await change_leave(database, policy)
    await leave(database, "bob@example.com")
    file.write_text(FILE.replace("subscription", f"leave: {policy}\n    subscription"))
    told = await run(database, file)
    assert told[0] == (
        "dev@groups.example.org: 1 address that left stays out (bring it back with --re-enrol): bob@example.com"
    )
    assert told[-1] == "Nothing to change."
    assert "dev@groups.example.org: 1 contact is added: bob@example.com" in await run(database, file, re_enrol=True)
    async with database.reading() as tx:
        group = await named(tx, "dev@groups.example.org")
        assert group is not None
        counts = await memberships.counts(tx, group.id)
        assert (counts.contacts, counts.receiving) == (3, 3)
    assert (await run(database, file))[-1] == "Nothing to change."


async def test_what_the_store_refuses_is_told_by_line_and_nothing_changes(database: Database, file: Path) -> None:
    await run(database, file)
    file.write_text(
        """groups:
  - address: developers@groups.example.org
    administrators: [U1]
  - address: ops@groups.example.org
  - address: qa@groups.example.org
    administrators: [U1]
    contacts: [qa@groups.example.org, dev-leave@groups.example.org]
  - address: dev@groups.example.org
    route: other@groups.example.org
"""
    )
    with pytest.raises(ImportRefused) as refusal:
        await run(database, file)
    assert [line.partition(". ")[0] for line in refusal.value.lines] == [
        "groups.yaml:2: developers@groups.example.org is in use already",
        "groups.yaml:4: A group needs at least one administrator from this workspace",
        "groups.yaml:5: qa@groups.example.org is the group itself: its mail would come back to it for ever",
        "groups.yaml:5: dev-leave@groups.example.org is an address of this server's own and cannot be a contact.",
        "groups.yaml:8: The route of dev@groups.example.org is dev@groups.example.org and cannot be changed, "
        "since return paths on their way use it.",
    ]
    async with database.reading() as tx:
        assert await named(tx, "qa@groups.example.org") is None


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("groups: [", "groups.yaml:2: This is not YAML: "),
        ("", "groups.yaml: The file is empty."),
        ("- a", "groups.yaml:1: Keys with values are needed here."),
        ("group: []", "groups.yaml:1: There is no key group. Did you mean groups?"),
        ("groups: all", "groups.yaml:1: Several entries are needed here"),
        ("groups:\n  - display_name: x", "groups.yaml:2: The key address is missing."),
        (
            "groups:\n- address: a@groups.example.org\n  subscripton: open",
            "groups.yaml:3: There is no key subscripton. Did",
        ),
        ("groups:\n- address: a@groups.example.org\n  mode: [live]", "groups.yaml:3: A single value is needed here."),
        (
            "groups:\n- address: a@groups.example.org\n  mode: lively",
            "groups.yaml:3: lively is not a value of mode. Give",
        ),
        ("groups:\n- address: a@groups.example.org\n  hidden: maybe", "groups.yaml:3: maybe is neither yes nor no."),
        ("groups:\n- address: a@groups.example.org\n  max_send_size: big", "groups.yaml:3: big is not a size."),
        ("groups:\n- address: a@groups.example.org\n  report_channel: '#dev'", "groups.yaml:3: #dev is not the id"),
        (
            "groups:\n- address: a@groups.example.org\n  mode: live\n  mode: live",
            "groups.yaml:4: The key mode is there",
        ),
        ("groups:\n- address: a@elsewhere.org", "groups.yaml:2: elsewhere.org is not a domain served here."),
        ("groups:\n- address: а@groups.example.org", "groups.yaml:2: а@groups.example.org has letters beyond a to z"),
        (
            "groups:\n- &a {address: a@groups.example.org}\n- *a",
            "groups.yaml:2: a@groups.example.org is in the file twice",
        ),
        ("groups:\n- address: a@groups.example.org\n  contacts: [b]", "groups.yaml:3: b is not an e-mail address."),
        (
            "groups:\n- address: a@groups.example.org\n  contacts: [{name: b}]",
            "groups.yaml:3: The key address is missing.",
        ),
        (
            "groups:\n- address: a@groups.example.org\n  contacts_file: ../x.csv",
            "groups.yaml:3: ../x.csv is not beside",
        ),
        ("groups:\n- address: a@groups.example.org\n  contacts_file: x.csv", "x.csv: The file cannot be read: No such"),
        ("groups:\n- address: a@groups.example.org\n  contacts_file: bad.csv", "bad.csv:3: nobody is not an e-mail"),
        (
            "groups:\n- address: a@groups.example.org\n  contacts_file: latin.csv",
            "latin.csv:2: The file is not in UTF-8.",
        ),
        (
            "groups:\n- address: a@groups.example.org\n  contacts_file: open.csv",
            "open.csv: The file cannot be read as CSV from line 2 on",
        ),
    ],
)
def test_each_fault_of_a_file_is_one_line_that_says_where(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "bad.csv").write_text("Address,Name\na@example.com,A\nnobody,B\n")
    (tmp_path / "latin.csv").write_bytes("a@example.com,A\nb@example.com,Bébé\n".encode("latin-1"))
    (tmp_path / "open.csv").write_text('a@example.com,A\nb@example.com,"B\nc@example.com,C\n')
    path = tmp_path / "groups.yaml"
    path.write_text(text)
    with pytest.raises(ImportRefused) as refusal:
        groupfile.read(path, SERVED)
    [line] = refusal.value.lines
    assert line.startswith(fault)
    assert "\n" not in line


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "groups.yaml"
    path.write_text("groups:\n" + "".join(f"- address: a{n}@elsewhere.org\n" for n in range(60)))
    with pytest.raises(ImportRefused) as refusal:
        groupfile.read(path, SERVED)
    assert len(refusal.value.lines) == 51
    assert refusal.value.lines[-1] == "10 more faults are not shown."


@pytest.mark.parametrize(
    "text",
    [
        "address,name\na@example.com,Ann\nb@example.com,\n",
        "a@example.com,Ann\nb@example.com\n",
        "\ufeffName,E-Mail\nAnn,a@example.com\n,b@example.com\n",
        'a@example.com;"Ann"\r\n\r\nb@example.com;\r\n',
    ],
)
def test_a_contacts_file_has_a_header_or_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.csv").write_text(text)
    path = tmp_path / "groups.yaml"
    path.write_text("groups: [{address: a@groups.example.org, contacts_file: c.csv}]")
    [group] = groupfile.read(path, SERVED)
    assert group.contacts is not None
    assert [(address.key, name) for address, name in group.contacts] == [
        ("a@example.com", "Ann"),
        ("b@example.com", ""),
    ]


async def test_a_large_file_takes_seconds(database: Database, tmp_path: Path) -> None:
    """A tenth of the promised size, twice: the second finds nothing to do."""
    path = tmp_path / "groups.yaml"
    path.write_text(
        "groups: [{address: dev@groups.example.org, administrators: [U1], contacts_file: many.csv}]", encoding="utf-8"
    )
    (tmp_path / "many.csv").write_text(
        "".join(f"contact{n}@d{n % 50}.example.com,Contact {n}\n" for n in range(10_000))
    )
    assert "10000 contacts are added" in (await run(database, path))[2]
    assert await run(database, path) == ["Nothing to change."]
    assert len(await roster(database)) == 10_001
