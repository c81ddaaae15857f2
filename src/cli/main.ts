#!/usr/bin/env node
import { version } from "../base/version.js";

// Scripts ask for the version most often, and it needs nothing else: the program is imported only when there is work.
const argv = process.argv.slice(2);
if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-V")) {
  process.stdout.write(`${version}\n`);
} else {
  const [{ run }, { interruptible }] = await Promise.all([import("./program.js"), import("./interrupt.js")]);
  process.exitCode = await interruptible((signal) => run(argv, process, signal));
}
