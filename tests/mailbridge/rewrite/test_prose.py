"""Both forms of a letter, as a mail program parses them: the same words, and an HTML that can only be read."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.rewrite import prose
from mailbridge.rewrite.letters import Confirmation, letter
from mailbridge.rewrite.prose import Link, alternatives
from store.terms import GroupKind, GroupPolicy, LetterKind, Moderation, Posting, Subscription

GROUP = GroupPolicy(1, GroupKind.GROUP, "team@corp.example", "team@lists.example.org", "R&D <Équipe>")
PAGE = "https://lists.example.org/confirm/aaaabbbbccccddddeeeeffff"
ASKED = Confirmation("team-confirm+aaaabbbbccccddddeeeeffff@lists.example.org", PAGE)
HARMLESS = {
    "html", "head", "meta", "title", "body", "div", "h1", "p", "br", "blockquote", "a", "hr",
}  # fmt: skip


class Page(HTMLParser):
    """What is open, what was there, and the words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "br", "hr"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "title" not in self.open and "h1" not in self.open:
            self.words += f" {data}"


def parsed(head: bytes, body: bytes) -> tuple[str, Page]:
    """The text and the page, as Python's parser takes the letter apart."""
    seen = message_from_bytes(head + b"\r\n" + body, policy=policy.default)
    assert isinstance(seen, EmailMessage)
    assert seen.defects == []
    assert [part.get_content_type() for part in seen.iter_parts()] == ["text/plain", "text/html"]
    plain, rich = (part.get_content() for part in seen.iter_parts())
    page = Page(rich)
    assert page.open == []
    return plain.replace("\r\n", "\n"), page


def written(kind: LetterKind, group: GroupPolicy = GROUP, **arguments: str) -> tuple[str, Page, bytes]:
    raw = letter(
        kind,
        "en",
        "ana@example.com",
        arguments,
        group=group,
        message_id="letter-1@mx.example.org",
        date=datetime(2026, 3, 2, tzinfo=UTC),
        hostname="mx.example.org",
        confirmation=ASKED if kind is LetterKind.JOIN_CONFIRM else None,
    )
    head, _, body = raw.partition(b"\r\n\r\n")
    plain, page = parsed(head + b"\r\n", body)
    return plain, page, raw


def words(text: str) -> list[str]:
    return text.split()


@pytest.mark.parametrize("kind", LetterKind)
def test_both_forms_of_every_letter_say_the_same(kind: LetterKind) -> None:
    plain, page, raw = written(
        kind, subject="Lunch <b>", reason="Off & on.\nTry <i>.", person="Ana", why="full", address="a@b"
    )
    spoken = words(plain.replace("-- \n", "").replace(PAGE, "Open the confirmation page"))
    assert words(page.words) == spoken
    assert len(spoken) > 20
    assert {tag for tag, _ in page.tags} <= HARMLESS
    names = {name for _, attributes in page.tags for name in attributes}
    assert names <= {
        "lang",
        "charset",
        "name",
        "content",
        "style",
        "role",
        "aria-roledescription",
        "aria-label",
        "href",
    }
    assert [attributes["href"] for tag, attributes in page.tags if tag == "a"] == (
        [PAGE] if kind is LetterKind.JOIN_CONFIRM else []
    )
    styles = " ".join(attributes.get("style") or "" for _, attributes in page.tags)
    assert not re.search(r"url\(|@import|expression", styles)
    assert dict(page.tags)["html"] == {"lang": "en"}
    assert max(map(len, raw.split(b"\r\n"))) <= 300


def test_paragraphs_and_what_is_set_off() -> None:
    content_type, body = alternatives(
        "fr", "Sujet", "One\nline.\n\n    set\n    off\n\n    https://x.example/\n", "Foot.",
        link=Link("https://x.example/", "Go <on>"), seed="1",
    )  # fmt: skip
    plain, page = parsed(content_type, body)
    assert plain == "One\nline.\n\n    set\n    off\n\n    https://x.example/\n\n-- \nFoot.\n"
    shape = [tag for tag, _ in page.tags if tag in {"p", "blockquote", "a", "hr"}]
    assert shape == ["p", "blockquote", "p", "a", "hr", "p"]
    assert words(page.words) == ["One", "line.", "set", "off", "Go", "<on>", "Foot."]


@given(st.text(max_size=200), st.text(max_size=200))
def test_no_text_becomes_markup_or_a_part(subject: str, reason: str) -> None:
    arguments: dict[str, Any] = {"subject": subject + "<img src=//x>", "reason": f"{reason}\n<script>x</script>"}
    _, page, raw = written(LetterKind.POST_REJECTED, **arguments)
    assert {tag for tag, _ in page.tags} <= HARMLESS - {"a"}
    assert raw.count(b"\r\nContent-Type: text/") == 2


def test_who_knows_the_boundary_does_not_end_a_part() -> None:
    first = prose._boundary("7", b"")
    content_type, body = alternatives("en", "S", f"--{first}--\n--{first}", "Foot.", link=None, seed="7")
    assert first.encode() not in content_type
    plain, _ = parsed(content_type, body)
    assert f"--{first}--" in plain
    assert prose._boundary("7", b"") == first


@pytest.mark.parametrize(
    ("settings", "says", "silent"),
    [
        ({"subscription": Subscription.OPEN}, "write to team-join@lists.example.org", "Then the people in charge"),
        ({"subscription": Subscription.MODERATED}, "Then the people in charge decide", "only its administrators add"),
        ({"subscription": Subscription.CLOSED}, "Ask them at team-owner@lists.example.org", "-join@"),
        ({"posting": Posting.ANYONE, "moderation": Moderation.NONE}, "Anybody may write.", "waits until"),
        ({"posting": Posting.ANYONE}, "What people outside the group write waits", "refused at once"),
        ({"posting": Posting.MEMBERS, "moderation": Moderation.NONE}, "refused at once", "waits until"),
        ({"max_receive_size": 5 * 2**20, "max_send_size": 2**20}, "5 MB of attachments. It passes on up to about 1 MB",
         "no limit of its own"),
        ({}, "no limit of its own", "MB"),
    ],
)  # fmt: skip
def test_the_help_letter_tells_the_group_as_it_is_set(settings: dict[str, Any], says: str, silent: str) -> None:
    group = GroupPolicy(1, GroupKind.GROUP, "team@corp.example", "team@lists.example.org", "Team", **settings)
    plain, page, _ = written(LetterKind.HELP, group)
    assert says in " ".join(plain.split())
    assert silent not in " ".join(plain.split())
    assert says in " ".join(page.words.split())


def test_a_hidden_group_tells_outsiders_its_address_and_not_its_name() -> None:
    group = GroupPolicy(1, GroupKind.GROUP, "team@corp.example", "team@lists.example.org", "Merger", hidden=True)
    inside = {LetterKind.JOIN_DONE, LetterKind.JOIN_MEMBER, LetterKind.LEAVE_DONE, LetterKind.LEAVE_ASKED}
    inside |= {LetterKind.TEST, LetterKind.BOUNCE_PROBE, LetterKind.BOUNCE_WARNING}
    for kind in set(LetterKind) - inside:
        plain, page, raw = written(kind, group)
        assert "Merger" not in plain + page.words
        assert b"Merger" not in raw
    for kind in inside:
        assert b"Merger" in written(kind, group)[2]


def test_how_a_confirmation_is_given() -> None:
    _, _, raw = written(LetterKind.JOIN_CONFIRM)
    assert b"\r\nReply-To: <team-confirm+aaaabbbbccccddddeeeeffff@lists.example.org>\r\n" in raw
    plain = letter(
        LetterKind.JOIN_CONFIRM, "en", "ana@example.com", {}, group=GROUP, message_id="1@x",
        date=datetime(2026, 3, 2, tzinfo=UTC), hostname="x.example",
        confirmation=Confirmation("team-confirm@lists.example.org", "", "aaaabbbbccccddddeeeeffff"),
    )  # fmt: skip
    seen = message_from_bytes(plain, policy=policy.default)
    assert seen["Subject"].endswith("(aaaabbbbccccddddeeeeffff)")
    assert b"https://" not in plain
    assert b"reply to this message as it is" in b" ".join(plain.split())
