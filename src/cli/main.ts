#!/usr/bin/env node
import { version } from "../base/version.js";

// The two answers that scripts ask for most need nothing else: this file imports the program only when there is work.
const [first, ...rest] = process.argv.slice(2);
if ((first === "--version" || first === "-V") && rest.length === 0) {
  process.stdout.write(`${version}\n`);
} else {
  const { run } = await import("./program.js");
  process.exitCode = await run(process.argv.slice(2));
}
