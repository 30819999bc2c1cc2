"""What every kind of event has: its fields, its audience, its JSON, and how that is read again.

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
    """What a field holds that the event does not have, where null says something else."""

    LEFT_OUT = "left out"


LEFT_OUT: Final = LeftOut.LEFT_OUT
# A field that says to whom an event goes, and is none of its data.
ROUTING: Final = {"routing": True}


def doc(text: str, *examples: object) -> Any:
    """Say in an `Annotated` what a field means, with values of it for documents and fixtures."""
    return Field(description=text, examples=list(examples) or None)


class EventModel:
    """One kind of event; a subclass is made one by `kind`.

    A field that is what it is by default is left out of the JSON, so defaults are None, False or
    LEFT_OUT. In the log stand events as older versions wrote them, without what came later: such a
    field has a default. What a row lacks beyond that is LEFT_OUT, and stays left out.
    """

    __slots__ = ()
    kind: ClassVar[str]
    data_fields: ClassVar[tuple[tuple[str, object], ...]]
    """The fields of its data, each with what it is when it is left out."""

    @property
    def audience(self) -> tuple[str, ...]:
        """Who may see it: one or more of `public`, `staff`, `farm:{id}`, `order:{id}`."""
        raise NotImplementedError

    def data(self) -> dict[str, Any]:
        """The event's data as JSON has it."""
        return {
            name: value
            for name, left_out in self.data_fields
            if (value := getattr(self, name)) is not left_out
        }

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """Read data from a log, also of an older version; what a newer one added is passed over."""
        try:
            return cls(**data)  # most have what is needed and nothing else
        except TypeError:
            get = data.get
            return cls(**{name: get(name, left_out) for name, left_out in cls.data_fields})


KINDS: Final[dict[str, type[EventModel]]] = {}
"""Every kind of event by its name."""

M = TypeVar("M", bound=EventModel)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def model(cls: type[M]) -> type[M]:
    """Make a dataclass of what several kinds share.

    Frozen for mypy alone: to have it so at runtime, too, would triple what making one costs.
    """
    return dataclass(slots=True, kw_only=True)(cls)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def kind(name: str) -> Callable[[type[M]], type[M]]:
    """Make a class the kind of event of that name, and a dataclass."""

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
    """An event that everyone may see."""

    __slots__ = ()

    @property
    def audience(self) -> tuple[str, ...]:
        """Everyone."""
        return (PUBLIC,)


class StaffEvent(EventModel):
    """An event for those who run the broadcast."""

    __slots__ = ()

    @property
    def audience(self) -> tuple[str, ...]:
        """Staff."""
        return (STAFF,)


@model
class OrderEvent(EventModel):
    """An event of an order: for staff, the farms of its lines, and its buyer."""

    order: Annotated[str, doc("The order's id; a hold has that of the order to be.", ULID)]
    state: Annotated[str, doc("The state from now on.")]
    farms: Iterable[str] = field(default=(), metadata=ROUTING)
    # Whose open channels may see from now on what is told of the order.
    device: str | None = field(default=None, metadata=ROUTING)

    @property
    def audience(self) -> tuple[str, ...]:
        """Staff, the farms, the buyer."""
        farms = sorted(set(self.farms))
        return (STAFF, *(farm_audience(farm) for farm in farms), ORDER + self.order)
