"""The HTTP API of a farmlive server, one method a route; raises ApiProblem.

The calls of each room are in a file of their own. Who the client is and how it asks is
connection.py's; media and the live channel are elsewhere.
"""

from farmlive.client.http import Json, checked
from farmlive.client.resources.broadcasts import CallsOfBroadcasts
from farmlive.client.resources.origin import CallsOfOrigin
from farmlive.client.resources.people import CallsOfPeople
from farmlive.client.resources.shop import CallsOfShop


class Api(CallsOfPeople, CallsOfBroadcasts, CallsOfOrigin, CallsOfShop):
    """All calls. With `key` it is a program; without one, `sign_in` makes it an account's client,
    and until then it is a viewer, whose device cookie is kept.
    """

    async def upload_picture(self, data: bytes, media_type: str = "image/jpeg") -> Json:
        """Keep a picture; the answer's `picture` is its address, for a product or a farm."""
        return await self.upload("/api/v1/pictures", data, media_type)

    async def page(self, path: str) -> str:
        """The text of a page, redirects followed."""
        return checked(await self._http.get(path, follow_redirects=True)).text

    async def review(self, broadcast: str) -> Json:
        """Return the broadcast's sales by offer and lot, with totals."""
        return await self.request("GET", f"/api/v1/broadcasts/{broadcast}/review")
