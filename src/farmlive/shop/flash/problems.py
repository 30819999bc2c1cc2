"""Problems of flash batches; each says what was kept and what to do."""

from farmlive.broadcast.events import Money
from farmlive.problems import Conflict, Invalid, NotFound


class FlashThere(Conflict):
    """The offer already has a flash batch; `flash` is the planned or running one."""

    slug = "flash-there"
    title = "The offer has a flash batch already"

    def __init__(self, flash: str):
        super().__init__(
            "Nothing was planned: end the batch that this offer has, or wait until it is over.",
            flash=flash,
        )


class UnknownFlash(NotFound):
    """No flash batch of the broadcast has that id."""

    slug = "unknown-flash"
    title = "There is no such flash batch"


class FlashNotCheaper(Invalid):
    """A flash batch must be cheaper than the offer; `price` is the offer's, as Money."""

    slug = "flash-not-cheaper"
    title = "The batch's price is not lower than the offer's"

    def __init__(self, price: Money):
        super().__init__(
            "Nothing was planned: the price of a flash batch must be lower than the price of its "
            "offer.",
            price=price,
        )


class FlashDearer(Conflict):
    """The planned or running flash batch would be no cheaper; `flash` is its id, `price` its
    price.
    """

    slug = "flash-dearer"
    title = "A flash batch would cost no less than the offer"

    def __init__(self, flash: str, price: Money):
        super().__init__(
            "Nothing was changed: the offer has a flash batch that costs as much or more. Set a "
            "price above it, or end the batch first.",
            flash=flash,
            price=price,
        )


class LimitReached(Conflict):
    """The buyer has reached a flash batch's limit; `offer`, `limit`, and `had`, the boxes so
    far.
    """

    slug = "limit-reached"
    title = "You have reached the batch's limit per buyer"

    def __init__(self, offer: str, limit: int, had: int):
        detail = f"Nothing was ordered: of this batch one buyer may have {limit}"
        detail += f", and you have {had} already." if had else "."
        super().__init__(
            f"{detail} Order fewer, or at the usual price once the batch is over.",
            offer=offer,
            limit=limit,
            had=had,
        )
