"""What a shared link of a broadcast shows in WeChat and elsewhere (the Open Graph protocol)."""

from dataclasses import dataclass

from farmlive.bilingual import Bilingual
from farmlive.pages.rendering.formats import Formats
from farmlive.pages.rendering.render import Pages
from farmlive.pages.services import Services
from farmlive.settings import Settings


@dataclass(frozen=True)
class ShareCard:
    """The words below the title, the page's URL and the picture's."""

    words: Bilingual
    url: str
    picture: str


async def share_card(
    pages: Pages, services: Services, settings: Settings, broadcast: str
) -> ShareCard:
    """Return the card of a broadcast: its first product with price and farm, or what it is."""
    cards = await services.shop.bag.cards(broadcast)
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
        picture = card.picture or (farm and farm.photo) or picture
    return ShareCard(words, f"{settings.url}/live/{broadcast}", f"{settings.url}{picture}")
