// What a style sheet uses that a browser of the floor would drop: properties, values, functions and
// units, selectors, and conditions. A declaration that the browser drops is no finding where the same
// rule says before it what holds there instead, nor within an @supports that asks for it.

import postcss from "postcss";
import parseSelector from "postcss-selector-parser";
import parseValue from "postcss-value-parser";
import { css, lacking } from "./support.js";

const UNITS = [
  [/^d(vh|vw|vi|vb|vmin|vmax)$/, "viewport_percentage_units_dynamic"],
  [/^s(vh|vw|vi|vb|vmin|vmax)$/, "viewport_percentage_units_small"],
  [/^l(vh|vw|vi|vb|vmin|vmax)$/, "viewport_percentage_units_large"],
  [/^cq(w|h|i|b|min|max)$/, "container_query_length_units"],
];

// Properties that say the same as several older ones, which may stand before them.
const LONGER = {
  inset: ["top", "right", "bottom", "left"],
  "aspect-ratio": ["height", "min-height", "padding-top", "padding-bottom"],
  "place-content": ["align-content", "justify-content"],
};

const functions = new Map();
function collect(node) {
  for (const [name, inner] of Object.entries(node)) {
    if (name === "__compat") continue;
    if (inner.__compat && !functions.has(name)) functions.set(name, inner);
    collect(inner);
  }
}
collect(css.types);

/** The features that a value uses, by name. */
function* ofValue(property, value) {
  const known = css.properties[property] ?? {};
  const found = [];
  parseValue(value).walk((node) => {
    if (node.type === "function") {
      if (functions.has(node.value))
        found.push([`${node.value}()`, known[node.value] ?? functions.get(node.value)]);
      return node.value !== "url";
    }
    if (node.type !== "word") return true;
    if (known[node.value]) found.push([`${property}: ${node.value}`, known[node.value]]);
    const unit = parseValue.unit(node.value);
    const group = unit && UNITS.find(([pattern]) => pattern.test(unit.unit))?.[1];
    if (group) found.push([unit.unit, css.types.length[group]]);
    else if (unit && css.types.length[unit.unit])
      found.push([unit.unit, css.types.length[unit.unit]]);
    return true;
  });
  yield* found;
}

/** What of a declaration the floor lacks: [name, browsers]. */
function* ofDeclaration(declaration) {
  const property = declaration.prop.toLowerCase();
  if (!property.startsWith("--") && !property.startsWith("-")) {
    const browsers = lacking(css.properties[property]);
    if (browsers.length) yield [property, browsers];
  }
  for (const [name, feature] of ofValue(property, declaration.value)) {
    const browsers = lacking(feature);
    if (browsers.length) yield [name, browsers];
  }
}

/** Whether the rule says before this declaration what older browsers do instead. With var() in it, a
    browser takes the declaration before it knows the value, and then has none at all. */
function hasFallback(declaration) {
  const isKnown = lacking(css.properties[declaration.prop.toLowerCase()]).length === 0;
  if (isKnown && declaration.value.includes("var(")) return false;
  const property = declaration.prop.toLowerCase();
  const before = [];
  for (let each = declaration.prev(); each; each = each.prev())
    if (each.type === "decl") before.push(each);
  const means = (each) =>
    [property, `-webkit-${property}`, ...(LONGER[property] ?? [])].includes(each.prop);
  return before.some((each) => means(each) && [...ofDeclaration(each)].length === 0);
}

/** Whether an @supports around the node asks for this feature. */
function isAsked(node, name) {
  for (let each = node.parent; each; each = each.parent)
    if (
      each.type === "atrule" &&
      each.name === "supports" &&
      each.params.includes(name.replace("()", "("))
    )
      return true;
  return false;
}

/** What of a selector list the floor lacks. One such selector costs the whole rule. */
function ofSelectors(selector) {
  const found = [];
  parseSelector((root) => {
    root.walk((node) => {
      if (node.type === "nesting") found.push(["nesting", css.selectors.nesting]);
      if (node.type !== "pseudo") return;
      const name = node.value.replace(/^:+/, "").toLowerCase();
      if (name.startsWith("-")) return;
      found.push([node.value, css.selectors[name]]);
      if (name === "not" && node.nodes.length > 1)
        found.push([":not(a, b)", css.selectors.not.selector_list]);
    });
  }).processSync(selector);
  return found.map(([name, feature]) => [name, lacking(feature)]).filter(([, lack]) => lack.length);
}

function* ofAtRule(rule) {
  const name = rule.name.toLowerCase();
  if (name.startsWith("-")) return;
  yield [`@${name}`, lacking(css["at-rules"][name])];
  if (name !== "media") return;
  if (/[<>=]/.test(rule.params)) yield ["media range", lacking(css["at-rules"].media.range_syntax)];
  for (const [, feature] of rule.params.matchAll(/\(\s*(?:min-|max-)?([a-z-]+)/g))
    yield [`@media (${feature})`, lacking(css["at-rules"].media[feature])];
}

const isFlex = (rule) =>
  rule.nodes.some((each) => each.prop === "display" && /^(inline-)?flex$/.test(each.value));

/** Everything in a style sheet that the floor lacks: [{ line, name, browsers }]. */
export function inStyles(text) {
  const found = [];
  const add = (node, [name, browsers]) => {
    if (browsers.length && !isAsked(node, name))
      found.push({ line: node.source.start.line, name, browsers });
  };
  postcss.parse(text).walk((node) => {
    if (node.type === "atrule") for (const each of ofAtRule(node)) add(node, each);
    if (node.type === "rule" && node.parent.name !== "keyframes")
      for (const each of ofSelectors(node.selector)) add(node, each);
    if (node.type !== "decl" || node.parent.name === "page") return;
    const lack = [...ofDeclaration(node)];
    if (lack.length && !hasFallback(node)) for (const each of lack) add(node, each);
    if (/^(row-|column-)?gap$/.test(node.prop) && isFlex(node.parent))
      add(node, ["gap between flex items", lacking(css.properties.gap.flex_context)]);
  });
  return found;
}
