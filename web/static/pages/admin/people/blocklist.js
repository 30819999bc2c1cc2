// Who is blocked, and who was turned away in the last hour and why.

import { find } from "../../../lib/ui/dom.js";
import { count, dayAndClock } from "../../../lib/format/format.js";
import { toastProblem } from "../../../lib/ui/problem-toast.js";
import { toast } from "../../../lib/ui/toast.js";
import { n, t } from "../../../lib/words.js";
import { getAll, post, remove } from "../../../lib/channel/staff-api.js";
import { act, badge, RemoteList, row, sign } from "../../../lib/ui/remote-list.js";
import { FormSheet } from "../../../lib/forms/form-sheet.js";

const sheet = new FormSheet("block-sheet");
/** @param {string} moment */
const when = (moment) => dayAndClock(Date.parse(moment));

/** @typedef {import("../../../lib/state/api").BlockAnswer} Block */
/** @typedef {import("../../../lib/state/api").RefusalAnswer} Refusal */

const blocks = new RemoteList(
  "blocks",
  async () => (await getAll("/api/v1/blocks")).blocks,
  (/** @type {Block} */ block) =>
    row({
      picture: sign("close"),
      title: kindWords(block.kind),
      badges: [badge(block.who)],
      lines: [block.reason, t("by %(name)s, %(when)s", { name: block.by, when: when(block.at) })],
      acts: [act(t("Reactivate"), () => unblock(block), { name: block.who })],
    }),
);

const refusals = new RemoteList(
  "refusals",
  async () => (await getAll("/api/v1/refusals")).refusals,
  (/** @type {Refusal} */ refusal) =>
    row({
      picture: sign("warning"),
      title: whatWords(refusal.what),
      badges: [badge(`${kindWords(refusal.kind)} ${refusal.who}`)],
      lines: [
        refusal.limit === null
          ? t("Blocked: %(reason)s", { reason: refusal.reason })
          : t("More than %(n)s per minute.", { n: count(refusal.limit) }),
        n("%(n)s time, last %(when)s", "%(n)s times, last %(when)s", refusal.count, {
          n: count(refusal.count),
          when: when(refusal.at),
        }),
      ],
      acts:
        refusal.limit === null || refusal.kind === "name"
          ? []
          : [
              act(t("Block…"), () => block({ kind: refusal.kind, value: refusal.mark }), {
                name: refusal.who,
              }),
            ],
    }),
);

/** @param {string} kind */
function kindWords(kind) {
  switch (kind) {
    case "phone":
      return t("Phone");
    case "device":
      return t("Device");
    case "address":
      return t("IP address");
    default:
      return t("Name");
  }
}

/**
 * What was refused, by the limit's own word: the server's names, each as it is.
 * @param {string} what
 */
function whatWords(what) {
  switch (what) {
    case "blocked":
      return t("Something while blocked");
    case "chat":
    case "chat of an address":
    case "chat of a block":
      return t("Writing in the chat");
    case "join":
      return t("Joining");
    case "channel messages of an address":
    case "channel messages of a block":
      return t("Sending messages");
    case "open":
    case "taps of an address":
    case "taps of a block":
      return t("Opening cards");
    case "react":
    case "hearts of an address":
    case "hearts of a block":
      return t("Sending hearts");
    case "new devices of an address":
    case "new devices of a block":
      return t("Joining with a new device");
    case "play":
      return t("Starting the video");
    case "publish":
      return t("Sending a picture");
    case "stream keys of an address":
      return t("Trying stream keys");
    case "keys of a guest":
    case "guests' links of an address":
      return t("Coming in as a guest");
    case "change of a session":
      return t("Restarting video or camera");
    case "look at a session":
      return t("Checking what a viewer receives");
    case "report of a delay":
      return t("Reporting the delay");
    case "orders of a device":
    case "orders of an address":
    case "orders of a block":
    case "orders of a phone":
      return t("Ordering");
    case "holds of a device":
    case "holds of an address":
    case "holds of a block":
    case "drops of a device":
    case "drops of an address":
    case "drops of a block":
      return t("Holding stock");
    case "waits of a device":
    case "waits of an address":
    case "waits of a block":
    case "leaves of a device":
    case "leaves of an address":
    case "leaves of a block":
      return t("Joining a waiting list");
    case "codes of a person":
    case "codes of an address":
      return t("Handing orders over");
    case "claim photos of an order":
    case "claim photos of an address":
      return t("Sending photos of a claim");
    case "person codes of an address":
    case "person codes of a block":
    case "person code tries of an address":
    case "person code tries of a block":
    case "files of an order":
    case "person files of an address":
    case "person files of a block":
      return t("Downloading or erasing own details");
    case "deeds of an order":
    case "unknown orders of an address":
      return t("Using an order's link");
    case "sign-in address":
    case "sign-in block":
    case "sign-in name":
    case "sign-in device":
    case "password changes":
      return t("Signing in");
    case "display names":
      return t("Changing your own display name");
    default:
      return what;
  }
}

/** @param {Record<string, unknown>} [values] */
function block(values = {}) {
  sheet.open({
    values: { kind: "phone", ...values },
    job: async (body) => {
      await post("/api/v1/blocks", body);
      await blocks.reload();
      toast(t("Blocked."));
    },
  });
}

/** @param {Block} block */
async function unblock({ id }) {
  try {
    await remove(`/api/v1/blocks/${id}`);
    await blocks.reload();
    toast(t("Reactivated."));
  } catch (problem) {
    toastProblem(problem);
  }
}

find(document, "[data-block]").addEventListener("click", () => block());
blocks.reload();
refusals.reload();
