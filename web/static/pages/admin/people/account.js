// One's own account: where one is signed in, and the end of any of it but this one.

import { dayAndClock } from "../../../lib/format/format.js";
import { toastProblem } from "../../../lib/ui/problem-toast.js";
import { toast } from "../../../lib/ui/toast.js";
import { t } from "../../../lib/words.js";
import { getAll, remove } from "../../../lib/channel/staff-api.js";
import { act, badge, RemoteList, row } from "../../../lib/ui/remote-list.js";

/** @param {string} moment */
const when = (moment) => dayAndClock(Date.parse(moment));

/** @typedef {import("../../../lib/state/api").SessionAnswer} Session */

const list = new RemoteList(
  "sessions",
  async () => (await getAll("/api/v1/sessions")).sessions,
  (/** @type {Session} */ session) => {
    const name = session.browser ?? t("Unknown browser");
    return row({
      title: name,
      badges: session.current ? [badge(t("This one"), "leaf")] : [],
      lines: [
        session.current ? "" : t("last used %(when)s", { when: when(session.used_at) }),
        t("signed in %(since)s; ends %(until)s at the latest", {
          since: when(session.created_at),
          until: when(session.expires_at),
        }),
      ],
      acts: session.current ? [] : [act(t("End this one"), () => end(session), { name })],
    });
  },
);

/** @param {Session} session */
async function end(session) {
  try {
    await remove(`/api/v1/sessions/${session.id}`);
    toast(t("That sign-in has ended."));
  } catch (problem) {
    toastProblem(problem);
  }
  await list.reload();
}

list.reload();
