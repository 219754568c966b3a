"""Files of contacts as people have them."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import spreadsheet
from store.exchange import sheet
from store.exchange.sheet import Encoding
from store.terms import Refused

NAMES = [("ann@example.org", "Ann Ève"), ("bo@example.org", "Bo, B")]


@pytest.mark.parametrize(
    "text",
    [
        'address,name\r\nann@example.org,Ann Ève\r\nbo@example.org,"Bo, B"\r\n',
        'ann@example.org,Ann Ève\nbo@example.org,"Bo, B"',
        "Nom;Adresse e-mail\nAnn Ève;ann@example.org\nBo, B;bo@example.org\n",
        "Ann Ève\tann@example.org\textra\nBo, B\tbo@example.org\n",
        "email;Prénom;Nom;Service\nann@example.org;Ann;Ève;x\n\n;;;\nbo@example.org;;Bo, B;y",
    ],
)
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_dialects_and_encodings(text: str, codec: str) -> None:
    read = sheet.read(text.encode(codec))
    assert [(str(address), name) for address, name in read.contacts] == NAMES
    assert not read.faults
    assert (read.encoding is Encoding.GUESSED) is (codec == "cp1252")


def test_faults_by_line_and_repetitions() -> None:
    text = "address,name\nann@example.org,Ann\nnobody,No One\nANN@EXAMPLE.ORG,Again\nann+news@example.org,\n=1+1,x\n"
    read = sheet.read(text.encode())
    assert [str(address) for address, _ in read.contacts] == ["ann@example.org", "ann+news@example.org"]
    assert [(fault.line, fault.refused.name) for fault in read.faults] == [
        (3, "contact_malformed"), (6, "contact_malformed"),
    ]  # fmt: skip
    assert read.duplicates == 1


@pytest.mark.parametrize(
    "text",
    [
        'email,name\na@example.org,A\nb@example.org,"B\nc@example.org,C\n',
        'email,name\na@example.org,A\nb@example.org,"B\nc@example.org,C\nd@example.org,"D"\n',
        'email,name,note\na@example.org,A,"of\ntwo lines"\n\nb@example.org,B,"x\nc@example.org,C,y\n',
    ],
)
def test_a_quote_that_is_never_closed_takes_no_lines_in_silence(text: str) -> None:
    with pytest.raises(Refused) as caught:
        sheet.read(text.encode())
    lines = text.splitlines()
    assert lines[int(dict(caught.value.values)["line"]) - 1].startswith("b@")
    assert len(sheet.read(text.replace('"', "").encode()).contacts) >= 3 - text.count("two lines")


def test_a_line_ends_where_a_program_ends_one() -> None:
    """A vertical tab within a cell is a break that Outlook and Excel write; U+2028 comes out of web pages."""
    text = "email,name\ra@example.org,Ann\x0bÈve\rb@example.org,Bo\u2028B"
    assert [name for _, name in sheet.read(text.encode()).contacts] == ["Ann Ève", "Bo B"]


def test_one_column_and_two_hundred_thousand_lines() -> None:
    lines = [f"p{n}@example.org" for n in range(sheet.MOST_LINES)]
    assert len(sheet.read("\n".join(lines).encode()).contacts) == sheet.MOST_LINES
    with pytest.raises(Refused, match="sheet_too_long"):
        sheet.read("\n".join([*lines, "more@example.org"]).encode())


@pytest.mark.parametrize(
    ("octets", "name"),
    [
        (b"", "sheet_empty"),
        (b"\r\n;;\r\n", "sheet_empty"),
        (b"address,name\n", "sheet_empty"),
        (b"first,second\na@example.org,x", "sheet_no_address"),
        (b'a@example.org,"' + b"x" * 20_000, "sheet_unreadable"),
        (b'a@example.org,"' + b"x" * 200_000, "sheet_unreadable"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(octets: bytes, name: str) -> None:
    with pytest.raises(Refused) as caught:
        sheet.read(octets)
    assert caught.value.name == name


def test_nothing_written_is_a_formula_and_all_of_it_is_read_again() -> None:
    """The attack: `=HYPERLINK(…)` as a name, run by the spreadsheet of whoever opens the export."""
    rows = [("+1@example.org", "=HYPERLINK(1)"), ("-a@example.org", "@SUM"), ("c@example.org", "O'Neil\tX")]
    written = spreadsheet.file([("address", "name"), *rows])
    cells = [cell for line in written.decode("utf-8-sig").split("\r\n") for cell in line.split(",")]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    assert [(str(address), name) for address, name in sheet.read(written).contacts] == [
        ("+1@example.org", "=HYPERLINK(1)"), ("-a@example.org", "@SUM"), ("c@example.org", "O'Neil X"),
    ]  # fmt: skip


@given(st.binary(max_size=300))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    with contextlib.suppress(Refused):
        assert sheet.read(octets).encoding in Encoding
