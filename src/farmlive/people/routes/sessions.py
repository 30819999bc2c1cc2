"""The routes of sessions: signing in and out, reauthentication, one's own account. No logic."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from farmlive.clock import rfc3339
from farmlive.edge import paging
from farmlive.edge.contracts import called_by, raises
from farmlive.people import session_models
from farmlive.people.accounts import reauthentication
from farmlive.people.accounts.browsers import browser_of
from farmlive.people.core import models, sessions
from farmlive.people.core.caller import Caller
from farmlive.people.core.problems import (
    NoPasskeysHere,
    NoPassword,
    PasskeyRefused,
    PasskeysFull,
    PasswordChangeNeeded,
    PasswordOver,
    PasswordRefused,
    ReauthenticationNeeded,
    SecondFactorNeeded,
    SecondFactorSetupNeeded,
    UnknownSession,
    WrongCode,
    WrongPassword,
)
from farmlive.people.core.roles import ROLES, KeyRole
from farmlive.people.core.scope import split_centres
from farmlive.people.core.sessions import Session
from farmlive.people.factors import models as factor_models
from farmlive.people.factors.factors import Answer
from farmlive.people.factors.relying_party import Site
from farmlive.people.guard import Guard
from farmlive.people.people import People
from farmlive.people.routes.accounts import account_fields
from farmlive.people.routes.keys import PRIVATE
from farmlive.problems import TooMany, Unauthorized, Unavailable

# A browser clears this at sign-out. Not "cookies": the device's cookie is a buyer's, with holds,
# orders and mutes. Not "storage": it has a buyer's links to orders, and a clerk's offline actions
# that are yet to be sent, but nothing that staff read.
CLEARED = '"cache"'


def routes(people: People, guard: Guard) -> APIRouter:
    """Build the router of sessions."""
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
            browser=browser_name(request),
            factor=Answer(body.code, body.passkey, body.setup),
            site=Site.of_request(people.settings, request.scope),
        )
        return begin_session(response, session, people)

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
        account = await people.set_display_name(caller, body.display_name)
        return models.AccountAnswer(**account_fields(account, people))

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


def browser_name(request: Request) -> str | None:
    """Return the name of the browser that sent the request, if it is known."""
    return browser_of(request.headers.get("user-agent", ""))


def begin_session(response: Response, session: Session, people: People) -> session_models.SignedIn:
    """Set the session's cookie and return the answer to a sign-in."""
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
        centres=split_centres(who.centres),
        csrf=who.csrf,
        weak_password=who.weak_password,
        second_factor=who.second_factor,
        second_factor_until=None if until is None else rfc3339(until),
        reauthentication_due_at=None if at is None else rfc3339(at + reauthentication.RECENT_MS),
    )
