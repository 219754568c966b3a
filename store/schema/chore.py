"""Chore: a periodic job, claimed in the database so that it runs once however many processes tick."""

from datetime import datetime

from sqlalchemy import Column, String
from sqlmodel import Field, SQLModel

from store.schema.columns import moment


class Chore(SQLModel, table=True):
    name: str = Field(sa_column=Column(String, primary_key=True))
    due_at: datetime = Field(sa_column=moment())
