// Grids with a column `minmax(0, 1fr)` and one as wide as its contents, for Chromium before 83: what lies
// across both counts there as contents of the latter, which leaves nothing to the former. A column `1fr`
// whose items may shrink comes to the same, and is not counted so.

(() => {
  const probe = document.createElement("div");
  probe.style.cssText =
    "display:grid;grid-template-columns:minmax(0,1fr) auto;position:absolute;width:9px";
  for (const area of ["1", "1 / 1 / auto / 3"]) {
    const item = document.createElement("div");
    item.style.cssText = `grid-area:${area};height:1px`;
    probe.append(item);
  }
  const across = document.createElement("div");
  across.style.width = "9px";
  probe.lastChild?.appendChild(across);
  document.documentElement.append(probe);
  const isRight = /** @type {HTMLElement} */ (probe.firstChild).offsetWidth > 0;
  probe.remove();
  if (isRight) return;

  const SHRINKING = /minmax\(0(px)?, 1fr\)/g;
  const laid = new WeakSet();

  /** Write the tracks of a rule anew, and of those in it; gives the selectors of such grids.
      @param {CSSStyleSheet | CSSGroupingRule} parent @returns {string[]} */
  function write(parent) {
    const found = [];
    for (const rule of parent.cssRules) {
      if (rule instanceof CSSMediaRule || rule instanceof CSSSupportsRule)
        found.push(...write(rule));
      if (!(rule instanceof CSSStyleRule)) continue;
      const { gridTemplateColumns: tracks } = rule.style;
      if (!/auto|content/.test(tracks) || tracks.search(SHRINKING) < 0) continue;
      rule.style.gridTemplateColumns = tracks.replace(SHRINKING, "1fr");
      found.push(rule.selectorText);
    }
    return found;
  }

  function all() {
    for (const sheet of document.styleSheets) {
      const isOwn = !sheet.href || sheet.href.startsWith(location.origin);
      if (!isOwn || laid.has(sheet) || !(sheet.ownerNode instanceof HTMLLinkElement)) continue;
      laid.add(sheet);
      // Before all others, so that what a rule says of an item holds.
      for (const selector of write(sheet))
        for (const each of selector.split(/\s*,\s*(?![^(]*\))/))
          sheet.insertRule(`${each} > * { min-width: 0; }`, 0);
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
