"""The web pages people reach from a mail's links: texts to HTML, and whether a POST says what its page asks. Pure."""

from __future__ import annotations

import base64
import hashlib
import re
from html import escape
from typing import Final
from urllib.parse import parse_qsl

from mailbridge.headers import fields, split
from store.texts import languages, say

# What the form of a page posts. A mail system clicks `leave` by itself, with this body (RFC 8058 3.2).
FORMS: Final = {"leave": ("List-Unsubscribe", "One-Click"), "confirm": ("confirm", "yes")}
_STYLE: Final = """
:root{color-scheme:light dark;--ink:#1d1c1d;--soft:#57555a;--paper:#fff;--ground:#f4f3f6;--accent:#4a2d7a;--on:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#eceaf0;--soft:#b3afba;--paper:#26232c;--ground:#17151b;--accent:#c4a8f5;--on:#17151b}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1rem;background:var(--ground);color:var(--ink);
font:1.0625rem/1.6 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:34rem;width:100%;background:var(--paper);padding:2.5rem;border-radius:.75rem;box-shadow:0 1px 4px #0002}
h1{margin:0 0 1rem;font-size:1.5rem;line-height:1.25}
p{margin:0 0 1rem}
p.other{margin:1.5rem 0 0;color:var(--soft);font-size:.9375rem}
button{font:inherit;font-weight:600;padding:.7rem 1.4rem;border:0;border-radius:.5rem;background:var(--accent);
color:var(--on);cursor:pointer}
button:focus-visible{outline:3px solid var(--ink);outline-offset:3px}
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
HEADERS: Final = {
    # No script, no picture, no frame, and a form that goes nowhere but here.
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",  # the address holds the token
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}


def page(language: str, name: str, *, form: str = "", other: str = "") -> str:
    """Return the page `web.<name>` of the catalogue as HTML; `form` adds one of FORMS, `other` a closing text's key.

    No text depends on the token, so that nobody learns from the page whether one is real.
    """
    asks = _form(language, form) if form else ""
    closing = f'<p class="other">{escape(say(language, other))}</p>' if other else ""
    title, explain = (escape(say(language, f"web.{name}.{part}")) for part in ("title", "explain"))
    return (
        f'<!DOCTYPE html><html lang="{escape(language)}"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>'
        f"<body><main><h1>{title}</h1><p>{explain}</p>{asks}{closing}</main></body>"
        "</html>\n"
    )


def _form(language: str, name: str) -> str:
    field, value = FORMS[name]
    return (
        f'<form method="post"><input type="hidden" name="{field}" value="{value}">'
        f'<button type="submit">{escape(say(language, f"web.{name}.button"))}</button></form>'
    )


def language(accepted: str) -> str:
    """Return the language of ours that an Accept-Language header asks for first (RFC 9110 12.5.4), "" for none."""
    known = languages()
    wishes: list[tuple[float, int, str]] = []
    for place, item in enumerate(accepted[:200].split(",")):
        match = re.fullmatch(
            r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?", item
        )
        if match and match[1].lower() in known and float(match[2] or 1):
            wishes.append((-float(match[2] or 1), place, match[1].lower()))
    return min(wishes)[2] if wishes else ""


def says(form: str, content_type: str, body: bytes) -> bool:
    """Say whether a POST carries what `form` posts, urlencoded or as multipart/form-data (RFC 8058 3.2)."""
    field, value = FORMS[form]
    kind, _, parameters = content_type.partition(";")
    if kind.strip().lower() == "application/x-www-form-urlencoded":
        try:
            return (field, value) in parse_qsl(body.decode("latin-1"), max_num_fields=20)
        except ValueError:
            return False
    boundary = re.search(r'boundary="?([^";\s]{1,70})"?', parameters, re.IGNORECASE)
    if kind.strip().lower() != "multipart/form-data" or not boundary:
        return False
    parts = body.split(b"--" + boundary[1].encode("latin-1", "replace"), 20)[1:]
    return any(_is_the_field(part, field, value) for part in parts)


def _is_the_field(part: bytes, name: str, value: str) -> bool:
    head, content = split(part.removeprefix(b"\r\n"))
    named = re.compile(rb'form-data\s*;\s*name="?' + name.encode() + rb'"?\s*(?:;|$)', re.IGNORECASE)
    disposition = (field.value for field in fields(head) if field.name == b"content-disposition")
    return any(named.match(one) for one in disposition) and content.strip(b"\r\n") == value.encode()
