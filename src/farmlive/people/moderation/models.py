"""API models of moderation: blocks, refusals, and the audit log."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, StringConstraints, model_validator

from farmlive.edge.paging import Page
from farmlive.people.core.models import Identifier, Sent

BlockKind = Literal["device", "phone", "address"]


class SaidMessage(Sent):
    """A chat message, by its broadcast and its `seq`."""

    broadcast: Identifier
    seq: Annotated[int, Field(ge=1, le=2**53)]


class NewBlock(Sent):
    """The target of a block, and the reason: a number or an IP typed in `value`, or a pseudonym
    copied there; or the buyer of an `order` or the sender of a `message`.
    """

    kind: BlockKind
    value: Annotated[str, StringConstraints(strip_whitespace=True, max_length=64)] | None = None
    order: Identifier | None = None
    message: SaidMessage | None = None
    reason: Annotated[
        str,
        StringConstraints(
            strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$"
        ),
    ]

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(given is not None for given in (self.value, self.order, self.message)) != 1:
            raise ValueError("Name whom to block by one of these: value, order or message.")
        if self.kind == "phone" and self.message is not None:
            raise ValueError("A message has no phone. Block its device or its address.")
        return self


class BlockAnswer(BaseModel):
    """A block: `who` is a short pseudonym, `at` in RFC 3339, `by` its maker.

    `order`, or `broadcast` with `message`, are what it was made from.
    """

    id: str
    kind: BlockKind
    who: str
    reason: str
    at: str
    by: str
    order: str | None
    broadcast: str | None
    message: int | None


class BlockList(Page):
    """All blocks, the latest first."""

    blocks: list[BlockAnswer]


class RefusalAnswer(BaseModel):
    """Refusals to one device, phone, IP or name within the last hour.

    `who` is a short pseudonym, `mark` the full one, which a block takes as `value`; `count` is how
    often, `limit` how many a minute are allowed, null if a block refused.
    """

    at: str
    what: str
    kind: Literal["device", "phone", "address", "name"]
    who: str
    mark: str
    count: int
    limit: int | None
    reason: str


class RefusalList(Page):
    """Refusals by limits and blocks within the last hour, the latest first."""

    refusals: list[RefusalAnswer]


class DeedAnswer(BaseModel):
    """An entry of the audit log; `at` in RFC 3339. `name` did it to `subject`; `account`, or `key`
    for a program, identifies the actor, and `role` is its role at that time.
    """

    id: str
    at: str
    name: str
    account: str | None
    key: str | None
    role: str | None
    action: str
    subject: str | None
    broadcast: str | None
    detail: dict[str, Any]


class DeedList(Page):
    """Entries of the audit log, the latest first."""

    deeds: list[DeedAnswer]
