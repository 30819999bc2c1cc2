"""The queue of what Python asks: nothing of a command, which may hold keys, is left behind."""

import subprocess

import pytest
from tests.media.engine.native.support.compiling import DRIVERS, compiled


def test_a_command_is_wiped_however_it_goes(tmp_path_factory: pytest.TempPathFactory) -> None:
    driver = [DRIVERS / "commands_driver.c"]
    flags = ("-Dfree=look", "-pthread")
    program = compiled(tmp_path_factory, "commands_driver", driver, ["commands"], *flags)
    ran = subprocess.run([program], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["ran", "wiped", "ran", "wiped", "wiped", "wiped"]
