"""JSON Schemas of the events, generated from their models; from these an example of each kind, and
the type declarations of the pages' scripts.
"""

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, create_model
from pydantic.json_schema import models_json_schema

from farmlive.broadcast.events.model import KINDS, LEFT_OUT, EventModel, LeftOut, OrderEvent

_REF = "#/components/schemas/"
Schema = dict[str, Any]


@cache
def schemas() -> dict[str, Schema]:
    """Return the JSON Schemas of each kind's data and of its parts, by model name.

    A `$ref` points to `#/components/schemas/…`.
    """
    made = [(checked(kind), "serialization") for kind in KINDS.values()]
    _, whole = models_json_schema(made, ref_template=_REF + "{model}")  # type: ignore[arg-type]
    found: dict[str, Schema] = whole["$defs"]
    for kind in KINDS.values():
        found[kind.__name__]["description"] = f"{_meaning(kind)} To: {_heard_by(kind)}."
    return {name: _plain(schema) for name, schema in sorted(found.items())}


def event_schemas() -> list[Schema]:
    """Return the schema of each kind's event, with its `kind` and `data`."""
    return [
        {
            "title": name,
            "properties": {"kind": {"const": name}, "data": {"$ref": _REF + kind.__name__}},
        }
        for name, kind in KINDS.items()
    ]


def examples() -> dict[str, Schema]:
    """Return an example of each kind's data, with every field that it can have, by kind."""
    return {name: _example(schemas()[kind.__name__]) for name, kind in sorted(KINDS.items())}


def declarations() -> str:
    """Return the events' TypeScript declarations for the pages' scripts."""
    lines = [
        "// The events of the live channel, made from src/farmlive/broadcast/events by",
        "// `./scripts/check --fix`: edit them there.",
        "",
    ]
    for name, schema in schemas().items():
        lines += _interface(name, schema)
    lines += ["/** The data of each kind of event. */", "export interface Data {"]
    lines += [f'  "{name}": {kind.__name__};' for name, kind in KINDS.items()]
    lines += [
        "}",
        "",
        "/** One event as the channel sends it. */",
        "export type LiveEvent = {",
        "  [K in keyof Data]: { seq: number; at: number; kind: K; data: Data[K] };",
        "}[keyof Data];",
        "",
    ]
    return "\n".join(lines)


def checked(kind: type[EventModel]) -> type[BaseModel]:
    """Return a pydantic model of the kind's data, for its schema and for validation."""
    hints = get_type_hints(kind, include_extras=True)
    given: dict[str, Any] = {}
    left_out = dict(kind.data_fields)
    for each in fields(kind):  # type: ignore[arg-type]
        if each.name in left_out:
            required = left_out[each.name] is LEFT_OUT and not _may_lack(hints[each.name])
            given[each.name] = (
                _without(hints[each.name], left_out[each.name]),
                ... if required else None,
            )
    made: type[BaseModel] = create_model(kind.__name__, __doc__=kind.__doc__, **given)
    return made


def _may_lack(hint: Any) -> bool:
    return LeftOut in _members(hint)


def _members(hint: Any) -> tuple[Any, ...]:
    inner = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    return get_args(inner) if get_origin(inner) in (Union, UnionType) else (inner,)


def _without(hint: Any, left_out: object) -> Any:
    """Return the field's type without the value that marks it as left out."""
    members = [
        each
        for each in _members(hint)
        if each is not LeftOut and not (each is type(None) and left_out is None)
    ]
    inner: Any = Union[tuple(members)]  # noqa: UP007 (made of what is there)
    extras = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    return Annotated[(inner, *extras)] if extras else inner


def _meaning(kind: type[EventModel]) -> str:
    return " ".join((kind.__doc__ or "").split())


def _heard_by(kind: type[EventModel]) -> str:
    if issubclass(kind, OrderEvent):
        return "staff, the farms of its lines, its buyer"
    return ", ".join(kind.parse({}).audience)


def _plain(schema: Schema) -> Schema:
    """Return the schema without generated titles and without the defaults of left-out fields."""
    plain = {name: value for name, value in schema.items() if name not in ("title", "default")}
    if "$ref" in plain and len(plain) > 1:  # other members beside a `$ref` would be ignored
        plain["allOf"] = [{"$ref": plain.pop("$ref")}]
    for name in ("properties", "$defs"):
        if name in plain:
            plain[name] = {key: _plain(value) for key, value in plain[name].items()}
    if "items" in plain:
        plain["items"] = _plain(plain["items"])
    for name in ("anyOf", "allOf"):
        if name in plain:
            plain[name] = [_plain(each) for each in plain[name]]
    return plain


def _example(schema: Mapping[str, Any]) -> Any:
    if "examples" in schema:
        return schema["examples"][0]
    if "$ref" in schema:
        return _example(schemas()[schema["$ref"].removeprefix(_REF)])
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    for name in ("allOf", "anyOf"):
        if name in schema:
            return _example(schema[name][0])
    match schema["type"]:
        case "object":
            found = schema.get("properties", {}).items()
            return {name: _example(each) for name, each in found}
        case "array":
            return [_example(schema["items"])]
        case "integer":
            return 1
        case "boolean":
            return True
        case kind:
            raise ValueError(f"give an example of a {kind} in the model: {schema}")


def _interface(name: str, schema: Schema) -> list[str]:
    lines = [_comment(schema, ""), f"export interface {name} {{"]
    required = schema.get("required", ())
    for field, each in schema.get("properties", {}).items():
        if "description" in each:
            lines.append(_comment(each, "  "))
        lines.append(f"  {field}{'' if field in required else '?'}: {_type(each)};")
    return [*lines, "}", ""]


def _comment(schema: Schema, indent: str) -> str:
    return f"{indent}/** {' '.join(schema['description'].split())} */"


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].removeprefix(_REF))
    if "const" in schema:
        return f'"{schema["const"]}"'
    if "enum" in schema:
        return " | ".join(f'"{each}"' for each in schema["enum"])
    if "anyOf" in schema:
        return " | ".join(_type(each) for each in schema["anyOf"])
    if "allOf" in schema:
        return _type(schema["allOf"][0])
    match schema["type"]:
        case "array":
            inner = _type(schema["items"])
            return f"({inner})[]" if " " in inner else f"{inner}[]"
        case "integer":
            return "number"
        case kind:
            return str(kind)
