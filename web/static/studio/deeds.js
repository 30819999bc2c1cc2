// What staff did, in words: by the action's name in the audit list. Decides only.

import { count, money, weight } from "../common/format.js";
import { n, page, t } from "../common/words.js";
import { roleWords } from "./roles.js";
import { stateWords } from "./state.js";

/** The sentence of each action, of which `what` names the thing. */
const SENTENCES = {
  "access.refuse": () => t("was refused something"),
  "buyers.search": ({ by }) => (by === "phone" ? t("searched for a buyer by phone number") : t("searched for a buyer by name")),
  "person.erase": ({ by, orders }) =>
    by === "role"
      ? n("erased a buyer's details of %(count)s order", "erased a buyer's details of %(count)s orders", orders, { count: count(orders) })
      : n("had their own details of %(count)s order erased", "had their own details of %(count)s orders erased", orders, { count: count(orders) }),
  "file.export": () => t("took out a file or a list"),
  "session.end": ({ other }) => (other ? t("ended another of the own sign-ins") : t("signed out")),
  "session.fail": ({ by }) => (by === "factor" ? t("gave a wrong second factor") : t("typed a wrong password")),
  "session.start": () => t("signed in"),
  "account.add": () => t("made an account"),
  "account.change": () => t("changed an account"),
  "account.password": () => t("set a new password"),
  "factor.add": () => t("set up a second factor"),
  "factor.recovery_codes": () => t("made new recovery codes"),
  "factor.remove": () => t("removed a second factor"),
  "factor.reset": () => t("reset someone's second factor"),
  "bag.arrange": () => t("put the bag in another order"),
  "block.add": () => t("blocked someone"),
  "notice.send": () => t("sent a message that was held back"),
  "block.remove": () => t("let someone in again"),
  "broadcast.change": () => t("changed a broadcast"),
  "broadcast.create": () => t("prepared a broadcast"),
  "broadcast.end": () => t("ended the broadcast"),
  "broadcast.start": () => t("started the broadcast"),
  "card.pin": () => t("put it on the screen"),
  "card.unpin": () => t("took it off the screen"),
  "centre.add": () => t("added a pick-up point"),
  "centre.change": () => t("changed a pick-up point"),
  "chat.hide": () => t("hid a message"),
  "chat.mute": () => t("muted a viewer"),
  "chat.unmute": () => t("let a muted viewer write again"),
  "credential.give": ({ kind }) => (kind === "api_key" ? t("gave a program's key another owner") : kind === "invitation" ? t("gave an invitation another owner") : t("gave a camera's key or link another owner")),
  "farm.add": () => t("added a farm"),
  "farm.change": () => t("changed a farm"),
  "fees.set": () => t("set what parcels cost"),
  "flash.end": ({ was }) => (was ? t("put a wrong price right") : t("ended a flash batch")),
  "flash.plan": ({ starts_at: at }) => (at ? t("planned a flash batch") : t("started a flash batch")),
  "guest.add": () => t("invited a guest"),
  "guest.end": () => t("ended a guest's visit"),
  "invitation.accept": () => t("took up an invitation"),
  "invitation.add": () => t("invited someone"),
  "invitation.revoke": () => t("took an invitation back"),
  "key.add": () => t("made a key for a program"),
  "key.revoke": () => t("took a program's key back"),
  "keys.replace": ({ lost }) => (lost ? t("made new keys for orders' links in place of lost ones") : t("made new keys for orders' links")),
  "lot.add": () => t("recorded a harvest"),
  "lot.certify": () => t("added a certificate"),
  "lot.correct": () => t("put a harvest right"),
  "lot.inspect": () => t("recorded a test"),
  "lot.lift": () => t("lifted a stopped lot"),
  "lot.withdraw_lift": () => t("took back that a stopped lot was lifted"),
  "lot.withdraw_test": () => t("took a test back"),
  "lot.pack": () => t("recorded the packing"),
  "lot.ship": () => t("recorded the shipping"),
  "lot.stop": ({ kind }) => (kind === "test_failed" ? t("stopped a lot by a test that failed") : t("stopped a lot that was picked too soon")),
  "lot.unwaste": () => t("took back that something was sorted out"),
  "lot.waste": () => t("sorted something out of a lot"),
  "offer.add": () => t("put it into the bag"),
  "offer.change": () => t("changed the price"),
  "offer.correct": () => t("put a wrong price right"),
  "offer.release": ({ quantity }) => (quantity < 0 ? t("took stock back") : t("released stock")),
  "order.handed_over": () => t("handed an order over"),
  "order.move": ({ state, payment }) => (payment ? t("marked orders as paid") : t("moved orders to “%(state)s”", { state: stateWords(state) })),
  "order.put_right": ({ state, payment }) => {
    if (payment) return t("put right that an order was paid");
    return state ? t("put an order right: “%(state)s” again", { state: stateWords(state) }) : t("took a refund back");
  },
  "order.undo": () => t("undid what was done with orders"),
  "plot.add": () => t("added a plot"),
  "plot.change": () => t("changed a plot"),
  "product.add": () => t("made a product"),
  "product.change": () => t("changed a product"),
  "source.switch": () => t("put a camera on air"),
  "stream_key.add": () => t("made a key for a camera"),
  "stream_key.revoke": () => t("took a camera's key back"),
  "work.withdraw": ({ kind }) => (kind === "flowered" ? t("took a flowering back") : t("took a spraying back")),
  "work.add": ({ kind }) => (kind === "flowered" ? t("recorded that a plot flowered") : t("recorded a spraying")),
};

/** How it was clear to whom an order went that was handed over without its code. */
const KNOWN_BY = {
  known_to_me: () => t("the buyer is known"),
  slip: () => t("by the slip"),
  identity_card: () => t("by the identity card"),
  other: () => t("known otherwise"),
};

/** By which second factor. */
const BY_FACTOR = {
  totp: () => t("by the authenticator app"),
  passkey: () => t("by a passkey"),
  recovery: () => t("by a recovery code"),
};

export function deedWords({ action, detail }) {
  const known = SENTENCES[action];
  if (known) return known(detail);
  const [thing, state] = action.split(".");
  if (thing !== "order") return action;
  if (state.startsWith("claim_")) return t("answered a claim");
  if (state === "paid") return t("marked an order as paid");
  if (state === "refunded") return detail.due ? t("took something off an order") : t("refunded an order");
  return t("moved an order to “%(state)s”", { state: stateWords(state) });
}

/** The facts of a deed, the shortest way. */
export function deedFacts({ action, detail }) {
  const sum = (amount) => money({ amount, currency: page.currency });
  const facts = [];
  if (detail.number) facts.push(detail.number);
  if (detail.name && typeof detail.name === "string") facts.push(detail.name);
  if (detail.role) facts.push(roleWords(detail.role));
  if (detail.code) facts.push(t("Lot %(code)s", { code: detail.code }));
  if (typeof detail.quantity === "number") facts.push(`${detail.quantity > 0 ? "+" : "−"}${count(Math.abs(detail.quantity))}`);
  if (typeof detail.weight_g === "number") facts.push(weight(detail.weight_g));
  if (typeof detail.quantity_g === "number") {
    const was = typeof detail.was_g === "number" ? `${weight(detail.was_g)} → ` : "";
    facts.push(was + weight(detail.quantity_g));
  }
  if (typeof detail.price === "number") {
    const was = typeof detail.was === "number" ? `${sum(detail.was)} → ` : "";
    facts.push(was + sum(detail.price));
  }
  if (typeof detail.orders === "number") facts.push(n("%(n)s order", "%(n)s orders", detail.orders, { n: count(detail.orders) }));
  if (typeof detail.list_price === "number") facts.push(t("usual price %(price)s", { price: sum(detail.list_price) }));
  if (typeof detail.released === "number") facts.push(t("%(n)s released", { n: count(detail.released) }));
  if (["order.refunded", "order.put_right"].includes(action) && typeof detail.amount === "number") facts.push(sum(detail.amount));
  if (typeof detail.keys === "number") facts.push(t("%(n)s of them", { n: count(detail.keys) }));
  if (typeof detail.boxes === "number") facts.push(t("%(n)s boxes", { n: count(detail.boxes) }));
  if (detail.alone === true) facts.push(t("the money alone"));
  if (detail.codeless === true) facts.push(t("without its code"));
  if (BY_FACTOR[detail.by]) facts.push(BY_FACTOR[detail.by]());
  if (KNOWN_BY[detail.known_by]) facts.push(KNOWN_BY[detail.known_by]());
  if (detail.unpacked === true) facts.push(t("it was not ticked as packed"));
  if (detail.passed === false) facts.push(t("not passed"));
  if (detail.disabled === true) facts.push(t("shut out"));
  if (detail.disabled === false) facts.push(t("let in again"));
  if (detail.label) facts.push(detail.label);
  if (detail.browser) facts.push(detail.browser);
  if (detail.what) facts.push(detail.what);
  if (typeof detail.rows === "number") facts.push(n("%(n)s row", "%(n)s rows", detail.rows, { n: count(detail.rows) }));
  if (detail.path) facts.push(detail.path);
  if (typeof detail.count === "number") facts.push(n("%(n)s time", "%(n)s times", detail.count, { n: count(detail.count) }));
  if (detail.reason) facts.push(detail.reason);
  return facts;
}
