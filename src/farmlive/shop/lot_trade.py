"""The part of the shop that origin needs: what is sold of a lot, and what its stop means for sales.

It is built before origin, and the rest of the shop after it.
"""

from farmlive.broadcast.log import Log
from farmlive.settings import Settings
from farmlive.shop.checkout.waitlist_allocation import Allocation
from farmlive.shop.flash.flashes import Flashes
from farmlive.shop.offers.lot_stops import LotStops
from farmlive.shop.stock.lot_sales import LotSales
from farmlive.store import Store


class LotTrade:
    """`sales` and `stops` are for origin; `allocation` and `flashes` are the shop's, too."""

    def __init__(self, store: Store, log: Log, settings: Settings):
        self.allocation = Allocation(log, settings)
        self.flashes = Flashes(store, log, allocate_returned=self.allocation.allocate_returned)
        self.sales = LotSales(log, allocate_returned=self.allocation.allocate_returned)
        self.stops = LotStops(log, self.flashes, allocate=self.allocation.allocate)
