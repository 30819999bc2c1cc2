"""The base of all kinds of events: fields, audience, JSON, and parsing of older data.

The kinds are in the other files of this package. Pure.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from enum import Enum
from typing import Annotated, Any, ClassVar, Final, Self, TypeVar, dataclass_transform

from pydantic import Field

from farmlive.broadcast.events.audience_filter import ORDER, PUBLIC, STAFF, farm_audience

ULID = "01KB6Y3S8QJ4M1T9W2ZC5D7EFG"


class LeftOut(Enum):
    """The value of a field that the event lacks, for fields where null has a meaning of its own."""

    LEFT_OUT = "left out"


LEFT_OUT: Final = LeftOut.LEFT_OUT
# Metadata of a field that decides who gets an event and is not part of its data.
ROUTING: Final = {"routing": True}


def doc(text: str, *examples: object) -> Any:
    """Annotate a field with its description, and with examples for documents and fixtures."""
    return Field(description=text, examples=list(examples) or None)


class EventModel:
    """Base of an event's model; the decorator `kind` registers a subclass.

    Fields that hold their default are left out of the JSON, so a default is None, False or
    LEFT_OUT. Fields that were added later need a default, since older events lack them. A field
    without a default that a stored event lacks is LEFT_OUT, and stays left out.
    """

    __slots__ = ()
    kind: ClassVar[str]
    data_fields: ClassVar[tuple[tuple[str, object], ...]]
    """The fields of its data, each with what it is when it is left out."""

    @property
    def audience(self) -> tuple[str, ...]:
        """The event's audiences: one or more of `public`, `staff`, `farm:{id}`, `order:{id}`."""
        raise NotImplementedError

    def data(self) -> dict[str, Any]:
        """Return the event's data as JSON values."""
        return {
            name: value
            for name, left_out in self.data_fields
            if (value := getattr(self, name)) is not left_out
        }

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        """Parse data from a log, also of an older version; fields of a newer version are
        ignored.
        """
        try:
            return cls(**data)  # the fast path: most data has exactly these fields
        except TypeError:
            get = data.get
            return cls(**{name: get(name, left_out) for name, left_out in cls.data_fields})


KINDS: Final[dict[str, type[EventModel]]] = {}
"""Every kind of event by its name."""

M = TypeVar("M", bound=EventModel)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def model(cls: type[M]) -> type[M]:
    """Make a dataclass with the fields that several kinds share.

    It is frozen for mypy only: a frozen dataclass takes three times as long to construct.
    """
    return dataclass(slots=True, kw_only=True)(cls)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def kind(name: str) -> Callable[[type[M]], type[M]]:
    """Register a class as the kind with this name, and make it a dataclass."""

    def make(cls: type[M]) -> type[M]:
        if name in KINDS:
            raise ValueError(f"two kinds of event have the name {name}")
        made = model(cls)
        made.kind = name
        made.data_fields = tuple(
            (each.name, LEFT_OUT if each.default is MISSING else each.default)
            for each in fields(made)  # type: ignore[arg-type]
            if not each.metadata
        )
        KINDS[name] = made
        return made

    return make


class PublicEvent(EventModel):
    """Base of events for everybody."""

    __slots__ = ()

    @property
    def audience(self) -> tuple[str, ...]:
        """Everybody."""
        return (PUBLIC,)


class StaffEvent(EventModel):
    """Base of events for staff."""

    __slots__ = ()

    @property
    def audience(self) -> tuple[str, ...]:
        """Staff."""
        return (STAFF,)


@model
class OrderEvent(EventModel):
    """Base of an order's events: for staff, the farms of its lines, and its buyer."""

    order: Annotated[str, doc("The order's id; a hold has that of the order to be.", ULID)]
    state: Annotated[str, doc("The state from now on.")]
    farms: Iterable[str] = field(default=(), metadata=ROUTING)
    # The device whose open channels may see the order's events from now on.
    device: str | None = field(default=None, metadata=ROUTING)

    @property
    def audience(self) -> tuple[str, ...]:
        """Staff, the farms of the order's lines, and its buyer."""
        farms = sorted(set(self.farms))
        return (STAFF, *(farm_audience(farm) for farm in farms), ORDER + self.order)
