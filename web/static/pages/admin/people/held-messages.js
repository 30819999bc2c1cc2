// Messages to buyers that a limit held back: to whom, why, and a button that sends one all the same.

import { buttonOf, find } from "../../../lib/ui/dom.js";
import { dayAndClock } from "../../../lib/format/format.js";
import { toastProblem } from "../../../lib/ui/problem-toast.js";
import { toast } from "../../../lib/ui/toast.js";
import { t } from "../../../lib/words.js";
import { get, post } from "../../../lib/channel/staff-api.js";
import { act, badge, RemoteList, row, sign } from "../../../lib/ui/remote-list.js";

/** @typedef {import("../../../lib/state/api").HeldNotice} Notice */

const more = find(document, "[data-held-more]");
/** @type {Notice[]} what was loaded so far */
let loaded = [];
/** @type {string | null | undefined} where the next page begins, if there is one */
let next = null;

/** @param {string} moment */
const when = (moment) => dayAndClock(Date.parse(moment));

const held = new RemoteList(
  "held",
  async () => {
    /** @type {import("../../../lib/state/api").HeldNotices} */
    const page = await get(`/api/v1/notices/held${next ? `?cursor=${next}` : ""}`);
    loaded = [...loaded, ...page.notices];
    ({ next } = page);
    more.hidden = !next;
    return loaded;
  },
  (notice) =>
    row({
      picture: sign("warning"),
      title: notice.to,
      badges: [badge(notice.number)],
      lines: [kindWords(notice.kind), whyWords(notice.held_by), when(notice.at)],
      acts: [
        act(t("Send anyway"), (event) => send(notice, event), {
          name: `${notice.number} ${notice.to}`,
        }),
      ],
    }),
);

/** @param {string} kind */
function kindWords(kind) {
  switch (kind) {
    case "order.placed":
      return t("Message: we have your order");
    case "order.called_off":
      return t("Message: you called the order off");
    case "order.cancelled":
      return t("Message: we called the order off");
    default:
      return kind;
  }
}

/** @param {string} limit */
function whyWords(limit) {
  switch (limit) {
    case "number":
      return t("Too many for this number or address.");
    case "address":
    case "block":
      return t("Too many from one IP address.");
    case "prefix":
      return t("We don't send messages to this country.");
    case "unheard":
      return t("The buyer never heard of this order.");
    default:
      return limit;
  }
}

/**
 * @param {Notice} notice
 * @param {Event} event
 */
async function send(notice, event) {
  const button = buttonOf(event);
  button.disabled = true;
  try {
    await post(`/api/v1/notices/${notice.id}/sending`);
    loaded = loaded.filter(({ id }) => id !== notice.id);
    held.items = loaded;
    held.draw();
    toast(t("The message is on its way."));
  } catch (problem) {
    button.disabled = false;
    toastProblem(problem);
  }
}

more.addEventListener("click", () => held.reload());
held.reload();
