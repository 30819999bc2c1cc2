"""Queries by which rooms below read rooms above, which they may not import: people of farms,
centres, broadcasts, orders and messages, and the log of who ordered.

The server and the `farmlive` command build with the same.
"""

from farmlive.broadcast import airings, chat
from farmlive.broadcast.log import Log
from farmlive.bus import Bus
from farmlive.origin.lots import farms
from farmlive.people import People
from farmlive.people.core.lookups import Lookups
from farmlive.settings import Settings
from farmlive.shop.offers import catalogue
from farmlive.shop.orders import order_devices
from farmlive.store import Store

LOOKUPS = Lookups(
    require_farm=farms.find,
    require_centre=catalogue.find_centre,
    airings=airings.running,
    buyer_of_order=order_devices.buyer_of,
    sender_of_message=chat.sender_of,
)


def make_people(store: Store, settings: Settings, bus: Bus) -> People:
    """Build people with the lookups of the other rooms."""
    return People(store, settings, bus, LOOKUPS)


def make_log(bus: Bus) -> Log:
    """Build the log with the shop's lookup of who ordered."""
    return Log(bus, order_devices.devices)
