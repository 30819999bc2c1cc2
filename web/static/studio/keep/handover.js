// The hand-over at a pick-up point: who says the six digits gets the order that waits under them. What
// waits here stands beside it, to be found by name or phone where the code is not at hand.

import { el, icon, say } from "../../common/dom.js";
import { count, listed, money } from "../../common/format.js";
import { recall, remember } from "../../common/memory.js";
import { close, open } from "../../common/sheet.js";
import { toast } from "../../common/toast.js";
import { page, t, text } from "../../common/words.js";
import { Digits } from "../desk/digits.js";
import { fits } from "../desk/fits.js";
import { flagWords } from "../desk/flags.js";
import { find, give, takeBack } from "../desk/handing.js";
import { badges } from "../desk/row.js";
import { get, post } from "../api.js";
import { spoken } from "../sentences.js";
import { act } from "./list.js";

const CODE = 6;
const PHONE_END = 4;
const PAGE = 500;
const AGAIN_MS = 20_000;
/** So many broadcasts are looked through for what waits: fruit does not wait for longer. */
const LATEST = 6;

const part = (name, root = document) => root.querySelector(`[data-${name}]`);
const sheet = document.getElementById("give-sheet");
const centre = part("centre");
const digits = new Digits();
/** What was said so far of the order that is looked for: its code, then the end of the phone. */
let said = null;
/** The order that is handed over, and the code by which it was found, if by one. */
let giving = null;
let waiting = [];

const where = () => (centre.value ? { centre: centre.value } : {});

function askCode() {
  said = null;
  digits.ask(CODE, t("The six digits that the buyer says"));
}

digits.addEventListener("whole", async ({ detail }) => {
  said = said ? { ...said, phone: detail } : { code: detail, ...where() };
  const asked = said;
  digits.rest(true);
  let rests = 0;
  try {
    const order = await find(asked);
    askCode();
    show(order, asked);
  } catch (problem) {
    rests = wrong(problem, asked);
  }
  if (rests) setTimeout(() => digits.rest(false), rests * 1_000);
  else digits.rest(false);
  digits.focus();
});

/** Says what was wrong; answers for how many seconds nothing can be typed. */
function wrong(problem, { code, phone }) {
  if (problem.slug === "code-shared") {
    part("done").hidden = true;
    digits.ask(PHONE_END, t("Two orders have this code: the last four digits of the buyer's phone"));
    return 0;
  }
  said = null;
  const shown = `${code.slice(0, 3)} ${code.slice(3)}`;
  if (problem.slug === "unknown-code") {
    if (phone) askCode();
    digits.wrong(t("No order waits under %(code)s here. Have the digits said again, or find the order by name or phone.", { code: shown }));
    return 0;
  }
  if (problem.status === 429) {
    const seconds = problem.retryAfter || 30;
    digits.wrong(t("Too many wrong codes. Wait %(n)s seconds, or find the order by name or phone.", { n: seconds }));
    return seconds;
  }
  digits.wrong(spoken(problem));
  return 0;
}

/** Shows what is to be handed over, and what is to be taken for it. */
function show(order, by = null) {
  giving = { order, by };
  const isDue = order.payment === "due";
  const mayGive = ["packed", "at_centre"].includes(order.state);
  say(part("title", sheet), order.number);
  say(part("name", sheet), order.buyer?.name ?? "");
  const phone = part("phone", sheet);
  say(phone, order.buyer?.phone ?? "");
  phone.href = `tel:${order.buyer?.phone ?? ""}`;
  part("notes", sheet).replaceChildren(
    ...[
      mayGive ? null : notice("red", t("It is not packed yet, so it is not here. Nothing can be handed over.")),
      order.state === "packed" ? notice("kumquat", t("It was not ticked off as arrived; that is done with it.")) : null,
      ...(order.flags ?? []).map((flag) => notice("red", flagWords(flag))),
      also(order),
    ].filter(Boolean),
  );
  part("lines", sheet).replaceChildren(
    ...order.lines
      .map((line) => ({ ...line, boxes: line.quantity - (line.returned ?? 0) }))
      .filter(({ boxes }) => boxes > 0)
      .map(({ boxes, name, unit, lot_code: lot }) =>
        el("li", {}, el("b", { class: "number" }, `${count(boxes)} ×`), el("span", {}, text(name), " ", el("span", { class: "soft small" }, `${text(unit)} · ${t("lot %(code)s", { code: lot })}`))),
      ),
  );
  say(part("sum-words", sheet), isDue ? t("To take") : t("Paid already"));
  say(part("sum", sheet), isDue ? money(order.total) : "");
  part("problem", sheet).hidden = true;
  const deed = part("do", sheet);
  deed.hidden = !mayGive;
  say(deed, isDue ? t("Handed over, %(sum)s taken", { sum: money(order.total) }) : t("Handed over"));
  open(sheet, () => {
    giving = null;
    digits.focus();
  });
  if (mayGive) deed.focus();
}

/** Who fetches one of several is told of the others. */
function also({ id, buyer }) {
  const others = waiting.filter((other) => other.id !== id && other.buyer?.phone === buyer?.phone);
  return others.length ? notice("leaf", t("More waits here for this phone number: %(numbers)s", { numbers: listed(others.map(({ number }) => number)) })) : null;
}

const notice = (kind, words) => el("p", { class: `notice notice--${kind}` }, icon(kind === "leaf" ? "bag" : "warning", true), el("span", { class: "notice__text" }, words));

sheet.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const deed = part("do", sheet);
  if (deed.getAttribute("aria-busy") === "true") return;
  const { order, by } = giving;
  deed.setAttribute("aria-busy", "true");
  try {
    const moves = await give(order, by, () => tell(t("The server can't be reached. It is kept and sent by itself as soon as there is a connection.")));
    close(sheet);
    done(order, moves);
  } catch (problem) {
    tell(spoken(problem));
  } finally {
    deed.removeAttribute("aria-busy");
  }
  load();
});

function tell(words) {
  const place = part("problem", sheet);
  say(place, words);
  place.hidden = false;
}

/** Says what was done, with the way back, until the next one. */
function done(order, moves) {
  navigator.vibrate?.(40);
  const values = { number: order.number, name: order.buyer?.name ?? "", sum: money(order.total) };
  say(part("done-words"), order.payment === "due" ? t("%(number)s, %(name)s: handed over, %(sum)s taken.", values) : t("%(number)s, %(name)s: handed over.", values));
  const undo = part("undo");
  undo.hidden = moves.length === 0;
  undo.onclick = async () => {
    undo.disabled = true;
    try {
      await takeBack(order, moves, () => {});
      say(part("done-words"), t("%(number)s is as it was.", values));
      undo.hidden = true;
    } catch (problem) {
      toast(spoken(problem), { danger: true });
    }
    undo.disabled = false;
    load();
  };
  part("done").hidden = false;
}

/** What has arrived stands first, then what is packed and on its way here. */
async function load() {
  const asked = page.data.broadcasts.slice(0, LATEST).flatMap((broadcast) =>
    ["at_centre", "packed"].map(async (state) => {
      const path = `/api/v1/broadcasts/${broadcast}/orders/find`;
      return (await post(path, { state, way: "pickup", limit: PAGE, ...where() })).orders;
    }),
  );
  try {
    const found = (await Promise.all(asked)).flat();
    waiting = [...found.filter(({ state }) => state === "at_centre"), ...found.filter(({ state }) => state === "packed")];
    part("failed").hidden = true;
  } catch (problem) {
    say(part("failed-words"), spoken(problem));
    part("failed").hidden = false;
  }
  part("loading").hidden = true;
  part("list").removeAttribute("aria-busy");
  draw();
}

let drawn = "";
function draw() {
  const shown = waiting.filter((order) => fits(order, { find: part("find").value }));
  const items = part("items");
  // Where nothing has changed the button that one is about to press stays.
  const now = JSON.stringify(shown.map(({ id, state, payment }) => [id, state, payment]));
  if (now !== drawn) items.replaceChildren(...shown.map(row));
  drawn = now;
  items.hidden = shown.length === 0;
  part("empty").hidden = waiting.length > 0 || !part("failed").hidden;
  part("none").hidden = waiting.length === 0 || shown.length > 0;
  say(part("waiting-count"), waiting.length ? count(waiting.length) : "");
}

function row(order) {
  return el(
    "li",
    { class: "waiting" },
    el(
      "div",
      {},
      el("p", { class: "waiting__head" }, el("b", { class: "waiting__number number" }, order.number), ...badges(order)),
      el("p", { class: "order__buyer" }, el("strong", {}, order.buyer.name), el("a", { class: "order__phone number", href: `tel:${order.buyer.phone}` }, order.buyer.phone)),
    ),
    act(t("Hand over"), () => show(order), { name: order.number }),
    el("p", { class: "waiting__lines small" }, order.lines.map((line) => `${count(line.quantity)} × ${text(line.name)}`).join(" · "), " · ", el("b", { class: "number" }, money(order.total))),
  );
}

async function loadCentres() {
  const { centres } = await get("/api/v1/centres").catch(() => ({ centres: [] }));
  centre.append(...centres.map(({ id, name }) => new Option(text(name), id)));
  const kept = recall("centre");
  if (centres.some(({ id }) => id === kept)) centre.value = kept;
  part("centre-field").hidden = centres.length < 2;
}

centre.addEventListener("change", () => {
  remember("centre", centre.value || null);
  load();
});
// From the end of the phone back to the code.
part("empty-code").addEventListener("click", () => said && askCode());
part("find").addEventListener("input", draw);
part("again").addEventListener("click", load);
sheet.querySelector("[data-close]").addEventListener("click", () => close(sheet));
setInterval(() => {
  if (!document.hidden && !sheet.open) load();
}, AGAIN_MS);
digits.focus();
loadCentres().then(load);
