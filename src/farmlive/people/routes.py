"""The routes of people: session, accounts, API keys, stream keys and sources. No decisions."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from farmlive.clock import rfc3339
from farmlive.people import models, sessions
from farmlive.people.accounts import Account
from farmlive.people.caller import Caller
from farmlive.people.guard import Guard
from farmlive.people.keys import ApiKey, StreamKey
from farmlive.people.people import BroadcastState, People
from farmlive.people.sources import Source
from farmlive.problems import Unauthorized


def routes(people: People, guard: Guard, broadcast_state: BroadcastState) -> APIRouter:
    """Build the router; `broadcast_state` tells whether a broadcast takes cameras."""
    router = APIRouter(prefix="/api/v1", tags=["people"])
    router.include_router(_session(people, guard))
    router.include_router(_accounts(people, guard))
    router.include_router(_api_keys(people, guard))
    router.include_router(_cameras(people, guard, broadcast_state))
    return router


def _session(people: People, guard: Guard) -> APIRouter:
    router = APIRouter()
    settings = people.settings

    @router.post("/session")
    async def sign_in(
        body: models.SignIn, response: Response, caller: Annotated[Caller, Depends(guard.anyone)]
    ) -> models.SignedIn:
        """Sign in: sets the session's cookie."""
        session = await people.sign_in(body.name, body.password, caller.address)
        response.set_cookie(
            sessions.COOKIE,
            session.token,
            max_age=settings.session_days * 24 * 60 * 60,
            httponly=True,
            samesite="lax",
            secure=settings.secure,
        )
        _keep_private(response)
        return models.SignedIn(
            name=session.name, role=session.role, farms=sorted(session.farms), csrf=session.csrf
        )

    @router.get("/session")
    async def who_is_signed_in(
        response: Response, caller: Annotated[Caller, Depends(guard.anyone)]
    ) -> models.SignedIn:
        """Tell who is signed in."""
        if caller.role is None or caller.name is None:
            raise Unauthorized("Nobody is signed in on this browser.")
        _keep_private(response)
        return models.SignedIn(
            name=caller.name, role=caller.role, farms=sorted(caller.farms), csrf=caller.csrf
        )

    @router.delete("/session", status_code=204)
    async def sign_out(
        request: Request, response: Response, caller: Annotated[Caller, Depends(guard.signed_in)]
    ) -> None:
        """Sign out: ends the session and takes its cookie back."""
        await people.sign_out(request.cookies.get(sessions.COOKIE, ""))
        response.delete_cookie(
            sessions.COOKIE, httponly=True, samesite="lax", secure=settings.secure
        )

    return router


def _accounts(people: People, guard: Guard) -> APIRouter:
    router = APIRouter(dependencies=[Depends(guard.coordinator)])

    @router.get("/accounts")
    async def list_accounts() -> models.Accounts:
        """List the accounts."""
        return models.Accounts(
            accounts=[
                models.AccountAnswer(**_account(account)) for account in await people.accounts()
            ]
        )

    @router.post("/accounts", status_code=201)
    async def create_account(body: models.NewAccount, response: Response) -> models.MadeAccount:
        """Make an account; a random password is answered this once."""
        account, password = await people.create_account(
            body.name, body.role, body.password, body.farms
        )
        _keep_private(response)
        made = password if body.password is None else None
        return models.MadeAccount(**_account(account), password=made)

    return router


def _api_keys(people: People, guard: Guard) -> APIRouter:
    router = APIRouter(dependencies=[Depends(guard.coordinator)])

    @router.get("/api-keys")
    async def list_api_keys() -> models.ApiKeys:
        """List the API keys, without their secrets."""
        return models.ApiKeys(
            api_keys=[models.ApiKeyAnswer(**_api_key(key)) for key in await people.api_keys()]
        )

    @router.post("/api-keys", status_code=201)
    async def create_api_key(body: models.NewApiKey, response: Response) -> models.MadeApiKey:
        """Make an API key; it is answered this once."""
        key, secret = await people.create_api_key(body.label, body.role, body.farms)
        _keep_private(response)
        return models.MadeApiKey(**_api_key(key), key=secret)

    @router.delete("/api-keys/{key}", status_code=204)
    async def revoke_api_key(key: str) -> None:
        """Revoke an API key."""
        await people.revoke_api_key(key)

    return router


def _cameras(people: People, guard: Guard, broadcast_state: BroadcastState) -> APIRouter:
    router = APIRouter(prefix="/broadcasts/{broadcast}", dependencies=[Depends(guard.staff)])

    @router.post("/stream-keys", status_code=201)
    async def mint_stream_key(
        broadcast: str,
        body: models.NewStreamKey,
        request: Request,
        response: Response,
        caller: Annotated[Caller, Depends(guard.staff)],
    ) -> models.MadeStreamKey:
        """Make a stream key; it is answered this once."""
        key, secret = await people.mint_stream_key(
            broadcast,
            body.purpose,
            device=caller.device,
            label=body.label,
            source=body.source,
            state=broadcast_state,
        )
        _keep_private(response)
        url = people.settings.public_url or str(request.base_url).rstrip("/")
        return models.MadeStreamKey(
            **_stream_key(key), key=secret, whip_url=f"{url}/whip/{broadcast}"
        )

    @router.get("/stream-keys")
    async def list_stream_keys(broadcast: str) -> models.StreamKeys:
        """List the stream keys that work, without their secrets."""
        return models.StreamKeys(
            stream_keys=[
                models.StreamKeyAnswer(**_stream_key(key))
                for key in await people.stream_keys(broadcast, broadcast_state)
            ]
        )

    @router.delete("/stream-keys/{key}", status_code=204)
    async def revoke_stream_key(broadcast: str, key: str) -> None:
        """Revoke a stream key; a session that runs with it goes on."""
        await people.revoke_stream_key(broadcast, key)

    @router.get("/sources")
    async def list_sources(broadcast: str) -> models.Sources:
        """List the cameras of a broadcast."""
        return models.Sources(
            sources=[_source(source) for source in await people.sources(broadcast, broadcast_state)]
        )

    return router


def _keep_private(response: Response) -> None:
    response.headers["Cache-Control"] = "no-store"


def _account(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "name": account.name,
        "role": account.role,
        "farms": sorted(account.farms),
        "created_at": rfc3339(account.created_at),
        "disabled": account.disabled_at is not None,
    }


def _api_key(key: ApiKey) -> dict[str, Any]:
    return {**asdict(key), "farms": sorted(key.farms), "created_at": rfc3339(key.created_at)}


def _stream_key(key: StreamKey) -> dict[str, Any]:
    return {
        **asdict(key),
        "created_at": rfc3339(key.created_at),
        "expires_at": rfc3339(key.expires_at) if key.expires_at is not None else None,
    }


def _source(source: Source) -> models.SourceAnswer:
    return models.SourceAnswer(
        id=source.id,
        label=source.label,
        purpose=source.purpose,
        created_at=rfc3339(source.created_at),
    )
