// Signing in: name and password, then what else the server asks for, a step at a time, by the problem that
// says so: a password of one's own, the second factor, setting one up.

import { api, forgetSession, Problem } from "../../lib/channel/api.js";
import { field as fieldOf, find, say } from "../../lib/ui/dom.js";
import {
  codeLabel,
  elsewhereWords,
  factorWords,
  isRecoveryCode,
  RECOVERED,
  showCodes,
  showSecret,
} from "../../lib/sign-in/factors.js";
import { deviceName, hasPasskeys, makePasskey, usePasskey } from "../../lib/sign-in/passkeys.js";
import { sentence } from "../../lib/format/problems.js";
import { page, t } from "../../lib/words.js";

/** @typedef {import("../../lib/sign-in/passkeys.js").RequestOptions} RequestOptions */
/** @typedef {import("../../lib/sign-in/passkeys.js").CreationOptions} CreationOptions */

/**
 * A step that is shown: its field, what is said of an empty one, and what is sent of its value.
 * @typedef {object} Step
 * @property {string} name
 * @property {string} empty
 * @property {(value: string) => object} body
 * @property {boolean} [keeps] whether that goes along with the steps after it
 */

/** @param {string} id */
const at = (id) => find(document, `#${id}`);
const form = find(document, "#sign-in", HTMLFormElement);
const notice = at("sign-in-notice");
const button = at("sign-in-go");
const who = at("sign-in-who");
const as = at("sign-in-as");
const place = at("sign-in-step");
const title = at("sign-in-title");
const about = at("sign-in-about");
const help = at("sign-in-forgotten");
const first = {
  title: title.textContent ?? "",
  about: about.textContent ?? "",
  help: help.textContent ?? "",
  go: button.textContent ?? "",
};

/** What is sent beside name and password, as far as it is known. */
let more = {};
/** @type {(Step & { slug: string, asked: any }) | null} the step that is shown, with what the server sent */
let step = null;
/** Whether all is done, and only recovery codes are still to be kept. */
let isDone = false;

/** @param {string} name */
const field = (name) => fieldOf(form, name);

/**
 * @param {string} template
 * @param {{ title: string, about: string, help?: string, go?: string, second?: boolean }} words
 */
function show(template, words) {
  const shown = find(document, `#${template}`, HTMLTemplateElement);
  place.replaceChildren(shown.content.cloneNode(true));
  place.hidden = false;
  who.hidden = true;
  say(find(as, "[data-as]"), t("as %(name)s", { name: field("name").value.trim() }));
  as.hidden = false;
  say(title, words.title);
  say(about, words.about);
  say(help, words.help ?? "");
  help.hidden = !words.help;
  say(button, words.go ?? first.go);
  button.classList.toggle("button--primary", !words.second);
  scrollTo(0, 0);
}

/** Name and password are typed anew, by one who may have the right ones. */
function beginAgain() {
  more = {};
  step = null;
  place.replaceChildren();
  place.hidden = true;
  as.hidden = true;
  who.hidden = false;
  help.hidden = false;
  say(title, first.title);
  say(about, first.about);
  say(help, first.help);
  say(button, first.go);
  button.classList.add("button--primary");
  field("password").select();
}

find(as, "[data-not-me]").addEventListener("click", () => {
  // What is on its way would show its next step.
  if (form.querySelector("[aria-busy=true]")) return;
  tell("");
  field("password").value = "";
  beginAgain();
  field("name").select();
});

const lost = () =>
  t(
    "Lost it? A recovery code signs you in once. Without one, a coordinator can reset it on the People page. If you are the only coordinator, ask the server's operator.",
  );

/** What else the server asks for before it lets anyone in, by the problem that says so. */
/** @type {Record<string, (body: any) => Step>} */
const STEPS = {
  "password-change-needed": () => {
    show("sign-in-own", {
      title: t("Choose a password"),
      about: t(
        "The password you entered was made for you and works once. From now on you sign in with your own.",
      ),
    });
    const shows = find(document, "#sign-in-show", HTMLInputElement);
    shows.addEventListener("change", () => {
      field("new_password").type = shows.checked ? "text" : "password";
    });
    field("new_password").focus();
    return {
      name: "new_password",
      empty: t("Enter a new password."),
      keeps: true,
      body: (value) => ({ new_password: value }),
    };
  },
  "second-factor-needed": ({ kinds, passkey, passkeys_elsewhere: elsewhere }) => {
    const byKey = Boolean(passkey) && hasPasskeys();
    show("sign-in-factor", {
      title: t("Your second factor"),
      about: t("The password is right. One more step shows that it is you."),
      help: lost(),
      second: byKey,
    });
    find(place, "label").textContent = codeLabel(kinds);
    find(place, "[data-elsewhere]").hidden = byKey || !elsewhere.length;
    find(place, "[data-elsewhere-words]").textContent = elsewhereWords(elsewhere);
    const key = find(place, "[data-passkey]");
    key.hidden = !byKey;
    find(place, "[data-or]").hidden = !byKey;
    key.addEventListener("click", () =>
      attempt(key, async () => {
        /** @type {RequestOptions} */
        const options = step?.asked.passkey;
        const answer = await usePasskey(options);
        if (!answer) tell(t("No passkey was used. Try again, or enter a code."));
        return answer && { passkey: answer };
      }),
    );
    (byKey ? key : field("code")).focus();
    return { name: "code", empty: t("Enter the code."), body: (value) => ({ code: value.trim() }) };
  },
  "second-factor-setup-needed": ({ totp, passkey }) => {
    show("sign-in-setup", {
      title: t("Set up a second factor"),
      about: t(
        "Coordinators and hosts need one here, so that a stolen password is not enough. It takes two minutes.",
      ),
      help: t(
        "No phone to hand? Ask a coordinator for seven more days on the People page. If you are the only coordinator, or have had them twice, ask the server's operator.",
      ),
      go: t("Set it up and sign in"),
    });
    showSecret(place, totp);
    const key = find(place, "[data-passkey]");
    find(place, "[data-passkey-part]").hidden = !(passkey && hasPasskeys());
    key.addEventListener("click", () =>
      attempt(key, async () => {
        /** @type {CreationOptions} */
        const options = step?.asked.passkey;
        const credential = await makePasskey(options);
        if (!credential) tell(t("No passkey was created. Try again, or use an app."));
        return (
          credential && { setup: { passkey: { name: deviceName() || t("Passkey"), credential } } }
        );
      }),
    );
    return {
      name: "code",
      empty: t("Enter the six digits that the app shows."),
      body: (value) => ({ setup: { totp: { token: totp.token, code: value.trim() } } }),
    };
  },
};

/** @param {string} words */
function tell(words) {
  say(at("sign-in-words"), words);
  notice.hidden = !words;
  if (words) notice.scrollIntoView({ block: "nearest" });
}

/**
 * Leads on; a recovery code leads to the account, where what was lost can be replaced.
 * @param {{ code?: string }} sent
 */
function leadOn(sent) {
  if (isRecoveryCode(sent.code)) {
    sessionStorage.setItem(RECOVERED, "yes");
    location.assign("/studio/account");
  } else onward();
}

const onward = () => location.assign(page.data.onward);

/**
 * Shows the codes that came with the factor; then the way leads on.
 * @param {{ recovery_codes: string[], name: string }} answer
 */
function keepCodes({ recovery_codes: codes, name }) {
  show("sign-in-codes", {
    title: t("Your recovery codes"),
    about: t("You are signed in."),
    go: t("I've saved them: continue"),
  });
  showCodes(place, codes, name);
  as.hidden = true;
  isDone = true;
}

/**
 * Takes an answer that can't be right: another is asked for, with what the server says now.
 * @param {Problem} problem
 */
async function failed(problem) {
  const next = STEPS[problem.slug];
  if (next) {
    step = { ...next(problem.body), slug: problem.slug, asked: problem.body };
    return;
  }
  const wrong = problem.slug === "wrong-password" || problem.status === 403;
  const isFactor = step?.slug?.startsWith("second-factor");
  tell(
    wrong
      ? t("Sign-in name or password is not right.")
      : isFactor
        ? factorWords(problem)
        : problem.status === 429
          ? t(
              "Too many attempts. Wait a minute, or ask a coordinator for a new password, which works at once.",
            )
          : sentence(problem),
  );
  if (!step) field("password").select();
  else if (wrong || ["password-over", "invalid"].includes(problem.slug)) beginAgain();
  else if (step) {
    // A challenge serves once: the next try needs another.
    if (problem.slug === "passkey-refused") await renew();
    field(step.name).select();
  }
}

async function renew() {
  try {
    await send({});
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (step && problem.slug === step.slug) step.asked = problem.body;
  }
}

/** @param {object} body */
const send = (body) =>
  api("POST", "/api/v1/session", {
    name: field("name").value.trim(),
    password: field("password").value,
    ...more,
    ...body,
  });

/**
 * Sends what `body()` resolves to, beside name and password; nothing where that is null.
 * @param {HTMLElement} pressed
 * @param {() => Promise<Record<string, any> | null>} body
 */
async function attempt(pressed, body) {
  if (form.querySelector("[aria-busy=true]")) return;
  pressed.setAttribute("aria-busy", "true");
  tell("");
  try {
    const sent = await body();
    if (!sent) return;
    const answer = await send(sent);
    forgetSession();
    sessionStorage.removeItem(RECOVERED);
    if (answer.recovery_codes) keepCodes(answer);
    else leadOn(sent);
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    await failed(problem);
  } finally {
    pressed.removeAttribute("aria-busy");
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (isDone) {
    onward();
    return;
  }
  const missing = ["name", "password"].find(
    (name) => !(name === "name" ? field(name).value.trim() : field(name).value),
  );
  if (missing) {
    tell(t("Enter your sign-in name and your password."));
    field(missing).focus();
    return;
  }
  if (!step) {
    attempt(button, async () => ({}));
    return;
  }
  const { value } = field(step.name);
  if (!value.trim()) {
    tell(step.empty);
    field(step.name).focus();
    return;
  }
  const body = step.body(value);
  // The second factor is asked for after the new password, which then goes along.
  if (step.keeps) more = body;
  attempt(button, async () => body);
});
