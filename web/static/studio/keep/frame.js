// The bar of the studio: the tab of this page stands where it can be seen, and the own name opens the
// change of the own password.

import { api, forgetSession } from "../../common/api.js";
import { toast } from "../../common/toast.js";
import { t } from "../../common/words.js";
import { FormSheet } from "./sheet.js";

const tab = document.querySelector(".studio-tabs [aria-current]");
if (tab) tab.parentElement.scrollLeft = tab.offsetLeft - tab.parentElement.clientWidth / 2 + tab.offsetWidth / 2;

const sheet = new FormSheet("own-sheet");
document.querySelector("[data-own]").addEventListener("click", () => {
  sheet.open({
    job: async (body) => {
      // A wrong password is no session that ran out: nobody is led away from the form.
      await api("POST", "/api/v1/session/password", body, { staff: true });
      forgetSession();
      toast(t("The new password holds from now on."));
    },
  });
});
