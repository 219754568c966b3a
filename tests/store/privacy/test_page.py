"""docs/privacy.md names every table, and every column of it that can say something of a person."""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import LargeBinary
from sqlmodel import SQLModel

from store.privacy import columns

PAGE = Path(__file__).parents[3] / "docs" / "privacy.md"


def test_the_page_names_what_the_schema_has() -> None:
    said: dict[str, set[str]] = {}
    for table, names in re.findall(r"^\| `([a-z_]+)` \|([^|]*)\|", PAGE.read_text("utf-8"), re.MULTILINE):
        of_row = set(re.findall(r"`([a-z_]+)`", names))
        assert not of_row & said.get(table, set()), f"{table} is told of twice"
        said.setdefault(table, set()).update(of_row)
    has = {
        table.name: {
            one.name
            for one in table.columns
            if one in {*columns.texts(table), *columns.documents(table), *columns.people(table)}
            or isinstance(one.type, LargeBinary)
        }
        for table in SQLModel.metadata.tables.values()
    }
    for table in sorted(has):
        assert said.get(table) == has[table], f"say in docs/privacy.md what stands in {table}, and how long"
    assert said.keys() == has.keys()
