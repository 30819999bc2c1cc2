"""Keeps low what each test costs besides what it does: garbage collection, what a server reads
from its routes, templates and files, and what an HTTP client sets up. Tests see no difference;
servers in processes of their own have none of it.
"""

import functools
import gc
import inspect
import ssl
import sys
from collections.abc import Callable
from types import FunctionType, MethodType, SimpleNamespace
from typing import Any

import fastapi.routing
import httpx._transports.default
import pydantic
from fastapi._compat import v2
from fastapi.dependencies import models, utils
from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket

from farmlive.nodes import forwarding
from farmlive.pages.rendering import render, static

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


def _replace(name: str, value: Any, *modules: Any) -> None:
    """Give modules another function of this name: these are private to their packages."""
    for module in modules:
        assert name in vars(module), (module, name)
        setattr(module, name, value)


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

    _replace("TypeAdapter", shared, v2)


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


def share_answers() -> None:
    """Let routes that answer the same share the field that says so, whatever server they are of."""
    make: Callable[..., Any] = vars(utils)["create_model_field"]
    made: dict[Any, Any] = {}

    def shared(name: str, type_: Any, mode: str = "validation", **more: Any) -> Any:
        try:
            known = None if more else made.get((name, type_, mode))
        except TypeError:  # the type has no hash
            return make(name, type_, mode=mode)
        if known is None:
            known = make(name, type_, mode=mode, **more)
            if not more:
                _keep(made, (name, type_, mode), known)
        return known

    _replace("create_model_field", shared, utils, fastapi.routing)


def share_signatures() -> None:
    """Read the parameters of a plain function from the function itself: `inspect.signature` looks
    at all that a callable can be, for each of five hundred functions of a server.
    """
    signature, returned = utils.get_typed_signature, utils.get_typed_return_annotation
    is_gen, is_async_gen = models._is_gen_callable, models._is_async_gen_callable
    undefined = inspect.Parameter.empty

    def is_function(call: Any) -> bool:
        return type(call) is FunctionType and "__wrapped__" not in call.__dict__

    def plain(call: Any) -> bool:
        return (
            is_function(call)
            and "__signature__" not in call.__dict__
            and not call.__code__.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS)
            and not any(isinstance(each, str) for each in call.__annotations__.values())
        )

    def get_typed_signature(call: Any) -> Any:
        bound = type(call) is MethodType
        function = call.__func__ if bound else call
        if not plain(function):
            return signature(call)
        code, given = function.__code__, function.__defaults__ or ()
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        first_default = code.co_argcount - len(given)
        defaults = dict(zip(names[first_default : code.co_argcount], given, strict=True))
        defaults |= function.__kwdefaults__ or {}
        parameters = {
            name: SimpleNamespace(
                annotation=function.__annotations__.get(name, undefined),
                default=defaults.get(name, undefined),
            )
            for name in names[bound:]
        }
        return SimpleNamespace(parameters=parameters)

    def get_typed_return_annotation(call: Any) -> Any:
        return call.__annotations__.get("return") if plain(call) else returned(call)

    def is_gen_callable(call: Any) -> bool:
        if is_function(call):
            return inspect.isgeneratorfunction(call)
        return is_gen(call)

    def is_async_gen_callable(call: Any) -> bool:
        if is_function(call):
            return inspect.isasyncgenfunction(call)
        return is_async_gen(call)

    _replace("get_typed_signature", get_typed_signature, utils)
    _replace("get_typed_return_annotation", get_typed_return_annotation, utils, fastapi.routing)
    users = (models, utils, fastapi.routing)
    _replace("_is_gen_callable", is_gen_callable, *users)
    _replace("_is_async_gen_callable", is_async_gen_callable, *users)
    _replace("get_path_param_names", functools.cache(vars(utils)["get_path_param_names"]), utils)


class _Templates(BytecodeCache):
    """Compiled templates, for all servers with the same language and time zone."""

    def __init__(self) -> None:
        self._kept: dict[Any, bytes] = {}

    def _key(self, bucket: Bucket) -> Any:
        known = bucket.environment.globals
        return bucket.key, *(known[name] for name in ("language", "time_zone", "currency"))

    def load_bytecode(self, bucket: Bucket) -> None:
        if found := self._kept.get(self._key(bucket)):
            bucket.bytecode_from_string(found)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[self._key(bucket)] = bucket.bytecode_to_string()


def share_pages() -> None:
    """Let servers share their compiled templates, and the name of the static files' contents."""
    environment = functools.partial(Environment, bytecode_cache=_Templates())
    _replace("Environment", environment, render)
    static.fingerprint = functools.cache(static.fingerprint)


def share_clients_context() -> None:
    """Let HTTP clients share the certificates that they trust: to read those is most of what it
    costs to make one. A client with other certificates reads its own.
    """
    transports = httpx._transports.default
    make: Callable[..., ssl.SSLContext] = vars(transports)["create_ssl_context"]
    usual = functools.cache(make)

    def create_ssl_context(
        verify: ssl.SSLContext | str | bool = True, cert: Any = None, trust_env: bool = True
    ) -> ssl.SSLContext:
        if verify is True and cert is None:
            return usual(verify, cert, trust_env)
        return make(verify, cert, trust_env)

    _replace("create_ssl_context", create_ssl_context, transports)
    shared = SimpleNamespace(create_default_context=functools.cache(ssl.create_default_context))
    _replace("ssl", shared, forwarding)


def look_for_no_sniffio() -> None:
    """Let httpcore find at once that sniffio isn't installed: at each request it looks for it along
    the whole path, several times, which takes as long as all else that it does.
    """
    sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]


def pytest_collection_finish() -> None:
    """What was imported stays."""
    keep_what_is_imported()


def pytest_runtest_logfinish() -> None:
    """Let go of what the test left: nothing holds its servers any more."""
    forget_servers()


collect_seldom()
share_schemas()
share_fields()
share_answers()
share_signatures()
share_pages()
share_clients_context()
look_for_no_sniffio()
