// The console on a phone is a camera app: the picture fills it, with the chat over it, and the bag, the
// orders and the cameras open as sheets. The same parts stand in columns where there is room.

import { find, findAll } from "../../lib/ui/dom.js";
import { close, open } from "../../lib/ui/sheet.js";

/** A phone, upright or on its side; as in phone.css. */
const PHONE = "(max-width: 799.98px), (max-height: 500px) and (max-width: 1079.98px)";

/** Event `open` when a sheet opens, and `place` when the parts have moved. */
export class PhonePanels extends EventTarget {
  constructor() {
    super();
    this._media = matchMedia(PHONE);
    this._toasts = find(document, "#toasts");
    this._preview = find(document, "[data-preview]");
    this._dialogs = [...document.querySelectorAll("dialog")].filter(
      ({ dataset }) => "panel" in dataset,
    );
    /** @type {Map<HTMLElement, Comment>} where each part stands in the columns */
    this._homes = new Map();
    for (const part of findAll(document, "[data-part]")) {
      const home = document.createComment(part.dataset.part ?? "");
      part.before(home);
      this._homes.set(part, home);
    }
    for (const dialog of this._dialogs)
      find(dialog, "[data-close]").addEventListener("click", () => close(dialog));
    for (const button of findAll(document, "[data-open-panel]")) {
      button.addEventListener("click", () => {
        const dialog = this._dialog(button.dataset.openPanel);
        if (dialog) open(dialog);
        this.dispatchEvent(new Event("open"));
      });
    }
    const grow = find(document, "[data-chat-grow]");
    /** @param {boolean} isTall */
    const setTall = (isTall) => {
      document.body.classList.toggle("has-tall-chat", isTall);
      grow.setAttribute("aria-expanded", String(isTall));
      this.dispatchEvent(new Event("place"));
    };
    const isTall = () => document.body.classList.contains("has-tall-chat");
    grow.addEventListener("click", () => setTall(!isTall()));
    find(document, "[data-chat-list]").addEventListener("click", () => {
      if (this.isPhone && !isTall()) setTall(true);
    });
    // What lies over the picture keeps clear of the bar and of what it has to say.
    const main = find(document, ".console");
    new ResizeObserver(() =>
      document.body.style.setProperty("--top", `${main.offsetTop}px`),
    ).observe(main);
    this._media.addEventListener("change", () => this._place());
    this._place();
  }

  get isPhone() {
    return this._media.matches;
  }

  /**
   * Whether the sheet of this part is open.
   * @param {string} name
   */
  isOpen(name) {
    return this._dialog(name)?.open ?? false;
  }

  /** @param {string} [name] */
  _dialog(name) {
    return this._dialogs.find((dialog) => dialog.dataset.panel === name);
  }

  _place() {
    for (const dialog of this._dialogs) close(dialog);
    for (const [part, home] of this._homes) {
      if (this.isPhone) this._dialog(part.dataset.part)?.lastElementChild?.append(part);
      else home.after(part);
    }
    // On a desk they stand over the picture (dock.css).
    (this.isPhone ? document.body : this._preview).append(this._toasts);
    this.dispatchEvent(new Event("place"));
  }
}
