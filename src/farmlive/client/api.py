"""The HTTP API of a farmlive server, one method for each route; raises ApiProblem.

The calls of each room are in a file of their own; connection.py has the identity and the requests.
"""

from farmlive.client.http import Json, raise_for_problem
from farmlive.client.resources.broadcasts import BroadcastCalls
from farmlive.client.resources.origin import OriginCalls
from farmlive.client.resources.people import PeopleCalls
from farmlive.client.resources.shop import ShopCalls


class Api(PeopleCalls, BroadcastCalls, OriginCalls, ShopCalls):
    """All calls. With `key` it is a program; without one it is a viewer, whose device cookie it
    keeps, until `sign_in` makes it an account's client.
    """

    async def upload_picture(self, data: bytes, media_type: str = "image/jpeg") -> Json:
        """Upload a picture; the result's `picture` is its URL, for a product or a farm."""
        return await self.upload("/api/v1/pictures", data, media_type)

    async def page(self, path: str) -> str:
        """Return the text of a page; follows redirects."""
        return raise_for_problem(await self._http.get(path, follow_redirects=True)).text

    async def review(self, broadcast: str) -> Json:
        """Return the broadcast's sales by offer and lot, with totals."""
        return await self.request("GET", f"/api/v1/broadcasts/{broadcast}/review")
