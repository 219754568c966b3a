"""What a group puts into its mail, in a file of groups: read, exported and read again, and refused by its line."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest

from store.engine import Database
from store.exchange.document import ImportRefused
from store.exchange.exporting import export_groups
from store.exchange.importing import Options, import_groups
from store.exchange.lines import lines
from store.names import Served
from store.terms import Digest, ReplyTo
from tests.store.named import named

SERVED = Served(("groups.example.org",))
FILE = """
groups:
  - address: dev@groups.example.org
    administrators: [U1]
    subject_tag: "[Dev: team]"
    footer: |
      Be kind – please.

      The wiki: <https://wiki.example.org>
    reply_to: group
    digest: none
"""


async def run(database: Database, path: Path, text: str) -> list[str]:
    path.write_text(text, "utf-8")
    return lines(await import_groups(database, path, SERVED, Options()), dry_run=False)


async def test_there_and_back_changes_nothing(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "groups.yaml"
    await run(database, path, FILE)
    async with database.reading() as tx:
        group = await named(tx, "dev")
        assert group is not None
        assert (group.subject_tag, group.reply_to, group.digest) == ("Dev: team", ReplyTo.GROUP, Digest.NONE)
        assert group.footer == "Be kind – please.\n\nThe wiki: <https://wiki.example.org>"
        out = StringIO()
        await export_groups(tx, out)
    assert await run(database, path, out.getvalue()) == ["Nothing to change."]
    assert await run(database, path, FILE) == ["Nothing to change."]


async def test_changes_are_told_on_one_line_and_none_takes_them_away(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "groups.yaml"
    await run(database, path, FILE)
    head = FILE.partition("    subject_tag")[0]
    assert await run(database, path, head + "    subject_tag: none\n    footer:\n    reply_to: author\n") == [
        "dev@groups.example.org: subject_tag was Dev: team and becomes none.",
        "dev@groups.example.org: footer was Be kind – please. The wiki: <https://wiki.example.org> and becomes none.",
        "dev@groups.example.org: reply_to was group and becomes author.",
    ]
    # A file that says nothing of them leaves them alone.
    assert await run(database, path, head) == ["Nothing to change."]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("subject_tag: a]b", "groups.yaml:5: a]b cannot stand before a subject."),
        (f"subject_tag: {'x' * 31}", "groups.yaml:5: The tag has 31 characters and may have 30"),
        (
            'footer: "a\\x07b"',
            "groups.yaml:5: A footer needs some text, and no characters that cannot be seen (U+0007)",
        ),
        (f"footer: {'x' * 501}", "groups.yaml:5: The footer has 501 characters and may have 500."),
        ("footer: [a, b]", "groups.yaml:5: A single value is needed here."),
        ("reply_to: everybody", "everybody is not a value of reply_to. Give one of: author, group, administrators."),
    ],
)
async def test_what_no_mail_can_carry_is_refused_by_its_line(
    database: Database, tmp_path: Path, line: str, fault: str
) -> None:
    with pytest.raises(ImportRefused) as refused:
        await run(database, tmp_path / "groups.yaml", f"{FILE.partition('    subject_tag')[0]}    {line}\n")
    assert fault in str(refused.value)
    async with database.reading() as tx:
        assert await named(tx, "dev") is None
