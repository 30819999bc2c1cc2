// `gap` between flex items for browsers that have it in grids alone (Chromium before 84, Safari before
// 14.1): reads the page's styles, and lays margins between the items of each rule that says it.

(() => {
  const probe = document.createElement("div");
  probe.style.cssText = "display:flex;flex-direction:column;row-gap:1px;position:absolute";
  probe.append(document.createElement("div"), document.createElement("div"));
  document.documentElement.append(probe);
  const isThere = probe.scrollHeight === 1;
  probe.remove();
  if (isThere) return;

  /** @typedef {{ display?: string, direction?: string, wrap?: string, gap?: string[] }} Box */
  /** What rules say of each selector. @type {Map<string, Box>} */
  const known = new Map();
  const laid = new WeakSet();

  /** "a b" of a gap: between rows and between columns. @type {(style: CSSStyleDeclaration) => string[] | undefined} */
  function gaps(style) {
    const text = style.getPropertyValue("gap") || style.getPropertyValue("grid-gap");
    const row = style.getPropertyValue("row-gap");
    const column = style.getPropertyValue("column-gap");
    if (!text) return row || column ? [row || "0px", column || "0px"] : undefined;
    const [first, second] = text.match(/(?:[^\s()]|\((?:[^()]|\([^()]*\))*\))+/g) ?? ["0px"];
    return [first, second ?? first];
  }

  /** What earlier rules say of a selector, or of what it is a kind of: `.row` for `.row--apart`.
      @type {(selector: string) => Box} */
  function before(selector) {
    return known.get(selector) ?? known.get(selector.replace(/--[\w-]+(?=[^\s>+~]*$)/, "")) ?? {};
  }

  /** @param {string} selector @param {CSSStyleDeclaration} style @returns {Generator<string>} */
  function* margins(selector, style) {
    const old = before(selector);
    const now = {
      display: style.display || old.display,
      direction: style.flexDirection || old.direction || "row",
      wrap: style.flexWrap || old.wrap || "nowrap",
      gap: gaps(style) ?? old.gap,
    };
    known.set(selector, now);
    const says = style.display || style.flexDirection || style.flexWrap || gaps(style);
    if (!says || !now.gap) return;
    const [row, column] = now.gap;
    const isFlex = /^(inline-)?flex$/.test(now.display ?? "");
    const wasFlex = /^(inline-)?flex$/.test(old.display ?? "");
    if (!isFlex) {
      if (wasFlex) yield `${selector} > * { margin-top: 0; margin-left: 0; }`;
    } else if (now.direction.startsWith("column"))
      yield `${selector} > * + * { margin-left: 0; margin-top: ${row}; }`;
    else if (now.wrap === "nowrap")
      yield `${selector} > * + * { margin-top: 0; margin-left: ${column}; }`;
    else {
      yield `${selector} > * { margin-left: 0; margin-right: ${column}; margin-bottom: ${row}; }`;
      yield `${selector} > :last-child { margin-right: 0; }`;
    }
  }

  /** @param {CSSStyleSheet | CSSGroupingRule} parent */
  function lay(parent) {
    for (let place = 0; place < parent.cssRules.length; place += 1) {
      const rule = parent.cssRules[place];
      // Rules for media and supported features group others; so do newer style rules, which have none.
      if (rule instanceof CSSMediaRule || rule instanceof CSSSupportsRule) lay(rule);
      if (!(rule instanceof CSSStyleRule) || rule.selectorText.includes("::")) continue;
      for (const selector of rule.selectorText.split(/\s*,\s*(?![^(]*\))/))
        for (const text of margins(selector, rule.style)) {
          place += 1;
          parent.insertRule(text, place);
        }
    }
  }

  function all() {
    for (const sheet of document.styleSheets) {
      const isOwn = !sheet.href || sheet.href.startsWith(location.origin);
      if (!isOwn || laid.has(sheet) || !(sheet.ownerNode instanceof HTMLLinkElement)) continue;
      laid.add(sheet);
      lay(sheet);
    }
  }
  // An element's load reaches the document and not the window.
  document.addEventListener(
    "load",
    ({ target }) => target instanceof HTMLLinkElement && all(),
    true,
  );
  addEventListener("DOMContentLoaded", all);
})();
