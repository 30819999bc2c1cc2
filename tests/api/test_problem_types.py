"""A problem's `type` says what it is (RFC 9457, section 3.1.1), so that no two share one."""

import ast
import importlib
from collections import Counter
from pathlib import Path

import pytest

import farmlive.app
from farmlive import media
from farmlive.media.wire.errors import BY_SLUG, HolderAway, SessionGone
from farmlive.nodes.forwarding import _problem
from farmlive.operations.routes import _describe
from farmlive.problems import Problem, TooMany, UnknownSource, statuses, types
from farmlive.store.failures import CommitUnknown

ALL = [kind for kind in types() if kind.__module__.startswith(f"{farmlive.__name__}.")]


def test_no_two_problems_have_one_type() -> None:
    times = Counter(kind.slug for kind in ALL)
    assert len(times) > 100
    assert {slug for slug, found in times.items() if found > 1} == set()


def test_a_type_that_is_answered_with_two_statuses_has_one_title_and_names_both() -> None:
    again = [kind for kind in ALL if len(statuses(kind)) > 1]
    assert {kind.slug: statuses(kind) for kind in again} == {
        "unknown-centre": [404, 422],
        "unknown-farm": [404, 422],
        "unknown-offer": [404, 422],
        "unknown-photo": [404, 422],
        "unknown-product": [404, 422],
    }
    for kind in again:
        assert {each.title for each in kind.__subclasses__()} == {kind.title}
        assert f"/problems/{kind.slug} (404, 422)" in _describe(kind)


def module_of(file: Path) -> str:
    inside = file.relative_to(Path(media.__file__).parent).with_suffix("")
    return ".".join((media.__name__, *inside.parts))


def test_all_that_media_raises_is_known_to_a_server_that_forwards() -> None:
    raised = {
        getattr(importlib.import_module(module_of(file)), node.exc.func.id, None)
        for file in Path(media.__file__).parent.rglob("*.py")
        # What routes refuse stays there.
        if file.name != "__init__.py" and not file.name.endswith("routes.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and isinstance(node.exc.func, ast.Name)
    }
    problems = raised & set(ALL)
    assert len(problems) > 8
    assert problems - set(BY_SLUG.values()) == set()
    own = [kind for kind in ALL if kind.__module__ == SessionGone.__module__]
    assert [kind for kind in own if BY_SLUG.get(kind.slug) is not kind] == []


@pytest.mark.parametrize(
    ("slug", "kind"),
    [
        ("unknown-session", SessionGone),
        ("unknown-source", UnknownSource),
        ("too-many-requests", TooMany),
        (CommitUnknown.slug, CommitUnknown),
        ("wrong-password", HolderAway),
        ("of-a-later-release", HolderAway),
    ],
)
def test_what_the_holder_raised_is_raised_here(slug: str, kind: type[Problem]) -> None:
    problem = _problem(slug, "Begin anew.", {"Retry-After": "3"}, {"source": "a"})
    assert type(problem) is kind
    assert problem.body()["source"] == "a"
    assert (problem.detail, problem.headers) == ("Begin anew.", {"Retry-After": "3"})
