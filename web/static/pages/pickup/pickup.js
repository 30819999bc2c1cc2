// The hand-over at a pick-up point: who says the six digits gets the order that waits under them; without
// them whoever hands it over says how the buyer is known. What
// waits here stands beside it (waiting-orders.js), to be found by name or phone where the code is not at hand.

import {
  detailOf,
  el,
  find,
  findDialog,
  icon,
  labelOf,
  say,
  submitterOf,
} from "../../lib/ui/dom.js";
import { count, listed, money } from "../../lib/format/format.js";
import { recall, remember } from "../../lib/state/device-memory.js";
import { now } from "../../lib/channel/server-clock.js";
import { close, open } from "../../lib/ui/sheet.js";
import { reasonsInWords } from "../../lib/format/lot-stops.js";
import { toast } from "../../lib/ui/toast.js";
import { page, t, text } from "../../lib/words.js";
import { Problem } from "../../lib/channel/api.js";
import { CodePad } from "./code-pad.js";
import { flagWords } from "../../lib/orders/fraud-flags.js";
import { findOrder, PickupQueue } from "./pickup-queue.js";
import { getAll } from "../../lib/channel/staff-api.js";
import { spoken, together } from "../../lib/format/staff-sentences.js";
import {
  amountPayable,
  isDue,
  isStopped,
  stateWords,
  stoppedLines,
} from "../../lib/orders/order-states.js";
import { WaitingOrders } from "./waiting-orders.js";

const CODE = 6;
const PHONE_END = 4;
const OPEN = ["placed", "packed", "at_centre"];

/** @typedef {import("../../lib/orders/order-states.js").Order} Order */
/** @typedef {import("./pickup-queue.js").Deed} Deed */
/** @typedef {import("./pickup-queue.js").Said} Said */
/** @typedef {{ order: string, words: string, move?: string | null, back?: () => void }} Last */

/**
 * @param {string} name
 * @param {ParentNode} [root]
 */
const part = (name, root = document) => find(root, `[data-${name}]`);
const sheet = findDialog(document, "#give-sheet");
const centre = find(document, "[data-centre]", HTMLSelectElement);
const isHere = find(sheet, "[data-is-here]", HTMLInputElement);
const gives = find(sheet, "[data-do]", HTMLButtonElement);
const knownBy = find(sheet, "[data-known-by]", HTMLFieldSetElement);
const digits = new CodePad();
/** @type {Said | null} what was said so far of the order that is looked for: its code, then the end of the phone */
let said = null;
/** @type {{ order: Order, by: Said | null } | null} what is handed over, and the code by which it was found, if by one */
let giving = null;
/** @type {Last | null} what was done last, which is said until the next one */
let last = null;

const where = () => (centre.value ? { centre: centre.value } : {});
const waiting = new WaitingOrders(where, (order) => show(order));
const handing = new PickupQueue();

function askCode() {
  said = null;
  digits.ask(CODE, t("The six digits that the buyer says"));
}

digits.addEventListener("whole", async (event) => {
  const detail = detailOf(event);
  said = said ? { ...said, phone: detail } : { code: detail, ...where() };
  const meant = said;
  digits.rest(true);
  let rests = 0;
  try {
    /** @type {Order} */
    const order = await findOrder(meant);
    askCode();
    // Another one may stand in the sheet by now: this one comes after it, not under the finger.
    if (sheet.open) sheet.addEventListener("close", () => show(order, meant), { once: true });
    else show(order, meant);
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    rests = wrong(problem, meant);
  }
  if (rests) setTimeout(() => digits.rest(false), rests * 1_000);
  else digits.rest(false);
  digits.focus();
});

/**
 * Says what was wrong; answers for how many seconds nothing can be typed.
 * @param {Problem} problem
 * @param {Said} meant
 */
function wrong(problem, { code = "", phone }) {
  if (problem.slug === "code-shared") {
    part("done").hidden = true;
    digits.ask(
      PHONE_END,
      t("Two orders have this code: the last four digits of the buyer's phone"),
    );
    return 0;
  }
  said = null;
  if (problem.slug === "unknown-code") {
    if (phone) askCode();
    digits.wrong(unknownWords(code));
    return 0;
  }
  if (problem.status === 429) {
    const seconds = problem.retryAfter || 30;
    digits.wrong(
      t("Too many wrong codes. Wait %(n)s seconds, or find the order by name or phone.", {
        n: seconds,
      }),
    );
    return seconds;
  }
  digits.wrong(spoken(problem));
  return 0;
}

/** @param {string} code */
const unknownWords = (code) =>
  t(
    "No order waits under %(code)s here. Have the digits said again, or find the order by name or phone.",
    { code: `${code.slice(0, 3)} ${code.slice(3)}` },
  );

/**
 * Shows what is to be handed over, and what is to be taken for it.
 * @param {Order} order
 * @param {Said | null} [by]
 */
function show(order, by = null) {
  giving = { order, by };
  const stopped = isStopped(order) ? stoppedLines(order) : [];
  const mayGive = OPEN.includes(order.state) && stopped.length === 0;
  const isUnpacked = order.state === "placed";
  say(part("title", sheet), order.number);
  say(part("name", sheet), order.buyer?.name ?? "");
  const phone = find(sheet, "[data-phone]", HTMLAnchorElement);
  say(phone, order.buyer?.phone ?? "");
  phone.href = `tel:${order.buyer?.phone ?? ""}`;
  part("notes", sheet).replaceChildren(
    ...[
      ...stopped.map(({ lot_code: code, lot_stopped: reasons }) =>
        notice(
          "red",
          together([
            t("Lot %(code)s is stopped.", { code }),
            reasonsInWords(reasons),
            t("Don't hand it over; send the buyer to the coordinator."),
          ]),
        ),
      ),
      mayGive || stopped.length > 0
        ? null
        : notice(
            "red",
            t("It is “%(state)s” now. Nothing can be handed over.", {
              state: stateWords(order.state),
            }),
          ),
      isUnpacked
        ? notice("kumquat", t("It was not ticked as packed. Is the box in front of you?"))
        : null,
      order.state === "packed"
        ? notice("kumquat", t("It was not ticked off as arrived; that is done with it."))
        : null,
      ...(order.flags ?? []).map((flag) => notice("red", flagWords(flag))),
      otherOrdersNotice(order),
    ].filter((each) => each !== null),
  );
  part("lines", sheet).replaceChildren(
    ...order.lines
      .map((line) => ({ ...line, boxes: line.quantity - (line.returned ?? 0) }))
      .filter(({ boxes }) => boxes > 0)
      .map(({ boxes, name, unit, lot_code: lot }) =>
        el(
          "li",
          {},
          el("b", { class: "number" }, `${count(boxes)} ×`),
          el(
            "span",
            {},
            text(name),
            " ",
            el(
              "span",
              { class: "soft small" },
              `${text(unit)} · ${t("lot %(code)s", { code: lot })}`,
            ),
          ),
        ),
      ),
  );
  // Nobody takes money for what is not handed over.
  say(part("sum-words", sheet), stopped.length > 0 ? "" : takenWords(order));
  say(part("sum", sheet), isDue(order) && stopped.length === 0 ? money(amountPayable(order)) : "");
  part("problem", sheet).hidden = true;
  // Without a code it is said how the buyer is known, by the press that hands it over.
  gives.hidden = !mayGive || !by;
  knownBy.hidden = !mayGive || Boolean(by);
  gives.disabled = isUnpacked || !by;
  knownBy.disabled = isUnpacked || Boolean(by);
  isHere.checked = false;
  labelOf(isHere).hidden = !isUnpacked;
  say(
    gives,
    isDue(order)
      ? t("Handed over, %(sum)s taken", { sum: money(amountPayable(order)) })
      : t("Handed over"),
  );
  say(
    part("known-by-words", sheet),
    isDue(order)
      ? t("Without the code: how do you know the buyer? One press hands it over, %(sum)s taken.", {
          sum: money(amountPayable(order)),
        })
      : t("Without the code: how do you know the buyer? One press hands it over."),
  );
  drawDeed();
  drawKept();
  open(sheet, () => {
    giving = null;
    digits.focus();
    drawKept();
  });
  if (isUnpacked) isHere.focus();
  else if (mayGive && by) gives.focus();
}

/** @param {Order} order */
function takenWords(order) {
  if (isDue(order)) return t("To take");
  return order.payment === "due" ? t("Nothing to take") : t("Paid already");
}

/**
 * Who fetches one of several is told of the others.
 * @param {Order} order
 */
function otherOrdersNotice({ id, buyer }) {
  const others = waiting.known.filter(
    (other) => other.id !== id && other.buyer?.phone === buyer?.phone,
  );
  return others.length
    ? notice(
        "leaf",
        t("More waits here for this phone number: %(numbers)s", {
          numbers: listed(others.map(({ number }) => number)),
        }),
      )
    : null;
}

/**
 * @param {string} kind
 * @param {string} words
 */
const notice = (kind, words) =>
  el(
    "p",
    { class: `notice notice--${kind}` },
    icon(kind === "leaf" ? "bag" : "warning", true),
    el("span", { class: "notice__text" }, words),
  );

find(sheet, "form", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  const known = submitterOf(event).value;
  if (!giving || (!giving.by && !known)) return;
  handing.give(giving.order, giving.by ?? { known_by: known });
});
isHere.addEventListener("change", () => {
  if (giving?.by) gives.disabled = !isHere.checked;
  else knownBy.disabled = !isHere.checked;
});

const keptWords = () =>
  t("The server can't be reached. It is kept and sent by itself as soon as there is a connection.");
/** @param {Deed} deed */
const isShown = (deed) => giving?.order.id === deed.order;
/** @param {Deed} deed */
const isLast = (deed) => last?.order === deed.order;

/** @param {string} words */
function tell(words) {
  const place = part("problem", sheet);
  say(place, words);
  place.hidden = false;
}

/** How it stands with the order in the sheet; each other one has its own. */
function drawDeed() {
  const deed = giving && handing.of(giving.order.id);
  for (const name of ["do", "known-by"]) {
    if (deed) part(name, sheet).setAttribute("aria-busy", "true");
    else part(name, sheet).removeAttribute("aria-busy");
  }
  if (deed?.isLost) tell(keptWords());
}

/** What waits for the connection and is told neither in the sheet nor as the last one. */
function drawKept() {
  const kept = handing.lost.filter((deed) => !isShown(deed) && !(deed.undo && isLast(deed)));
  part("kept").hidden = kept.length === 0;
  const numbers = listed(kept.map(({ number }) => number));
  if (kept.length)
    say(
      part("kept-words"),
      t(
        "The server can't be reached. Kept here, and sent by itself as soon as there is a connection: %(numbers)s.",
        { numbers },
      ),
    );
}

handing.addEventListener("change", () => {
  drawDeed();
  drawKept();
  if (handing.lost.some((deed) => deed.undo && isLast(deed))) say(part("done-words"), keptWords());
});

handing.addEventListener("given", (event) => {
  /** @type {import("./pickup-queue.js").Given} */
  const detail = detailOf(event);
  if (isShown(detail.deed)) close(sheet);
  done(detail);
  waiting.load();
});

handing.addEventListener("back", (event) => {
  /** @type {{ deed: Deed }} */
  const { deed } = detailOf(event);
  const words = t("%(number)s is as it was.", deed);
  if (last && !isLast(deed)) toast(words);
  else tellLast({ order: deed.order, words });
  waiting.load();
});

handing.addEventListener("refused", (event) => {
  /** @type {{ deed: Deed, problem: Problem }} */
  const { deed, problem } = detailOf(event);
  if (deed.undo) showUndoFailed(deed, problem);
  else if (isShown(deed)) tell(refusedWords(deed, problem));
  else refuse(deed, problem);
  waiting.load();
});

/**
 * @param {Deed} deed
 * @param {Problem} problem
 */
const refusedWords = ({ by }, problem) =>
  problem.slug === "unknown-code" && by && "code" in by && by.code
    ? unknownWords(by.code)
    : spoken(problem);

/**
 * Its buyer may have gone with the boxes: it stands on the page until it is seen.
 * @param {Deed} deed
 * @param {Problem} problem
 */
function refuse(deed, problem) {
  const words = refusedWords(deed, problem);
  part("refused-list").append(el("li", {}, el("b", { class: "number" }, deed.number), " ", words));
  part("refused").hidden = false;
  toast(`${deed.number}: ${words}`, { danger: true });
}
part("refused-close").addEventListener("click", () => {
  part("refused").hidden = true;
  part("refused-list").replaceChildren();
});

/**
 * It was not taken back, and can be tried again unless it is too late.
 * @param {Deed} deed
 * @param {Problem} problem
 */
function showUndoFailed(deed, problem) {
  if (!last || !isLast(deed)) return toast(`${deed.number}: ${spoken(problem)}`, { danger: true });
  toast(spoken(problem), { danger: true });
  return tellLast({ ...last, move: problem.slug === "undo-over" ? null : last.move });
}

/**
 * Says what was done, with the way back as long as there is one, until the next one.
 * @param {import("./pickup-queue.js").Given} given
 */
function done({ deed, order, move, until }) {
  navigator.vibrate?.(40);
  const values = {
    number: order.number,
    name: order.buyer?.name ?? "",
    sum: deed.taken && money(deed.taken),
  };
  const words = deed.taken
    ? t("%(number)s, %(name)s: handed over, %(sum)s taken.", values)
    : t("%(number)s, %(name)s: handed over.", values);
  const back = () => {
    if (move) handing.takeBack(order, move);
  };
  tellLast({ order: order.id, words, move, back });
  if (until)
    setTimeout(() => {
      if (last?.move === move) tellLast({ ...last, move: null });
    }, until - now());
}

/** @param {Last} said */
function tellLast(said) {
  last = said;
  say(part("done-words"), said.words);
  const undo = find(document, "[data-undo]", HTMLButtonElement);
  undo.hidden = !said.move;
  undo.disabled = false;
  undo.onclick = () => {
    undo.disabled = true;
    said.back?.();
  };
  part("done").hidden = false;
}

async function loadCentres() {
  const { centres } = await getAll("/api/v1/centres").catch(() => ({ centres: [] }));
  /** @type {import("../../lib/state/api").Centre[]} */
  const all = centres;
  // A clerk's own ones; null is all of them.
  const own = all.filter(({ id }) => page.data.centres?.includes(id) ?? true);
  centre.append(...own.map(({ id, name }) => new Option(text(name), id)));
  const kept = recall("centre");
  if (own.some(({ id }) => id === kept)) centre.value = kept;
  part("centre-field").hidden = own.length < 2;
}

centre.addEventListener("change", () => {
  remember("centre", centre.value || null);
  waiting.load();
});
// From the end of the phone back to the code.
part("empty-code").addEventListener("click", () => said && askCode());
find(sheet, "[data-close]").addEventListener("click", () => close(sheet));
digits.focus();
loadCentres().then(() => waiting.load());
