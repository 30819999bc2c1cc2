"""The routes of moderation: blocks, refusals, and the audit log. No logic."""

import hashlib
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends

from farmlive.clock import parse_rfc3339, rfc3339
from farmlive.edge import paging
from farmlive.edge.contracts import raises
from farmlive.people.core.audit import Group, Selection
from farmlive.people.core.caller import Caller
from farmlive.people.core.models import Identifier, Moment
from farmlive.people.core.problems import EveryonesAddress, NothingToBlock, UnknownBlock
from farmlive.people.guard import Guard
from farmlive.people.moderation import models
from farmlive.people.moderation.blocklist import Block
from farmlive.people.moderation.refusals import Refusal
from farmlive.people.people import People

# Characters of a pseudonym that suffice for people to tell two apart.
SHORT = 8


def routes(people: People, guard: Guard) -> APIRouter:
    """Build the router."""
    router = APIRouter()
    staff, coordinator = Depends(guard.staff), Depends(guard.coordinator)

    @router.get("/blocks", dependencies=[staff], operation_id="blocks_list")
    async def list_blocks(page: paging.PageParams) -> models.BlockList:
        """List the blocks."""
        rows, following = page.slice(await people.blocks.all(), lambda block: block.id)
        return models.BlockList(blocks=[_block(block) for block in rows], next=following)

    @router.post("/blocks", status_code=201, operation_id="blocks_create")
    @raises(NothingToBlock, EveryonesAddress)
    async def block(body: models.NewBlock, caller: Annotated[Caller, staff]) -> models.BlockAnswer:
        """Block a device, a phone or an IP address: no more orders and messages."""
        return _block(await people.blocks.add(caller, body))

    @router.delete("/blocks/{block}", status_code=204, operation_id="blocks_delete")
    @raises(UnknownBlock)
    async def unblock(block: str, caller: Annotated[Caller, staff]) -> None:
        """Lift a block."""
        await people.blocks.remove(caller, block)

    @router.get("/refusals", dependencies=[staff], operation_id="audit_list_refusals")
    async def list_refusals(page: paging.PageParams) -> models.RefusalList:
        """List what limits and blocks refused within the last hour, with the reason."""
        rows, following = page.slice(people.refusals.lately(), _name)
        return models.RefusalList(refusals=[_refusal(refusal) for refusal in rows], next=following)

    @router.get("/audit", dependencies=[coordinator], operation_id="audit_list")
    async def list_deeds(
        page: Annotated[paging.PageQuery, paging.page_params(default_limit=100)],
        group: Group | None = None,
        person: Identifier | None = None,
        since: Moment | None = None,
        until: Moment | None = None,
    ) -> models.DeedList:
        """List the entries of the audit log, latest first.

        All of it, or of a group, of a person (an account, an API key, `nobody` who is signed in, or
        the `command`), from `since` on and before `until`.
        """
        selection = Selection(
            group=group,
            person=person,
            since=parse_rfc3339(since) if since else None,
            until=parse_rfc3339(until) if until else None,
        )
        before = page.after[1] if page.after else None
        found = await people.audit_entries(before, page.fetch_limit, selection)
        rows, following = page.take(found, lambda deed: (0, deed.id))
        deeds = [
            models.DeedAnswer(
                id=deed.id,
                at=rfc3339(deed.at),
                name=deed.name,
                account=deed.account,
                key=deed.key,
                role=deed.role,
                action=deed.action,
                subject=deed.subject,
                broadcast=deed.broadcast,
                detail=deed.detail,
            )
            for deed in rows
        ]
        return models.DeedList(deeds=deeds, next=following)

    return router


def _block(block: Block) -> models.BlockAnswer:
    facts = {**asdict(block), "who": block.mark[:SHORT], "at": rfc3339(block.at)}
    return models.BlockAnswer.model_validate(facts)


def _name(refusal: Refusal) -> str:
    return hashlib.sha256(f"{refusal.what} {refusal.mark}".encode()).hexdigest()[:26]


def _refusal(refusal: Refusal) -> models.RefusalAnswer:
    facts = {**asdict(refusal), "who": refusal.mark[:SHORT], "at": rfc3339(refusal.at)}
    return models.RefusalAnswer.model_validate(facts)
