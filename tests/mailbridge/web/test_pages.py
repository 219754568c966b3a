"""The page's pure half: what counts as a one-click, which language, which HTML."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge import pages
from store import texts
from store.joining import Confirmed

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=xyz"


def multipart(name: str = "List-Unsubscribe", value: str = "One-Click", more: str = "") -> bytes:
    return f'--xyz\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n--xyz--\r\n'.encode()


@pytest.mark.parametrize(
    ("kind", "body", "yes"),
    [
        (FORM, b"List-Unsubscribe=One-Click", True),
        (FORM + "; charset=UTF-8", b"List-Unsubscribe=One-Click", True),
        (FORM.upper(), b"a=b&List-Unsubscribe=One-Click", True),
        (FORM, b"List%2DUnsubscribe=One%2DClick", True),
        (FORM, b"", False),
        (FORM, b"List-Unsubscribe=", False),
        (FORM, b"List-Unsubscribe=one-click", False),
        (FORM, b"x=List-Unsubscribe=One-Click", False),
        (FORM, b"a=b&" * 50 + b"List-Unsubscribe=One-Click", False),
        ("", b"List-Unsubscribe=One-Click", False),
        ("text/plain", b"List-Unsubscribe=One-Click", False),
        (MULTIPART, multipart(), True),
        ('multipart/form-data; boundary="xyz"', multipart(), True),
        (MULTIPART, multipart(more="\r\nContent-Type: text/plain"), True),
        (MULTIPART, b'--xyz\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n' + multipart(), True),
        (MULTIPART, multipart(name="Other"), False),
        (MULTIPART, multipart(value="No"), False),
        (MULTIPART, b"List-Unsubscribe=One-Click", False),
        ("multipart/form-data", multipart(), False),
        ("multipart/form-data; boundary=abc", multipart(), False),
    ],
)
def test_what_is_a_one_click(kind: str, body: bytes, yes: bool) -> None:
    assert pages.says("leave", kind, body) is yes
    assert pages.says("confirm", kind, body) is False
    # A confirmation is said in the same ways, by another field.
    said = body.replace(b"List-Unsubscribe", b"confirm").replace(b"List%2DUnsubscribe", b"confirm")
    said = said.replace(b"One-Click", b"yes").replace(b"One%2DClick", b"yes")
    assert pages.says("confirm", kind, said) is yes


@given(st.sampled_from([FORM, MULTIPART]) | st.text(max_size=60), st.binary(max_size=300))
def test_no_octets_are_a_one_click_by_chance(kind: str, body: bytes) -> None:
    assert not any(pages.says(form, kind, body) for form in pages.FORMS)


@pytest.mark.parametrize(
    ("accepted", "spoken"),
    [
        ("", ""),
        ("en-GB,en;q=0.9", "en"),
        ("fr", "fr"),
        ("fr-CA;q=0.8, en;q=0.7", "fr"),
        ("de, fr;q=0.5", "fr"),
        ("en;q=0.1, fr;q=0.2", "fr"),
        ("fr;q=0", ""),
        ("FR", "fr"),
        ("*", ""),
        ("fr;q=9", ""),
        ("../../etc", ""),
        ("de" * 5_000 + ",fr", ""),
    ],
)
def test_the_language_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, accepted: str, spoken: str) -> None:
    for language in ("en", "fr"):
        (tmp_path / f"{language}.web.toml").touch()
    monkeypatch.setattr(texts, "FOLDER", tmp_path)
    assert pages.language(accepted) == spoken


class Outline(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "input"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize(
    "name",
    [
        *("leave", "left", "again", "trouble", "too_large", "missing", "confirm", "unsaid"),
        *(f"confirmed_{outcome}" for outcome in Confirmed),
    ],
)
@pytest.mark.parametrize("form", ["", *pages.FORMS])
def test_a_page_is_well_formed_and_needs_no_script(name: str, form: str) -> None:
    html = pages.page("en", name, form=form, other="web.left.other")
    outline = Outline()
    outline.feed(html)
    assert outline.open == []
    tags = [tag for tag, _ in outline.tags]
    assert "script" not in tags
    assert tags.count("h1") == tags.count("main") == tags.count("title") == 1
    assert ("html", {"lang": "en"}) in outline.tags
    assert tags.count("form") == tags.count("button") == bool(form)
    assert not any(
        attribute.startswith("on") or attribute == "style" for _, found in outline.tags for attribute in found
    )
    if form:
        assert ("form", {"method": "post"}) in outline.tags
        field, value = pages.FORMS[form]
        assert ("input", {"type": "hidden", "name": field, "value": value}) in outline.tags


def test_the_policy_allows_exactly_the_pages_own_style() -> None:
    style = re.search(r"<style>(.*?)</style>", pages.page("en", "left"), re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in pages.HEADERS["Content-Security-Policy"]
    assert "unsafe" not in pages.HEADERS["Content-Security-Policy"]
