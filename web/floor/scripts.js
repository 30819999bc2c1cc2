// What a script uses that a browser of the floor does not parse, or does not have: syntax after ES2020
// (numeric separators apart, which all have), and globals, statics, methods, properties and options.
// What a script asks for before it uses it is no finding: `a.b?.()`, `if (a.b)`, `"b" in a`.

import { parse } from "acorn";
import { full } from "acorn-walk";
import { api, builtins, lacking } from "./support.js";

const INSTANCES = { navigator: "Navigator", document: "Document", crypto: "Crypto" };
for (const name of ["location", "history", "performance", "screen"])
  INSTANCES[name] = name[0].toUpperCase() + name.slice(1);

// What each name means where nobody knows the object: the features of all classes that have it.
const members = new Map();
for (const [group, classes] of [
  ["api", api],
  ["js", { ...builtins, ...prefixed("Intl.", builtins.Intl) }],
])
  for (const [owner, inner] of Object.entries(classes))
    for (const [name, feature] of Object.entries(inner)) {
      if (name === "__compat" || !feature.__compat || name.endsWith("_static")) continue;
      if (name.endsWith("_event") || name === owner) continue;
      if (!members.has(name)) members.set(name, []);
      members.get(name).push({ owner: `${group}.${owner}`, feature });
    }

function prefixed(prefix, classes) {
  return Object.fromEntries(
    Object.entries(classes)
      .filter(([name]) => name !== "__compat")
      .map(([name, inner]) => [prefix + name, inner]),
  );
}

/** Browsers without any class that has this member, or [] if some class has it in all of them. */
function lackingMember(name) {
  const all = members.get(name);
  if (!all) return [];
  const each = all.map(({ feature }) => lacking(feature));
  return each.some((lack) => lack.length === 0) ? [] : each[0];
}

const keyName = (node) =>
  node.computed
    ? node.property?.type === "Literal"
      ? node.property.value
      : undefined
    : (node.property ?? node.key)?.name;

/** Names that a script gives itself: variables, and members with functions or with values. */
export function ownNames(tree) {
  const own = { variables: new Set(), methods: new Set(), values: new Set() };
  const pattern = (node) => {
    if (!node) return;
    if (node.type === "Identifier") own.variables.add(node.name);
    if (node.type === "AssignmentPattern") pattern(node.left);
    if (node.type === "RestElement") pattern(node.argument);
    if (node.type === "ArrayPattern") node.elements.forEach(pattern);
    if (node.type === "ObjectPattern")
      for (const each of node.properties) pattern(each.value ?? each.argument);
  };
  full(tree, (node) => {
    if (node.type === "VariableDeclarator") pattern(node.id);
    if (node.type === "CatchClause") pattern(node.param);
    if (node.id && /^(Function|Class)/.test(node.type)) pattern(node.id);
    if (node.params) node.params.forEach(pattern);
    if (/^Import.*Specifier$/.test(node.type)) pattern(node.local);
    if (node.type === "MethodDefinition") own.methods.add(node.key.name).add(node.key.value);
    if (node.type === "Property") {
      const isFunction = /Function/.test(node.value.type) || node.shorthand;
      own[isFunction ? "methods" : "values"].add(node.key.name ?? node.key.value);
    }
    if (node.type === "AssignmentExpression" && node.left.type === "MemberExpression")
      if (node.left.object.type === "ThisExpression") own.values.add(keyName(node.left));
  });
  return own;
}

/** Names of members that the script asks for before it uses them. */
function asked(tree) {
  const names = new Set();
  const test = (node) => {
    if (!node) return;
    if (node.type === "ChainExpression") test(node.expression);
    if (node.type === "UnaryExpression" && ["!", "typeof"].includes(node.operator))
      test(node.argument);
    if (node.type === "MemberExpression") names.add(keyName(node));
    if (node.type === "Identifier") names.add(node.name);
    if (node.type === "LogicalExpression") {
      test(node.left);
      test(node.right);
    }
    if (node.type === "BinaryExpression") {
      if (node.operator === "in" && node.left.type === "Literal") names.add(node.left.value);
      test(node.left);
      test(node.right);
    }
  };
  full(tree, (node) => {
    if (node.type === "IfStatement" || node.type === "ConditionalExpression") test(node.test);
    if (node.type === "LogicalExpression") test(node.left);
    if (node.type === "UnaryExpression") test(node);
    if (node.type === "MemberExpression" && node.optional) test(node.object);
    if (node.type === "BinaryExpression" && node.operator === "in") test(node);
    if (node.type === "CallExpression" && node.optional) test(node.callee);
  });
  return names;
}

function* syntax(tree) {
  const found = [];
  full(tree, (node) => {
    if (node.type === "AssignmentExpression" && ["??=", "||=", "&&="].includes(node.operator))
      found.push([node, node.operator]);
    if (node.type === "ExportAllDeclaration" && node.exported) found.push([node, "export * as"]);
    if (node.type === "Literal" && node.regex) {
      if (/\(\?<[=!]/.test(node.regex.pattern)) found.push([node, "lookbehind"]);
      for (const flag of node.regex.flags)
        if (!"gimsuy".includes(flag)) found.push([node, `flag ${flag} of a RegExp`]);
    }
  });
  for (const [node, name] of found) yield { node, name, browsers: ["the parser"] };
}

/** The feature that a callee or `new` names by itself, such as Object.hasOwn or AbortSignal. */
function named(node, own) {
  if (node.type === "Identifier" && !own.variables.has(node.name))
    return [node.name, api[node.name] ?? builtins[node.name] ?? api.Window[node.name]];
  if (node.type !== "MemberExpression" || node.object.type !== "Identifier") return undefined;
  const object = node.object.name;
  const name = keyName(node);
  if (own.variables.has(object) || !name) return undefined;
  const full = `${object}.${name}`;
  if (object === "Intl") return [full, builtins.Intl[name]];
  if (INSTANCES[object]) return [full, api[INSTANCES[object]]?.[name]];
  const owner = builtins[object] ?? api[object];
  return owner ? [full, owner[`${name}_static`] ?? owner[name]] : undefined;
}

function* uses(tree, own) {
  const guarded = asked(tree);
  const found = [];
  const add = (node, name, browsers) => {
    if (browsers.length) found.push({ node, name, browsers });
  };
  const members = new Set(); // nodes that a call or a name has said already
  full(tree, (node) => {
    const callee = node.callee;
    if (node.type !== "CallExpression" && node.type !== "NewExpression") return;
    const known = named(callee, own);
    const feature = known?.[1] ?? memberOf(callee);
    const inner = feature && (feature[callee.property?.name ?? callee.name] ?? feature);
    for (const argument of node.arguments)
      if (argument.type === "ObjectExpression")
        for (const { key } of argument.properties) {
          const option = `options_${key?.name}_parameter`;
          const said = inner?.options_parameter?.[option] ?? inner?.[option];
          add(argument, `${known?.[0] ?? callee.property?.name}({ ${key?.name} })`, lacking(said));
        }
    if (callee.type !== "MemberExpression" || known?.[1]) return;
    members.add(callee);
    const name = keyName(callee);
    if (!own.methods.has(name) && !guarded.has(name))
      add(callee, `.${name}()`, lackingMember(name));
  });
  full(tree, (node) => {
    const known = /^(Identifier|MemberExpression)$/.test(node.type) && named(node, own);
    const name = node.type === "MemberExpression" ? keyName(node) : node.name;
    if (known?.[1]) {
      if (!guarded.has(name)) add(node, known[0], lacking(known[1]));
    } else if (node.type === "MemberExpression" && !members.has(node)) {
      const isOwn = own.methods.has(name) || own.values.has(name) || own.variables.has(name);
      if (!isOwn && !guarded.has(name)) add(node, `.${name}`, lackingMember(name));
    }
  });
  // What is taken out of an object by its name: const { submitter } = event.
  full(tree, (node) => {
    if (node.type !== "ObjectPattern") return;
    for (const { key } of node.properties)
      if (key && !own.values.has(key.name) && /^[a-z]/.test(key.name ?? ""))
        if (key.name === "submitter") add(node, `.${key.name}`, lackingMember(key.name));
  });
  yield* found;
}

/** The feature behind a method's name, where one class alone has it, or one alone takes options. */
function memberOf(callee) {
  const name = callee.type === "MemberExpression" ? keyName(callee) : callee.name;
  const all = members.get(name) ?? [];
  const choice = all.length === 1 ? all : all.filter(({ feature }) => feature.options_parameter);
  return choice.length === 1 ? choice[0].feature : undefined;
}

export const parsed = (text) =>
  parse(text, { ecmaVersion: 2021, sourceType: "module", locations: true });

/** Everything in a script that the floor lacks: [{ line, name, browsers }]. `house` has the names that
    any script of the house gives its own members. */
export function inScript(tree, house) {
  const own = ownNames(tree);
  for (const name of house.methods) own.methods.add(name);
  for (const name of house.values) own.values.add(name);
  const all = [...syntax(tree), ...uses(tree, own)];
  return all.map(({ node, name, browsers }) => ({ line: node.loc.start.line, name, browsers }));
}
