// Signing in.

import { api, forgetSession } from "./common/api.js";
import { say } from "./common/dom.js";
import { sentence } from "./common/problems.js";
import { page, t } from "./common/words.js";

const form = document.getElementById("sign-in");
const notice = document.getElementById("sign-in-notice");
const button = form.querySelector("[type=submit]");

const who = document.getElementById("sign-in-who");
const forgotten = document.getElementById("sign-in-forgotten");
/** The field of a password of one's own, once the server asks for it. */
const own = () => form.elements.new_password;

/** What else the server asks for before it lets anyone in, by the problem that says so. */
const STEPS = {
  "password-change-needed": () => {
    say(document.getElementById("sign-in-title"), t("Choose a password"));
    say(document.getElementById("sign-in-about"), t("The one you typed was made for you and works once. From now on you sign in with your own."));
    who.hidden = forgotten.hidden = true;
    who.after(document.getElementById("sign-in-own").content.cloneNode(true));
    document.getElementById("sign-in-show").addEventListener("change", ({ target }) => {
      own().type = target.checked ? "text" : "password";
    });
    own().focus();
  },
};

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
  if (own() && !own().value) {
    tell(t("Write a new password."));
    own().focus();
    return;
  }
  button.setAttribute("aria-busy", "true");
  tell("");
  const sent = own() ? { name, password, new_password: own().value } : { name, password };
  try {
    await api("POST", "/api/v1/session", sent);
    forgetSession();
    location.assign(page.data.onward);
  } catch (problem) {
    button.removeAttribute("aria-busy");
    const step = STEPS[problem.slug];
    if (step) {
      step();
      return;
    }
    const wrong = problem.slug === "wrong-password" || problem.status === 403;
    const many = problem.status === 429;
    tell(
      wrong
        ? t("Sign-in name or password is not right.")
        : many
          ? t("Too many tries. Wait a minute; or ask a coordinator for a new password, which works at once.")
          : sentence(problem),
    );
    if (own() && !wrong) {
      own().select();
      return;
    }
    // It was changed meanwhile: name and password are typed anew, by one who may have the right ones.
    if (own()) {
      for (const each of [...form.querySelectorAll(":scope > .field, :scope > .choice")]) each.remove();
      who.hidden = forgotten.hidden = false;
    }
    form.elements.password.select();
  }
});
