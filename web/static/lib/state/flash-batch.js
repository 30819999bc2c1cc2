// A flash batch of an offer: so many boxes at a price of their own, for a time of their own. What is
// so of it by the server's clock, and the line that says it.

import { el, icon, say } from "../ui/dom.js";
import { clock, count, dayShort, duration, money } from "../format/format.js";
import { now } from "../channel/server-clock.js";
import { n, t } from "../words.js";
import { boxesOfLot, isStopped } from "./broadcast-state.js";

/** @typedef {import("./scene").Offer} Offer */
/** @typedef {NonNullable<Offer["flash"]>} Flash */

const TOLD_WITHIN = 10_000; // its end is told a little after its time; for so long it is waited for
const SOON = 3_600_000; // a start that is counted down
const DAY = 86_400_000;

/**
 * The card's flash batch while it runs, or null.
 * @param {Offer | null | undefined} card
 */
export function running(card) {
  const flash = card?.flash;
  return flash?.state === "running" && now() < flash.ends_at + TOLD_WITHIN ? flash : null;
}

/**
 * What can be had of the batch that runs.
 * @param {Offer} card
 */
export const keptOf = (card) => (running(card) ? Math.min(card.kept ?? 0, boxesOfLot(card)) : 0);

/**
 * The batch whose price a tap takes now: one that runs, is cheaper, and of which there is something.
 * @param {Offer} card
 */
export function flashOf(card) {
  const flash = running(card);
  return flash && keptOf(card) > 0 && flash.price.amount < card.price.amount ? flash : null;
}

/**
 * What a box costs who taps now.
 * @param {Offer} card
 */
export const priceOf = (card) => flashOf(card)?.price ?? card.price;

/**
 * The higher price that stands struck out beside it, or nothing.
 * @param {Offer} card
 */
export const wasOf = (card) => (flashOf(card) ? card.price : card.list_price);

/**
 * How many can be had at that price: of a stopped lot none.
 * @param {Offer} card
 */
export const leftOf = (card) => (isStopped(card) ? 0 : flashOf(card) ? keptOf(card) : card.left);

/**
 * Milliseconds in whole seconds, the last of them counted to its end.
 * @param {number} ms
 */
const countdown = (ms) => duration(Math.ceil(Math.max(0, ms) / 1000) * 1000);

/**
 * How many a buyer may have, in words; nothing where there is no limit.
 * @param {{ per_buyer: number | null }} flash
 */
const limitInWords = ({ per_buyer: limit }) =>
  limit ? t("%(limit)s per buyer", { limit: count(limit) }) : "";

/** @param {Flash} flash */
function startInWords({ starts_at: at, price: amount }) {
  const price = money(amount);
  const wait = at - now();
  if (wait <= 0) return t("%(price)s, about to start", { price });
  if (wait < DAY / 2) return t("%(price)s from %(time)s", { price, time: clock(at) });
  return t("%(price)s from %(day)s, %(time)s", { price, day: dayShort(at), time: clock(at) });
}

/**
 * What the line says: `{state, words, time}`; state none where there is no batch.
 * @param {Offer} card
 */
export function flashInWords(card) {
  const { flash } = card;
  const limit = flash ? limitInWords(flash) : "";
  if (flash?.state === "planned") {
    const { boxes, starts_at: at } = flash;
    const many = n("%(boxes)s box", "%(boxes)s boxes", boxes, { boxes: count(boxes) });
    const wait = at - now();
    return {
      state: "planned",
      words: `${startInWords(flash)} · ${limit || many}`,
      time: wait > 0 && wait < SOON ? countdown(wait) : "",
    };
  }
  if (!flash || !running(card)) return { state: "none", words: "", time: "" };
  const words = flashOf(card)
    ? [t("Flash price"), limit].filter(Boolean).join(" · ")
    : t("All at %(price)s are taken for the moment", { price: money(flash.price) });
  return {
    state: flashOf(card) ? "running" : "taken",
    words,
    time: countdown(flash.ends_at - now()),
  };
}

/** The line of a flash batch: it opens and closes where nothing that is pressed moves by it. */
export function flashLine() {
  const time = el("span", { class: "flash__time number", role: "timer", "aria-live": "off" });
  const words = el("span", { class: "flash__words" });
  const line = el(
    "span",
    { class: "flash", "data-state": "none" },
    el("span", { class: "flash__in" }, icon("clock", true), words, time),
  );
  /** @param {Offer} card */
  const show = (card) => {
    const said = flashInWords(card);
    line.dataset.state = said.state;
    // What it said stays while it closes.
    if (said.state === "none") return;
    say(words, said.words);
    say(time, said.time);
  };
  return Object.assign(line, { show });
}
