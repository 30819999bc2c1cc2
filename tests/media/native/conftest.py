"""The parts of the native engine that decide by their arguments alone, as functions to call.

In the suite a short run with the same examples each time. To look for new ones:

    ./scripts/test tests/fuzz tests/media/native --hypothesis-profile=long -n 0
"""

import ctypes
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings

import farmlive.media

FOLDER = Path(farmlive.media.__file__).parent / "native"
# What needs no sockets, no threads and no Python.
PURE = (
    "address", "codecs", "h264", "layers", "pictures", "red", "rewrite", "rhythm", "ring",
    "rtcp", "rtcp_write", "rtp", "sha1", "srtp", "stun", "transport_cc",
)  # fmt: skip
FLAGS = ["-O1", "-g", "-shared", "-fPIC", "-std=c11", "-D_GNU_SOURCE", "-Wl,-z,defs"]

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
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        pytest.skip("there is no C compiler on this machine")
    library = tmp_path_factory.mktemp("native") / "pure.so"
    sources = [str(FOLDER / f"{name}.c") for name in PURE]
    built = subprocess.run(
        [compiler, *FLAGS, "-o", str(library), *sources, "-lm"], capture_output=True, text=True
    )
    if built.returncode:
        pytest.fail(f"the C files do not compile:\n{built.stderr}", pytrace=False)
    return ctypes.CDLL(str(library))
