"""Records as they are to be published: lines of a zone file, which web forms of name servers take apart as well."""

from __future__ import annotations

from mailbridge.rewrite.keys import strings


def txt(name: str, value: str) -> str:
    """A TXT record; one that is too long for a single string is cut as DNS wants it (RFC 7208 3.3)."""
    quoted = " ".join(f'"{each}"' for each in strings(value))
    return f"{name}. IN TXT {quoted}" if quoted.count('"') == 2 else f"{name}. IN TXT ( {quoted} )"
