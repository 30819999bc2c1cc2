"""docs/asvs.md names what is there, and its sums are those of its rows."""

import re
from collections import Counter
from pathlib import Path

from farmlive.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "asvs.md").read_text("utf-8")
ROW = re.compile(r"^\| (\d+\.\d+\.\d+)(¹?) \| [^|]+ \| \**(holds|partly|no|n/a)\** \| [^|]+ \|$")


def test_what_it_names_is_there() -> None:
    named = set(re.findall(r"`((?:docs|scripts|src|tests)/[^` ]+|[A-Z]+\.md)`", TEXT))
    assert len(named) > 60
    assert not [name for name in sorted(named) if not (ROOT / name).exists()]
    settings = set(re.findall(r"FARMLIVE_([A-Z_]+)", TEXT))
    assert not settings - {name.upper() for name in Settings.model_fields}


def test_it_has_each_requirement_once_and_counts_them() -> None:
    rows = [row.groups() for line in TEXT.splitlines() if (row := ROW.match(line))]
    assert len(rows) == sum(
        line.startswith("| ") and line[2].isdigit() for line in TEXT.splitlines()
    )
    # Of OAuth, which nothing here speaks, one line names all.
    oauth = re.findall(r"\b10\.\d+\.\d+\b", TEXT)
    numbers = [number for number, _, _ in rows] + oauth
    assert len(set(numbers)) == len(numbers) == 253
    counts = Counter(state for _, _, state in rows)
    counts["n/a"] += len(oauth)
    told = re.search(
        r"Of 253 .* (\d+) hold, (\d+) hold in part, (\d+) do not, and (\d+) have", TEXT
    )
    assert told is not None
    assert [int(each) for each in told.groups()] == [
        counts[state] for state in ("holds", "partly", "no", "n/a")
    ]
