// Prints what AsyncAPI's own parser finds wrong in the document on the standard input, as JSON:
// errors and warnings. `node validate.mjs FOLDER`, where npm has installed the parser.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const { Parser } = createRequire(resolve(process.argv[2], "package.json"))("@asyncapi/parser");
const WARNING = 1;

const { diagnostics } = await new Parser().parse(readFileSync(0, "utf-8"));
const wrong = diagnostics
  .filter(({ severity }) => severity <= WARNING)
  .map(({ code, message, path }) => ({ code, message, path: path.join(".") }));
process.stdout.write(JSON.stringify(wrong));
