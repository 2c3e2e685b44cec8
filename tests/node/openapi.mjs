// Judges an OpenAPI document: node openapi.mjs FOLDER FILE, where FOLDER has the packages of
// package.json installed.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [home, file] = process.argv.slice(2);
const found = createRequire(resolve(home, "package.json")).resolve("@seriousme/openapi-schema-validator");
const { Validator } = await import(pathToFileURL(found));
const validator = new Validator();
const { valid, errors } = await validator.validate(JSON.parse(readFileSync(file, "utf8")));
console.log(valid ? `OpenAPI ${validator.version}` : JSON.stringify(errors, null, 2));
process.exitCode = valid ? 0 : 1;
