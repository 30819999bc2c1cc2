"""Data for the pictures of the trade: orders placed, packed, claimed or wrongly priced, in a
running demo. Each is created once, and used again by the next picture.
"""

import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import imageio_ffmpeg
from playwright.sync_api import APIResponse, BrowserContext, Page

from farmlive.demo.film.film import KITCHEN, film_in

# Sends commands on the live channel as whoever is signed in, each once the one before is answered;
# what the last one is answered with.
COMMANDED = """([path, commands]) => new Promise((resolve, reject) => {
  const socket = new WebSocket(path.replace(/^http/, "ws"), "farmlive.v1");
  const next = (result) => {
    if (!commands.length) { socket.close(); return resolve(result); }
    socket.send(JSON.stringify({ id: "picture", ...commands.shift() }));
  };
  socket.onopen = () => next();
  socket.onmessage = ({ data }) => {
    const said = JSON.parse(data);
    if (said.type !== "reply") return;
    if (said.ok) next(said.result); else reject(new Error(JSON.stringify(said.problem)));
  };
})"""
BUYERS = (("王月娥", "13800001001"), ("李建国", "13800001002"), ("陈秀英", "13800001003"))


class Trade:
    """The trade of a demo: `staff` are signed in, a `visitor` buys."""

    def __init__(self, staff: BrowserContext, visitor: BrowserContext, url: str, live: str):
        self._staff, self._visitor, self._url, self._live = staff, visitor, url, live
        csrf = staff.request.get(f"{url}/api/v1/session").json()["csrf"]
        self._headers = {"X-CSRF-Token": csrf}

    def ordered(
        self, offer: dict[str, Any], price: int | None = None, who: int = 0, **more: Any
    ) -> dict[str, Any]:
        """Place an order as a visitor; return the response."""
        name, phone = BUYERS[who]
        answer = self._visitor.request.post(
            f"{self._url}/api/v1/broadcasts/{self._live}/orders",
            headers={"Idempotency-Key": secrets.token_urlsafe(16)},
            data={
                "lines": [
                    {
                        "offer": offer["id"],
                        "quantity": 2,
                        "price": price or offer["price"]["amount"],
                    },
                ],
                "buyer": {"name": name, "phone": phone},
                "delivery": {"way": "parcel", "address": "福建省福州市鼓楼区东街 12 号"},
                "payment": "cash_on_delivery",
                **more,
            },
        )
        return dict(_taken(answer))

    def picked_up(self, offer: dict[str, Any]) -> str:
        """Place an order for pick-up; return the URL of its page, which has the code."""
        centres = self._visitor.request.get(f"{self._url}/api/v1/centres").json()["centres"]
        delivery = {"way": "pickup", "centre": centres[0]["id"]}
        return str(self.ordered(offer, delivery=delivery, payment="pay_at_pickup")["url"])

    def brought(self, broadcast: str, wanted: int = 9) -> None:
        """Pack a number of a broadcast's pick-up orders, and bring most of them to their points."""
        there = self._found(broadcast, state="at_centre")
        packed = self._found(broadcast, state="packed")
        if lacking := wanted - len(there) - len(packed):
            placed = self._found(broadcast, state="placed")[: max(0, lacking)]
            self._move(broadcast, placed, "packed")
            self._move(broadcast, placed[: 2 * len(placed) // 3], "at_centre")

    def claimed(self, broadcast: str, data: Path, folder: Path) -> str:
        """Claim, with a photo, damage of a delivered order of a broadcast; return the order's
        page.
        """
        path = f"{self._url}/api/v1/broadcasts/{broadcast}"
        before = self._staff.request.get(f"{path}/claims?state=open").json()["orders"]
        if before:
            return str(before[0]["url"])
        parcels = self._find(broadcast, state="received", payment="paid", way="parcel")
        came = next(order for order in parcels if "果酱" in order["lines"][0]["name"]["zh"])
        claims = f"{self._url}/api/v1/orders/{came['token']}/claims"
        kept = self._visitor.request.post(
            f"{claims}/photos",
            headers={"Content-Type": "image/jpeg"},
            data=photo(data, folder).read_bytes(),
        )
        said = {"text": "有一瓶盖子裂了，果酱漏出来一些。", "photos": [_taken(kept)["id"]]}
        _taken(self._visitor.request.post(claims, data=said))
        return str(came["url"])

    def mispriced(self, offer: dict[str, Any]) -> None:
        """Place some orders at a tenth of the price, and correct the price."""
        path = f"{self._url}/api/v1/broadcasts/{self._live}"
        asked = self._staff.request.get(f"{path}/offers/{offer['id']}/mispriced")
        if asked.ok and any(len(one["orders"]) >= len(BUYERS) for one in asked.json()["prices"]):
            return
        wrong = offer["price"]["amount"] // 10
        self._command(
            {
                "type": "offer.change",
                "offer": offer["id"],
                "price": {**offer["price"], "amount": wrong},
            }
        )
        for who in range(len(BUYERS)):
            self.ordered(offer, wrong, who)
        self._command({"type": "offer.correct", "offer": offer["id"]})

    @contextmanager
    def stopped(self, lot: str) -> Iterator[None]:
        """Stop a lot by a failed test, and lift the stop afterwards."""
        path = f"{self._url}/api/v1/lots/{lot}"
        failed = {
            "at": datetime.now(UTC).isoformat(),
            "result": {"zh": "毒死蜱超标", "en": "Too much chlorpyrifos"},
            "laboratory": "尤溪县农产品质量检测站",
            "passed": False,
        }
        _taken(self._staff.request.post(f"{path}/inspections", headers=self._headers, data=failed))
        yield
        found = self._staff.request.get(path).json()["findings"]
        lift = {
            "findings": [each["id"] for each in found if each["lift"] is None],
            "sentence": "复检合格：第一份样品拿错了批次。",
        }
        _taken(self._staff.request.post(f"{path}/lifts", headers=self._headers, data=lift))

    def muted(self) -> None:
        """Send a chat message as a viewer, and mute its sender."""
        path = f"{self._url}/api/v1/broadcasts/{self._live}"
        if self._staff.request.get(f"{path}/mutes").json()["mutes"]:
            return
        said = {"type": "chat.say", "text": "加微信，便宜三成", "nickname": "果子批发"}
        message = self._command(said, by=self._visitor)["seq"]
        self._command({"type": "chat.mute", "message": message, "duration": "ten_minutes"})

    def _command(self, *commands: dict[str, Any], by: BrowserContext | None = None) -> Any:
        page = (by or self._staff).new_page()
        page.goto(f"{self._url}/")
        live = f"{self._url}/api/v1/broadcasts/{self._live}/live"
        result = page.evaluate(COMMANDED, [live, list(commands)])
        page.close()
        return result

    def _find(self, broadcast: str, **only: str) -> list[dict[str, Any]]:
        path = f"{self._url}/api/v1/broadcasts/{broadcast}/orders/search"
        answer = self._staff.request.post(path, headers=self._headers, data=only)
        return list(_taken(answer)["orders"])

    def _found(self, broadcast: str, **only: str) -> list[str]:
        return [order["id"] for order in self._find(broadcast, way="pickup", **only)]

    def _move(self, broadcast: str, orders: list[str], state: str) -> None:
        path = f"{self._url}/api/v1/broadcasts/{broadcast}/orders/bulk-transitions"
        if orders:
            move = {"orders": orders, "state": state}
            _taken(self._staff.request.post(path, headers=self._headers, data=move))


def _taken(answer: APIResponse) -> Any:
    """Return the demo's response. Raises SystemExit if the demo refused."""
    if not answer.ok:
        raise SystemExit(f"{answer.url}: {answer.json()['detail']}")
    return answer.json()


def photo(data: Path, folder: Path) -> Path:
    """Return a photo as a buyer takes one: the jam, of the demo's kitchen."""
    path = folder / "jam.jpg"
    film = film_in(data, KITCHEN)
    subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-i", film, "-frames:v", "1", path],
        check=True,
    )
    return path


def of_claim(page: Page) -> None:
    """Open the claim in the list of orders."""
    page.locator("[data-order]").first.wait_for()
    page.locator("input[name=claimed]").check(force=True)
    page.locator("[data-order] [data-act=claim]").first.click()
    page.locator("#claim-sheet .claim__photos img").wait_for()
    page.wait_for_load_state("networkidle")


def of_wrong_price(page: Page, offer: str) -> None:
    """Open the orders at an offer's wrong price."""
    bag = page.locator("[data-open-panel=bag]")  # on a phone it is a sheet
    if bag.is_visible():
        bag.click()
    row = page.locator(f"[data-bag] [data-offer='{offer}']")
    row.wait_for()
    change = row.locator("[data-reprice]").first
    if not change.is_visible():
        row.locator("[data-open]").click(position={"x": 20, "y": 32})
    change.click()
    page.locator("#price-sheet [data-sheet-list]").click()
    page.locator("#mispriced-sheet [data-rows] li").first.wait_for()
