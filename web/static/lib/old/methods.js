// Gives older browsers the methods that the house's scripts use and they lack: Chromium before 103,
// Safari before 16. Each does what the house asks of it. A plain script, which runs before the modules.

(() => {
  /** @type {(place: object, name: string, value: Function) => void} */
  const give = (place, name, value) => {
    if (!(name in place))
      Object.defineProperty(place, name, { value, configurable: true, writable: true });
  };

  /** @this {ArrayLike<unknown>} @param {number} place */
  function at(place) {
    const from = Math.trunc(place) || 0;
    return this[from < 0 ? this.length + from : from];
  }
  give(Array.prototype, "at", at);
  give(String.prototype, "at", at);
  give(Object.getPrototypeOf(Uint8Array).prototype, "at", at);

  /** @type {(all: unknown[], test: (item: unknown, place: number, all: unknown[]) => unknown) => number} */
  const last = (all, test) => {
    let place = all.length - 1;
    while (place >= 0 && !test(all[place], place, all)) place -= 1;
    return place;
  };
  give(
    Array.prototype,
    "findLastIndex",
    /** @this {unknown[]} @param {() => unknown} test */ function (test) {
      return last(this, test);
    },
  );
  give(
    Array.prototype,
    "findLast",
    /** @this {unknown[]} @param {() => unknown} test */ function (test) {
      return this[last(this, test)];
    },
  );

  give(
    String.prototype,
    "replaceAll",
    /** @this {string} @param {string | RegExp} search @param {string} by */ function (search, by) {
      return search instanceof RegExp ? this.replace(search, by) : this.split(search).join(by);
    },
  );

  // Of what JSON can say, which is all that pages copy.
  give(window, "structuredClone", (/** @type {unknown} */ value) =>
    value === undefined ? undefined : JSON.parse(JSON.stringify(value)),
  );

  give(AbortSignal, "timeout", (/** @type {number} */ after) => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), after);
    return controller.signal;
  });

  for (const { prototype } of [Element, DocumentFragment, Document])
    give(
      prototype,
      "replaceChildren",
      /** @this {ParentNode} @param {(Node | string)[]} nodes */ function (...nodes) {
        while (this.lastChild) this.removeChild(this.lastChild);
        this.append(...nodes);
      },
    );

  // What sent a form: the button that was pressed, by hand or by the Enter key.
  const submits = (window.SubmitEvent ?? Event).prototype;
  if (!("submitter" in submits)) {
    /** @type {HTMLButtonElement | HTMLInputElement | null} */
    let pressed = null;
    addEventListener(
      "click",
      ({ target }) => {
        pressed = target instanceof Element ? target.closest("button, input") : null;
        setTimeout(() => {
          pressed = null;
        });
      },
      true,
    );
    Object.defineProperty(submits, "submitter", {
      configurable: true,
      get() {
        if (this.type !== "submit") return undefined;
        return pressed?.form === this.target ? pressed : null;
      },
    });
  }

  // What is inert can't be pressed (a rule in surfaces.css) nor take the focus.
  if (!("inert" in HTMLElement.prototype)) {
    Object.defineProperty(HTMLElement.prototype, "inert", {
      configurable: true,
      get() {
        return this.hasAttribute("inert");
      },
      set(is) {
        this.toggleAttribute("inert", Boolean(is));
        if (is) this.setAttribute("aria-hidden", "true");
        else this.removeAttribute("aria-hidden");
        const { activeElement: active } = document;
        if (is && active instanceof HTMLElement && this.contains(active)) active.blur();
      },
    });
    addEventListener(
      "focusin",
      ({ target }) => target instanceof HTMLElement && target.closest("[inert]") && target.blur(),
      true,
    );
  }
})();
