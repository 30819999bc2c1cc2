"""The routes of invitations: made by coordinators, accepted by whoever has the link. No logic."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from farmlive.clock import rfc3339
from farmlive.edge import paging
from farmlive.edge.contracts import raises
from farmlive.people import session_models
from farmlive.people.core import models
from farmlive.people.core.caller import Caller
from farmlive.people.core.problems import (
    InvitationOver,
    NameTaken,
    PasswordRefused,
    ReauthenticationNeeded,
    ShutOut,
    UnknownInvitation,
)
from farmlive.people.core.scope import split_centres
from farmlive.people.guard import Guard
from farmlive.people.keys.invitations import Invitation
from farmlive.people.people import People
from farmlive.people.routes.keys import PRIVATE
from farmlive.people.routes.sessions import begin_session, browser_name


def routes(people: People, guard: Guard) -> APIRouter:
    """Build the router of invitations."""
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
            role=found.role, farms=sorted(found.farms), centres=split_centres(found.centres)
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
            browser=browser_name(request),
        )
        return begin_session(response, session, people)

    return router


def _invitation(invitation: Invitation) -> dict[str, Any]:
    return {
        "id": invitation.id,
        "role": invitation.role,
        "farms": sorted(invitation.farms),
        "centres": split_centres(invitation.centres),
        "label": invitation.label,
        "created_at": rfc3339(invitation.created_at),
        "expires_at": rfc3339(invitation.expires_at),
    }
