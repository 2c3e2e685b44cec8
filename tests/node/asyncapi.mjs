// Judges an AsyncAPI document by the parser of the specification's authors:
// node asyncapi.mjs FOLDER FILE, where FOLDER has the packages of package.json installed.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const [home, file] = process.argv.slice(2);
const { Parser } = createRequire(resolve(home, "package.json"))("@asyncapi/parser");
const { document, diagnostics } = await new Parser().parse(readFileSync(file, "utf8"));
for (const { code, message, path, severity } of diagnostics) {
  console.log(`${["error", "warning", "information", "hint"][severity]} ${code} at ${path.join("/")}: ${message}`);
}
console.log(`${document?.allMessages().length ?? 0} messages, ${document?.allOperations().length ?? 0} operations`);
process.exitCode = document && diagnostics.every(({ severity }) => severity > 1) ? 0 : 1;
