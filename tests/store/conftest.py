"""A database that nobody else writes to."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from tests.store.newer_farmlive import writer_of

from farmlive.settings import Settings


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    """The engine that a server writes with, on a database as it is before its first start."""
    settings.data.mkdir()
    with writer_of(settings) as engine:
        yield engine
