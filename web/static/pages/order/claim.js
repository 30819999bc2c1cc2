// What is wrong with an order, told with photos: each is made smaller here and sent at once, so that
// sending the words at the end takes a moment.

import { api, Problem } from "../../lib/channel/api.js";
import { el, field, find, findAll, findDialog, icon, say, submitterOf } from "../../lib/ui/dom.js";
import { sentence } from "../../lib/format/problems.js";
import { close, open } from "../../lib/ui/sheet.js";
import { toast } from "../../lib/ui/toast.js";
import { page, t } from "../../lib/words.js";

const EDGE = 1600;
const QUALITY = 0.85;

/**
 * The photo, 1600 pixels at most; as it is where the browser can't read it.
 * @param {File} file
 * @returns {Promise<Blob>}
 */
async function smaller(file) {
  try {
    const drawn = await createImageBitmap(file);
    const scale = Math.min(1, EDGE / Math.max(drawn.width, drawn.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(drawn.width * scale));
    canvas.height = Math.max(1, Math.round(drawn.height * scale));
    canvas.getContext("2d")?.drawImage(drawn, 0, 0, canvas.width, canvas.height);
    drawn.close();
    /** @type {Blob | null} */
    const written = await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
    return written ?? file;
  } catch {
    return file;
  }
}

/**
 * @param {string} token
 * @param {File} file
 * @returns {Promise<string>} the name by which a claim has it
 */
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
      detail: t("The photo couldn't be sent. Tap it to try again."),
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

/**
 * Makes the sheet work; `sent` is called once a claim was taken.
 * @param {string} token
 * @param {() => Promise<void>} sent
 */
export function setUpClaim(token, sent) {
  const sheet = findDialog(document, "#claim-sheet");
  const form = find(sheet, "form", HTMLFormElement);
  const list = find(sheet, "[data-photos]");
  const adding = find(sheet, "[data-add]");
  const file = find(sheet, "[data-photo-file]", HTMLInputElement);
  const text = field(form, "text", HTMLTextAreaElement);
  const missing = find(document, "#claim-text-error");
  const problem = find(document, "#claim-problem");
  /** @type {Set<{ name: string | null, sending: Promise<void> | null }>} each has a name once it was sent */
  const photos = new Set();

  /** @param {string} words */
  function tell(words) {
    say(find(problem, "p"), words);
    problem.hidden = !words;
    if (words) problem.scrollIntoView({ block: "nearest" });
  }

  function draw() {
    adding.hidden = photos.size >= page.data.photos;
  }

  /** @param {File} chosen */
  function add(chosen) {
    /** @type {{ name: string | null, sending: Promise<void> | null }} */
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
      { class: "photo__away", type: "button", "aria-label": t("Remove this photo") },
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
    for (const chosen of file.files ?? []) if (photos.size < page.data.photos) add(chosen);
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
    const submitter = submitterOf(event);
    submitter.setAttribute("aria-busy", "true");
    submitter.disabled = true;
    try {
      await Promise.all([...photos].map(({ sending }) => sending));
      if ([...photos].some(({ name }) => !name)) {
        tell(t("A photo wasn't sent. Tap it to try again, or remove it."));
        return;
      }
      await api("POST", `/api/v1/orders/${token}/claims`, {
        text: text.value,
        photos: [...photos].map(({ name }) => name),
      });
      close(sheet);
      text.value = "";
      for (const away of findAll(list, ".photo__away")) away.click();
      await sent();
      toast(t("We have it and are looking into it. The answer will appear on this page."));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      tell(sentence(error));
    } finally {
      submitter.removeAttribute("aria-busy");
      submitter.disabled = false;
    }
  });

  return { sheet, open: () => open(sheet) };
}
