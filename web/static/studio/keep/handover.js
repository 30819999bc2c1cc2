// The hand-over at a pick-up point: who says the six digits gets the order that waits under them. What
// waits here stands beside it (waiting.js), to be found by name or phone where the code is not at hand.

import { el, icon, say } from "../../common/dom.js";
import { count, listed, money } from "../../common/format.js";
import { recall, remember } from "../../common/memory.js";
import { now } from "../../common/now.js";
import { close, open } from "../../common/sheet.js";
import { toast } from "../../common/toast.js";
import { t, text } from "../../common/words.js";
import { Digits } from "../desk/digits.js";
import { flagWords } from "../desk/flags.js";
import { find, give, takeBack } from "../desk/handing.js";
import { get } from "../api.js";
import { spoken } from "../sentences.js";
import { asked, isDue, stateWords } from "../state.js";
import { Waiting } from "./waiting.js";

const CODE = 6;
const PHONE_END = 4;
const OPEN = ["placed", "packed", "at_centre"];

const part = (name, root = document) => root.querySelector(`[data-${name}]`);
const sheet = document.getElementById("give-sheet");
const centre = part("centre");
const isHere = part("is-here", sheet);
const digits = new Digits();
/** What was said so far of the order that is looked for: its code, then the end of the phone. */
let said = null;
/** The order that is handed over, and the code by which it was found, if by one. */
let giving = null;
/** How many were handed over: what is said of an earlier one is said no more. */
let deeds = 0;

const where = () => (centre.value ? { centre: centre.value } : {});
const waiting = new Waiting(where, (order) => show(order));

function askCode() {
  said = null;
  digits.ask(CODE, t("The six digits that the buyer says"));
}

digits.addEventListener("whole", async ({ detail }) => {
  said = said ? { ...said, phone: detail } : { code: detail, ...where() };
  const meant = said;
  digits.rest(true);
  let rests = 0;
  try {
    const order = await find(meant);
    askCode();
    show(order, meant);
  } catch (problem) {
    rests = wrong(problem, meant);
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
  const mayGive = OPEN.includes(order.state);
  const isUnpacked = order.state === "placed";
  say(part("title", sheet), order.number);
  say(part("name", sheet), order.buyer?.name ?? "");
  const phone = part("phone", sheet);
  say(phone, order.buyer?.phone ?? "");
  phone.href = `tel:${order.buyer?.phone ?? ""}`;
  part("notes", sheet).replaceChildren(
    ...[
      mayGive ? null : notice("red", t("It is “%(state)s” now. Nothing can be handed over.", { state: stateWords(order.state) })),
      isUnpacked ? notice("kumquat", t("It was not ticked as packed. Is the box in front of you?")) : null,
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
  say(part("sum-words", sheet), takenWords(order));
  say(part("sum", sheet), isDue(order) ? money(asked(order)) : "");
  part("problem", sheet).hidden = true;
  const deed = part("do", sheet);
  deed.hidden = !mayGive;
  deed.disabled = isUnpacked;
  isHere.checked = false;
  isHere.closest("label").hidden = !isUnpacked;
  say(deed, isDue(order) ? t("Handed over, %(sum)s taken", { sum: money(asked(order)) }) : t("Handed over"));
  open(sheet, () => {
    giving = null;
    digits.focus();
  });
  if (isUnpacked) isHere.focus();
  else if (mayGive) deed.focus();
}

function takenWords(order) {
  if (isDue(order)) return t("To take");
  return order.payment === "due" ? t("Nothing to take") : t("Paid already");
}

/** Who fetches one of several is told of the others. */
function also({ id, buyer }) {
  const others = waiting.known.filter((other) => other.id !== id && other.buyer?.phone === buyer?.phone);
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
    const given = await give(order, by, () => tell(keptWords()));
    close(sheet);
    done(order, given);
  } catch (problem) {
    tell(spoken(problem));
  } finally {
    deed.removeAttribute("aria-busy");
  }
  waiting.load();
});
isHere.addEventListener("change", () => {
  part("do", sheet).disabled = !isHere.checked;
});

const keptWords = () => t("The server can't be reached. It is kept and sent by itself as soon as there is a connection.");

function tell(words) {
  const place = part("problem", sheet);
  say(place, words);
  place.hidden = false;
}

/** Says what was done, with the way back as long as there is one, until the next one. */
function done(order, { move, until }) {
  navigator.vibrate?.(40);
  const deed = ++deeds;
  const values = { number: order.number, name: order.buyer?.name ?? "", sum: money(asked(order)) };
  const words = isDue(order) ? t("%(number)s, %(name)s: handed over, %(sum)s taken.", values) : t("%(number)s, %(name)s: handed over.", values);
  const tellOf = (said) => deed === deeds && say(part("done-words"), said);
  const undo = part("undo");
  const leave = () => {
    if (deed === deeds) undo.hidden = true;
  };
  tellOf(words);
  undo.hidden = !move;
  undo.disabled = false;
  if (until) setTimeout(leave, until - now());
  undo.onclick = async () => {
    undo.disabled = true;
    try {
      await takeBack(order, move, () => tellOf(keptWords()));
      tellOf(t("%(number)s is as it was.", values));
      leave();
    } catch (problem) {
      tellOf(words);
      toast(spoken(problem), { danger: true });
      if (problem.slug === "undo-over") leave();
    }
    if (deed === deeds) undo.disabled = false;
    waiting.load();
  };
  part("done").hidden = false;
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
  waiting.load();
});
// From the end of the phone back to the code.
part("empty-code").addEventListener("click", () => said && askCode());
sheet.querySelector("[data-close]").addEventListener("click", () => close(sheet));
digits.focus();
loadCentres().then(() => waiting.load());
