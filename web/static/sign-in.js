// Signing in.

import { api, forgetSession } from "./common/api.js";
import { say } from "./common/dom.js";
import { sentence } from "./common/problems.js";
import { page, t } from "./common/words.js";

const form = document.getElementById("sign-in");
const notice = document.getElementById("sign-in-notice");
const button = form.querySelector("[type=submit]");

function tell(words) {
  say(document.getElementById("sign-in-words"), words);
  notice.hidden = !words;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const name = form.elements.name.value.trim();
  const password = form.elements.password.value;
  if (!name || !password) {
    tell(t("Write your sign-in name and your password."));
    form.elements[name ? "password" : "name"].focus();
    return;
  }
  button.setAttribute("aria-busy", "true");
  tell("");
  try {
    await api("POST", "/api/v1/session", { name, password });
    forgetSession();
    location.assign(page.data.onward);
  } catch (problem) {
    button.removeAttribute("aria-busy");
    const wrong = problem.status === 401 || problem.status === 403;
    const many = problem.status === 429;
    tell(
      wrong
        ? t("Sign-in name or password is not right.")
        : many
          ? t("Too many tries. Wait a minute; or ask a coordinator for a new password, which works at once.")
          : sentence(problem),
    );
    form.elements.password.select();
  }
});
