// Sentences for staff: one after another, and what the server says in English put into the reader's
// language. The server's own words are the key, so that they stay as they are where none is known.

import { count, kilograms, money } from "./format.js";
import { inWords, sentence } from "./problems.js";
import { page, t } from "../words.js";

/** @typedef {import("../state/api").Doubt} Doubt */

/**
 * Sentences one after another: with a space between them, in Chinese without.
 * @param {string[]} lines
 */
export const together = (lines) => lines.join(page.language === "zh" ? "" : " ");

const tooLate = () =>
  t(
    "This can't be undone any more: it is too long ago, or it has changed since. Coordinators and hosts can correct the order in the list of orders.",
  );
const putRightAlready = () =>
  t("This can't be undone any more: it was corrected already. Look at the order again.");

/**
 * Problems that staff meet, by the stable part of their type.
 * @type {Record<string, (problem: import("./problems.js").Told) => string>}
 */
const SPOKEN = {
  "waiting-period": () =>
    t("The waiting period after spraying is not over on this plot. Nothing was recorded."),
  "implausible-harvest": ({ body }) => doubted(body.doubts),
  "unknown-work": () => t("That was undone already. Load the page again."),
  "unknown-inspection": () =>
    t("There is no such test any more: it was withdrawn. Load the page again."),
  "in-the-future": () => t("That is in the future. Check the date and time."),
  "lot-stopped": (problem) =>
    problem.body.reasons.every(
      (/** @type {import("../state/events").Reason} */ { finding }) => !finding,
    )
      ? t(
          "This lot can't be sold yet: record its passed test on the farm's page, with its certificate if one is required.",
        )
      : sentence(problem),
  "lot-taken": () => t("This code is taken. Choose another one, such as the next number."),
  "not-a-picture": () =>
    t("This file can't be read as a picture. Choose a JPEG, PNG, WebP or HEIC."),
  "not-a-certificate": () =>
    t("This file is neither a PDF nor a picture. Scan or photograph the certificate."),
  "too-large": () => t("This file is too large. A photo of the phone's usual size is enough."),
  "other-farm": () =>
    t("That belongs to another farm. A coordinator can add the farm to your account."),
  "lot-of-other-farm": () =>
    t("The lot is of another farm than the product. Choose a lot of the same farm."),
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
  "name-taken": () => t("An account with this name exists. Choose another name."),
  "last-coordinator": () =>
    t("That is the only coordinator. Make another one first, so that nobody is locked out."),
  "unknown-credential": () => t("That key or link does not work any more. Load the page again."),
  "not-to-give": () =>
    t(
      "This is your own and ends with your account. Another coordinator can give it to someone else.",
    ),
  "staff-not-muted": () =>
    t("Nobody was muted: that is one of the team. A coordinator can take the role away."),
  "unknown-mute": () => t("This mute has ended already."),
  "nothing-to-block": () =>
    t("Nobody can be found by that, or the order's buyer was erased, so nobody was blocked."),
  "everyones-address": () =>
    t(
      "Everyone has that address here, so it was not blocked. The operator of the server can set the proxy's address.",
    ),
  csrf: () => t("The page is too old. Load it again, then retry."),
  "invitation-over": () =>
    t(
      "This invitation does not work any more: it was used, withdrawn, or is older than seven days. Ask for a new one.",
    ),
  "unknown-factor": () => t("That second factor is removed already."),
  "last-factor": () =>
    t("Nothing was removed: your account must have a second factor. Add another one first."),
  "factor-not-due": () =>
    t(
      "Nothing was changed: this account has a second factor, or needs none yet. Load the page again.",
    ),
  "extensions-used-up": () =>
    t("This account was given seven more days twice. The operator of the server can give more."),
  "no-second-factor": () => t("Set up an authenticator app or a passkey first."),
  "no-passkeys-here": () =>
    t(
      "There are no passkeys at this address: they need https:// and a name, not a number such as 192.168.1.20.",
    ),
  "passkeys-full": () => t("An account has 20 passkeys at most. Remove one first."),
  "own-factor": () => t("Your own second factor is changed on “My account”."),
  "unknown-sign-in": () => t("That sign-in is over already."),
  "wrong-password": () => t("The present password is not right. Nothing was changed."),
  "not-in-state": () =>
    t("The order's state does not allow this. It may have changed meanwhile; check again."),
  "flash-not-cheaper": () => t("A flash costs less than now: write a lower price."),
  "flash-dearer": ({ body }) => dearerFlash(body.price),
  "unknown-flash": () => t("This flash is over already."),
  "flash-there": () => t("This product has a flash sale already. End or cancel it first."),
  "lot-spent": () =>
    t(
      "The lot does not have that much. Release no more than what is left of it, or record a new harvest.",
    ),
  "no-price-before": () => t("It has had this price from the start. Enter the right one."),
  "never-mispriced": () => t("No price of this product was corrected."),
  "undo-over": ({ body = {} }) => (body.undone ? putRightAlready() : tooLate()),
  "unknown-transition": () => putRightAlready(),
  "key-reused": () => t("Something else was saved before. Check the order before you continue."),
  "save-unknown": () =>
    t("We don't know whether it was done. Load the page again and check before you repeat it."),
  "not-left": () =>
    t(
      "The lot does not have that much left: the rest is sold, held for buyers or sorted out already.",
    ),
  "below-taken": () =>
    t(
      "More of the lot is sold, held or sorted out than that. Compare the weight, or cancel orders first.",
    ),
  "unknown-finding": () =>
    t("The findings of this lot have changed. Load the page again and look at them."),
  "unknown-lift": () => t("That lift was withdrawn already. Load the page again."),
  "too-many-records": ({ body }) =>
    t(
      "There are %(most)s records of it already, and nothing was saved. Check whether it is the right one.",
      { most: count(body.most) },
    ),
  "unknown-waste": () => t("That was undone already. Load the page again."),
  "stock-taken": () => t("You can't withdraw that many boxes: they are sold or held."),
  "refund-too-high": () => t("That is more than the rest of the order's total."),
  "product-offered": () =>
    t(
      "It was offered already: unit, weight and GTIN can't change. Add another product for another box.",
    ),
  "product-archived": () => t("This product is archived. Take it out of the archive first."),
  "early-test": ({ body }) =>
    t(
      "The test is from more than %(most)s days before the harvest. Correct the date, or record a test of this harvest.",
      { most: count(body.most_days) },
    ),
  "wrong-order": () => t("The times contradict each other: check the dates."),
  "unknown-picture": () => t("The picture is missing. Choose it again."),
  "claim-answered": () => t("This claim was answered already. Look at the order again."),
  "unknown-notice": () => t("This message is not held back any more. Load the page again."),
  "unknown-order": () => t("There is no such order any more. Load the page again."),
  invalid: (problem) => {
    const personal = problem.body?.errors?.find(({ message }) =>
      message.startsWith("Others read this: "),
    );
    return personal ? known(personal.message) : sentence(problem);
  },
  forbidden: () => t("Your account may not do this. A coordinator can change that."),
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
          "Together with this harvest the plot would have given %(sum)s this year; its %(area)s m² can bear %(most)s.",
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
  t("It has a flash at %(price)s. Write a higher price, or end the flash first.", {
    price: money(price),
  });

/**
 * What a record stopped, for whoever made it.
 * @param {string[]} codes of lots
 */
export const stoppedWords = (codes) =>
  t(
    "Stopped everywhere: lot %(codes)s is not sold, packed or handed over. A coordinator decides what comes next.",
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

/** What the server says of single fields, and of what a camera or an encoder offers. */
const fields = () => [
  t("Write the text in Chinese or English."),
  t("It holds a character that nobody can see, such as a tab. Type it again without that."),
  t("Write a phone number of 7 to 15 digits, such as 138 0000 0000 or +44 20 7946 0000."),
  t(
    "Others read this: take the telephone number out. A pick-up point's own number has a field of its own.",
  ),
  t("Others read this: take the e-mail address out."),
  t("Write the time with its offset, such as 2026-11-23T08:30:00+08:00."),
  t("A lot can't be packed before it is harvested; correct the times."),
  t("The list price is the higher one, struck out beside the price."),
  t("A name has 1 to 40 letters, digits, dots, dashes or underscores, and no space."),
  t("Viewers read this as someone's name, and sign-in names are secret: take another."),
  t(
    "Someone signs in by this name, or viewers would take you for the host or a colleague: take another.",
  ),
  t("Write a name that can be seen."),
  t(
    "A lot code has 1 to 20 characters: letters without accents, digits and ! \" % & ' ( ) * + , - . / : ; < = > ? _, without spaces.",
  ),
  t("A GS1 company prefix has 4 to 12 digits and nothing else."),
  t("Give latitude and longitude together, or neither."),
  t("Say whether the lot passed this test: true or false."),
  t("Write it in words: others read this."),
  t(
    "Say for how many days nothing may be picked after the spraying; 0 where there is no waiting period.",
  ),
  t(
    "The stream has B-frames, which browsers can't play live. In OBS untick “Ignore streaming service setting recommendations” (Settings, Stream), or set the encoder's “B-Frames” to 0 (x264: the tune “zerolatency”); in ffmpeg add -bf 0. Then start it again.",
  ),
  t(
    "This H264 profile is not one that browsers play. Set the encoder's profile to baseline, main or high, 8 bit 4:2:0 (in ffmpeg: -profile:v baseline -pix_fmt yuv420p). Then start it again.",
  ),
  t("Send video as H264, VP8, VP9 or AV1."),
  t("Send sound as Opus (48 kHz)."),
  t("Offer at most one audio and one video section."),
];

/**
 * The server's sentence in the reader's language; in Chinese a general one where none is known.
 * @param {string} words
 */
export function known(words) {
  fields();
  return inWords(words);
}
