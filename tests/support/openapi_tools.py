"""The kept tools that read an OpenAPI document: a validator and a generator of clients.

They are installed into a folder of their own, by requirements-openapi.lock: the generator wants an
older Typer than farmlive.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

LOCK = Path(__file__).parents[2] / "requirements-openapi.lock"
_RUN = """
import runpy, sys
sys.path.insert(0, sys.argv.pop(1))
module = sys.argv.pop(1)
sys.argv[0] = module
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""


def installed() -> Path:
    """Return the folder with the tools; they are installed once a lock and version of Python."""
    version = ".".join(map(str, sys.version_info[:2]))
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]
    path = Path(sys.prefix) / "openapi-tools" / f"{version}-{digest}"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        made = tempfile.mkdtemp(dir=path.parent)
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        pip.append("--no-warn-conflicts")  # they are not installed beside farmlive
        hashed = ["--require-hashes", "--only-binary", ":all:", "--target", made, "-r", str(LOCK)]
        subprocess.run([*pip, *hashed], check=True)
        try:
            Path(made).rename(path)
        except OSError:  # another process was first
            shutil.rmtree(made)
    return path


def run(module: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a module of the tools."""
    return subprocess.run(
        [sys.executable, "-I", "-c", _RUN, str(installed()), module, *words],
        capture_output=True,
        text=True,
        timeout=100,
    )
