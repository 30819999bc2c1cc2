// What every page does: signing out from the header.

import { api, forgetSession } from "./api.js";

document.querySelector("[data-sign-out]")?.addEventListener("click", async () => {
  try {
    await api("DELETE", "/api/v1/session", undefined, { staff: true });
  } finally {
    forgetSession();
    location.assign("/");
  }
});
