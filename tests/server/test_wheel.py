"""The wheel, installed into an empty environment elsewhere, serves every page by itself."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import httpx
import pytest
from packaging.requirements import Requirement
from tests.support.build_once import once

# To build and to install take their time where much else runs.
pytestmark = pytest.mark.timeout(300)

ROOT = Path(__file__).resolve().parents[2]


def built(folder: Path, **environment: str) -> Path:
    """The wheel of a copy: setuptools builds in the folder itself, which other tests read and
    build too.
    """
    source = folder / "source"
    left_out = shutil.ignore_patterns("__pycache__", "*.egg-info", "*.so", "node_modules")
    for name in ("src", "web"):
        shutil.copytree(ROOT / name, source / name, ignore=left_out)
    for name in ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    # By what requirements-build.lock installed here, which is what pyproject.toml requires.
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation"]
    build += ["--outdir", str(folder), str(source)]
    done = subprocess.run(
        build, capture_output=True, text=True, cwd=folder, env=os.environ | environment
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return next(once(tmp_path_factory, "wheel", built).glob("*.whl"))


def test_the_wheel_holds_every_page_file_and_migration(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    folders = [
        (f"web/{name}", f"farmlive/web/{name}") for name in ("templates", "static", "locale")
    ]
    for folder, package in (*folders, ("src/farmlive", "farmlive")):
        for path in (ROOT / folder).rglob("*"):
            if (
                path.is_file()
                and "__pycache__" not in path.parts
                and path.suffix not in (".c", ".h", ".so")
            ):
                assert f"{package}/{path.relative_to(ROOT / folder)}" in names
    assert not [name for name in names if name.endswith((".c", ".h"))]
    # The tools of the front end are none of its files.
    web = {name.split("/")[2] for name in names if name.startswith("farmlive/web/")}
    assert web == {"__init__.py", "templates", "static", "locale"}


def test_one_wheel_with_the_engine_in_c_serves_every_python(wheel: Path) -> None:
    assert "-cp311-abi3-linux" in wheel.name
    with zipfile.ZipFile(wheel) as archive:
        assert "farmlive/media/engine/native/_native.abi3.so" in archive.namelist()


def test_without_a_compiler_the_wheel_is_pure(tmp_path: Path) -> None:
    wheel = built(tmp_path, PATH=str(Path(sys.executable).parent))
    assert wheel.name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert not [name for name in archive.namelist() if name.endswith((".so", ".c", ".h"))]


def locked(name: str) -> dict[str, list[str]]:
    """What a lock file lists: its requirements, each with its hashes."""
    listed: dict[str, list[str]] = {}
    for line in (ROOT / name).read_text().splitlines():
        if line and line[0] not in " #":
            hashes = listed[line.rstrip(" \\")] = []
        elif "--hash=" in line:
            hashes.append(line.strip(" \\"))
    return listed


def test_what_is_installed_for_tests_is_what_users_install() -> None:
    """Thus `scripts/test`, which installs one lock file, tries the other."""
    tests = locked("requirements-dev.lock")
    by_pin = {requirement.partition(" ;")[0]: hashes for requirement, hashes in tests.items()}
    for requirement, hashes in locked("requirements.lock").items():
        assert by_pin[requirement.partition(" ;")[0]] == hashes
        assert hashes


def test_what_builds_it_is_pinned_and_has_hashes() -> None:
    build = locked("requirements-build.lock")
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert list(build) == pyproject["build-system"]["requires"]
    assert all(build.values())
    # Nothing of farmlive is fetched by another way: pip's build of it installs nothing.
    for name in ("scripts/environment.sh", "docs/operator.md"):
        installs = re.findall(r"pip.* install .*--no-deps .*", (ROOT / name).read_text())
        assert installs
        assert all("--no-build-isolation" in each for each in installs)


def link_what_users_install(packages: Path) -> None:
    """Put there what requirements.lock lists, and nothing else, from the tests' own environment."""
    for line in locked("requirements.lock"):
        requirement = Requirement(line)
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        found = distribution(requirement.name)
        assert requirement.specifier.contains(found.version)
        for part in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
            place = packages / part
            if not place.exists():
                place.symlink_to(Path(str(found.locate_file(part))))


def test_the_wheel_serves_from_any_folder(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "environment"
    venv.create(home)
    python = home / "bin" / "python"
    packages = next(home.glob("lib/python*/site-packages"))
    link_what_users_install(packages)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python)]
    # Little of it is imported: Python compiles that when it comes to it.
    install = [*pip, "install", "-q", "--no-compile", "--no-deps", str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    # What the wheel requires is there.
    subprocess.run([*pip, "check"], check=True, capture_output=True)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "FARMLIVE"))}
    environment |= {"FARMLIVE_DATA": str(tmp_path / "data"), "FARMLIVE_PORT": "0"}
    environment |= {"FARMLIVE_UDP_PORT": "0", "FARMLIVE_UDP_ADDRESSES": "127.0.0.1"}
    environment |= {"FARMLIVE_ENGINE": "native"}
    with subprocess.Popen(
        [str(home / "bin" / "farmlive"), "serve"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            said = ""
            while not (found := re.search(r"Serving (http\S+)", said)):
                line = process.stdout.readline()
                assert line, f"the server ended: {said}"
                said += line
            assert said.endswith("with the native engine\n")
            page = httpx.get(f"{found[1]}/", headers={"Accept": "text/html"})
            assert page.status_code == 200
            assert "<html" in page.text
            for asset in re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text):
                assert httpx.get(found[1] + asset).status_code == 200
        finally:
            process.terminate()
            assert process.wait(20) == 0
