"""What FastAPI reads off the routes is kept: hundreds of tests build a server's routes again.

A parameter or an answer that looks as one before gets that one's field, with its validator, which
takes most of the time; all else, what the routes do and depend on, is each server's own.
"""

from collections.abc import Callable
from typing import Annotated, Any, get_args, get_origin

import fastapi.routing
from fastapi.dependencies import utils
from fastapi.params import Depends
from pydantic.fields import FieldInfo


def keep() -> None:
    """From now on."""
    read, answer = utils.analyze_param, fastapi.routing.create_model_field
    parameters: dict[Any, utils.ParamDetails] = {}
    answers: dict[Any, Any] = {}

    def parameter(**said: Any) -> utils.ParamDetails:
        look = _look(**said)
        return read(**said) if look is None else _kept(parameters, look, lambda: read(**said))

    def answered(**said: Any) -> Any:
        return _kept(answers, tuple(said.items()), lambda: answer(**said))

    utils.analyze_param = parameter
    fastapi.routing.create_model_field = answered


def _kept(known: dict[Any, Any], look: Any, make: Callable[[], Any]) -> Any:
    if look not in known:
        known[look] = make()
    return known[look]


def _look(*, param_name: str, annotation: Any, value: Any, path_param_names: set[str]) -> Any:
    """By which a parameter is known again; None for what leads to the server's own."""
    parts = get_args(annotation) if get_origin(annotation) is Annotated else (annotation,)
    if any(isinstance(each, Depends) for each in (value, *parts)):
        return None
    told = [_told(each) for each in (value, *parts[1:])]
    return param_name, frozenset(path_param_names), parts[0], *told


def _told(part: Any) -> Any:
    if not isinstance(part, FieldInfo):
        return part
    names = (*FieldInfo.__slots__, *getattr(part, "__dict__", ()))
    return type(part), *((name, repr(getattr(part, name, None))) for name in names)
