"""A relay behind HTTP on loopback, for whatever asks for `media`, on each engine."""

import pytest
from tests.media.support.media_server import media, times
from tests.support.plugins.engines import engines

__all__ = ["media", "times"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Whatever has a relay runs on each engine."""
    if "engine_name" in metafunc.fixturenames:
        metafunc.parametrize("engine_name", engines, indirect=True)
