"""The routes of accounts, for coordinators. No logic."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from farmlive.clock import rfc3339
from farmlive.edge import paging
from farmlive.edge.contracts import raises
from farmlive.people.accounts.accounts import Account
from farmlive.people.core import models
from farmlive.people.core.caller import Caller
from farmlive.people.core.problems import (
    ExtensionsUsedUp,
    FactorNotDue,
    LastCoordinator,
    NameTaken,
    NotToGive,
    OwnFactor,
    PasswordRefused,
    ReauthenticationNeeded,
    UnknownAccount,
    UnknownCredential,
)
from farmlive.people.core.scope import split_centres
from farmlive.people.factors import factors
from farmlive.people.guard import Guard
from farmlive.people.people import People
from farmlive.people.routes.keys import PRIVATE


def routes(people: People, guard: Guard) -> APIRouter:
    """Build the router of accounts."""
    router = APIRouter()
    coordinator = Depends(guard.coordinator)

    @router.get("/accounts", dependencies=[coordinator], operation_id="accounts_list")
    async def list_accounts(page: paging.PageParams) -> models.Accounts:
        """List the accounts."""
        rows, following = page.slice(await people.accounts(), lambda account: account.id)
        return models.Accounts(
            accounts=[models.AccountAnswer(**account_fields(account, people)) for account in rows],
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
        return models.MadeAccount(**account_fields(account, people), password=made)

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
        return models.AccountAnswer(**account_fields(changed, people))

    @router.post("/accounts/{account}/factors/extension", operation_id="factors_extend")
    @raises(UnknownAccount, OwnFactor, FactorNotDue, ExtensionsUsedUp, ReauthenticationNeeded)
    async def extend_factor(
        account: str, response: Response, caller: Annotated[Caller, coordinator]
    ) -> models.AccountAnswer:
        """Give an account seven more days to set up a second factor, at most twice."""
        response.headers.update(PRIVATE)
        extended = await people.extend_factor(account, caller=caller)
        return models.AccountAnswer(**account_fields(extended, people))

    @router.post("/accounts/{account}/password", operation_id="accounts_reset_password")
    @raises(UnknownAccount, ReauthenticationNeeded)
    async def reset_password(
        account: str, response: Response, caller: Annotated[Caller, coordinator]
    ) -> models.MadePassword:
        """Give an account a random password, returned only once, and end its sessions."""
        response.headers.update(PRIVATE)
        return models.MadePassword(password=await people.reset_password(account, caller=caller))

    return router


def account_fields(account: Account, people: People) -> dict[str, Any]:
    """Return the fields of an account's answer."""
    until = people.factor_until(account)
    asked = until is not None and account.factor_asked_at is not None
    return {
        "id": account.id,
        "name": account.name,
        "display_name": account.display_name,
        "role": account.role,
        "farms": sorted(account.farms),
        "centres": split_centres(account.centres),
        "created_at": rfc3339(account.created_at),
        "disabled": account.disabled_at is not None,
        "second_factor": account.second_factor,
        "second_factor_demanded": until is not None,
        "second_factor_until": rfc3339(until) if until is not None and asked else None,
        "second_factor_extensions": factors.extensions_left(account.factor_extensions) * asked,
        "made_by": account.made_by,
    }
