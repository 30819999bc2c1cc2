"""Viewers come, move and go while threads send: under the sanitizers."""

import subprocess
from pathlib import Path

import pytest
from tests.media.native.senders_at_work import compile_with, compiler

SANITIZERS = ("thread", "address,undefined")


@pytest.fixture(scope="module", params=SANITIZERS)
def stress(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stress")
    sanitized = f"-fsanitize={request.param}"
    probe = folder / "probe.c"
    probe.write_text("int main(void) { return 0; }\n")
    if subprocess.run([compiler(), sanitized, "-o", folder / "probe", probe]).returncode:
        pytest.skip(f"this compiler has no {sanitized}")
    program = folder / "stress"
    compile_with("senders_stress.c", program, sanitized, "-fno-sanitize-recover=all")
    return program


@pytest.mark.parametrize("threads", [0, 1, 2, 3])
def test_no_race_and_no_leak(stress: Path, threads: int) -> None:
    done = subprocess.run([stress, str(threads)], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
