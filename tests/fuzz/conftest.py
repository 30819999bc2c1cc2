"""Any bytes from the network: each parser takes them or raises the one error that it documents.

In the suite a short run with the same examples each time. To look for new ones, with
one core and for about ten minutes:

    ./scripts/test tests/fuzz --hypothesis-profile=long -n 0

What it finds is kept in .hypothesis and tried first the next time; put it right, and make a plain
test of it beside the module's others. `record` says how the corpus is made.
"""

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings

_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]

settings.register_profile(
    "fuzz",
    max_examples=100,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=_SLOW,
)
settings.register_profile("long", max_examples=2_000, deadline=None, suppress_health_check=_SLOW)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The short profile where the command line names none, and time for the long one.

    Other folders keep what they have.
    """
    ours = [
        item for item in items if isinstance(item, pytest.Function) and "fuzz" in item.path.parts
    ]
    if not config.getoption("--hypothesis-profile"):
        short = settings.get_profile("fuzz")
        for test in {item.function for item in ours if is_hypothesis_test(item.function)}:
            short(test)
    else:
        for item in ours:
            item.add_marker(pytest.mark.timeout(0))
