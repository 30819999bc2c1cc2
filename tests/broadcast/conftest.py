"""A live broadcast."""

import pytest
from tests.broadcast.live_channel import OFFER

from farmlive.broadcast.events import OfferAdded
from farmlive.broadcast.models import NewBroadcast
from farmlive.server import Server


@pytest.fixture
async def live(server: Server) -> str:
    """A live broadcast with one offer in its bag."""
    house = server.house
    made = await house.broadcasts.create(NewBroadcast(title={"zh": "直播", "en": "Live"}))
    await house.broadcasts.begin(made.id)
    await house.store.write(
        lambda connection: house.log.append(connection, made.id, OfferAdded.parse(OFFER))
    )
    return made.id
