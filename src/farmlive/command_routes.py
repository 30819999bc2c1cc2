"""The routes of commands: every command of the live channel over HTTP, made from its declaration.

A room declares a command once (commands.py); its route follows from that.
"""

from collections.abc import Iterable
from inspect import Parameter, Signature
from typing import Annotated, Any, get_type_hints

from fastapi import APIRouter, Depends, Header
from pydantic import TypeAdapter, ValidationError, WithJsonSchema

from farmlive.commands import Command, KeyMissing
from farmlive.edge.contracts import by_device, contract_of, needs_header, raises
from farmlive.people import Caller, Guard

_HEADER = "Idempotency-Key"


def routes(commands: Iterable[Command[Any]], guard: Guard) -> APIRouter:
    """Return the router of these commands."""
    router = APIRouter()
    for command in commands:
        _add(router, command, guard)
    return router


def _add(router: APIRouter, command: Command[Any], guard: Guard) -> None:
    """Add the route of a command.

    `{broadcast}` and some fields of the message are in its path, a `key` is in the header, and the
    other fields are in the body.
    """
    model, (method, _, path) = command.model, command.http.partition(" ")
    hints = get_type_hints(model, include_extras=True)
    in_path = command.in_path & hints.keys()
    body = command.body
    has_key = "key" in hints

    @raises(command.answer)
    async def answer(**given: Any) -> Any:
        values, named = {name: given[name] for name in in_path}, in_path
        if body is not None:
            values |= given["body"].__dict__
            named = named | given["body"].model_fields_set
        if has_key:
            values["key"] = given["key"]
        # All fields are validated already.
        message = model.model_construct(named, **values)
        result = await command.execute(given["caller"], given["broadcast"], message)
        return None if command.status == 204 else result

    if contract_of(command.answer).by_device:
        by_device(answer)
    parameters = [_parameter(name, hints.get(name, str)) for name in sorted(command.in_path)]
    if body is not None:
        parameters.append(_parameter("body", body))
    parameters.append(_parameter("caller", Annotated[Caller, Depends(_guard(command, guard))]))
    if has_key:
        needed = model.model_fields["key"].is_required()
        parameters.append(_needed_key(hints["key"]) if needed else _key(hints["key"]))
    answer.__name__ = command.operation
    answer.__doc__ = model.__doc__
    answer.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    router.add_api_route(
        path,
        answer,
        methods=[method],
        status_code=command.status,
        response_model=None if command.status == 204 else command.result,
        operation_id=command.operation,
    )


def _parameter(name: str, hint: Any, default: Any = Parameter.empty) -> Parameter:
    return Parameter(name, Parameter.KEYWORD_ONLY, annotation=hint, default=default)


def _guard(command: Command[Any], guard: Guard) -> Any:
    match command.role:
        case "anyone":
            return guard.anyone
        case "crew":
            return guard.crew
        case "staff":
            return guard.staff


def _key(hint: Any) -> Parameter:
    """Return the optional header of a key."""
    return _parameter("key", Annotated[hint, Header(alias=_HEADER)], None)


def _needed_key(hint: Any) -> Parameter:
    """Return the required key as a dependency, which refuses a request without one."""
    key: TypeAdapter[str] = TypeAdapter(hint)

    @needs_header(_HEADER)
    @raises(KeyMissing)
    def checked(
        sent: Annotated[
            str | None,
            WithJsonSchema(key.json_schema()),
            Header(alias=_HEADER, description="Random, 16 to 64 characters; one a request"),
        ] = None,
    ) -> str:
        try:
            return key.validate_python(sent)
        except ValidationError as error:
            raise KeyMissing(
                "Nothing was done. Send the header Idempotency-Key with 16 to 64 random "
                "characters without spaces, the same when you send the same request again."
            ) from error

    return _parameter("key", Annotated[str, Depends(checked)])
