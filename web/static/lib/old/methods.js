// Gives older browsers the methods that the house's scripts use and they lack: Chromium before 103,
// Safari before 16. Each does what the house asks of it. A plain script, which runs before the modules.

(() => {
  const give = (place, name, value) => {
    if (!(name in place))
      Object.defineProperty(place, name, { value, configurable: true, writable: true });
  };

  function at(place) {
    const from = Math.trunc(place) || 0;
    return this[from < 0 ? this.length + from : from];
  }
  give(Array.prototype, "at", at);
  give(String.prototype, "at", at);
  give(Object.getPrototypeOf(Uint8Array).prototype, "at", at);

  give(Array.prototype, "findLastIndex", function (test) {
    let place = this.length - 1;
    while (place >= 0 && !test(this[place], place, this)) place -= 1;
    return place;
  });
  give(Array.prototype, "findLast", function (test) {
    return this[this.findLastIndex(test)];
  });

  give(String.prototype, "replaceAll", function (search, by) {
    return search instanceof RegExp ? this.replace(search, by) : this.split(search).join(by);
  });

  // Of what JSON can say, which is all that pages copy.
  give(window, "structuredClone", (value) =>
    value === undefined ? undefined : JSON.parse(JSON.stringify(value)),
  );

  give(AbortSignal, "timeout", (after) => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), after);
    return controller.signal;
  });

  for (const { prototype } of [Element, DocumentFragment, Document])
    give(prototype, "replaceChildren", function (...nodes) {
      while (this.lastChild) this.lastChild.remove();
      this.append(...nodes);
    });

  // What sent a form: the button that was pressed, by hand or by the Enter key.
  const submits = (window.SubmitEvent ?? Event).prototype;
  if (!("submitter" in submits)) {
    let pressed = null;
    addEventListener(
      "click",
      ({ target }) => {
        pressed = target.closest?.("button, input") ?? null;
        setTimeout(() => (pressed = null));
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
        if (is && this.contains(document.activeElement)) document.activeElement.blur();
      },
    });
    addEventListener("focusin", ({ target }) => target.closest?.("[inert]") && target.blur(), true);
  }
})();
