// The hand-over at a pick-up point: who says the six digits gets the order that waits under them
// (give-sheet.js); without them whoever hands it over says how the buyer is known. What waits here stands
// beside it (waiting-orders.js), to be found by name or phone where the code is not at hand.

import { detailOf, el, find, say } from "../../lib/ui/dom.js";
import { listed, money } from "../../lib/format/format.js";
import { recall, remember } from "../../lib/state/device-memory.js";
import { now } from "../../lib/channel/server-clock.js";
import { close } from "../../lib/ui/sheet.js";
import { toastProblem } from "../../lib/ui/problem-toast.js";
import { toast } from "../../lib/ui/toast.js";
import { page, t, text } from "../../lib/words.js";
import { Problem } from "../../lib/channel/api.js";
import { CodePad } from "./code-pad.js";
import { findOrder, PickupQueue } from "./pickup-queue.js";
import { getAll } from "../../lib/channel/staff-api.js";
import { spoken } from "../../lib/format/staff-sentences.js";
import { GiveSheet, keptWords } from "./give-sheet.js";
import { WaitingOrders } from "./waiting-orders.js";

const CODE = 6;
const PHONE_END = 4;

/** @typedef {import("../../lib/orders/order-states.js").Order} Order */
/** @typedef {import("./pickup-queue.js").Deed} Deed */
/** @typedef {import("./pickup-queue.js").Said} Said */
/** @typedef {{ order: string, words: string, move?: string | null, back?: () => void }} Last */

/** @param {string} name */
const part = (name) => find(document, `[data-${name}]`);
const centre = find(document, "[data-centre]", HTMLSelectElement);
const digits = new CodePad();
/** @type {Said | null} what was said so far of the order that is looked for: its code, then the end of the phone */
let said = null;
/** @type {Last | null} what was done last, which is said until the next one */
let last = null;

const where = () => (centre.value ? { centre: centre.value } : {});
const waiting = new WaitingOrders(where, (order) => give.show(order));
const handing = new PickupQueue();
const give = new GiveSheet(handing, waiting, {
  onChange: drawKept,
  onClose: () => {
    digits.focus();
    drawKept();
  },
});

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
    if (give.dialog.open)
      give.dialog.addEventListener("close", () => give.show(order, meant), { once: true });
    else give.show(order, meant);
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
    "No order is waiting here under %(code)s. Ask for the digits again, or find the order by name or phone.",
    { code: `${code.slice(0, 3)} ${code.slice(3)}` },
  );

/** @param {Deed} deed */
const isLast = (deed) => last?.order === deed.order;

/** What waits for the connection and is told neither in the sheet nor as the last one. */
function drawKept() {
  const kept = handing.lost.filter((deed) => !give.isShown(deed) && !(deed.undo && isLast(deed)));
  part("kept").hidden = kept.length === 0;
  const numbers = listed(kept.map(({ number }) => number));
  if (kept.length)
    say(
      part("kept-words"),
      t(
        "The server can't be reached. Kept here, and sent automatically as soon as there is a connection: %(numbers)s.",
        { numbers },
      ),
    );
}

handing.addEventListener("change", () => {
  give.draw();
  drawKept();
  if (handing.lost.some((deed) => deed.undo && isLast(deed))) say(part("done-words"), keptWords());
});

handing.addEventListener("given", (event) => {
  /** @type {import("./pickup-queue.js").Given} */
  const detail = detailOf(event);
  if (give.isShown(detail.deed)) close(give.dialog);
  done(detail);
  waiting.load();
});

handing.addEventListener("back", (event) => {
  /** @type {{ deed: Deed }} */
  const { deed } = detailOf(event);
  const words = t("%(number)s is back to how it was.", deed);
  if (last && !isLast(deed)) toast(words);
  else tellLast({ order: deed.order, words });
  waiting.load();
});

handing.addEventListener("refused", (event) => {
  /** @type {{ deed: Deed, problem: Problem }} */
  const { deed, problem } = detailOf(event);
  if (deed.undo) showUndoFailed(deed, problem);
  else if (give.isShown(deed)) give.tell(refusedWords(deed, problem));
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
  list(deed, words);
  toast(`${deed.number}: ${words}`, { danger: true });
}

/**
 * @param {Deed} deed
 * @param {string} words
 */
function list(deed, words) {
  part("refused-list").append(el("li", {}, el("b", { class: "number" }, deed.number), " ", words));
  part("refused").hidden = false;
}

/** @param {Deed} deed */
const foreignWords = ({ undo }) =>
  undo
    ? t("Someone else took this handover back here, and no answer came. It was not sent again.")
    : t("Someone else handed this over here, and no answer came. It was not sent again.");
for (const deed of handing.foreign) list(deed, foreignWords(deed));
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
  toastProblem(problem);
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
    ? t("%(number)s, %(name)s: handed over, %(sum)s collected.", values)
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
digits.focus();
loadCentres().then(() => waiting.load());
