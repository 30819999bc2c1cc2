"""The routes of keys: those of programs, those of cameras, and the cameras. No logic."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from farmlive.clock import parse_rfc3339, rfc3339
from farmlive.edge import paging
from farmlive.edge.contracts import raises
from farmlive.edge.hosts import own_url
from farmlive.people.core.caller import Caller
from farmlive.people.core.models import Identifier
from farmlive.people.core.problems import (
    NotToGive,
    ReauthenticationNeeded,
    ShutOut,
    UnknownAccount,
    UnknownCredential,
    UnknownKey,
)
from farmlive.people.core.scope import split_centres
from farmlive.people.guard import Guard
from farmlive.people.keys import models
from farmlive.people.keys.api_keys import ApiKey
from farmlive.people.keys.credentials import Credential
from farmlive.people.keys.sources import BroadcastState, Source
from farmlive.people.keys.stream_keys import StreamKey
from farmlive.people.people import People
from farmlive.problems import BroadcastEnded, UnknownSource

# Responses with a secret stay out of every cache.
PRIVATE = {"Cache-Control": "no-store"}


def routes(people: People, guard: Guard, broadcast_state: BroadcastState) -> APIRouter:
    """Build the router; `broadcast_state` checks whether a broadcast accepts cameras."""
    router = APIRouter()
    router.include_router(_api_keys(people, guard))
    router.include_router(_credentials(people, guard))
    router.include_router(_cameras(people, guard, broadcast_state))
    return router


def _api_keys(people: People, guard: Guard) -> APIRouter:
    router = APIRouter()
    coordinator = Depends(guard.coordinator)

    @router.get("/api-keys", dependencies=[coordinator], operation_id="api_keys_list")
    async def list_api_keys(page: paging.PageParams) -> models.ApiKeys:
        """List the API keys, without their secrets."""
        rows, following = page.slice(await people.api_keys(), lambda key: key.id)
        return models.ApiKeys(
            api_keys=[models.ApiKeyAnswer(**_api_key(key)) for key in rows], next=following
        )

    @router.post("/api-keys", status_code=201, operation_id="api_keys_create")
    @raises(ReauthenticationNeeded, ShutOut, UnknownAccount, *people.scope_checks)
    async def create_api_key(
        body: models.NewApiKey, response: Response, caller: Annotated[Caller, coordinator]
    ) -> models.MadeApiKey:
        """Make an API key; it is returned only once."""
        key, secret = await people.create_api_key(
            body.label,
            body.role,
            body.farms,
            body.centres,
            caller=caller,
            expires_at=parse_rfc3339(body.expires_at) if body.expires_at else None,
        )
        response.headers.update(PRIVATE)
        return models.MadeApiKey(**_api_key(key), key=secret)

    @router.delete("/api-keys/{key}", status_code=204, operation_id="api_keys_revoke")
    @raises(UnknownKey)
    async def revoke_api_key(key: str, caller: Annotated[Caller, coordinator]) -> None:
        """Revoke an API key."""
        await people.revoke_api_key(key, caller=caller)

    return router


def _credentials(people: People, guard: Guard) -> APIRouter:
    router = APIRouter(prefix="/credentials")
    coordinator = Depends(guard.coordinator)

    @router.get("", dependencies=[coordinator], operation_id="credentials_list")
    @raises(UnknownAccount)
    async def list_credentials(
        page: paging.PageParams, owner: Identifier | None = None
    ) -> models.Credentials:
        """List the working keys and links without their secrets, of everyone or of one owner.

        The latter are what would end if that account were shut out.
        """
        rows, following = page.slice(await people.credentials(owner), lambda each: each.id)
        return models.Credentials(credentials=[_credential(each) for each in rows], next=following)

    @router.patch("/{credential}", status_code=204, operation_id="credentials_transfer")
    @raises(UnknownCredential, UnknownAccount, NotToGive, ReauthenticationNeeded)
    async def give_credential(
        credential: str, body: models.NewOwner, caller: Annotated[Caller, coordinator]
    ) -> None:
        """Make another account the owner of a key or a link."""
        await people.give(credential, body.owner, caller=caller)

    @router.post("/{credential}/renewal", operation_id="credentials_renew")
    @raises(UnknownCredential, NotToGive, ShutOut, ReauthenticationNeeded)
    async def renew_credential(
        credential: str, response: Response, caller: Annotated[Caller, coordinator]
    ) -> models.RenewedCredential:
        """Give a key or a link a new secret, returned only once; the old one stops working."""
        response.headers.update(PRIVATE)
        renewed = await people.renew(credential, caller=caller)
        paths = {"invitation": "/invitation/", "guest": "/guest/"}
        path = paths.get(renewed.kind)
        return models.RenewedCredential(
            id=renewed.id,
            kind=renewed.kind,
            key=renewed.secret if path is None else None,
            url=None if path is None else path + renewed.secret,
        )

    return router


def _cameras(people: People, guard: Guard, broadcast_state: BroadcastState) -> APIRouter:
    router = APIRouter(prefix="/broadcasts/{broadcast}", dependencies=[Depends(guard.staff)])

    @router.post("/stream-keys", status_code=201, operation_id="stream_keys_create")
    @raises(
        BroadcastEnded,
        UnknownSource,
        ShutOut,
        ReauthenticationNeeded,
        broadcast_state,
    )
    async def mint_stream_key(
        broadcast: str,
        body: models.NewStreamKey,
        request: Request,
        response: Response,
        caller: Annotated[Caller, Depends(guard.staff)],
    ) -> models.MadeStreamKey:
        """Make a stream key; it is returned only once."""
        key, secret = await people.stream_keys.mint(
            broadcast,
            body.purpose,
            device=caller.device,
            label=body.label,
            source=body.source,
            state=broadcast_state,
            caller=caller,
        )
        response.headers.update(PRIVATE)
        url = own_url(people.settings, request.scope)
        return models.MadeStreamKey(
            **_stream_key(key), key=secret, whip_url=f"{url}/whip/{broadcast}"
        )

    @router.get("/stream-keys", operation_id="stream_keys_list")
    @raises(broadcast_state)
    async def list_stream_keys(broadcast: str, page: paging.PageParams) -> models.StreamKeys:
        """List the working stream keys, without their secrets."""
        found = await people.stream_keys.all(broadcast, broadcast_state)
        rows, following = page.slice(found, lambda key: key.id)
        return models.StreamKeys(
            stream_keys=[models.StreamKeyAnswer(**_stream_key(key)) for key in rows],
            next=following,
        )

    @router.delete("/stream-keys/{key}", status_code=204, operation_id="stream_keys_revoke")
    @raises(UnknownKey)
    async def revoke_stream_key(
        broadcast: str, key: str, caller: Annotated[Caller, Depends(guard.staff)]
    ) -> None:
        """Revoke a stream key; its running session goes on."""
        await people.stream_keys.revoke(broadcast, key, caller=caller)

    @router.get("/sources", operation_id="sources_list")
    @raises(broadcast_state)
    async def list_sources(broadcast: str, page: paging.PageParams) -> models.Sources:
        """List the cameras of a broadcast."""
        found = await people.stream_keys.sources(broadcast, broadcast_state)
        rows, following = page.slice(found, lambda source: source.id)
        return models.Sources(sources=[_source(source) for source in rows], next=following)

    return router


def _api_key(key: ApiKey) -> dict[str, Any]:
    return {
        **asdict(key),
        "farms": sorted(key.farms),
        "centres": split_centres(key.centres),
        **_times(key),
    }


def _stream_key(key: StreamKey) -> dict[str, Any]:
    return {
        **asdict(key),
        "created_at": rfc3339(key.created_at),
        "expires_at": rfc3339(key.expires_at) if key.expires_at is not None else None,
    }


def _credential(credential: Credential) -> models.CredentialAnswer:
    facts = asdict(credential)
    del facts["source"]
    return models.CredentialAnswer(**{**facts, **_times(credential)})


def _times(of: ApiKey | Credential) -> dict[str, str | None]:
    return {
        "created_at": rfc3339(of.created_at),
        "expires_at": rfc3339(of.expires_at) if of.expires_at is not None else None,
        "used_at": rfc3339(of.used_at) if of.used_at is not None else None,
    }


def _source(source: Source) -> models.SourceAnswer:
    return models.SourceAnswer(
        id=source.id,
        label=source.label,
        purpose=source.purpose,
        created_at=rfc3339(source.created_at),
    )
