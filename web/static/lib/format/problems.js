// A problem in the reader's words. The server says its `detail` in English; a `type` is stable, so
// the sentences that viewers and buyers meet stand here.

import { count, kilograms, listed, money, ownMoment, weight } from "./format.js";
import { now } from "../channel/server-clock.js";
import { openWords } from "./personal-data.js";
import { reasonsInWords, stopMeans } from "./lot-stops.js";
import { n, page, t } from "../words.js";

/** @typedef {Pick<import("../channel/api.js").Problem, "slug" | "body" | "message">} Told */

/** @param {string[]} each */
const together = (...each) => each.filter(Boolean).join(page.language === "zh" ? "" : " ");

// As people/accounts/password_rules.py says them, so that what it says beside a field is translated by them, too.
/** @type {Record<string, () => string>} */
const passwordFlaws = {
  short: () => t("A password has at least 10 characters."),
  long: () => t("A password has at most 200 characters."),
  common: () => t("This password is too common, so attackers try it first. Choose another one."),
  name: () => t("Your name is in this password, so it is easy to guess. Choose another one."),
  same: () => t("This is your old password: choose another one."),
};

/** @type {Record<string, (body: any) => string>} */
const sentences = {
  "password-refused": ({ reason }) => (passwordFlaws[reason] ?? passwordFlaws.common)(),
  "password-change-needed": () =>
    t("Someone else set this password. Sign in again and choose your own."),
  "password-over": () =>
    t("This password worked for 24 hours and has expired. Ask a coordinator for another."),
  "second-factor-needed": () => t("A second factor is required. Sign in again."),
  "second-factor-setup-needed": () =>
    t("This account now needs a second factor. Sign in again and set one up."),
  "wrong-factor-code": () =>
    t(
      "The code is wrong or was already used. Enter the next one from the app, and check that the phone's clock is right.",
    ),
  "passkey-refused": () =>
    t(
      "This passkey was not accepted, or it took longer than five minutes. Try again, or use another second factor.",
    ),
  "reauthentication-needed": () => t("Nothing was changed, because you didn't confirm it was you."),
  "broadcast-ended": () => t("This broadcast has ended, so nothing more can be ordered."),
  "broadcast-not-live": () => t("This broadcast has not started yet."),
  "unknown-broadcast": () =>
    t("There is no such broadcast. The start page shows what is live now."),
  "key-reused": () => t("This order was sent before with different contents. Send it again."),
  muted: ({ reason, until, everywhere }) => {
    if (reason === "likeness")
      return t(
        "Someone with a nickname like yours was muted here. If it was not you, choose another nickname.",
      );
    if (!until)
      return t(
        "The host has muted you for the rest of this broadcast. You can still watch and buy.",
      );
    const end = Date.parse(until);
    const minutes = Math.max(1, Math.ceil((end - now()) / 60_000));
    if (minutes <= 60) {
      return n(
        "The host has muted you: you can write again in %(minutes)s minute. You can still watch and buy.",
        "The host has muted you: you can write again in %(minutes)s minutes. You can still watch and buy.",
        minutes,
        { minutes: count(minutes) },
      );
    }
    return everywhere
      ? t(
          "The host has muted you in all broadcasts until %(moment)s. You can still watch and buy.",
          { moment: ownMoment(end) },
        )
      : t("The host has muted you until %(moment)s. You can still watch and buy.", {
          moment: ownMoment(end),
        });
  },
  "nickname-refused": ({ reason }) => {
    if (reason === "guest")
      return t("Someone without a nickname was muted here. Choose a nickname of your own.");
    if (reason === "team")
      return t("Someone on the team has a similar name. Choose another nickname.");
    if (reason === "blank") return t("This nickname would be invisible. Choose another one.");
    if (reason === "sign_in")
      return t("You sign in with this name, so keep it secret. Choose another nickname.");
    return t("This nickname sounds like the host or the staff. Choose another one.");
  },
  blocked: () =>
    t("We can't take orders from here. If that is a mistake, ask at the pick-up point."),
  "too-many-requests": () => t("That was too fast. Wait a moment and try again."),
  "unknown-centre": () => t("That pick-up point has closed. Choose another one."),
  "unknown-offer": () => t("This product is no longer sold here."),
  "unknown-card": () => t("That product isn't in this broadcast's bag. Reload the page."),
  "unknown-lot": () => t("There is no such lot. Check the code against the label."),
  "unknown-farm": () => t("There is no such farm."),
  "unknown-chat-message": () => t("That message is gone."),
  "staff-only": () => t("Only the host and the team can do that."),
  "malformed-message": () => t("Something is missing or wrong. Check what you entered."),
  "unknown-order": () => t("There is no such order. Check the link."),
  "claim-open": () => t("We are looking at your last report; the answer will appear on this page."),
  "details-erased": ({ ask }) =>
    ask
      ? t("Your details are erased, so you can't send anything here. Ask %(ask)s.", { ask })
      : t("Your details are erased, so you can't send anything here. Ask the shop."),
  "unknown-photo": () => t("A photo is missing. Remove it and send it again."),
  "file-not-kept": () =>
    t("The file couldn't be saved. Nothing was changed; try again in a moment."),
  "upload-late": () =>
    t("Sending the photo took too long. Send it again where the network is better."),
  "upload-quota": () => t("No more files can be sent for now. Try again tomorrow, or ask us."),
  "not-a-picture": () =>
    t("That file isn't a picture we can read. Take the photo again, or choose another."),
  "not-in-state": () => t("The order has changed in the meantime, so this is no longer possible."),
  "not-saved": () => t("It couldn't be saved. Nothing was changed; try again in a moment."),
  "newer-database": () =>
    t("The shop is being updated. Nothing was changed; try again in a minute."),
  "not-read": () => t("The server is busy. Nothing was changed; try again in a moment."),
  "save-unknown": () =>
    t("We don't know whether it was saved. Check your orders before you try again."),
  "answer-gone": () =>
    t(
      "Nothing was ordered: this order was placed long ago, and its details have been removed. Place a new order if you want more.",
    ),
  "orders-open": ({ orders = [], count: all = orders.length }) => {
    const named = orders
      .slice(0, 3)
      .map((/** @type {{ number: string, because: string }} */ { number, because }) =>
        t("%(number)s (%(why)s)", { number, why: openWords(because) }),
      );
    return n(
      "Nothing was erased: %(count)s order is still open, %(numbers)s. Come back when that is settled.",
      "Nothing was erased: %(count)s orders are still open, such as %(numbers)s. Come back when that is settled.",
      all,
      { numbers: listed(named), count: count(all) },
    );
  },
  "wrong-phone-code": () =>
    t("The code is wrong, or older than ten minutes. Check the message, or request another one."),
  "codes-locked": () =>
    t(
      "The code for this number was entered wrongly five times. Try again in an hour, or use the link of an order.",
    ),
  "no-codes": () => t("This shop sends no text messages. Use an order's page, or ask us."),
  "too-large": () => t("That is too large."),
  forbidden: () => t("That is not allowed here."),
  unavailable: () => t("The server is busy. Nothing was changed; try again in a moment."),
  internal: () => t("Something went wrong on our side. Try again in a moment."),
  "sold-out": ({ offers = [] }) => {
    const left = Math.min(
      ...offers.map((/** @type {{ left: number }} */ { left: boxes }) => boxes),
    );
    return left > 0 && Number.isFinite(left)
      ? n(
          "Nothing was ordered: only %(left)s is left.",
          "Nothing was ordered: only %(left)s are left.",
          left,
          { left },
        )
      : t("Nothing was ordered: it has just sold out. More may be released, so keep watching.");
  },
  "lot-spent": ({ left_g: left }) =>
    left > 0
      ? t("Nothing was ordered: only %(left)s of this harvest are left. Order less.", {
          left: kilograms(left),
        })
      : t("Nothing was ordered: this harvest is sold out or held."),
  "lot-stopped": ({ reasons }) => together(stopMeans(reasons), reasonsInWords(reasons)),
  "limit-reached": ({ limit, had }) =>
    had > 0
      ? n(
          "Nothing was ordered: at this price the limit is %(limit)s per buyer, and you already have %(had)s.",
          "Nothing was ordered: at this price the limit is %(limit)s per buyer, and you already have %(had)s.",
          limit,
          { limit: count(limit), had: count(had) },
        )
      : n(
          "Nothing was ordered: at this price the limit is %(limit)s per buyer. Order fewer.",
          "Nothing was ordered: at this price the limit is %(limit)s per buyer. Order fewer.",
          limit,
          { limit: count(limit) },
        ),
  "order-too-large": ({ limit }) =>
    n(
      "An order can have %(limit)s box at most. Nothing was ordered: order fewer, or ask the farm or the pick-up point for more.",
      "An order can have %(limit)s boxes at most. Nothing was ordered: order fewer, or ask the farm or the pick-up point for more.",
      limit,
      { limit: count(limit) },
    ),
  "box-limit": ({ of, limit }) => {
    const values = { limit: count(limit) };
    if (of === "phone") {
      return t(
        "Nothing was ordered: a phone number can have at most %(limit)s unpacked boxes of a product. Order fewer, or order the rest once those are packed.",
        values,
      );
    }
    if (of === "address") {
      return t(
        "Nothing was ordered: %(limit)s boxes of this are already held or ordered from your network and not packed yet. Try again later, or from another connection.",
        values,
      );
    }
    if (of === "waits") {
      return t(
        "You were not added: the waiting list takes at most %(limit)s boxes of this from your network, and others are already on it. Ask for fewer, or try again later.",
        values,
      );
    }
    return t(
      "Nothing was ordered: a buyer can have at most %(limit)s unpacked boxes of a product. Order fewer, or order the rest once those are packed.",
      values,
    );
  },
  "hold-share": ({ offers = [] }) => {
    const left = Math.min(
      ...offers.map((/** @type {{ left: number }} */ { left: boxes }) => boxes),
    );
    return Number.isFinite(left)
      ? n(
          "Order now: %(left)s is left, and it is yours once you order. We can't hold it for you, because much of the stock is already held.",
          "Order now: %(left)s are left, and they are yours once you order. We can't hold them for you, because much of the stock is already held.",
          left,
          { left: count(left) },
        )
      : t("Order now: we can't hold it for you, because much of the stock is already held.");
  },
  "fee-changed": ({ fee, seen }) =>
    t(
      "The parcel fee is now %(fee)s; it was %(seen)s before. Nothing has been ordered yet: place the order again if you agree.",
      {
        fee: money(fee),
        seen: money(seen),
      },
    ),
  "wrong-currency": ({ currency }) =>
    t(
      "Nothing was changed: amounts here are in %(currency)s. Reload the page, then enter it in %(currency)s.",
      { currency },
    ),
  "too-heavy": ({ most_g: most, weight_g: grams }) =>
    t(
      "Nothing was ordered: a parcel to that region can weigh at most %(most)s, and this is %(weight)s. Order less, or pick it up.",
      {
        most: weight(most),
        weight: weight(grams),
      },
    ),
  "hold-over": () =>
    t("Your hold has expired, and the boxes are back on sale. Choose again from what is left."),
  "proof-needed": () =>
    t(
      "Your browser couldn't do the calculation that keeps bots out. Try again, or use another browser.",
    ),
  "price-changed": ({ offers = [] }) =>
    offers.length && offers.every((/** @type {{ flash?: unknown }} */ { flash }) => flash)
      ? t(
          "The flash batch is over and the usual price applies again. Nothing has been ordered yet.",
        )
      : t("The price changed while you were ordering. Nothing has been ordered yet."),
  invalid: () => t("Something is missing or wrong. Check what you entered."),
};

// What the server says of a field, in the reader's words.
/** @type {Record<string, () => string>} */
const fields = {
  name: () => t("Enter the recipient's name, up to 60 characters."),
  phone: () => t("Enter a phone number of 7 to 15 digits."),
  address: () => t("Enter the postal address, 2 to 300 characters."),
  centre: () => t("Choose a pick-up point."),
  region: () => t("Choose the region again, or leave it empty."),
  email: () => t("An e-mail address looks like name@example.com. You can leave it empty."),
};

/**
 * Whether a Problem leaves open if what was asked was done: no answer came, or none of a server that
 * knew. The same may then be sent again with the same key.
 * @param {{ slug: string, status: number }} problem
 */
export const isUnknown = ({ slug, status }) =>
  slug === "offline" || status >= 500 || status === 408;

/**
 * The sentence for a Problem.
 * @param {Told} problem
 */
export function sentence(problem) {
  const known = sentences[problem.slug];
  return known ? known(problem.body ?? {}) : readable(problem.message);
}

/**
 * The server's own words, if the reader can read them: a general sentence in place of English ones
 * on a Chinese page.
 * @param {string} words
 */
export const readable = (words) =>
  page.language === "en" || /[\u4e00-\u9fff]/.test(words)
    ? words
    : t("The server didn't accept this. Check it again.");

/**
 * What a Problem says of single fields, `{field: sentence}`; `names` maps where its errors point
 * ("delivery") to the field of the form, the last part of a path stands for itself.
 * @param {Told} problem
 * @param {Record<string, string>} [names]
 */
export function fieldErrors(problem, names = {}) {
  /** @type {Record<string, string>} */
  const found = {};
  if (problem.slug === "unknown-centre") found.centre = sentences["unknown-centre"](problem.body);
  for (const { field, message } of problem.body?.errors ?? []) {
    const name = names[field] ?? field.replace(/^.*\./, "");
    found[name] = fields[name]?.() ?? readable(message);
  }
  return found;
}
