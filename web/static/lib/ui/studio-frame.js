// The bar of the studio: the tab of this page stands where it can be seen. Buttons of any page open the
// change of the own password and of what viewers read of one.

import { api, forgetSession } from "../channel/api.js";
import { setUpLinks, withReauthentication } from "../sign-in/reauthentication.js";
import { field } from "./dom.js";
import { toast } from "./toast.js";
import { t } from "../words.js";
import { FormSheet } from "../forms/form-sheet.js";

/** @type {HTMLElement | null} */
const tab = document.querySelector(".studio-tabs [aria-current]");
if (tab?.parentElement)
  tab.parentElement.scrollLeft =
    tab.offsetLeft - tab.parentElement.clientWidth / 2 + tab.offsetWidth / 2;

setUpLinks();

const sheet = new FormSheet("own-sheet");
const nameSheet = new FormSheet("own-name-sheet");
let shown = field(nameSheet.form, "display_name").value;

function changeName() {
  nameSheet.open({
    values: { display_name: shown },
    job: async (body) => {
      ({ display_name: shown } = await api("PATCH", "/api/v1/session", body, { staff: true }));
      toast(t("Viewers see %(name)s from now on.", { name: shown }));
    },
  });
}
function changePassword() {
  sheet.open({
    job: async (body) => {
      // A wrong password is no session that ran out: nobody is led away from the form.
      await withReauthentication(() =>
        api("POST", "/api/v1/session/password", body, { staff: true }),
      );
      forgetSession();
      document.querySelector("[data-weak-password]")?.remove();
      toast(t("The new password works from now on."));
    },
  });
}
for (const button of document.querySelectorAll("[data-own]"))
  button.addEventListener("click", changePassword);
for (const button of document.querySelectorAll("[data-own-name]"))
  button.addEventListener("click", changeName);
