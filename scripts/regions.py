"""Updates web/static/vendor/area-data: the divisions of China, in Chinese and in English.

`python -m scripts.regions 2.1.0` fetches that version of npm's @vant/area-data with npm and writes
regions.json and its LICENSE; the version is then to be named in the README beside it. With it or
without, regions.en.json is made of regions.json: pip fetches pypinyin for that.
"""

import importlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

from scripts import region_names

FOLDER = Path(__file__).resolve().parent.parent / "web/static/vendor/area-data"
PYPINYIN = (
    "pypinyin==0.55.0 --hash=sha256:"
    "d53b1e8ad2cdb815fb2cb604ed3123372f5a28c6f447571244aca36fc62a286f"
)
_NAMED = re.compile(r'\b(\d{6}): ("(?:[^"\\]|\\.)*")')


def regions(source: str) -> dict[str, str]:
    """Return the divisions of the package's module by their codes, in order."""
    found = {code: json.loads(name) for code, name in _NAMED.findall(source)}
    return dict(sorted(found.items()))


def fetch(version: str) -> dict[str, str]:
    """Return the divisions of a version of the package; writes its licence."""
    with tempfile.TemporaryDirectory() as folder:
        fetch = ["npm", "pack", "--silent", "--pack-destination", folder]
        subprocess.run([*fetch, f"@vant/area-data@{version}"], check=True)
        with tarfile.open(next(Path(folder).glob("*.tgz"))) as packed:
            files = {
                name: packed.extractfile(f"package/{name}").read().decode()  # type: ignore[union-attr]
                for name in ("dist/index.js", "LICENSE")
            }
    (FOLDER / "LICENSE").write_text(files["LICENSE"].strip() + "\n", "utf-8")
    return regions(files["dist/index.js"])


def in_english(found: Mapping[str, str]) -> dict[str, str]:
    """Return the English names of these divisions."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder, "requirements.txt")
        wanted.write_text(PYPINYIN + "\n", "utf-8")
        fetch = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder]
        subprocess.run([*fetch, "--require-hashes", "-r", str(wanted)], check=True)
        sys.path.insert(0, folder)
        spelt = importlib.import_module("pypinyin").lazy_pinyin
        return region_names.names(found, lambda name: spelt(name, v_to_u=True))


def write(name: str, found: Mapping[str, str]) -> None:
    """Write one of the files."""
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    (FOLDER / name).write_text(text + "\n", "utf-8")
    print(f"{name}: {len(found)} divisions, {len(text.encode())} bytes")


def main() -> None:
    """Write the files for the named version, or for the present one."""
    if len(sys.argv) > 2 or (len(sys.argv) == 2 and not sys.argv[1][0].isdigit()):
        sys.exit(__doc__)
    if len(sys.argv) == 2:
        write("regions.json", fetch(sys.argv[1]))
    write("regions.en.json", in_english(json.loads((FOLDER / "regions.json").read_text("utf-8"))))


if __name__ == "__main__":
    main()
