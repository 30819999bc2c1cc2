"""The routes of people."""

from fastapi import APIRouter

from farmlive.people.guard import Guard
from farmlive.people.keys.sources import BroadcastState
from farmlive.people.people import People
from farmlive.people.routes import (
    accounts,
    factors,
    guests,
    invitations,
    keys,
    moderation,
    sessions,
)


def routes(people: People, guard: Guard, broadcast_state: BroadcastState) -> APIRouter:
    """Build the router; `broadcast_state` checks whether a broadcast accepts cameras."""
    router = APIRouter(prefix="/api/v1")
    router.include_router(sessions.routes(people, guard))
    router.include_router(accounts.routes(people, guard))
    router.include_router(invitations.routes(people, guard))
    router.include_router(factors.routes(people, guard))
    router.include_router(keys.routes(people, guard, broadcast_state))
    router.include_router(guests.routes(people, guard, broadcast_state))
    router.include_router(moderation.routes(people, guard))
    return router
