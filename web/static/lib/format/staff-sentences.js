// Sentences for staff: one after another, and what the server says by its codes in the reader's
// language. Its own words, which are English, are for codes that this page does not know.

import { count, kilograms, money } from "./format.js";
import { readable, sentence } from "./problems.js";
import { page, t } from "../words.js";

/** @typedef {import("../state/api").Doubt} Doubt */

/**
 * Sentences one after another: with a space between them, in Chinese without.
 * @param {string[]} lines
 */
export const together = (lines) => lines.join(page.language === "zh" ? "" : " ");

const tooLate = () =>
  t(
    "This can no longer be undone: it was too long ago, or the order has changed since. Coordinators and hosts can correct it in the order list.",
  );
const putRightAlready = () =>
  t("This can no longer be undone: it was already corrected. Look at the order again.");

/**
 * Problems that staff meet, by the stable part of their type.
 * @type {Record<string, (problem: import("./problems.js").Told) => string>}
 */
const SPOKEN = {
  "waiting-period": () =>
    t("Nothing was recorded: the waiting period after spraying is not over on this plot."),
  "implausible-harvest": ({ body }) => doubted(body.doubts),
  "unknown-work": () => t("That was already undone. Reload the page."),
  "unknown-inspection": () => t("That test was withdrawn. Reload the page."),
  "in-the-future": () => t("That is in the future. Check the date and time."),
  "lot-stopped": (problem) =>
    problem.body.reasons.every(
      (/** @type {import("../state/events").Reason} */ { finding }) => !finding,
    )
      ? t(
          "This lot can't be sold yet: record its passed test on the farm's page, with its certificate if one is required.",
        )
      : sentence(problem),
  "fees-replaced": () =>
    t(
      "Not saved: somebody else changed the fees in the meantime. “Discard changes” shows theirs; save again to replace them with yours.",
    ),
  "lot-taken": () => t("This code is taken. Choose another one, such as the next number."),
  "not-a-picture": () =>
    t("This file can't be read as a picture. Choose a JPEG, PNG, WebP or HEIC."),
  "not-a-certificate": () =>
    t("This file is neither a PDF nor a picture. Scan or photograph the certificate."),
  "too-large": () => t("This file is too large. A photo of the phone's usual size is enough."),
  "other-farm": () =>
    t("That belongs to another farm. A coordinator can add the farm to your account."),
  "lot-of-other-farm": () =>
    t("The lot and the product are from different farms. Choose a lot of the same farm."),
  "other-centre": () =>
    t(
      "That order is not for one of your pick-up points. A coordinator can add the point to your account.",
    ),
  "how-known": () =>
    t("Nothing was handed over. Ask for the six digits, or say how you know the buyer."),
  "list-price-too-low": () =>
    t(
      "The usual price must not be lower than the price. Change both, or leave the usual price empty.",
    ),
  "bag-full": () => t("The bag is full: it holds 100 products."),
  "name-taken": () => t("This name is taken. Choose another one."),
  "last-coordinator": () =>
    t("That is the only coordinator. Make another one first, so that someone can still sign in."),
  "unknown-credential": () => t("That key or link no longer works. Reload the page."),
  "not-to-give": () =>
    t(
      "This is your own and ends with your account. Another coordinator can give it to someone else.",
    ),
  "staff-not-muted": () =>
    t("Nobody was muted: that is one of the team. A coordinator can remove the role."),
  "unknown-mute": () => t("This mute has already ended."),
  "nothing-to-block": () =>
    t("Nobody was blocked: no one was found by that, or the order's buyer was erased."),
  "everyones-address": () =>
    t(
      "Nobody was blocked: everyone here shares that address. The server's operator can set the proxy's address.",
    ),
  csrf: () => t("The page is out of date. Reload it, then try again."),
  "invitation-over": () =>
    t(
      "This invitation no longer works: it was used or withdrawn, or is older than seven days. Ask for a new one.",
    ),
  "unknown-factor": () => t("That second factor has already been removed."),
  "last-factor": () =>
    t("Nothing was removed: your account must have a second factor. Add another one first."),
  "factor-not-due": () =>
    t(
      "Nothing was changed: this account has a second factor, or doesn't need one yet. Reload the page.",
    ),
  "extensions-used-up": () =>
    t("This account has already had seven more days twice. The server's operator can give more."),
  "no-second-factor": () => t("Set up an authenticator app or a passkey first."),
  "no-passkeys-here": () =>
    t(
      "Passkeys don't work at this address: they need https:// and a name, not a number such as 192.168.1.20.",
    ),
  "passkeys-full": () => t("An account can have 20 passkeys at most. Remove one first."),
  "own-factor": () => t("Your own second factor is changed on “My account”."),
  "unknown-sign-in": () => t("That sign-in has already ended."),
  "wrong-password": () => t("The current password is not right. Nothing was changed."),
  "not-in-state": () =>
    t("The order's state doesn't allow this. It may have changed in the meantime; check again."),
  "flash-not-cheaper": () => t("A flash price must be lower than the current price."),
  "flash-dearer": ({ body }) => dearerFlash(body.price),
  "unknown-flash": () => t("This flash batch is already over."),
  "flash-there": () => t("This product already has a flash batch. End or cancel it first."),
  "lot-spent": () =>
    t(
      "The lot doesn't have that much. Release no more than what is left of it, or record a new harvest.",
    ),
  "no-price-before": () => t("It has had this price from the start. Enter the correct one."),
  "never-mispriced": () => t("No price of this product was corrected."),
  "undo-over": ({ body = {} }) => (body.undone ? putRightAlready() : tooLate()),
  "unknown-transition": () => putRightAlready(),
  "key-reused": () =>
    t("Something else was saved in the meantime. Check the order before you continue."),
  "save-unknown": () =>
    t("We don't know whether it was done. Reload the page and check before you repeat it."),
  "not-left": () =>
    t("The lot doesn't have that much left: the rest is already sold, held for buyers or wasted."),
  "below-taken": () =>
    t(
      "More of the lot than that is already sold, held or wasted. Check the weight, or cancel orders first.",
    ),
  "unknown-finding": () =>
    t("The findings of this lot have changed. Reload the page and look at them."),
  "unknown-lift": () => t("That lift was already withdrawn. Reload the page."),
  "too-many-records": ({ body }) =>
    t(
      "Nothing was saved: there are already %(most)s records of it. Check that it is the right one.",
      { most: count(body.most) },
    ),
  "unknown-waste": () => t("That was already undone. Reload the page."),
  "stock-taken": () => t("That many boxes can't be withdrawn: they are sold or held."),
  "refund-too-high": () => t("That is more than what is left of the order's total."),
  "product-offered": () =>
    t(
      "It has been sold already, so unit, weight and GTIN can't change. For another size, add another product.",
    ),
  "product-archived": () => t("This product is archived. Take it out of the archive first."),
  "early-test": ({ body }) =>
    t(
      "Nothing was saved: the test is from more than %(most)s days before the harvest. Correct the date, or record a test of this harvest.",
      { most: count(body.most_days) },
    ),
  "wrong-order": () => t("The times contradict each other: check the dates."),
  "unknown-picture": () => t("The picture is missing. Choose it again."),
  "claim-answered": () => t("This claim was already answered. Look at the order again."),
  "unknown-notice": () => t("This message is no longer held back. Reload the page."),
  "unknown-order": () => t("That order no longer exists. Reload the page."),
  invalid: (problem) => {
    const personal = problem.body?.errors?.find(({ code }) => code.startsWith("contains-"));
    return personal ? wrongField(personal) : sentence(problem);
  },
  forbidden: () => t("Your account can't do this. A coordinator can change that."),
};

/**
 * Why a harvest is hard to believe, and what to do.
 * @param {Doubt[]} doubts
 */
function doubted(doubts) {
  const why = doubts.map((doubt) =>
    doubt.kind === "before_planting"
      ? t("The plot was planted in %(year)s, after this harvest.", { year: doubt.planted_year })
      : t(
          "With this harvest the plot would have given %(sum)s this year; its %(area)s m² can yield %(most)s.",
          {
            sum: kilograms(doubt.year_g ?? 0),
            area: count(doubt.area_m2 ?? 0),
            most: kilograms(doubt.most_g ?? 0),
          },
        ),
  );
  return together([...why, t("Nothing was recorded: correct it, or give the reason below.")]);
}

/**
 * Why a price can't fall so low: the flash that is planned or runs costs as much.
 * @param {import("./format.js").Money} price
 */
export const dearerFlash = (price) =>
  t("It has a flash batch at %(price)s. Enter a higher price, or end the flash batch first.", {
    price: money(price),
  });

/**
 * What a record stopped, for whoever made it.
 * @param {string[]} codes of lots
 */
export const stoppedWords = (codes) =>
  t(
    "Stopped everywhere: lot %(codes)s is not sold, packed or handed over. A coordinator decides what happens next.",
    {
      codes: codes.join(", "),
    },
  );

/**
 * A problem as a sentence in the reader's language.
 * @param {import("./problems.js").Told} problem
 */
export function spoken(problem) {
  return SPOKEN[problem.slug]?.(problem) ?? sentence(problem);
}

/**
 * What is wrong with a single field, by the code of the server's error.
 * @type {Record<string, () => string>}
 */
const FIELDS = {
  "text-missing": () => t("Enter the text in Chinese or English."),
  "invisible-character": () =>
    t("It contains an invisible character, such as a tab. Type it again without it."),
  phone: () =>
    t("Enter a phone number of 7 to 15 digits, such as 138 0000 0000 or +44 20 7946 0000."),
  "contains-phone": () =>
    t("Others can read this: remove the phone number. A pick-up point's number has its own field."),
  "contains-email": () => t("Others can read this: remove the e-mail address."),
  "time-without-offset": () =>
    t("Enter the time with its offset, such as 2026-11-23T08:30:00+08:00."),
  "packed-before-harvest": () =>
    t("A lot can't be packed before it is harvested. Check the times."),
  "list-price-too-low": () => t("The list price is the higher one, struck out beside the price."),
  "sign-in-name": () =>
    t("A sign-in name is 1 to 40 letters, digits, dots, dashes or underscores, without spaces."),
  "name-is-shown": () =>
    t("Viewers see this as someone's name, and sign-in names are secret. Choose another one."),
  "name-is-secret": () =>
    t(
      "Someone signs in with this name, or viewers would take you for the host or a colleague. Choose another one.",
    ),
  "invisible-name": () => t("Enter a visible name."),
  "lot-code": () =>
    t(
      "A lot code has 1 to 20 characters: letters without accents, digits and ! \" % & ' ( ) * + , - . / : ; < = > ? _, without spaces.",
    ),
  gtin: () => t("A GTIN is 8, 12, 13 or 14 digits."),
  "gs1-prefix": () => t("A GS1 company prefix is 4 to 12 digits."),
  "half-coordinates": () => t("Enter both latitude and longitude, or neither."),
  "test-undecided": () => t("Say whether the lot passed this test."),
  "not-words": () => t("Write it in words: others can read this."),
  "waiting-days-missing": () =>
    t(
      "Enter how many days must pass after spraying before picking; 0 if there is no waiting period.",
    ),
};

/**
 * Why an encoder's stream was not accepted, by the code of its reason.
 * @type {Record<string, () => string>}
 */
const REJECTIONS = {
  "b-frames": () =>
    t(
      "The stream has B-frames, which browsers can't play live. In OBS untick “Ignore streaming service setting recommendations” (Settings, Stream), or set the encoder's “B-Frames” to 0 (x264: the tune “zerolatency”); in ffmpeg add -bf 0. Then start it again.",
    ),
  profile: () =>
    t(
      "This H264 profile is not one that browsers play. Set the encoder's profile to baseline, main or high, 8 bit 4:2:0 (in ffmpeg: -profile:v baseline -pix_fmt yuv420p). Then start it again.",
    ),
  "video-codec": () => t("Send video as H264, VP8, VP9 or AV1."),
  "audio-codec": () => t("Send sound as Opus (48 kHz)."),
  "too-many-tracks": () => t("Send at most one audio and one video track."),
};

/**
 * What is wrong with a field in the reader's language.
 * @param {import("../state/api").FieldError} error
 */
export const wrongField = ({ code, message }) => FIELDS[code]?.() ?? readable(message);

/**
 * Why a stream was not accepted, in the reader's language.
 * @param {{ reason?: string | null, detail: string }} rejected
 */
export const rejection = ({ reason, detail }) => REJECTIONS[reason ?? ""]?.() ?? readable(detail);
