// What is kept of an order's buyer is erased after one question; a form of the page shows or saves it.

import { api } from "../../lib/channel/api.js";
import { say } from "../../lib/ui/dom.js";
import { remember } from "../../lib/state/device-memory.js";
import { busy } from "../../lib/format/personal-data.js";
import { sentence } from "../../lib/format/problems.js";
import { close, open } from "../../lib/ui/sheet.js";
import { toast } from "../../lib/ui/toast.js";
import { t } from "../../lib/words.js";

/** Makes the buttons and the sheet work; `erased` is called once the details are gone. */
export function setUpPersonalData(token, erased) {
  const sheet = document.getElementById("erase-sheet");
  const problem = document.getElementById("erase-problem");

  sheet.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    busy(
      event.submitter,
      async () => {
        await api("POST", `/api/v1/orders/${token}/erasures`, {});
        remember("buyer", null); // what this browser knows of whoever ordered
        close(sheet);
        await erased();
        toast(t("Your details of this order are erased."));
      },
      (error) => {
        problem.hidden = false;
        say(problem.querySelector("p"), sentence(error));
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
