"""The TypeScript declarations of the API's objects, made from its OpenAPI document."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

_REF = "#/components/schemas/"
_HEAD = """\
// The objects of the HTTP API, made from its OpenAPI document by `./scripts/check --fix`: edit the
// models in src/farmlive. The events of the live channel stand in events.d.ts.
"""


def declarations(document: Mapping[str, Any]) -> str:
    """Return an interface or a type for each named schema of an OpenAPI document."""
    schemas = document["components"]["schemas"]
    lines = [line for name in sorted(schemas) for line in _declaration(name, schemas[name])]
    return "\n".join([_HEAD, *lines])


def _declaration(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield from _comment(schema, "")
    if "properties" not in schema:
        yield f"export type {name} = {_type(schema)};"
    else:
        yield f"export interface {name} {{"
        yield from _fields(schema, "  ")
        yield "}"
    yield ""


def _fields(schema: Mapping[str, Any], indent: str) -> Iterator[str]:
    required = schema.get("required", ())
    for field, each in schema["properties"].items():
        yield from _comment(each, indent)
        key = field if field.isidentifier() else f'"{field}"'
        yield f"{indent}{key}{'' if field in required else '?'}: {_type(each)};"


def _comment(schema: Mapping[str, Any], indent: str) -> Iterator[str]:
    if "description" in schema:
        words = " ".join(schema["description"].split()).replace("*/", "*\\/")
        yield f"{indent}/** {words} */"


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].removeprefix(_REF))
    if "const" in schema:
        return _literal(schema["const"])
    if "enum" in schema:
        return " | ".join(_literal(each) for each in schema["enum"])
    for name, between in (("anyOf", " | "), ("oneOf", " | "), ("allOf", " & ")):
        if name in schema:
            # Each once: integer and number are one type here.
            return between.join(dict.fromkeys(_type(each) for each in schema[name]))
    match schema.get("type"):
        case "array" if "prefixItems" in schema:
            return f"[{', '.join(_type(each) for each in schema['prefixItems'])}]"
        case "array":
            inner = _type(schema.get("items", {}))
            return f"({inner})[]" if " " in inner else f"{inner}[]"
        case "object" if "properties" in schema:
            return "{ " + " ".join(line.strip() for line in _fields(schema, "")) + " }"
        case "object":
            values = [*schema.get("patternProperties", {}).values()]
            values += [each for each in [schema.get("additionalProperties")] if each]
            inner = " | ".join(_type(each) if each is not True else "unknown" for each in values)
            return f"Record<string, {inner or 'unknown'}>"
        case "integer":
            return "number"
        case None:
            return "unknown"
        case kind:
            return str(kind)


def _literal(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
