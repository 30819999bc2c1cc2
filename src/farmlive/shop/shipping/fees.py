"""Parcel fees: the table, and the fee of one parcel.

checkout/order_writer.py decides whether an order is a parcel, and compares the fee with the one
that the buyer saw.
"""

import hashlib
from typing import Any

from sqlalchemy import Connection, Executable, bindparam, delete, func, insert, select

from farmlive.ids import ulid
from farmlive.money import Money
from farmlive.people import Caller
from farmlive.people.core.audit import record_action
from farmlive.problems import Conflict
from farmlive.settings import Settings
from farmlive.shop.core import currencies, regions
from farmlive.shop.core.tables import parcel_fees
from farmlive.shop.shipping.models import Fee, Fees, FeeTable
from farmlive.store import Store, hot

_EVERY = select(parcel_fees.c.region, parcel_fees.c.upto_g, parcel_fees.c.fee).order_by(
    func.length(parcel_fees.c.region), parcel_fees.c.region, parcel_fees.c.upto_g
)

_FITTING = hot(
    select(parcel_fees.c.region, parcel_fees.c.upto_g, parcel_fees.c.fee)
    .where(parcel_fees.c.region.in_(bindparam("regions", expanding=True)))
    .order_by(func.length(parcel_fees.c.region).desc(), parcel_fees.c.upto_g)
)


class TooHeavy(Conflict):
    """The parcel is heavier than every fee allows; `weight_g` is its weight, `most_g` the limit."""

    slug = "too-heavy"
    title = "The parcel is too heavy"

    def __init__(self, weight_g: int, most_g: int):
        super().__init__(
            f"Nothing was ordered: a parcel there holds {most_g / 1000:g} kg at most, and this "
            f"would be {weight_g / 1000:g} kg. Order less, or in two orders, or pick it up.",
            weight_g=weight_g,
            most_g=most_g,
        )


class FeesReplaced(Conflict):
    """The table of fees is not the one that the request replaces; `version` is its own."""

    slug = "fees-replaced"
    title = "The parcel fees were changed meanwhile"

    def __init__(self, version: str):
        super().__init__(
            "Nothing was changed: somebody else changed the fees since you read them. Read them "
            "again, and send what you want to change with their version.",
            version=version,
        )


def fee_query(region: str | None) -> tuple[Executable, dict[str, Any]]:
    """Return the query of `fee_of`, which can be prefetched."""
    return _FITTING, {"regions": ["", *((region[:2], region[:4], region) if region else ())]}


def fee_of(connection: Connection, region: str | None, grams: int) -> int:
    """Return the fee of a parcel of that net weight to that region, in minor units.

    It is 0 without a table. Only the fees of the longest matching region count, whatever the
    weight. Raises TooHeavy.
    """
    bands = connection.execute(*fee_query(region)).all()
    if not bands:
        return 0
    of_region = [band for band in bands if band.region == bands[0].region]
    for band in of_region:
        if grams <= band.upto_g:
            return int(band.fee)
    raise TooHeavy(grams, of_region[-1].upto_g)


class ParcelFees:
    """Reads and replaces the table of fees."""

    def __init__(self, store: Store, settings: Settings):
        self._store = store
        self._currency = settings.currency

    async def list_fees(self) -> Fees:
        """Return all fees."""
        return await self._store.read(self._read)

    async def set(self, caller: Caller, wanted: FeeTable) -> Fees:
        """Replace the table of fees; placed orders keep theirs.

        Raises WrongCurrency, and FeesReplaced unless the table is of the version that is wanted.
        """
        rows = [
            {
                "id": ulid(),
                "region": each.region,
                "upto_g": each.upto_g,
                "fee": currencies.minor_units(each.fee, self._currency, "this shop"),
            }
            for each in wanted.fees
        ]

        def write(connection: Connection) -> Fees:
            present = self._read(connection).version
            if wanted.version not in (None, present):
                raise FeesReplaced(present)
            connection.execute(delete(parcel_fees))
            if rows:
                connection.execute(insert(parcel_fees), rows)
            places = sorted({fee.region for fee in wanted.fees})
            record_action(
                connection,
                caller,
                "fees.set",
                fees=len(wanted.fees),
                regions=[
                    regions.full_name(place.ljust(6, "0")) if place else "" for place in places
                ],
            )
            return self._read(connection)

        return await self._store.write(write)

    def _read(self, connection: Connection) -> Fees:
        # As they are stored, even if a newer list lacks a region's code.
        rows = connection.execute(_EVERY).all()
        fees = [
            Fee.model_construct(
                region=row.region,
                upto_g=row.upto_g,
                fee=Money.model_construct(amount=row.fee, currency=self._currency),
            )
            for row in rows
        ]
        said = "\n".join(f"{row.region} {row.upto_g} {row.fee}" for row in rows)
        version = hashlib.sha256(said.encode()).hexdigest()[:16]
        return Fees.model_construct(currency=self._currency, fees=fees, version=version)
