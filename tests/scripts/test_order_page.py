"""The reference of orders has each transition of the table, and each kind of notice."""

from scripts import order_page

from farmlive.shop.core import state_machine
from farmlive.shop.core.notice_kinds import KINDS


def test_it_has_every_transition_once() -> None:
    lines = order_page.page().splitlines()
    for step in (
        *state_machine.STATES,
        *state_machine.PAYMENTS,
        *state_machine.BACK_STATES,
        *state_machine.BACK_PAYMENTS,
    ):
        cells = (f"`{step.after}`", f"| {step.meaning} |", f"`{step.event.kind}`")
        (row,) = (line for line in lines if all(cell in line for cell in cells))
        assert all(who in row for who in step.who)


def test_it_says_who_causes_each_notice() -> None:
    page = order_page.page()
    for kind, known in KINDS.items():
        assert f"| `{kind}` | {known.cause} |" in page
