"""What a page's fold keeps of an event is read by a script of some page, or kept for nothing."""

import re

from farmlive.broadcast.broadcast_state import PASSED_OVER, UNUSED
from farmlive.broadcast.events import KINDS
from farmlive.pages.rendering.static import WEB

# Read by the fold itself: the order of the bag, and what it keeps of a lot under other names.
OF_THE_FOLD = {"position", "lot_sold_g", "lifted_at"}


def read_by_pages() -> set[str]:
    """Every name that a script takes out of something, but for the fold."""
    scripts = [path for path in (WEB / "static").rglob("*.js") if "vendor" not in path.parts]
    text = "\n".join(
        path.read_text("utf-8") for path in scripts if path.name != "broadcast-state.js"
    )
    code = re.sub(r"^\s*(//|/?\*).*$", "", text, flags=re.MULTILINE)
    return set(re.findall(r"(?:\.|[{,(]\s*)([a-z]\w*)", code))


def test_every_field_that_the_fold_keeps_is_read_by_a_page() -> None:
    known = read_by_pages()
    forgotten = [
        f"{name}: {field}"
        for name, kind in KINDS.items()
        if name not in PASSED_OVER
        for field, _ in kind.data_fields
        if field not in UNUSED.get(name, frozenset()) | OF_THE_FOLD | known
    ]
    assert forgotten == [], "show them in web/static, or name them as unused in both folds"
