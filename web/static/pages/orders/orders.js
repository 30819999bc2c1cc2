// The order desk: every order of a broadcast as it comes and goes on, what one looks for among them,
// and one or many moved on by one press. Orders stand by their number, as they are packed.

import { detailOf, find, findAll, say } from "../../lib/ui/dom.js";
import { count, money } from "../../lib/format/format.js";
import { n, page } from "../../lib/words.js";
import { Problem } from "../../lib/channel/api.js";
import { Channel } from "../../lib/channel/channel.js";
import { OrderStore } from "./order-store.js";
import { Selection } from "./selection.js";
import { Claims } from "./claims.js";
import { Filter } from "./filter.js";
import { askingHow } from "./buyer-identity.js";
import { Transitions } from "../../lib/orders/transitions.js";
import { OrderSheet } from "./order-sheet.js";
import { OrderDocuments } from "./order-documents.js";
import { row } from "../../lib/orders/order-row.js";
import { MoveToasts } from "../../lib/orders/move-toasts.js";
import { spoken } from "../../lib/format/staff-sentences.js";
import { ServerWord } from "../../lib/channel/server-word.js";
import { followActs } from "../../lib/channel/staff-api.js";
import { WaitingActs } from "../../lib/channel/waiting-acts.js";
import { showSignedOut } from "../../lib/channel/signed-out.js";
import { amountPayable, isGone } from "../../lib/orders/order-states.js";

const SHOWN = 100;
/** So long the list waits for the channel, and then comes without it. */
const WELCOME_MS = 1_500;
const { broadcast, role } = page.data;
const path = `/api/v1/broadcasts/${broadcast}/orders`;
const isStaff = role === "coordinator" || role === "host";
/** @typedef {import("../../lib/orders/order-states.js").Order} Order */

/** @param {string} name */
const part = (name) => find(document, `[data-${name}]`);
const items = part("items");

const book = new OrderStore(path);
const filter = new Filter(find(document, "[data-order-filter]", HTMLFormElement));
const moves = new Transitions(path, (id) => book.order(id)?.number);
const claims = isStaff ? new Claims(broadcast, moves, book) : null;
const papers = new OrderDocuments(broadcast);
const told = new MoveToasts(moves, book);
const make = askingHow(
  (ids, body) => moves.make(ids, body),
  (id) => book.order(id),
);
const sheet = new OrderSheet({ book, moves, make, claims, papers, role, isStaff });
const chosen = new Selection({
  role,
  isStaff,
  moves,
  make,
  papers,
  cancel: (orders) => sheet.cancel(orders),
});

let shown = SHOWN;
/** @type {Set<string>} what this page has just moved on stays in sight, whatever the filter */
const touched = new Set();
/** @type {Map<string, { order: Order, isChosen: boolean, isMoving: boolean, element: HTMLElement }>} the rows that stand on the page, each with what it was drawn of */
const rows = new Map();

/** @type {import("../../lib/orders/order-row.js").RowActs} */
const does = {
  choose: (order, isChosen, isRange) => chosen.choose(order, isChosen, isRange ? found : null),
  open: (order) => sheet.open(order),
  step: (order, state) => make([order.id], { state }),
  pay: (order) => moves.make([order.id], { payment: "paid" }),
  claim: (order) => claims?.open(order),
};

/** @type {Order[]} what is looked for, by number */
let found = [];

function look() {
  found = filter.among(book.all(), touched);
  chosen.keepTo(found);
}

let isDue = false;
/** Draws once for whatever happened until the next frame. */
function redraw() {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    draw();
  });
}

function draw() {
  look();
  const waiting = moves.waiting;
  const wanted = found.slice(0, shown).map((order) => drawn(order, waiting.has(order.id)));
  const kept = new Set(wanted);
  for (const element of findAll(items, ":scope > *")) if (!kept.has(element)) element.remove();
  wanted.forEach((element, index) => {
    if (items.children[index] !== element)
      items.insertBefore(element, items.children[index] ?? null);
  });
  const isKnown = book.size > 0;
  items.hidden = wanted.length === 0;
  part("empty").hidden = isKnown || !isRead;
  part("none").hidden = !isKnown || found.length > 0;
  part("more").hidden = found.length <= shown;
  part("loading").hidden = isRead || isKnown || !part("failed").hidden;
  part("desk").hidden = !isKnown;
  // Where nothing was ordered there is nothing to look for.
  part("order-filter").hidden = isRead && !isKnown;
  part("papers").hidden = isRead && !isKnown;
  drawSum();
  chosen.draw(found);
  sheet.redraw();
}

/**
 * The row of an order: the one that stands there, unless something of it has changed.
 * @param {Order} order
 * @param {boolean} isMoving
 */
function drawn(order, isMoving) {
  const isChosen = chosen.has(order.id);
  const before = rows.get(order.id);
  if (
    before &&
    before.order === order &&
    before.isChosen === isChosen &&
    before.isMoving === isMoving
  )
    return before.element;
  const element = row(order, { role, isStaff, isChosen, isMoving }, does);
  rows.set(order.id, { order, isChosen, isMoving, element });
  if (before?.element.isConnected) {
    // The finger finds the next step where it was, and so does the keyboard.
    const active = document.activeElement;
    const act =
      active instanceof HTMLElement && before.element.contains(active) ? active.dataset.act : null;
    before.element.replaceWith(element);
    const [next] = [
      ...findAll(element, `[data-act="${act}"]:not(:disabled)`),
      ...findAll(element, "[data-act=open]"),
    ];
    if (act) next?.focus({ preventScroll: true });
  }
  return element;
}

function drawSum() {
  const [first] = found;
  const amount = found
    .filter((order) => !isGone(order.state))
    .reduce((sum, order) => sum + amountPayable(order).amount, 0);
  say(
    part("sum"),
    first
      ? n("%(n)s order, %(sum)s", "%(n)s orders, %(sum)s", found.length, {
          n: count(found.length),
          sum: money({ amount, currency: first.total.currency }),
        })
      : "",
  );
}

let isRead = false;
async function load() {
  try {
    await book.load();
    part("failed").hidden = true;
    isRead = true;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    say(part("failed-words"), spoken(problem));
    part("failed").hidden = false;
  }
  part("list").removeAttribute("aria-busy");
  draw();
}

book.addEventListener("change", redraw);
chosen.addEventListener("change", redraw);
moves.addEventListener("queue", redraw);
for (const kind of ["moved", "undone"]) {
  moves.addEventListener(kind, (event) => {
    /** @type {import("../../lib/orders/transitions.js").Moved} */
    const detail = detailOf(event);
    for (const { id } of detail.body?.refund ? [] : detail.moved) touched.add(id);
    book.put(detail.moved);
  });
}
filter.addEventListener("change", () => {
  touched.clear();
  shown = SHOWN;
  redraw();
});
part("more").addEventListener("click", () => {
  const next = shown;
  shown += SHOWN;
  draw();
  if (items.children[next]) findAll(items.children[next], "[data-act]")[0]?.focus();
});
part("again").addEventListener("click", () => {
  part("failed").hidden = true;
  draw();
  load();
});
for (const button of document.querySelectorAll("[data-papers]")) {
  button.addEventListener("click", () =>
    papers.open(found, { isAll: true, filter: touched.size ? null : filter.address }),
  );
}
papers.addEventListener("list", () => {
  shown = Infinity;
  draw();
  print();
});
addEventListener("keydown", (event) => {
  const isTyping =
    event.target instanceof Element &&
    event.target.matches("input:not([type=checkbox]):not([type=radio]), select, textarea");
  if (
    isTyping ||
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    document.querySelector("dialog[open]")
  )
    return;
  if (event.key === "/") {
    event.preventDefault();
    filter.focus();
  }
  if (event.key === "Escape" && chosen.size) chosen.clear();
});

// A clerk's device hears no orders on the channel: the page looks again by itself.
if (role === "clerk") load().then(() => book.watch());
else {
  const channel = new Channel(broadcast, role, { heartbeat: isStaff });
  if (isStaff) {
    const acts = new WaitingActs();
    followActs((answer) => acts.follow(answer));
    new ServerWord(channel, acts);
  }
  channel.addEventListener("events", (event) => book.follow(detailOf(event).events));
  channel.addEventListener("state", (event) => told.live(detailOf(event)));
  showSignedOut(channel);
  // What happens from the welcome on is heard; a later welcome says that some of it was not.
  let isFirst = true;
  const begin = () => {
    if (!isFirst) return book.loadAgain().catch(() => {});
    isFirst = false;
    return load();
  };
  channel.addEventListener("welcome", begin);
  setTimeout(() => isFirst && begin(), WELCOME_MS);
}
