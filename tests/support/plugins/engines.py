"""Which engine a server of a test has."""

import importlib
import os

import pytest

# Why there is no engine in C; `scripts/test` demands one.
NO_NATIVE = ""
try:
    importlib.import_module("farmlive.media.engine.native._native")
except ImportError as error:
    if os.environ.get("FARMLIVE_TEST_NATIVE"):
        raise
    NO_NATIVE = f"the engine in C was not built: {error}"


engines = [pytest.param("native", marks=pytest.mark.native), "python"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what needs the engine in C where it was not built."""
    for item in items:
        if item.get_closest_marker("native") and NO_NATIVE:
            item.add_marker(pytest.mark.skip(reason=NO_NATIVE))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test of media on each engine."""
    if metafunc.definition.get_closest_marker("engines"):
        metafunc.parametrize("engine_name", engines, indirect=True)


@pytest.fixture
def engine_name(request: pytest.FixtureRequest) -> str:
    """Which engine a server has: the one that runs by itself, or each where a test has the mark
    `engines`.
    """
    return getattr(request, "param", os.environ.get("FARMLIVE_ENGINE", "auto"))
