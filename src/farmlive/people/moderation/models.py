"""The shapes of conduct in the API: who is blocked, what was refused, and what staff did."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, StringConstraints, model_validator

from farmlive.edge.paging import Listing
from farmlive.people.core.models import Identifier, Sent

BlockKind = Literal["device", "phone", "address"]


class SaidMessage(Sent):
    """A chat message, by its broadcast and its `seq`."""

    broadcast: Identifier
    seq: Annotated[int, Field(ge=1, le=2**53)]


class NewBlock(Sent):
    """Whom to block, and why: by a number or an address typed in `value`, or a pseudonym copied
    there; or whoever placed an `order` or said a `message`.
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
    """A block: `who` is a short pseudonym, `at` in RFC 3339, `by` who made it.

    `order`, or `broadcast` with `message`, say by what they were found.
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


class BlockList(Listing):
    """All blocks, the latest first."""

    blocks: list[BlockAnswer]


class RefusalAnswer(BaseModel):
    """What was refused to one device, phone, address or name within the last hour.

    `who` is a short pseudonym, `mark` the whole of it, which a block takes as `value`; `count` is
    how often, `limit` how many a minute are taken, null where a block refused.
    """

    at: str
    what: str
    kind: Literal["device", "phone", "address", "name"]
    who: str
    mark: str
    count: int
    limit: int | None
    reason: str


class RefusalList(Listing):
    """What limits and blocks refused within the last hour, the latest first."""

    refusals: list[RefusalAnswer]


class DeedAnswer(BaseModel):
    """What one of the staff did; `at` in RFC 3339, `name` who, `subject` to what. `account`, or
    `key` for a program, is who did it, and `role` what they were then.
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


class DeedList(Listing):
    """Deeds, the latest first; `next` is the `before` of the following page, if there is one."""

    deeds: list[DeedAnswer]
