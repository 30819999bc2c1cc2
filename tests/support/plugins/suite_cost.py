"""Keeps low what each test costs besides what it does: garbage collection, and the schemas of a
server's routes. Tests see no difference; servers in processes of their own have neither.
"""

import gc
from collections.abc import Callable
from typing import Any

import pydantic
from fastapi._compat import v2
from fastapi.dependencies import models, utils

# A process holds half a million objects once the tests are imported, and a full collection looks at
# each. These thresholds let it import them without one.
_EVERY = (50_000, 20, 50)

# FastAPI keeps the functions of the last 4,096 routes, and by their closures some twenty servers of
# earlier tests, of 47,000 objects each.
_OF_ROUTES = [each for each in vars(models).values() if hasattr(each, "cache_clear")]

# Parameters whose annotation is made anew for each server are never found again.
_MOST = 10_000


def _keep(made: dict[Any, Any], key: Any, value: Any) -> None:
    if len(made) >= _MOST:
        made.clear()
    made[key] = value


def collect_seldom() -> None:
    """Let the garbage collector run as often as it must with many objects."""
    gc.set_threshold(*_EVERY)


def keep_what_is_imported() -> None:
    """Let it pass by all that the process holds for good."""
    gc.collect()
    gc.freeze()


def forget_servers() -> None:
    """Let go of the servers of the test before."""
    for cache in _OF_ROUTES:
        cache.cache_clear()


def share_schemas() -> None:
    """Let FastAPI's fields of the same type and constraints share their schema, whatever server
    they are of: to make those of all routes is half of what a server's start costs.
    """
    make = pydantic.TypeAdapter
    made: dict[Any, Any] = {}

    def shared(annotation: Any, *, config: Any = None) -> Any:
        kind = getattr(annotation, "__origin__", annotation)
        details = repr((kind, getattr(annotation, "__metadata__", ()), config))
        try:
            known = made.get((kind, details))
        except TypeError:  # the type has no hash
            return make(annotation, config=config)
        if known is None:
            known = make(annotation, config=config)
            _keep(made, (kind, details), known)
        return known

    vars(v2)["TypeAdapter"] = shared


def share_fields() -> None:
    """Let parameters of the same name, type and default share what FastAPI reads from them,
    whatever route of whatever server they are of.
    """
    read: Callable[..., Any] = utils.analyze_param
    made: dict[Any, Any] = {}

    def shared(*, param_name: str, annotation: Any, value: Any, path_param_names: set[str]) -> Any:
        whole = (param_name, annotation, type(value), value, param_name in path_param_names)
        parts: tuple[Any, ...] = whole
        try:
            known = made.get(parts)
        except TypeError:  # the type or the default has no hash
            known, parts = None, ()
        if known is None:
            known = read(
                param_name=param_name,
                annotation=annotation,
                value=value,
                path_param_names=path_param_names,
            )
            if parts and known.field is not None:  # else it is another thing of each server
                _keep(made, parts, known)
        return known

    utils.analyze_param = shared


def pytest_collection_finish() -> None:
    """What was imported stays."""
    keep_what_is_imported()


def pytest_runtest_logfinish() -> None:
    """Let go of what the test left: nothing holds its servers any more."""
    forget_servers()


collect_seldom()
share_schemas()
share_fields()
