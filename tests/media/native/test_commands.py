"""The queue of what Python asks: nothing of a command, which may hold keys, is left behind."""

import subprocess
from pathlib import Path

import pytest
from tests.media.native.compiling import compiled


def test_a_command_is_wiped_however_it_goes(tmp_path_factory: pytest.TempPathFactory) -> None:
    driver = [Path(__file__).with_name("commands_driver.c")]
    flags = ("-Dfree=look", "-pthread")
    program = compiled(tmp_path_factory, "commands_driver", driver, ["commands"], *flags)
    ran = subprocess.run([program], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["ran", "wiped", "ran", "wiped", "wiped", "wiped"]
