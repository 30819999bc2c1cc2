"""Puts measured figures into the documents: docs/figures holds results and templates of tables.

`NAME.json` is the output of a bench. `NAME.md.j2` is a Jinja template that reads the results as
`figures`; its output stands in one document, between the comments `<!-- figures/NAME: … -->` and
`<!-- /figures -->`. So no figure is typed into a document, and each table says by which command, at
which commit and on which machine it was measured.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError

# Metadata that every result carries; `scripts/bench` writes them.
PROVENANCE = ("command", "commit", "machine")
BLOCK = re.compile(
    r"(?P<head><!-- figures/(?P<name>[\w-]+): [^>]*-->\n)(?P<text>.*?)(?P<foot><!-- /figures -->)",
    re.DOTALL,
)


def number(value: float, digits: int = 0) -> str:
    """Format a number with thousands separators and this many decimals."""
    return f"{float(value):,.{digits}f}"


def provenance(result: dict[str, Any], name: str) -> str:
    """Say by which command, at which commit and on which machine a result was measured."""
    machine = result["machine"]
    kernel = ".".join(machine["kernel"].split(".")[:2])
    return (
        f"`{result['command']}` at commit `{result['commit'][:8]}`, on {machine['cores']} cores of "
        f"{machine['cpu'].replace('(R)', '').strip()}, Linux {kernel}, Python {machine['python']}: "
        f"[{name}.json](figures/{name}.json)"
    )


def results(folder: Path) -> dict[str, dict[str, Any]]:
    """Read the results, by the name of their file."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


def rendered(text: str, folder: Path) -> str:
    """Return a document with its blocks of figures rendered anew.

    TemplateError where a template names a figure that its result does not have.
    """
    environment = Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    measured = results(folder)
    environment.globals["zip"] = zip
    environment.filters["n"] = number
    environment.globals["figures"] = measured
    environment.globals["by"] = lambda name: provenance(measured[name], name)

    def render(block: re.Match[str]) -> str:
        template = environment.get_template(f"{block['name']}.md.j2")
        return f"{block['head']}\n{template.render().strip()}\n\n{block['foot']}"

    return BLOCK.sub(render, text)


def differences(documents: Iterable[Path], folder: Path) -> list[str]:
    """Name the stale blocks, unused figures, and results without provenance."""
    wrong, blocks = [], []
    for document in documents:
        text = document.read_text()
        blocks += [block["name"] for block in BLOCK.finditer(text)]
        try:
            if rendered(text, folder) != text:
                wrong.append(f"figures in {document.name} are stale: ./scripts/check --fix")
        except TemplateError as error:
            wrong.append(f"figures in {document.name} can't be rendered: {error!r}")
        if re.search(r"^ *```json\n[^`]*\"commit\":", text, re.MULTILINE):
            wrong.append(f"{document.name} has a bench's JSON: move it into {folder.name}/")
    templates = {path.name.removesuffix(".md.j2"): path for path in folder.glob("*.md.j2")}
    for name in sorted(set(templates) - set(blocks)):
        wrong.append(f"no document shows {folder.name}/{name}.md.j2")
    sources = "".join(path.read_text() for path in templates.values())
    for name, result in results(folder).items():
        if lacking := [key for key in PROVENANCE if not result.get(key)]:
            wrong.append(f"{folder.name}/{name}.json has no {', '.join(lacking)}")
        if result.get("uncommitted"):
            wrong.append(f"{folder.name}/{name}.json was measured with uncommitted changes")
        if not re.search(rf"figures(\.{name}\b|\[\"{name}\"\])", sources):
            wrong.append(f"no template reads {folder.name}/{name}.json")
    return wrong
