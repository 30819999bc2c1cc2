"""The routes of sessions, accounts and invitations; the other routers of people are included here.

No logic.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from farmlive.clock import rfc3339
from farmlive.edge import paging
from farmlive.edge.contracts import called_by, raises
from farmlive.people import session_models
from farmlive.people.accounts import reauthentication
from farmlive.people.accounts.accounts import Account
from farmlive.people.accounts.browsers import browser_of
from farmlive.people.core import models, sessions
from farmlive.people.core.caller import Caller
from farmlive.people.core.problems import (
    ExtensionsUsedUp,
    FactorNotDue,
    InvitationOver,
    LastCoordinator,
    NameTaken,
    NoPasskeysHere,
    NoPassword,
    NotToGive,
    OwnFactor,
    PasskeyRefused,
    PasskeysFull,
    PasswordChangeNeeded,
    PasswordOver,
    PasswordRefused,
    ReauthenticationNeeded,
    SecondFactorNeeded,
    SecondFactorSetupNeeded,
    ShutOut,
    UnknownAccount,
    UnknownCredential,
    UnknownInvitation,
    UnknownSession,
    WrongCode,
    WrongPassword,
)
from farmlive.people.core.roles import ROLES, KeyRole
from farmlive.people.core.scope import listed
from farmlive.people.core.sessions import Session
from farmlive.people.factors import factors
from farmlive.people.factors import models as factor_models
from farmlive.people.factors.factors import Answer
from farmlive.people.factors.relying_party import Site
from farmlive.people.guard import Guard
from farmlive.people.keys.invitations import Invitation
from farmlive.people.keys.sources import BroadcastState
from farmlive.people.people import People
from farmlive.people.routes import factors as factor_routes
from farmlive.people.routes import guests, keys, moderation
from farmlive.people.routes.keys import PRIVATE
from farmlive.problems import TooMany, Unauthorized, Unavailable

# A browser clears this at sign-out. Not "cookies": the device's cookie is a buyer's, with holds,
# orders and mutes. Not "storage": it has a buyer's links to orders, and a clerk's offline actions
# that are yet to be sent, but nothing that staff read.
CLEARED = '"cache"'


def routes(people: People, guard: Guard, broadcast_state: BroadcastState) -> APIRouter:
    """Build the router; `broadcast_state` checks whether a broadcast accepts cameras."""
    router = APIRouter(prefix="/api/v1")
    router.include_router(_session(people, guard))
    router.include_router(_accounts(people, guard))
    router.include_router(_invitations(people, guard))
    router.include_router(factor_routes.routes(people, guard))
    router.include_router(keys.routes(people, guard, broadcast_state))
    router.include_router(guests.routes(people, guard, broadcast_state))
    router.include_router(moderation.routes(people, guard))
    return router


def _session(people: People, guard: Guard) -> APIRouter:
    router = APIRouter()
    anyone, signed_in = Depends(guard.anyone), Depends(guard.signed_in)

    @router.post("/session", operation_id="session_sign_in")
    @raises(
        WrongPassword,
        PasswordChangeNeeded,
        PasswordOver,
        PasswordRefused,
        SecondFactorNeeded,
        SecondFactorSetupNeeded,
        WrongCode,
        PasskeyRefused,
        NoPasskeysHere,
        PasskeysFull,
        TooMany,
        Unavailable,
    )
    async def sign_in(
        body: session_models.SignIn,
        request: Request,
        response: Response,
        caller: Annotated[Caller, anyone],
    ) -> session_models.SignedIn:
        """Sign in: sets the session's cookie and ends this device's session before it.

        A password that another made is answered with 401 `password-change-needed` until
        `new_password` is sent beside it; one of an account with a second factor with 401
        `second-factor-needed` until `code` or `passkey` is, and where one is demanded and its time
        is over with 401 `second-factor-setup-needed` until `setup` is.
        """
        session = await people.sign_in(
            body.name,
            body.password,
            caller,
            body.new_password,
            browser=_browser(request),
            factor=Answer(body.code, body.passkey, body.setup),
            site=Site.of_request(people.settings, request.scope),
        )
        return _signed_in(response, session, people)

    @router.get("/session", operation_id="session_get")
    @called_by(*ROLES)
    @raises(Unauthorized)
    async def who_is_signed_in(
        response: Response, caller: Annotated[Caller, anyone]
    ) -> session_models.SignedIn:
        """Return who is signed in."""
        if caller.role is None or caller.name is None:
            raise Unauthorized("Nobody is signed in on this browser.")
        response.headers.update(PRIVATE)
        return _signed_in_as(caller, caller.name, caller.role, people)

    @router.patch("/session", operation_id="session_update")
    @raises(NoPassword, TooMany)
    async def change_display_name(
        body: models.OwnDisplayName, response: Response, caller: Annotated[Caller, signed_in]
    ) -> models.AccountAnswer:
        """Change one's own display name, which viewers read."""
        response.headers.update(PRIVATE)
        account = await people.show_as(caller, body.display_name)
        return models.AccountAnswer(**_account(account, people))

    @router.delete("/session", status_code=204, operation_id="session_sign_out")
    async def sign_out(
        request: Request, response: Response, caller: Annotated[Caller, signed_in]
    ) -> None:
        """Sign out: ends the session, takes its cookie back and clears the browser's cache."""
        response.headers["Clear-Site-Data"] = CLEARED
        await people.sign_out(caller, people.cookies.read(request.cookies, sessions.COOKIE))
        for cookie in people.cookies.drop(sessions.COOKIE):
            response.headers.append("set-cookie", cookie)

    @router.post("/session/reauthentication", operation_id="session_reauthenticate")
    @raises(
        NoPassword,
        WrongPassword,
        SecondFactorNeeded,
        ReauthenticationNeeded,
        WrongCode,
        PasskeyRefused,
        Unauthorized,
        TooMany,
        Unavailable,
    )
    async def reauthenticate(
        body: factor_models.Reauthentication,
        request: Request,
        response: Response,
        caller: Annotated[Caller, signed_in],
    ) -> factor_models.Reauthenticated:
        """Reauthenticate: by the second factor, or by the password if there is none.

        Without either the answer is 401 `second-factor-needed` or `reauthentication-needed`, and
        says what is asked for. For ten minutes from then on nothing answers
        `reauthentication-needed`.
        """
        response.headers.update(PRIVATE)
        at = await people.reauthenticate(
            caller,
            people.cookies.read(request.cookies, sessions.COOKIE),
            body.password,
            Answer(body.code, body.passkey),
            Site.of_request(people.settings, request.scope),
        )
        return factor_models.Reauthenticated(
            reauthentication_due_at=rfc3339(at + reauthentication.RECENT_MS)
        )

    @router.post("/session/password", status_code=204, operation_id="session_change_password")
    @raises(
        NoPassword,
        WrongPassword,
        PasswordRefused,
        ReauthenticationNeeded,
        TooMany,
        Unavailable,
    )
    async def change_password(
        body: models.OwnPassword, request: Request, caller: Annotated[Caller, signed_in]
    ) -> None:
        """Change one's own password and end the account's other sessions."""
        session = people.cookies.read(request.cookies, sessions.COOKIE)
        await people.change_password(caller, session, body.old, body.new)

    @router.get("/sessions", operation_id="session_list")
    async def list_sessions(
        request: Request,
        response: Response,
        caller: Annotated[Caller, signed_in],
        page: paging.PageParams,
    ) -> session_models.SessionList:
        """List one's own sessions."""
        response.headers.update(PRIVATE)
        own = people.cookies.read(request.cookies, sessions.COOKIE)
        rows, following = page.slice(await people.sessions(caller, own), lambda each: each.id)
        return session_models.SessionList(
            sessions=[
                session_models.SessionAnswer(
                    id=each.id,
                    browser=each.browser,
                    created_at=rfc3339(each.created_at),
                    used_at=rfc3339(each.used_at),
                    expires_at=rfc3339(each.expires_at),
                    current=each.is_this,
                )
                for each in rows
            ],
            next=following,
        )

    @router.delete("/sessions/{session}", status_code=204, operation_id="session_end")
    @raises(UnknownSession)
    async def end_session(session: str, caller: Annotated[Caller, signed_in]) -> None:
        """End one of one's own sessions, for a channel within five seconds."""
        await people.end_session(caller, session)

    return router


def _accounts(people: People, guard: Guard) -> APIRouter:
    router = APIRouter()
    coordinator = Depends(guard.coordinator)

    @router.get("/accounts", dependencies=[coordinator], operation_id="accounts_list")
    async def list_accounts(page: paging.PageParams) -> models.Accounts:
        """List the accounts."""
        rows, following = page.slice(await people.accounts(), lambda account: account.id)
        return models.Accounts(
            accounts=[models.AccountAnswer(**_account(account, people)) for account in rows],
            next=following,
        )

    @router.post("/accounts", status_code=201, operation_id="accounts_create")
    @raises(NameTaken, PasswordRefused, ReauthenticationNeeded, *people.scope_checks)
    async def create_account(
        body: models.NewAccount, response: Response, caller: Annotated[Caller, coordinator]
    ) -> models.MadeAccount:
        """Make an account with a random password, which is returned only once."""
        account, password = await people.create_account(
            body.name,
            body.role,
            body.password,
            body.farms,
            body.centres,
            display_name=body.display_name,
            first=True,
            caller=caller,
        )
        response.headers.update(PRIVATE)
        made = password if body.password is None else None
        return models.MadeAccount(**_account(account, people), password=made)

    @router.patch("/accounts/{account}", operation_id="accounts_update")
    @raises(
        UnknownAccount,
        LastCoordinator,
        UnknownCredential,
        NotToGive,
        ReauthenticationNeeded,
        *people.scope_checks,
    )
    async def change_account(
        account: str, body: models.AccountChange, caller: Annotated[Caller, coordinator]
    ) -> models.AccountAnswer:
        """Change an account's role, farms, centres or display name, or shut it out."""
        changed = await people.change_account(account, body, caller=caller)
        return models.AccountAnswer(**_account(changed, people))

    @router.post("/accounts/{account}/factors/extension", operation_id="factors_extend")
    @raises(UnknownAccount, OwnFactor, FactorNotDue, ExtensionsUsedUp, ReauthenticationNeeded)
    async def extend_factor(
        account: str, response: Response, caller: Annotated[Caller, coordinator]
    ) -> models.AccountAnswer:
        """Give an account seven more days to set up a second factor, at most twice."""
        response.headers.update(PRIVATE)
        extended = await people.extend_factor(account, caller=caller)
        return models.AccountAnswer(**_account(extended, people))

    @router.post("/accounts/{account}/password", operation_id="accounts_reset_password")
    @raises(UnknownAccount, ReauthenticationNeeded)
    async def reset_password(
        account: str, response: Response, caller: Annotated[Caller, coordinator]
    ) -> models.MadePassword:
        """Give an account a random password, returned only once, and end its sessions."""
        response.headers.update(PRIVATE)
        return models.MadePassword(password=await people.reset_password(account, caller=caller))

    return router


def _invitations(people: People, guard: Guard) -> APIRouter:
    router = APIRouter(prefix="/invitations")
    coordinator = Depends(guard.coordinator)

    @router.get("", dependencies=[coordinator], operation_id="invitations_list")
    async def list_invitations(page: paging.PageParams) -> models.Invitations:
        """List the open invitations, without their links."""
        rows, following = page.slice(await people.invitations.all(), lambda each: each.id)
        return models.Invitations(
            invitations=[models.InvitationAnswer(**_invitation(each)) for each in rows],
            next=following,
        )

    @router.post("", status_code=201, operation_id="invitations_create")
    @raises(ReauthenticationNeeded, ShutOut, *people.scope_checks)
    async def invite(
        body: models.NewInvitation, response: Response, caller: Annotated[Caller, coordinator]
    ) -> models.MadeInvitation:
        """Make an invitation by which someone makes an account; its link is returned only once."""
        made, token = await people.invitations.add(
            caller, body.role, body.farms, body.label, body.centres
        )
        response.headers.update(PRIVATE)
        return models.MadeInvitation(**_invitation(made), url=f"/invitation/{token}")

    @router.delete("/{invitation}", status_code=204, operation_id="invitations_revoke")
    @raises(UnknownInvitation)
    async def revoke_invitation(invitation: str, caller: Annotated[Caller, coordinator]) -> None:
        """Withdraw an open invitation."""
        await people.invitations.revoke(caller, invitation)

    @router.get("/by-token/{token}", operation_id="invitations_get")
    @raises(UnknownInvitation, InvitationOver)
    async def read_invitation(token: str, response: Response) -> models.Invited:
        """Return what an invitation is for, for anyone who has its link."""
        response.headers.update(PRIVATE)
        found = await people.invitations.find(token)
        return models.Invited(
            role=found.role, farms=sorted(found.farms), centres=listed(found.centres)
        )

    @router.post("/by-token/{token}/acceptance", operation_id="invitations_accept")
    @raises(UnknownInvitation, InvitationOver, NameTaken, PasswordRefused)
    async def accept_invitation(
        token: str,
        body: models.Accepted,
        response: Response,
        request: Request,
        caller: Annotated[Caller, Depends(guard.anyone)],
    ) -> session_models.SignedIn:
        """Accept an invitation: make the account under this name and password, and sign in."""
        session = await people.accept(
            caller,
            token,
            body.name,
            body.password,
            body.display_name,
            browser=_browser(request),
        )
        return _signed_in(response, session, people)

    return router


def _browser(request: Request) -> str | None:
    return browser_of(request.headers.get("user-agent", ""))


def _signed_in(response: Response, session: Session, people: People) -> session_models.SignedIn:
    days = people.settings.session_days
    cookie = people.cookies.set(sessions.COOKIE, session.token, days * 24 * 60 * 60)
    response.headers.append("set-cookie", cookie)
    response.headers.update(PRIVATE)
    answer = _signed_in_as(session, session.name, session.role, people)
    answer.recovery_codes = list(session.recovery_codes) or None
    return answer


def _signed_in_as(
    who: Caller | Session, name: str, role: KeyRole, people: People
) -> session_models.SignedIn:
    until = people.factor_until(who)
    at = who.authenticated_at
    return session_models.SignedIn(
        name=name,
        display_name=who.display_name,
        role=role,
        farms=sorted(who.farms),
        centres=listed(who.centres),
        csrf=who.csrf,
        weak_password=who.weak_password,
        second_factor=who.second_factor,
        second_factor_until=None if until is None else rfc3339(until),
        reauthentication_due_at=None if at is None else rfc3339(at + reauthentication.RECENT_MS),
    )


def _account(account: Account, people: People) -> dict[str, Any]:
    until = people.factor_until(account)
    asked = until is not None and account.factor_asked_at is not None
    return {
        "id": account.id,
        "name": account.name,
        "display_name": account.display_name,
        "role": account.role,
        "farms": sorted(account.farms),
        "centres": listed(account.centres),
        "created_at": rfc3339(account.created_at),
        "disabled": account.disabled_at is not None,
        "second_factor": account.second_factor,
        "second_factor_demanded": until is not None,
        "second_factor_until": rfc3339(until) if until is not None and asked else None,
        "second_factor_extensions": factors.extensions_left(account.factor_extensions) * asked,
        "made_by": account.made_by,
    }


def _invitation(invitation: Invitation) -> dict[str, Any]:
    return {
        "id": invitation.id,
        "role": invitation.role,
        "farms": sorted(invitation.farms),
        "centres": listed(invitation.centres),
        "label": invitation.label,
        "created_at": rfc3339(invitation.created_at),
        "expires_at": rfc3339(invitation.expires_at),
    }
