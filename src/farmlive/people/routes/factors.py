"""The routes of second factors: one's own, and the reset of another account's. No logic."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from farmlive.clock import rfc3339
from farmlive.edge.contracts import raises
from farmlive.edge.hosts import own_url
from farmlive.people.core.caller import Caller
from farmlive.people.core.problems import (
    LastFactor,
    NoPasskeysHere,
    NoPassword,
    NoSecondFactor,
    OwnFactor,
    PasskeyRefused,
    PasskeysFull,
    ReauthenticationNeeded,
    UnknownAccount,
    UnknownFactor,
    WrongCode,
)
from farmlive.people.core.sessions import COOKIE
from farmlive.people.factors import factors, models, setups
from farmlive.people.factors.passkeys import Passkey
from farmlive.people.factors.relying_party import Site
from farmlive.people.guard import Guard
from farmlive.people.people import People
from farmlive.people.routes.keys import PRIVATE


def routes(people: People, guard: Guard) -> APIRouter:
    """Build the router."""
    router = APIRouter()
    signed_in, coordinator = Depends(guard.signed_in), Depends(guard.coordinator)

    def site_of(request: Request) -> Site | None:
        return Site.of_request(people.settings, request.scope)

    def session_of(request: Request) -> str:
        return people.cookies.read(request.cookies, COOKIE)

    @router.get("/session/factors", operation_id="factors_list")
    @raises(NoPassword)
    async def list_factors(
        request: Request, response: Response, caller: Annotated[Caller, signed_in]
    ) -> models.OwnFactorsAnswer:
        """List one's own second factors."""
        response.headers.update(PRIVATE)
        own, site = await people.own_factors(caller), site_of(request)
        until = people.factor_until(caller)
        best = site or Site.of(own_url(people.settings, request.scope))
        return models.OwnFactorsAnswer(
            totp_since=None if own.totp_since is None else rfc3339(own.totp_since),
            passkeys=[_passkey(each, site) for each in own.passkeys],
            passkeys_possible=site is not None,
            passkeys_at=None if best is None else best.origin,
            recovery_codes_left=own.recovery_codes_left,
            demanded=factors.deadline(people.settings, caller.role, None) is not None,
            until=None if until is None else rfc3339(until),
        )

    @router.post("/session/factors/totp", operation_id="factors_begin_totp")
    @raises(NoPassword, ReauthenticationNeeded)
    async def begin_totp(
        response: Response, caller: Annotated[Caller, signed_in]
    ) -> models.TotpShown:
        """Make the secret of an authenticator app; it takes effect with its first code."""
        response.headers.update(PRIVATE)
        return models.TotpShown(**setups.as_json(await people.begin_totp(caller)))

    @router.put("/session/factors/totp", operation_id="factors_set_up_totp")
    @raises(NoPassword, WrongCode, ReauthenticationNeeded)
    async def set_up_totp(
        body: models.TotpCode,
        request: Request,
        response: Response,
        caller: Annotated[Caller, signed_in],
    ) -> models.FactorAdded:
        """Set up the authenticator app by its first code, in place of the one before."""
        response.headers.update(PRIVATE)
        codes = await people.add_factor(caller, session_of(request), models.FactorSetup(totp=body))
        return models.FactorAdded(recovery_codes=codes or None)

    @router.delete("/session/factors/totp", status_code=204, operation_id="factors_remove_totp")
    @raises(NoPassword, UnknownFactor, LastFactor, ReauthenticationNeeded)
    async def remove_totp(caller: Annotated[Caller, signed_in]) -> None:
        """Remove one's own authenticator app."""
        await people.remove_totp(caller)

    @router.post("/session/factors/passkey-options", operation_id="factors_begin_passkey")
    @raises(NoPassword, NoPasskeysHere, PasskeysFull, ReauthenticationNeeded)
    async def passkey_options(
        request: Request, response: Response, caller: Annotated[Caller, signed_in]
    ) -> models.PasskeyOptions:
        """Make a challenge for a new passkey, valid once within five minutes."""
        response.headers.update(PRIVATE)
        return models.PasskeyOptions(passkey=await people.passkey_options(caller, site_of(request)))

    @router.post("/session/factors/passkeys", status_code=201, operation_id="factors_add_passkey")
    @raises(NoPassword, PasskeyRefused, PasskeysFull, ReauthenticationNeeded)
    async def add_passkey(
        body: models.NewPasskey,
        request: Request,
        response: Response,
        caller: Annotated[Caller, signed_in],
    ) -> models.FactorAdded:
        """Save a passkey that the browser made."""
        response.headers.update(PRIVATE)
        setup = models.FactorSetup(passkey=body)
        codes = await people.add_factor(caller, session_of(request), setup, site_of(request))
        return models.FactorAdded(recovery_codes=codes or None)

    @router.delete(
        "/session/factors/passkeys/{passkey}",
        status_code=204,
        operation_id="factors_remove_passkey",
    )
    @raises(NoPassword, UnknownFactor, LastFactor, ReauthenticationNeeded)
    async def remove_passkey(passkey: str, caller: Annotated[Caller, signed_in]) -> None:
        """Remove one of one's own passkeys."""
        await people.remove_passkey(caller, passkey)

    @router.post("/session/factors/recovery-codes", operation_id="factors_renew_recovery_codes")
    @raises(NoPassword, NoSecondFactor, ReauthenticationNeeded)
    async def renew_recovery_codes(
        response: Response, caller: Annotated[Caller, signed_in]
    ) -> models.RecoveryCodes:
        """Make new recovery codes, returned only once; the old ones stop working."""
        response.headers.update(PRIVATE)
        return models.RecoveryCodes(recovery_codes=await people.renew_recovery_codes(caller))

    @router.delete("/accounts/{account}/factors", status_code=204, operation_id="factors_reset")
    @raises(UnknownAccount, OwnFactor, NoSecondFactor, ReauthenticationNeeded)
    async def reset_factors(account: str, caller: Annotated[Caller, coordinator]) -> None:
        """Remove another account's second factors, for someone who lost them; nothing else ends."""
        await people.reset_factors(account, caller=caller)

    return router


def _passkey(passkey: Passkey, site: Site | None) -> models.PasskeyAnswer:
    return models.PasskeyAnswer(
        id=passkey.id,
        name=passkey.name,
        created_at=rfc3339(passkey.created_at),
        used_at=None if passkey.used_at is None else rfc3339(passkey.used_at),
        host=passkey.rp_id,
        here=site is not None and site.rp_id == passkey.rp_id,
    )
