"""The TypeScript declarations of the API, made from an OpenAPI document."""

from scripts.api_types import declarations


def test_a_declaration_says_what_an_answer_holds() -> None:
    said = declarations(
        {
            "components": {
                "schemas": {
                    "Box": {
                        "type": "object",
                        "description": "A box\n  of fruit.",
                        "required": ["id", "state"],
                        "properties": {
                            "id": {"type": "string", "description": "A ULID."},
                            "state": {"enum": ["open", 1, None]},
                            "weights": {"type": "array", "items": {"type": "integer"}},
                            "name": {"anyOf": [{"$ref": "#/components/schemas/Name"}]},
                            "next": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                            "pair": {
                                "type": "array",
                                "prefixItems": [{"type": "string"}, {"type": "boolean"}],
                            },
                            "more": {
                                "type": "object",
                                "additionalProperties": {"type": "number"},
                            },
                            "either": {
                                "type": "array",
                                "items": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
                            },
                            "any-thing": {},
                        },
                    },
                    "Name": {"type": "object", "additionalProperties": True},
                }
            }
        }
    )
    assert said.split("\n", 3)[3].splitlines() == [
        "/** A box of fruit. */",
        "export interface Box {",
        "  /** A ULID. */",
        "  id: string;",
        '  state: "open" | 1 | null;',
        "  weights?: number[];",
        "  name?: Name;",
        "  next?: string | null;",
        "  pair?: [string, boolean];",
        "  more?: Record<string, number>;",
        "  either?: (number | null)[];",
        '  "any-thing"?: unknown;',
        "}",
        "",
        "export type Name = Record<string, unknown>;",
    ]
