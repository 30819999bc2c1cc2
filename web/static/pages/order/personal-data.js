// What is kept of an order's buyer is erased after one question; a form of the page shows or saves it.

import { api } from "../../lib/channel/api.js";
import { find, findDialog, say, submitterOf } from "../../lib/ui/dom.js";
import { remember } from "../../lib/state/device-memory.js";
import { busy } from "../../lib/format/personal-data.js";
import { sentence } from "../../lib/format/problems.js";
import { close, open } from "../../lib/ui/sheet.js";
import { toast } from "../../lib/ui/toast.js";
import { t } from "../../lib/words.js";

/**
 * Makes the buttons and the sheet work; `erased` is called once the details are gone.
 * @param {string} token
 * @param {() => Promise<void>} erased
 */
export function setUpPersonalData(token, erased) {
  const sheet = findDialog(document, "#erase-sheet");
  const problem = find(document, "#erase-problem");

  find(sheet, "form", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    busy(
      submitterOf(event),
      async () => {
        await api("POST", `/api/v1/orders/${token}/erasures`, {});
        remember("buyer", null); // what this browser knows of whoever ordered
        close(sheet);
        await erased();
        toast(t("Your details of this order are erased."));
      },
      (error) => {
        problem.hidden = false;
        say(find(problem, "p"), sentence(error));
      },
    );
  });

  return {
    sheet,
    open() {
      problem.hidden = true;
      open(sheet);
    },
  };
}
