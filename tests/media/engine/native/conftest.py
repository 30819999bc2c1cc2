"""The parts of the native engine that decide by their arguments alone, as functions to call.

In the suite a short run with the same examples each time. To look for new ones:

    ./scripts/test tests/fuzz tests/media/engine/native --hypothesis-profile=long -n 0
"""

import ctypes
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings
from tests.media.engine.native.support.compiling import DRIVERS, LIBRARY, compiled

if TYPE_CHECKING:
    from tests.media.engine.native.output.sending_twins import Twins
    from tests.media.engine.native.support.stepped_engine import Hand

# What needs no sockets, no threads and no Python.
PURE = (
    "address", "codecs", "delay_proof", "disposable", "disposable_frames", "framing", "h264",
    "layer_probe", "layer_select", "link_estimate", "pace", "packet_train", "picture_id",
    "quality_ladder", "queue_meter", "red", "repair_budget", "ring", "rtcp", "rtcp_write", "rtp",
    "rtp_rewrite", "sha1", "shared_delay", "srtp", "stun", "transport_cc",
)  # fmt: skip

# What decides what viewers of an output are sent.
OUTGOING = (
    "catch_up", "codecs", "delay_proof", "disposable", "disposable_frames", "epoch", "feedback",
    "forwarder",
    "h264", "health_meter", "layer_probe", "layer_select", "link_estimate", "output", "pace",
    "packet_batch", "packet_train", "picture_id", "publisher", "quality_ladder", "queue_meter",
    "receiver", "red", "repair_budget", "ring", "rtcp", "rtcp_write", "rtp", "rtp_rewrite", "rtx",
    "rung_select", "sending", "shared_delay", "slow_viewer", "sound", "splice", "track",
    "track_demux", "track_select", "transport_cc", "viewer", "viewer_feedback",
)  # fmt: skip

settings.register_profile(
    "native",
    max_examples=200,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The short profile where the command line names none, and time for a long one."""
    here = Path(__file__).parent
    ours = [
        item for item in items if isinstance(item, pytest.Function) and here in item.path.parents
    ]
    if not config.getoption("--hypothesis-profile"):
        short = settings.get_profile("native")
        for test in {item.function for item in ours if is_hypothesis_test(item.function)}:
            short(test)
    else:
        for item in ours:
            item.add_marker(pytest.mark.timeout(0))


@pytest.fixture(scope="session")
def native(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    library = compiled(tmp_path_factory, "pure.so", [], PURE, *LIBRARY, "-Wl,-z,defs")
    return ctypes.CDLL(str(library))


@pytest.fixture
def hand() -> "Hand":
    """The engine in C by hand; only where it was built."""
    from tests.media.engine.native.support.stepped_engine import Hand

    return Hand()


@pytest.fixture(scope="session")
def sending_driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    names = ("sending_driver", "sending_state", "plain_senders")
    driver = [DRIVERS / f"{name}.c" for name in names]
    return compiled(tmp_path_factory, "sending_driver", driver, OUTGOING)


@pytest.fixture
def twins(sending_driver: Path, monkeypatch: pytest.MonkeyPatch) -> "Twins":
    """An output in Python and one in C, which are told the same."""
    from tests.media.engine.native.output.sending_twins import Twins

    twins = Twins(sending_driver, monkeypatch)
    twins.output()
    return twins
