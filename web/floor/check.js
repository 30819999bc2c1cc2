// node floor/check.js [FOLDER…]: which scripts and styles of static need more than the floor has. Ends
// with 1 and the places if any do; reads exceptions.js, and names those that nothing uses.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { inStyles } from "./css.js";
import { exceptions, outside } from "./exceptions.js";
import { inScript, ownNames, parsed } from "./scripts.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "../static");

const files = readdirSync(root, { recursive: true })
  .filter((name) => /\.(js|css)$/.test(name) && !outside.some((each) => name.startsWith(each)))
  .sort();

const trees = new Map();
const house = { methods: new Set(), values: new Set() };
const found = [];
for (const name of files.filter((each) => each.endsWith(".js"))) {
  try {
    const tree = parsed(readFileSync(join(root, name), "utf8"));
    trees.set(name, tree);
    const own = ownNames(tree);
    for (const each of own.methods) house.methods.add(each);
    for (const each of own.values) house.values.add(each);
  } catch (error) {
    found.push({ file: name, line: error.loc?.line, name: error.message, browsers: ["ES2020"] });
  }
}
for (const name of files) {
  if (name.endsWith(".js") && !trees.has(name)) continue;
  const all = name.endsWith(".css")
    ? inStyles(readFileSync(join(root, name), "utf8"))
    : inScript(trees.get(name), house);
  for (const each of all) found.push({ file: name, ...each });
}

const used = new Set();
const left = found.filter(({ file, name }) => {
  const exception = exceptions.find((each) => each.name === name && (each.in ?? file) === file);
  if (exception) used.add(exception);
  return !exception;
});
const asked = process.argv.slice(2);
for (const { file, line, name, browsers } of left)
  if (!asked.length || asked.some((each) => file.startsWith(each)))
    console.log(
      `${relative(process.cwd(), join(root, file))}:${line} ${name} (not in ${browsers.join(", ")})`,
    );
const idle = exceptions.filter((each) => !used.has(each));
for (const { name } of idle) console.log(`floor/exceptions.js: nothing uses ${name}`);
process.exitCode = left.length ? 1 : 0;
