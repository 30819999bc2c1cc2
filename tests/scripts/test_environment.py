"""The environment that each command makes: by real venv and pip, from wheels of the test's own."""

import hashlib
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

from scripts.sbom import ROOT

# Builds farmlive's own wheel: one module and one command.
BACKEND = """
import zipfile

FILES = {
    "farmlive.py": "def main(): pass",
    "farmlive-0.1.dist-info/METADATA": "Metadata-Version: 2.1\\nName: farmlive\\nVersion: 0.1\\n",
    "farmlive-0.1.dist-info/WHEEL": "Wheel-Version: 1.0\\nTag: py3-none-any\\n",
    "farmlive-0.1.dist-info/entry_points.txt": "[console_scripts]\\nfarmlive = farmlive:main\\n",
    "farmlive-0.1.dist-info/RECORD": "",
}

def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "farmlive-0.1-py3-none-any.whl"
    with zipfile.ZipFile(f"{folder}/{name}", "w") as wheel:
        for file, text in FILES.items():
            wheel.writestr(file, text)
    return name
"""
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


class Project:
    """A project with lock files, beside a folder of wheels that stands for PyPI."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.wheels = folder / "project", folder / "wheels"
        (self.folder / "scripts").mkdir(parents=True)
        self.wheels.mkdir()
        shutil.copy(ROOT / "scripts" / "environment.sh", self.folder / "scripts")
        (self.folder / "backend.py").write_text(BACKEND)
        (self.folder / "pyproject.toml").write_text(PROJECT)
        self.lock("requirements-build.lock", builder="1")

    def lock(self, name: str, **versions: str) -> None:
        """Write a lock file of these packages, which are to be had."""
        lines = [self._wheel(package, version) for package, version in versions.items()]
        (self.folder / name).write_text("".join(lines))

    def _wheel(self, name: str, version: str) -> str:
        path = self.wheels / f"{name}-{version}-py3-none-any.whl"
        about = f"{name}-{version}.dist-info"
        files = {
            f"{name}.py": "",
            f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
            f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        with zipfile.ZipFile(path, "w") as wheel:
            for file, text in files.items():
                wheel.writestr(zipfile.ZipInfo(file), text)
            wheel.writestr(zipfile.ZipInfo(f"{about}/RECORD"), "")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        return f"{name}=={version} --hash=sha256:{digest}\n"

    def install(self, lock: str) -> str:
        """Return what `packages` says, an error or nothing."""
        environment = os.environ | {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.wheels)}
        done = subprocess.run(
            ["bash", "-c", f"set -euo pipefail; . scripts/environment.sh; packages {lock}"],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.stdout == ""
        assert bool(done.returncode) == ("✗" in done.stderr), done.stderr
        return done.stderr

    def installed(self) -> dict[str, str]:
        """Return the packages in the environment by name."""
        site = next((self.folder / ".venv" / "lib").glob("python*/site-packages"))
        names = (path.name for path in site.glob("*.dist-info"))
        pairs = (name.removesuffix(".dist-info").split("-") for name in names)
        return {name: version for name, version in pairs if name not in ("pip", "setuptools")}


def test_an_environment_holds_what_the_lock_file_lists(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.lock("requirements.lock", bread="1")
    project.lock("requirements-dev.lock", bread="1", knife="1")
    ours = {"farmlive": "0.1", "builder": "1"}

    assert "installing 2 packages" in project.install("requirements-dev.lock")
    assert project.installed() == {**ours, "bread": "1", "knife": "1"}
    assert project.install("requirements-dev.lock") == ""
    # It serves for the other lock file, too.
    assert project.install("requirements.lock") == ""

    # What an install of a later revision replaced, one of the revision before puts back.
    project.lock("requirements.lock", bread="2")
    project.lock("requirements-dev.lock", bread="2", knife="2")
    assert "installing 1 packages" in project.install("requirements.lock")
    assert project.installed()["bread"] == "2"
    assert project.install("requirements.lock") == ""
    project.lock("requirements.lock", bread="1")
    project.lock("requirements-dev.lock", bread="1", knife="1")
    assert "installing" in project.install("requirements-dev.lock")
    assert project.installed()["bread"] == "1"

    # An install that failed may have replaced packages before it did: nothing says what is there.
    project.lock("requirements-dev.lock", bread="2", knife="2")
    next(project.wheels.glob("knife-2-*")).unlink()
    assert "pip could not install" in project.install("requirements-dev.lock")
    assert list((project.folder / ".venv").glob("*.stamp")) == []


def test_only_missing_programs_are_installed_and_once(tmp_path: Path) -> None:
    """With an apt-get that installs each package as a program of its name."""
    bin_, log = tmp_path / "bin", tmp_path / "log"
    bin_.mkdir()
    for name, text in {
        "apt-get": f"for each; do case $each in *-package) "
        f'touch {bin_}/"${{each%-package}}"; chmod 755 {bin_}/"${{each%-package}}";; esac; done; '
        f'echo "$@" >>{log}',
        "sudo": 'exec "$@"',
    }.items():
        (bin_ / name).write_text(f"#!/bin/sh\n{text}\n")
        (bin_ / name).chmod(0o755)
    wanted = "programs sh:shell north:north-package south:south-package"
    for _ in range(2):
        subprocess.run(
            ["bash", "-c", f"set -euo pipefail; . scripts/environment.sh; {wanted}"],
            cwd=ROOT,
            env=os.environ | {"PATH": f"{bin_}:{os.environ['PATH']}"},
            check=True,
        )
    assert log.read_text().splitlines() == [
        "update -qq",
        "install -y -qq --no-install-recommends north-package south-package",
    ]


def test_the_tools_of_the_pages_are_installed_once_a_lock(tmp_path: Path) -> None:
    """With an npm that notes how it is called, and a node of a version."""
    lock, log = tmp_path / "web" / "package-lock.json", tmp_path / "log"
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "environment.sh", tmp_path / "scripts")
    (tmp_path / "web" / "node_modules").mkdir(parents=True)
    (tmp_path / "bin").mkdir()

    def program(name: str, text: str) -> None:
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / "bin" / name).chmod(0o755)

    def run() -> str:
        done = subprocess.run(
            ["bash", "-c", "set -euo pipefail; . scripts/environment.sh; web_tools"],
            cwd=tmp_path,
            env=os.environ | {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
        )
        assert bool(done.returncode) == ("✗" in done.stderr), done.stderr
        return done.stderr

    program("node", '[ "$1" = --version ] && echo v18.0.0 || true')
    program("npm", f'echo "$@" >>{log}')
    for text, calls in (("one", 1), ("one", 1), ("two", 2), ("two", 2)):
        lock.write_text(text)
        run()
        assert len(log.read_text().splitlines()) == calls
    assert log.read_text().startswith("ci --ignore-scripts ")

    # What failed is tried again, and a Node.js that is too old is named.
    lock.write_text("three")
    program("npm", "exit 1")
    assert "npm could not install web/package-lock.json" in run()
    assert "npm could not install web/package-lock.json" in run()
    program("node", '[ "$1" = --version ] && echo v16.1.0')
    assert "Node.js 18 or newer; found v16.1.0" in run()


def test_without_a_network_the_check_names_what_is_missing(tmp_path: Path) -> None:
    for name in ("bash", "sha256sum", "cut", "cat", "id"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    for name, status in (("apt-get", 1), ("sudo", 1)):
        (tmp_path / name).write_text(f"#!{shutil.which('bash')}\nexit {status}\n")
        (tmp_path / name).chmod(0o755)
    done = subprocess.run(
        [
            str(tmp_path / "bash"),
            "-c",
            f"set -euo pipefail; . scripts/environment.sh; PATH={tmp_path}; web_tools",
        ],
        cwd=ROOT,
        env=os.environ,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "this machine lacks nodejs npm" in done.stderr
    assert "✗" in done.stderr
