"""The name of an account, for lists of other rooms that show who did something."""

from typing import Any

from sqlalchemy import ColumnElement, select

from farmlive.people.core import tables


def display_name(account: ColumnElement[Any]) -> ColumnElement[str]:
    """Return SQL for the display name of the account whose id a column has; NULL without one."""
    accounts = tables.accounts
    named = select(accounts.c.display_name).where(accounts.c.id == account)
    return named.correlate_except(accounts).scalar_subquery()
