"""What a shared link of a broadcast shows in WeChat and elsewhere (the Open Graph protocol)."""

from dataclasses import dataclass

from farmlive.bilingual import Bilingual
from farmlive.broadcast.models import Broadcast
from farmlive.pages.rendering.formats import Formats
from farmlive.pages.rendering.render import Pages
from farmlive.pages.services import Services
from farmlive.settings import Settings


@dataclass(frozen=True)
class ShareCard:
    """The words below the title, the page's URL and the picture's; and `still`, the URL path of
    what the page shows behind its words where no camera sends, or "".
    """

    words: Bilingual
    url: str
    picture: str
    still: str


async def share_card(
    pages: Pages, services: Services, settings: Settings, broadcast: Broadcast
) -> ShareCard:
    """Return the card of a broadcast: its first product with price and farm, or what it is."""
    cards = await services.shop.bag.cards(broadcast.id)
    still = broadcast.frame or ""
    words = Bilingual(
        zh="产地直播：看着采，问得着，现场下单。", en="Live from the farm: watch, ask, order."
    )
    picture = pages.static_url("pictures/icon-512.png")
    if cards:
        card = cards[0]
        said = {
            language: " · ".join(
                (
                    card.name.in_language(language),
                    Formats(language, settings.time_zone).money(card.price),
                    card.lot.farm.name.in_language(language),
                )
            )
            for language in ("zh", "en")
        }
        words = Bilingual(zh=said["zh"][:200], en=said["en"][:200])
        farm = await services.origin.farm(card.lot.farm.id)
        still = still or (farm and farm.photo) or ""
        picture = card.picture or still or picture
    url = f"{settings.url}/live/{broadcast.id}"
    return ShareCard(words, url, f"{settings.url}{picture}", still)
