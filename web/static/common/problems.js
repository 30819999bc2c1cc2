// A problem in the reader's words. The server says its `detail` in English; a `type` is stable, so
// the sentences that viewers and buyers meet stand here.

import { n, t } from "./words.js";

const sentences = {
  "broadcast-ended": () => t("This broadcast has ended, so nothing more can be ordered in it."),
  "broadcast-not-live": () => t("This broadcast has not started yet."),
  "unknown-broadcast": () => t("There is no such broadcast. The start page shows what is live now."),
  "key-reused": () => t("This order was sent before with other contents. Send it once more."),
  muted: () => t("The host has muted you here. You can still watch and buy."),
  blocked: () => t("Orders from here are not taken. If that is a mistake, ask the service centre."),
  "too-many-requests": () => t("That was very fast. Wait a moment and try again."),
  "unknown-centre": () => t("That service centre is not open any more. Choose another one."),
  "unknown-offer": () => t("That is not on offer here any more."),
  "unknown-lot": () => t("There is no such lot. Compare the code with the label."),
  "unknown-farm": () => t("There is no such farm."),
  "unknown-chat-message": () => t("That message is not there any more."),
  "staff-only": () => t("That is for the host and the team."),
  "malformed-message": () => t("Something is missing or can't be right. Look at what you wrote."),
  "unknown-order": () => t("There is no such order. Look at the link once more."),
  "not-in-state": () => t("The order has moved on meanwhile, so that is not possible any more."),
  "not-saved": () => t("It could not be saved. Nothing was changed; try again in a moment."),
  "save-unknown": () => t("It is not known whether it was saved. Look at your orders before you try again."),
  "too-large": () => t("That is too large."),
  forbidden: () => t("That is not allowed here."),
  unavailable: () => t("The server is busy. Nothing was changed; try again in a moment."),
  internal: () => t("Something went wrong on our side. Try again in a moment."),
  "sold-out": ({ offers = [] }) => {
    const left = Math.min(...offers.map((offer) => offer.left));
    return left > 0 && Number.isFinite(left)
      ? n(
          "Only %(left)s is left. Nothing was ordered.",
          "Only %(left)s are left. Nothing was ordered.",
          left,
          { left },
        )
      : t("It has just sold out. Nothing was ordered; more may be released, so keep watching.");
  },
  "price-changed": () => t("The price changed while you were ordering. Nothing was ordered yet."),
  invalid: () => t("Something is missing or can't be right. Look at what you wrote."),
};

// What the server says of a field, in the reader's words.
const fields = {
  name: () => t("Write the name of the person who receives it, up to 60 characters."),
  phone: () => t("Write a phone number of 7 to 15 digits."),
  address: () => t("Write where the parcel goes, 2 to 300 characters."),
  centre: () => t("Choose a service centre."),
};

/** The sentence for a Problem. */
export function sentence(problem) {
  const known = sentences[problem.slug];
  return known ? known(problem.body ?? {}) : problem.message;
}

/** What a Problem says of single fields, `{field: sentence}`; `names` maps where its errors point
    ("delivery") to the field of the form, the last part of a path stands for itself. */
export function fieldErrors(problem, names = {}) {
  const found = {};
  if (problem.slug === "unknown-centre") found.centre = sentences["unknown-centre"]();
  for (const { field = "", message } of problem.body?.errors ?? []) {
    const name = names[field] ?? field.split(".").pop();
    found[name] = fields[name]?.() ?? message;
  }
  return found;
}
