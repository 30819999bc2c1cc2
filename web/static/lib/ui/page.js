// What every page does: signing out from the header, and taking out of what is typed or pasted what
// nobody sees and the server refuses.

import { api, forgetSession, Problem } from "../channel/api.js";
import { forgetStaff } from "../state/device-memory.js";

const button = /** @type {HTMLElement | null} */ (document.querySelector("[data-sign-out]"));
// Before it is pressed: the network may be away then.
const toasts = button && import("./toast.js");

button?.addEventListener("click", async () => {
  try {
    await api("DELETE", "/api/v1/session", undefined, { staff: true, isForAnyone: true });
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (problem.status !== 401) {
      (await toasts)?.toast(button.dataset.signOut ?? "", { danger: true });
      return;
    }
  }
  forgetSession();
  forgetStaff();
  location.assign("/");
});

// A cell of a sheet is pasted with its tab, a slide's line with a vertical one. A password stays as it is.
/** @type {Record<string, RegExp>} */
const UNSEEN = {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for.
  input: /[\u0000-\u001f\u007f-\u009f]+/g,
  // biome-ignore lint/suspicious/noControlCharactersInRegex: as above, but for tab and line feed.
  textarea: /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]+/g,
};

addEventListener(
  "input",
  ({ target }) => {
    if (!(target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement)) return;
    if (target.type === "password") return;
    const seen = target.value.replace(UNSEEN[target.localName], " ");
    if (seen !== target.value) target.value = seen;
  },
  { capture: true },
);
