"""The bill of materials: whole, true of what is installed, and the same each time."""

import json
import os
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name
from scripts.sbom import ROOT, licences, locked, require_named


def bill(**environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.sbom"],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def installed_for(
    name: str, found: dict[NormalizedName, str], extras: frozenset[str] = frozenset()
) -> None:
    """Gather the versions of what is installed here for a distribution to run."""
    for each in distribution(name).requires or ():
        need = Requirement(each)
        wanted = [{"extra": extra} for extra in extras or ("",)]
        if need.marker is not None and not any(need.marker.evaluate(one) for one in wanted):
            continue
        key = canonicalize_name(need.name)
        if key not in found or need.extras:
            found[key] = distribution(need.name).version
            installed_for(need.name, found, frozenset(need.extras))


def test_it_lists_what_is_installed_and_each_file_by_its_hash() -> None:
    told = json.loads(bill())
    assert (told["bomFormat"], told["specVersion"]) == ("CycloneDX", "1.6")
    listed = {canonicalize_name(each["name"]): each for each in told["components"]}
    found: dict[NormalizedName, str] = {}
    installed_for("farmlive", found)
    assert len(found) > 30
    required = {
        name: each["version"] for name, each in listed.items() if each["scope"] == "required"
    }
    assert found == {name: required.get(name) for name in found}
    scopes = [listed[canonicalize_name(name)]["scope"] for name in ("ruff", "setuptools")]
    assert scopes == ["excluded", "excluded"]
    for each in listed.values():
        files = each.get("externalReferences") or each["components"]
        assert all(hashed["content"] for file in files for hashed in file["hashes"])
    # Who requires whom, from the program down.
    needs = {each["ref"]: each.get("dependsOn", []) for each in told["dependencies"]}
    assert "pypi:fastapi" in needs["farmlive"]
    assert "npm:uplot" in needs["farmlive"]
    assert "pypi:starlette" in needs["pypi:fastapi"]


def test_the_same_commit_gives_the_same_bill_and_another_time_another_number() -> None:
    first = bill(SOURCE_DATE_EPOCH="1800000000")
    assert first == bill(SOURCE_DATE_EPOCH="1800000000")
    other = bill(SOURCE_DATE_EPOCH="1800000001")
    numbers = {json.loads(each)["serialNumber"] for each in (first, other)}
    assert len(numbers) == 2
    assert json.loads(first)["metadata"]["timestamp"] == "2027-01-15T08:00:00+00:00"


def test_a_licence_of_something_that_nobody_named_is_found(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    require_named(tmp_path)
    (tmp_path / "new" / "LICENSE").write_text("MIT")
    with pytest.raises(ValueError, match="name it in PARTS"):
        require_named(tmp_path)


def test_what_is_installed_in_another_version_than_locked_gives_no_bill() -> None:
    with pytest.raises(ValueError, match="0 is locked"):
        licences("pytest", "0")


def test_a_lock_is_read_with_markers_hashes_and_who_requires() -> None:
    (colour, of_two) = locked(
        "# by a program\n"
        "colorama==0.4.6 ; sys_platform == 'win32' \\\n"
        f"    --hash=sha256:{'a' * 64} \\\n"
        f"    --hash=sha256:{'b' * 64}\n"
        "    # via click\n"
        f"psycopg[binary]==3.3.9 \\\n    --hash=sha256:{'c' * 64}\n"
        "    # via\n    #   farmlive (pyproject.toml)\n    #   other\n"
    )
    assert (colour.name, colour.version) == ("colorama", "0.4.6")
    assert colour.marker == "sys_platform == 'win32'"
    assert colour.hashes == ["a" * 64, "b" * 64]
    assert colour.wanted_by == ["click"]
    assert (of_two.name, of_two.wanted_by) == ("psycopg", ["farmlive (pyproject.toml)", "other"])
