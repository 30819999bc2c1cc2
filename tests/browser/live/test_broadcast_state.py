"""The server's fold and the page's: one golden log drives both to the same state."""

from copy import deepcopy
from typing import Any

import pytest
from playwright.async_api import Page
from tests.browser.conftest import Open
from tests.support.golden_log import golden

from farmlive import compact_json
from farmlive.broadcast.broadcast_state import PASSED_OVER, UNUSED, BroadcastState, fold
from farmlive.broadcast.event_index import filter_event
from farmlive.broadcast.events import KINDS
from farmlive.broadcast.log import Event
from farmlive.broadcast.snapshot import view
from farmlive.clock import rfc3339

pytestmark = pytest.mark.browser

AUDIENCES = {
    "a viewer": frozenset({"public"}),
    "a buyer": frozenset({"public", "order:a"}),
    "staff": frozenset({"public", "staff"}),
    "a seller": frozenset({"public", "farm:youxi"}),
    "a seller of a part": frozenset({"public", "farm:other"}),
}
Shown = dict[str, Any]

# A scene as a snapshot has it: what the page alone knows, when boxes went and which holds came to
# nothing, is no part of that.
SCENE = """
const { BroadcastState, PASSED_OVER, UNUSED } = await import(
  "/static/lib/state/broadcast-state.js"
);
const shown = ({ over, ...scene }) => {
  const plain = (value) => value instanceof Map ? [...value.values()] : value;
  const found = Object.entries(scene).map(([name, value]) => [name, plain(value)]);
  const state = structuredClone(Object.fromEntries(found));
  for (const card of state.offers) delete card.gone_at;
  return state;
};
const begin = (snapshot) => {
  const scene = new BroadcastState();
  scene.load(structuredClone(snapshot));
  return scene;
};
const folded = (snapshot, events) => {
  const scene = begin(snapshot);
  for (const event of structuredClone(events)) scene.apply(event);
  return shown(scene);
};
"""


def at_prefixes(events: list[Event], audiences: frozenset[str]) -> list[Shown]:
    """What someone of these audiences is shown before the first event, and after each."""
    scene = BroadcastState()
    found = [shown(scene, audiences)]
    for event in events:
        fold(scene, event)
        found.append(shown(scene, audiences))
    return found


def shown(scene: BroadcastState, audiences: frozenset[str]) -> Shown:
    """The scene as a welcome has it, with what of the broadcast's row the log tells."""
    broadcast = {
        "state": scene.state,
        "started_at": None if scene.started_at is None else rfc3339(scene.started_at),
        "ended_at": None if scene.ended_at is None else rfc3339(scene.ended_at),
    }
    whole = {"broadcast": broadcast, "rushes": [], "questions": [], **view(scene, audiences)}
    copied: Shown = compact_json.decode(compact_json.encode(whole))
    return copied


def sent(events: list[Event], audiences: frozenset[str]) -> list[Shown | None]:
    """The events as the channel sends them to someone of these audiences; None: not at all."""
    return [
        compact_json.decode(compact_json.encode(filter_event(event, audiences)))
        if audiences.intersection(event.audience)
        else None
        for event in events
    ]


def another(value: Any) -> Any:
    """Another value of the same shape."""
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case str():
            return value + "x"
        case None:
            return "x"
        case list():
            return [another(value[0]), *value[1:]] if value else ["x"]
        case dict():
            first = next(iter(value))
            return {**value, first: another(value[first])}
    raise TypeError(value)


async def differing(page: Page, events: list[Event]) -> tuple[set[str], set[str]]:
    """The fields, as `kind.field`, that change something by being other: in the server's scene, and
    in the page's; and the kinds that change something by being there.
    """
    staff = AUDIENCES["staff"] | {"order:a"}
    states = at_prefixes(events, staff)
    by_server: set[str] = set()
    scene = BroadcastState()
    tried: list[tuple[int, str, Shown]] = []
    for index, event in enumerate(events):
        if states[index + 1] != states[index]:
            by_server.add(event.kind)
        for name, value in event.data.items():
            data = {**event.data, name: another(value)}
            other = Event(event.broadcast, event.seq, event.at, event.kind, event.audience, data)
            mutated = deepcopy(scene)
            fold(mutated, other)
            if shown(mutated, staff) != states[index + 1]:
                by_server.add(f"{event.kind}.{name}")
            tried.append((index, f"{event.kind}.{name}", other.as_sent()))
        fold(scene, event)
    by_page = await page.evaluate(
        f"""async ([start, events, tried]) => {{
          {SCENE}
          const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
          const found = [];
          const states = [start];
          const scene = begin(start);
          for (const event of events) {{
            scene.apply(structuredClone(event));
            states.push(shown(scene));
            if (!same(states.at(-2), states.at(-1))) found.push(event.kind);
          }}
          for (const [index, name, event] of tried) {{
            const state = folded(start, [...events.slice(0, index), event]);
            if (!same(state, states[index + 1])) found.push(name);
          }}
          return found;
        }}""",
        [states[0], [event.as_sent() for event in events], tried],
    )
    return by_server, set(by_page)


@pytest.mark.parametrize("who", list(AUDIENCES))
async def test_server_and_page_make_the_same_of_every_prefix(open_page: Open, who: str) -> None:
    events, audiences = golden(), AUDIENCES[who]
    states = at_prefixes(events, audiences)
    page = await open_page("/sign-in")
    from_the_start, ends = await page.evaluate(
        f"""async ([states, events]) => {{
          {SCENE}
          const scene = begin(states[0]);
          const found = [shown(scene)];
          for (const event of events) {{
            if (event) scene.apply(structuredClone(event));
            found.push(shown(scene));
          }}
          const later = (index) => events.slice(index).filter((event) => event);
          const ends = states.map((state, index) => folded(state, later(index)));
          return [found, ends];
        }}""",
        [states, sent(events, audiences)],
    )
    names = ["the start", *(f"event {event.seq}, {event.kind}" for event in events)]
    for name, state, there in zip(names, states, from_the_start, strict=True):
        assert there == state, f"after {name}"
    # Who comes in later sees in the end what those see who were there.
    for name, end in zip(names, ends, strict=True):
        assert end == states[-1], f"in the end, from a snapshot after {name}"


async def test_each_fold_knows_every_kind_and_field_or_names_it_as_unused(open_page: Open) -> None:
    page = await open_page("/sign-in")
    by_server, by_page = await differing(page, golden())
    passed_over, unused = await page.evaluate(
        f"async () => {{ {SCENE} return [PASSED_OVER, UNUSED]; }}"
    )
    assert set(passed_over) == PASSED_OVER
    assert {kind: frozenset(names) for kind, names in unused.items()} == UNUSED
    known = [kind for kind in KINDS if kind not in PASSED_OVER]
    fields = {
        f"{kind}.{name}"
        for kind in known
        for name, _ in KINDS[kind].data_fields
        if name not in UNUSED.get(kind, ())
    }
    expected = set(known) | fields
    told = {event.kind for event in golden()}
    told |= {f"{event.kind}.{name}" for event in golden() for name in event.data}
    assert expected - told == set(), "tests/support/golden_log.py: tell of it there"
    assert expected - by_server == set(), "broadcast_state.py: fold it, or name it as unused"
    assert expected - by_page == set(), "broadcast-state.js: fold it, or name it as unused"
