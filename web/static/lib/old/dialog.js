// <dialog> for browsers without it, Safari before 15.4: opened as a modal it stands over the page with
// a shade, which a tap on tells the dialog as the browser would; the focus stays inside, Escape closes,
// all else is inert, and a form with method="dialog" closes with its button's value.

(() => {
  if ("showModal" in document.createElement("dialog")) return;
  const prototype = Object.getPrototypeOf(document.createElement("dialog"));
  const FOCUS = [
    "a[href]",
    "button:not([disabled])",
    "input:not([disabled]):not([type=hidden])",
    "select:not([disabled])",
    "textarea:not([disabled])",
    "summary",
    "[tabindex]:not([tabindex='-1'])",
  ].join();
  /** @typedef {{ dialog: HTMLDialogElement, shade: HTMLElement, inert: HTMLElement[], before: Element | null }} Modal */
  /** @type {WeakMap<HTMLDialogElement, string>} */
  const values = new WeakMap();
  /** The last one is on top. @type {Modal[]} */
  const modals = [];

  /** @type {(dialog: HTMLDialogElement) => HTMLElement[]} */
  const reachable = (dialog) =>
    [.../** @type {NodeListOf<HTMLElement>} */ (dialog.querySelectorAll(FOCUS))].filter(
      (each) => each.getClientRects().length > 0,
    );

  /** All that stands beside the dialog, from its place up to the body.
      @type {(dialog: HTMLElement) => HTMLElement[]} */
  function beside(dialog) {
    const found = [];
    for (let node = dialog; node !== document.body && node.parentElement; node = node.parentElement)
      for (const each of node.parentElement.children)
        if (
          each !== node &&
          each instanceof HTMLElement &&
          !each.inert &&
          !/^(SCRIPT|STYLE|TEMPLATE)$/.test(each.tagName)
        )
          found.push(each);
    return found;
  }

  /** @this {HTMLDialogElement} */
  function showModal() {
    if (this.open) throw new DOMException("The dialog is open.", "InvalidStateError");
    const before = document.activeElement;
    const inert = beside(this);
    const shade = document.createElement("div");
    shade.className = "old-shade";
    shade.addEventListener("click", () => this.dispatchEvent(new MouseEvent("click")));
    this.before(shade);
    shade.style.zIndex = String(1000 + 2 * modals.length);
    this.style.zIndex = String(1001 + 2 * modals.length);
    this.setAttribute("open", "");
    this.setAttribute("role", "dialog");
    this.setAttribute("aria-modal", "true");
    for (const each of inert) each.inert = true;
    modals.push({ dialog: this, shade, inert, before });
    /** @type {HTMLElement | null} */
    const wanted = this.querySelector("[autofocus]");
    (wanted ?? reachable(this)[0])?.focus();
  }

  /** @this {HTMLDialogElement} @param {string} [value] */
  function close(value) {
    if (!this.open) return;
    this.removeAttribute("open");
    if (value !== undefined) values.set(this, String(value));
    const place = modals.findIndex(({ dialog }) => dialog === this);
    if (place >= 0) {
      const [{ shade, inert, before }] = modals.splice(place, 1);
      shade.remove();
      for (const each of inert) each.inert = false;
      if (before instanceof HTMLElement) before.focus();
    }
    setTimeout(() => this.dispatchEvent(new Event("close")));
  }

  /** @this {HTMLDialogElement} */
  function show() {
    this.setAttribute("open", "");
  }

  Object.assign(prototype, { showModal, close, show });
  Object.defineProperties(prototype, {
    open: {
      configurable: true,
      get() {
        return this.hasAttribute("open");
      },
      set(is) {
        this.toggleAttribute("open", Boolean(is));
      },
    },
    returnValue: {
      configurable: true,
      get() {
        return values.get(this) ?? "";
      },
      set(value) {
        values.set(this, String(value));
      },
    },
  });

  addEventListener("keydown", (event) => {
    const top = modals[modals.length - 1]?.dialog;
    if (!top || event.defaultPrevented) return;
    if (event.key === "Escape") {
      event.preventDefault();
      if (top.dispatchEvent(new Event("cancel", { cancelable: true }))) top.close();
    }
    if (event.key !== "Tab") return;
    const all = reachable(top);
    const from = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const to = event.shiftKey
      ? from <= 0
        ? all.length - 1
        : null
      : from === all.length - 1
        ? 0
        : null;
    if (to === null && from >= 0) return;
    event.preventDefault();
    all[to ?? 0]?.focus();
  });

  addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || !(form instanceof HTMLFormElement)) return;
    if (form.getAttribute("method") !== "dialog") return;
    event.preventDefault();
    form.closest("dialog")?.close(event.submitter?.getAttribute("value") ?? undefined);
  });
})();
