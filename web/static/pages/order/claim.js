// What is wrong with an order, told with photos: each is made smaller here and sent at once, so that
// sending the words at the end takes a moment.

import { api, Problem } from "../../lib/channel/api.js";
import { el, icon, say } from "../../lib/ui/dom.js";
import { sentence } from "../../lib/format/problems.js";
import { close, open } from "../../lib/ui/sheet.js";
import { toast } from "../../lib/ui/toast.js";
import { page, t } from "../../lib/words.js";

const EDGE = 1600;
const QUALITY = 0.85;

/** The photo, 1600 pixels at most; as it is where the browser can't read it. */
async function smaller(file) {
  try {
    const drawn = await createImageBitmap(file);
    const scale = Math.min(1, EDGE / Math.max(drawn.width, drawn.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(drawn.width * scale));
    canvas.height = Math.max(1, Math.round(drawn.height * scale));
    canvas.getContext("2d").drawImage(drawn, 0, 0, canvas.width, canvas.height);
    drawn.close();
    const written = await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
    return written ?? file;
  } catch {
    return file;
  }
}

async function send(token, file) {
  let answer;
  try {
    answer = await fetch(`/api/v1/orders/${token}/claims/photos`, {
      method: "POST",
      headers: { accept: "application/json", "content-type": "application/octet-stream" },
      body: await smaller(file),
    });
  } catch {
    throw new Problem({
      type: "/problems/offline",
      detail: t("The photo could not be sent. Tap it to try again."),
    });
  }
  const read = await answer.json().catch(() => ({}));
  if (answer.status === 413) {
    throw new Problem({
      type: "/problems/photo-too-large",
      detail: t("This photo is too large. Take a smaller one, or send a screenshot of it."),
    });
  }
  if (!answer.ok) throw new Problem({ status: answer.status, ...read });
  return read.id;
}

/** Makes the sheet work; `sent` is called once a claim was taken. */
export function setUpClaim(token, sent) {
  const sheet = document.getElementById("claim-sheet");
  const form = sheet.querySelector("form");
  const list = sheet.querySelector("[data-photos]");
  const adding = sheet.querySelector("[data-add]");
  const file = sheet.querySelector("[data-photo-file]");
  const text = form.elements.text;
  const missing = document.getElementById("claim-text-error");
  const problem = document.getElementById("claim-problem");
  /** Each has a name once it was sent. */
  const photos = new Set();

  function tell(words) {
    say(problem.querySelector("p"), words);
    problem.hidden = !words;
    if (words) problem.scrollIntoView({ block: "nearest" });
  }

  function draw() {
    adding.hidden = photos.size >= page.data.photos;
  }

  function add(chosen) {
    const photo = { name: null, sending: null };
    const preview = URL.createObjectURL(chosen);
    const picture = el("img", {
      class: "photo__picture",
      src: preview,
      alt: "",
      width: 72,
      height: 72,
    });
    const again = el(
      "button",
      { class: "photo", type: "button", disabled: true, "aria-label": t("Send this photo again") },
      picture,
    );
    const away = el(
      "button",
      { class: "photo__away", type: "button", "aria-label": t("Take this photo away") },
      icon("close", true),
    );
    const item = el("li", { class: "photos__item" }, again, away);

    function begin() {
      item.removeAttribute("data-failed");
      item.setAttribute("aria-busy", "true");
      again.disabled = true;
      photo.sending = send(token, chosen)
        .then((name) => {
          photo.name = name;
        })
        .catch((error) => {
          item.dataset.failed = "";
          again.disabled = false;
          tell(sentence(error));
        })
        .finally(() => item.removeAttribute("aria-busy"));
    }

    again.addEventListener("click", begin);
    away.addEventListener("click", () => {
      URL.revokeObjectURL(preview);
      photos.delete(photo);
      item.remove();
      draw();
      (adding.hidden ? text : file).focus();
    });
    photos.add(photo);
    adding.before(item);
    begin();
  }

  file.addEventListener("change", () => {
    tell("");
    for (const chosen of file.files) if (photos.size < page.data.photos) add(chosen);
    file.value = "";
    draw();
  });

  text.addEventListener("input", () => {
    missing.hidden = true;
    text.removeAttribute("aria-invalid");
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    tell("");
    if (!text.value.trim()) {
      missing.hidden = false;
      text.setAttribute("aria-invalid", "true");
      text.focus();
      return;
    }
    const { submitter } = event;
    submitter.setAttribute("aria-busy", "true");
    submitter.disabled = true;
    try {
      await Promise.all([...photos].map(({ sending }) => sending));
      if ([...photos].some(({ name }) => !name)) {
        tell(t("A photo was not sent. Tap it to try again, or take it away."));
        return;
      }
      await api("POST", `/api/v1/orders/${token}/claims`, {
        text: text.value,
        photos: [...photos].map(({ name }) => name),
      });
      close(sheet);
      text.value = "";
      for (const away of list.querySelectorAll(".photo__away")) away.click();
      await sent();
      toast(t("We have it and look at it. The answer comes onto this page."));
    } catch (error) {
      tell(sentence(error));
    } finally {
      submitter.removeAttribute("aria-busy");
      submitter.disabled = false;
    }
  });

  return { sheet, open: () => open(sheet) };
}
