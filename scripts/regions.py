"""Makes web/static/vendor/area-data/regions.json anew of a version of npm's @vant/area-data.

`python -m scripts.regions 2.1.0` fetches that version with npm and writes the file and its LICENSE;
the version is then to be named in the README beside it.
"""

import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "web/static/vendor/area-data"
_NAMED = re.compile(r'\b(\d{6}): ("(?:[^"\\]|\\.)*")')


def regions(source: str) -> dict[str, str]:
    """The divisions of the package's module by their codes, in order."""
    found = {code: json.loads(name) for code, name in _NAMED.findall(source)}
    return dict(sorted(found.items()))


def main() -> None:
    """Fetch the version that is named and write what is made of it."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        fetch = ["npm", "pack", "--silent", "--pack-destination", folder]
        subprocess.run([*fetch, f"@vant/area-data@{sys.argv[1]}"], check=True)
        with tarfile.open(next(Path(folder).glob("*.tgz"))) as packed:
            files = {
                name: packed.extractfile(f"package/{name}").read().decode()  # type: ignore[union-attr]
                for name in ("dist/index.js", "LICENSE")
            }
    found = regions(files["dist/index.js"])
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    (FOLDER / "regions.json").write_text(text + "\n", "utf-8")
    (FOLDER / "LICENSE").write_text(files["LICENSE"].strip() + "\n", "utf-8")
    print(f"{len(found)} divisions, {len(text.encode())} bytes")


if __name__ == "__main__":
    main()
