"""Any bytes from the network: each parser takes them or raises the one error that it documents.

In the suite a short run with the same examples each time. To look for new ones, with
one core and for about ten minutes:

    ./scripts/test tests/fuzz --hypothesis-profile=long -n 0

What it finds is kept in .hypothesis and tried first the next time; put it right, and make a plain
test of it beside the module's others. `record` says how the corpus is made.
"""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]

settings.register_profile(
    "fuzz",
    max_examples=100,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=_SLOW,
)
settings.register_profile("long", max_examples=6_000, deadline=None, suppress_health_check=_SLOW)


@pytest.fixture(scope="module", autouse=True)
def profile(request: pytest.FixtureRequest) -> Iterator[None]:
    """The short profile, where the command line names no other; other folders keep theirs."""
    before = settings.get_current_profile_name()
    if not request.config.getoption("--hypothesis-profile"):
        settings.load_profile("fuzz")
    yield
    settings.load_profile(before)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A long run takes its time."""
    if config.getoption("--hypothesis-profile") == "long":
        for item in items:
            if "fuzz" in item.path.parts:
                item.add_marker(pytest.mark.timeout(0))
