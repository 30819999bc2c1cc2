// How scripts write money, counts, weight and times: the twin of pages/rendering/formats.py.

import { page } from "../words.js";

/** @typedef {import("../state/events").Money} Money */

const locale = page.language === "en" ? "en-GB" : "zh-CN";
const counts = new Intl.NumberFormat(locale);
const clocks = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  timeZone: page.time_zone,
});
const days = new Intl.DateTimeFormat(locale, {
  day: "numeric",
  month: "long",
  weekday: "short",
  timeZone: page.time_zone,
});

const shortDays = new Intl.DateTimeFormat(locale, {
  day: "numeric",
  month: "short",
  timeZone: page.time_zone,
});

const ownMoments = new Intl.DateTimeFormat(locale, {
  day: "numeric",
  month: "long",
  hour: "2-digit",
  minute: "2-digit",
  hour12: false,
});

// Safari refuses "narrowSymbol" before 14.1; "symbol" writes CN¥ for ¥ to English readers.
const SIGN = (() => {
  try {
    new Intl.NumberFormat(locale, { currency: "CNY", currencyDisplay: "narrowSymbol" });
    return "narrowSymbol";
  } catch {
    return "symbol";
  }
})();

const places = new Map(
  Object.entries(page.decimals ?? {}).flatMap(([many, codes]) =>
    codes.split(" ").map((code) => [code, Number(many)]),
  ),
);

/**
 * How many decimals a currency is written with.
 * @param {string} currency
 */
export const decimals = (currency) => places.get(currency) ?? 2;

/**
 * `{amount, currency}` as ¥29.90.
 * @param {Money} sum
 */
export function money({ amount, currency }) {
  const many = decimals(currency);
  return new Intl.NumberFormat(locale, {
    style: "currency",
    currency,
    currencyDisplay: SIGN,
    minimumFractionDigits: many,
    maximumFractionDigits: many,
  }).format(amount / 10 ** many);
}

/**
 * Names one after another: "a, b", in Chinese "a、b".
 * @param {Iterable<string>} names
 */
export const listed = (names) => [...names].join(page.language === "en" ? ", " : "、");

/**
 * A count, 1,204.
 * @param {number} value
 */
export const count = (value) => counts.format(value);

/**
 * Kilobits a second in megabits: 0.4, 2.1, 12.
 * @param {number} kbps
 */
export function megabits(kbps) {
  const value = kbps / 1000;
  return value >= 9.95 ? String(Math.round(value)) : value.toFixed(value < 0.095 ? 2 : 1);
}

/**
 * Grams as `2.5 kg`, in Chinese as `5 斤（2.5 公斤）`.
 * @param {number} grams
 */
export function weight(grams) {
  if (grams < 500) return page.language === "zh" ? `${grams} 克` : `${grams} g`;
  const kilograms = counts.format(Math.round(grams / 10) / 100);
  if (page.language === "en") return `${kilograms} kg`;
  return `${counts.format(Math.round(grams / 5) / 100)} 斤（${kilograms} 公斤）`;
}

/**
 * Grams as kilograms alone, 412 kg or 412 公斤: for a harvest, where whole kilograms will do.
 * @param {number} grams
 */
export function kilograms(grams) {
  const kg = grams / 1000;
  const rounded = counts.format(kg < 10 ? Math.round(kg * 10) / 10 : Math.round(kg));
  return page.language === "zh" ? `${rounded} 公斤` : `${rounded} kg`;
}

/**
 * What a kilogram costs, ¥11.96/kg, in Chinese a jin, ¥5.98/斤; nothing below half a kilogram.
 * @param {Money} price of a box
 * @param {number} grams of a box
 */
export function perKilogram({ amount, currency }, grams) {
  if (grams < 500) return "";
  const [unit, name] = page.language === "zh" ? [500, "斤"] : [1000, "kg"];
  return `${money({ amount: Math.round((amount * unit) / grams), currency })}/${name}`;
}

/**
 * The time of day in the zone of the pages, 20:14.
 * @param {number} ms
 */
export const clock = (ms) => clocks.format(ms);

/**
 * The day in the zone of the pages, 11月23日 周一, as the server writes it too; no line ends in it.
 * @param {number} ms
 */
export const day = (ms) => days.format(ms).replace("日周", "日\u00a0周");

/**
 * The day and the time of day, 11月23日 周一 20:14.
 * @param {number} ms
 */
export const dayAndClock = (ms) => `${day(ms)} ${clock(ms)}`;

/**
 * The day alone, short, 21 Nov, 11月21日.
 * @param {number} ms
 */
export const dayShort = (ms) => shortDays.format(ms);

/**
 * A day and time in the zone of the reader's device, 26 February at 20:14, 2月26日 20:14.
 * @param {number} ms
 */
export const ownMoment = (ms) => ownMoments.format(ms);

/**
 * A length of time, 1:02:10.
 * @param {number} ms
 */
export function duration(ms) {
  const all = Math.max(0, Math.floor(ms / 1000));
  /** @param {number} value */
  const two = (value) => String(value).padStart(2, "0");
  const hours = Math.floor(all / 3600);
  const minutes = Math.floor(all / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(all % 60)}` : `${minutes}:${two(all % 60)}`;
}
