"""`/group log`: the audit read back, by those who may, with filters, pages and a file."""

from __future__ import annotations

import ast
import csv
import io
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.actions.matters import DECIDED
from bot.commands import french
from bot.commands.grammar import Misread, tokens
from bot.commands.trail import NOBODY, OFFERED, read
from bot.views import proposals, trail
from bot.views.trail import Wanted
from store import audit, texts
from store.concerns import MatterKind
from store.history import Act
from store.terms import Actor
from tests.bot.commands.conftest import ADA, BOTH, LINUS, TEAM, Office

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", Wanted()),
        ("<@U0ADA|ada> settings", Wanted(slack_id="U0ADA", what="group.changed")),
        ("member jo@x.example", Wanted(address="jo@x.example", what="membership")),
        ("post.released import csv", Wanted(actor="import", what="post.released", csv=True)),
        ("since 2026-02-01 page 3", Wanted(since=datetime(2026, 1, 31, 23, tzinfo=UTC), page=3)),
        ("since 7 days 2", Wanted(since=datetime(2026, 2, 22, 23, tzinfo=UTC), page=2)),
        ("since 2 semaines", Wanted(since=datetime(2026, 2, 15, 23, tzinfo=UTC))),
        ("Réglages depuis hier", Wanted(what="group.changed", since=datetime(2026, 2, 28, 23, tzinfo=UTC))),
        ("effacement système csv", Wanted(what="person.forgotten", actor="system", csv=True)),
        ("since yesterday", Wanted(since=datetime(2026, 2, 28, 23, tzinfo=UTC))),
    ],
)
def test_what_is_asked_for(text: str, wanted: Wanted) -> None:
    assert read(tokens(text), NOW, "Europe/Paris") == wanted


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("setings", "unknown_trail_near"), ("xyzzy", "unknown_trail"), ("since", "malformed_since"),
        ("since 2026-02-30", "malformed_since"), ("page x", "malformed_page"), ("0", "malformed_page"),
        ("@ada", "person_not_picked"), ("<#C1|general>", "unknown_trail"),
    ],
)  # fmt: skip
def test_what_it_cannot_be_asked_for_is_named(text: str, name: str) -> None:
    with pytest.raises(Misread) as misread:
        read(tokens(text), NOW, "UTC")
    assert misread.value.name == name
    assert f"commands.misread.{name}" in texts.keys("en")


def test_words_are_offered_in_the_readers_language() -> None:
    for text, language, offered in (
        ("xyzzy", "en", "groups, settings, members, requests, posts, passwords, checkups, erasures"),
        ("xyzzy", "fr", "groupes, réglages, membres, demandes, messages, mots-de-passe, contrôles, effacements"),
        ("efacements", "fr", "effacements"),
        ("reglags", "fr", "réglages"),
    ):
        with pytest.raises(Misread) as misread:
            read(tokens(text), NOW, "UTC", language)
        assert offered in misread.value.values.values()
    assert set(french.LOGGED) >= {*OFFERED, *NOBODY, "since"}


def literals(tree: ast.AST) -> dict[int, str]:
    constants = [one for one in ast.walk(tree) if isinstance(one, ast.Constant)]
    return {id(one): one.value for one in constants if isinstance(one.value, str)}


def verbs() -> set[str]:
    """Every verb that is written to the audit, wherever it is given: to `record` itself, or on the way to it."""
    nouns = {key.split(".")[2] for key in texts.keys("en") if key.startswith("log.verb.")}
    found: set[str] = set()
    for path in (ROOT / "store").rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        logged: set[int] = set()
        for call in calls:
            if isinstance(call.func, ast.Attribute) and call.func.attr in {"info", "warning", "error"}:
                logged |= {id(one) for one in call.args}
            if ast.unparse(call.func) == "audit.record" and len(call.args) > 1:
                found |= set(literals(call.args[1]).values())
        said = {text for number, text in literals(tree).items() if number not in logged}
        if "audit" in path.read_text("utf-8"):
            past = re.compile(rf"(?:{'|'.join(nouns)})\.[a-z_]*(?:ed|left|made|ing)")
            found |= {one for one in said if past.fullmatch(one)}
    return found


def test_every_verb_that_is_written_has_words_in_both_languages() -> None:
    written = verbs()
    assert {"group.created", "request.denied", "post.expired", "author.banned", "password.made"} <= written
    written |= {f"roster.{kind}_dismissed" for kind in MatterKind} | {
        f"roster.{kind}_{to}" for kind, to in DECIDED.items()
    }
    written |= {"membership.gone", "membership.back"}
    for language in ("en", "fr"):
        missing = {f"log.verb.{one}" for one in written} - texts.keys(language)
        assert missing == set(), f"add them to store/texts/{language}.log.toml"


def act(**given: object) -> Act:
    values: dict[str, object] = {
        "id": 1, "at": NOW, "verb": "group.changed", "actor": "0" * 32, "slack_id": "U0ADA", "as_operator": False,
        "group": TEAM, "subject": "", "objects": (), "details": {},
    }  # fmt: skip
    return Act(**(values | given))  # type: ignore[arg-type]  # values by name


def test_an_act_is_told_with_before_and_after_and_nothing_in_it_acts() -> None:
    details = {"before": {"footer": "<!channel>", "hidden": False}, "after": {"footer": "*x*", "hidden": True}}
    told = trail.line("en", act(details=details, as_operator=True), TEAM)
    assert told.splitlines()[1:] == [
        "    Footer: &lt;!channel&gt; → ∗x∗",
        "    Directory: shown to everyone → hidden from people outside it",
    ]
    assert "<@U0ADA> changed the settings. – as operator" in told
    erased = {"before": {"footer": {"erased": "f" * 64}}, "after": {"footer": None}}
    assert "Footer: (erased) → none" in trail.line("en", act(details=erased))
    assert "Pied de page\xa0: (effacé) → aucun" in trail.line("fr", act(details=erased))
    sizes = {"before": {"max_send_size": None, "follows": ""}, "after": {"max_send_size": 5_242_880, "follows": "C0X"}}
    assert trail.line("fr", act(details=sizes)).splitlines()[1:] == [
        "    Taille max sortante\xa0: la limite du serveur → 5 Mo", "    Canal suivi\xa0: rien → <#C0X>",
    ]  # fmt: skip
    given = {"flags": ["contact"], "count": 1, "until": "2026-12-31T00:00:00+00:00", "later": 1}
    assert (
        trail.line("fr", act(details=given))
        .splitlines()[1]
        .startswith("    comme\xa0: contact, nombre\xa0: 1, jusqu'au\xa0: <!date^1798675200^")
    )
    assert {f"log.detail.{name}" for name in proposals.SHOWN} <= texts.keys("en")
    assert "later: 1" in trail.line("en", act(details=given))
    assert "Somebody who is not known any more" in trail.line("en", act(slack_id=None))
    assert "<@U0ADA>: later.version." in trail.line("en", act(verb="later.version"))
    assert trail.line("en", act(group="", objects=("U0BO", "jo_*@x.example"))).endswith("(<@U0BO>, joˍ∗@x.example)")


def test_no_cell_of_the_file_is_a_formula() -> None:
    rows = list(
        csv.reader(io.StringIO(trail.table([act(objects=("=1+1@x.example",), subject="post:1")]).decode("utf-8-sig")))
    )
    assert rows[1] == [NOW.isoformat(), "U0ADA", "no", "group.changed", TEAM, "post:1", "'=1+1@x.example", ""]


@BOTH
async def test_administrators_read_their_groups_log_and_operators_all(office: Office) -> None:
    await office.create(people={"moderators": [LINUS]})
    await office.ask(ADA, "settings team subscription open")
    await office.ask(ADA, "add team jo@x.example")
    told = await office.ask(ADA, "log team")
    assert f"What happened in {TEAM}" in told
    assert "changed the settings." in told
    assert "Joining: Moderated: an administrator approves → Open: anyone joins at once" in told
    assert "(jo@x.example)" in told
    assert told.index("added people") < told.index("changed the settings") < told.index("created the group")
    told = await office.ask(ADA, "log team @ada settings")
    assert "changed the settings" in told
    assert "created the group" not in told
    assert "Nothing here" in await office.ask(ADA, "log team import since yesterday")
    assert "Postroom knows nobody by nobody@x.example" in await office.ask(ADA, "log team nobody@x.example")
    assert f"Only administrators of {TEAM}" in await office.ask(LINUS, "log team")
    assert "Only operators see the log of all groups" in await office.ask(LINUS, "log all")
    assert f"– {TEAM}" in await office.ask(ADA, "log all")

    async with office.database.writing() as tx:
        for number in range(trail.PAGE):
            await audit.record(tx, "group.tested", Actor("import"), subject=f"post:{number}")
        await audit.record(tx, "checkup.asked", Actor("system"))
    first = await office.ask(ADA, "log all import")
    assert first.count("sent themselves a test mail") == trail.PAGE
    assert "page 2" not in first
    first = await office.ask(ADA, "log all")
    assert "log all page 2" in first
    assert "page 2" in await office.ask(ADA, "log all page 2")


async def test_the_whole_log_comes_as_a_file(office: Office) -> None:
    await office.create()
    assert "The log with 1 act is in our direct message" in await office.ask(ADA, "log team groups csv")
    message = await office.pocket.wait_message(ADA, "dm", "")
    assert message["text"] == f"The log of {TEAM}, with 1 act."
    content = await office.pocket.download(message["files"][0])
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert [row[1:5] for row in rows[1:]] == [[ADA, "yes", "group.created", TEAM]]
