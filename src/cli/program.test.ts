import assert from "node:assert/strict";
import { test } from "node:test";
import { captureStreams } from "../../test/support/streams.js";
import { version } from "../base/version.js";
import { commands } from "./commands.js";
import { run } from "./program.js";

interface Outcome {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

async function vmferry(...argv: string[]): Promise<Outcome> {
  const streams = captureStreams();
  const exitCode = await run(argv, streams, new AbortController().signal);
  return { exitCode, out: streams.out(), err: streams.err() };
}

/** Asserts wrong use: exit code 2, nothing on standard output, one error line with the code, one hint. */
async function wrongUse(code: string, ...argv: string[]): Promise<void> {
  const { exitCode, out, err } = await vmferry(...argv);
  assert.equal(exitCode, 2);
  assert.equal(out, "");
  const lines = err.trimEnd().split("\n");
  assert.equal(lines.length, 2, err);
  assert.ok(lines[0]?.startsWith(`error[${code}]: `), err);
  assert.ok(lines[1]?.startsWith("hint: "), err);
}

test("--version prints the version to standard output", async () => {
  assert.deepEqual(await vmferry("--version"), { exitCode: 0, out: `${version}\n`, err: "" });
});

test("--help lists every command on standard output", async () => {
  const { exitCode, out, err } = await vmferry("--help");
  assert.equal(exitCode, 0);
  assert.equal(err, "");
  for (const { name } of commands) assert.match(out, new RegExp(`^  ${name.split(" ")[0]} `, "m"));
});

test("no command prints the help to standard error and is wrong use", async () => {
  const { exitCode, out, err } = await vmferry();
  assert.equal(exitCode, 2);
  assert.equal(out, "");
  assert.match(err, /^Usage: vmferry COMMAND/);
});

test("help COMMAND describes each command with its arguments, options and examples", async () => {
  for (const { name, load } of commands) {
    const { exitCode, out } = await vmferry("help", ...name.split(" "));
    const definition = await load();
    assert.equal(exitCode, 0);
    assert.match(out, new RegExp(`^Usage: vmferry ${name}`));
    for (const spec of Object.values(definition.options)) assert.ok(out.includes(spec.flags.split(" ")[0] ?? "?"), out);
    for (const example of definition.examples) assert.ok(out.includes(`$ vmferry ${example}`));
    assert.equal((await vmferry(...name.split(" "), "--help")).out, out);
  }
});

test("every command has an example and a summary that starts in lower case and ends without a full stop", async () => {
  for (const { name, summary, load } of commands) {
    assert.match(summary, /^[a-z].*[^.]$/, name);
    assert.notEqual((await load()).examples.length, 0, name);
  }
});

test("wrong command lines end with 2 and one clear line", async () => {
  await wrongUse("cli/unknown-command", "frobnicate");
  await wrongUse("cli/unknown-option", "completion", "bash", "--frobnicate");
  await wrongUse("cli/missing-argument", "completion");
  await wrongUse("cli/extra-argument", "completion", "bash", "zsh");
  await wrongUse("cli/invalid-value", "completion", "tcsh");
});

test("a misspelled command or option is answered with the right spelling", async () => {
  assert.match((await vmferry("complete")).err, /hint: .*completion/);
  assert.match((await vmferry("completion", "bash", "--quit")).err, /hint: .*--quiet/);
});

test("with --json an error is an object on standard output, too", async () => {
  const { exitCode, out } = await vmferry("completion", "tcsh", "--json");
  assert.equal(exitCode, 2);
  const document = JSON.parse(out);
  assert.equal(document.schema, "vmferry/error@1");
  assert.equal(document.error.code, "cli/unknown-option");
});

test("control characters in arguments reach the terminal as visible text", async () => {
  const { err } = await vmferry("completion", "\u001b[31mred\nnext");
  assert.ok(!err.includes("\u001b"), err);
  assert.equal(err.trimEnd().split("\n").length, 2, err);
});

test("colours need a terminal, and NO_COLOR and --no-color switch them off", async () => {
  const err = async (argv: string[], columns: number | undefined, env: Record<string, string>): Promise<string> => {
    const streams = captureStreams({ ...(columns === undefined ? {} : { columns }), env });
    await run(argv, streams, new AbortController().signal);
    return streams.err();
  };
  assert.ok((await err(["nothing"], 80, {})).includes("\u001b[31m"));
  assert.ok(!(await err(["nothing"], undefined, {})).includes("\u001b"));
  assert.ok(!(await err(["nothing"], 80, { NO_COLOR: "1" })).includes("\u001b"));
  assert.ok(!(await err(["nothing", "--no-color"], 80, {})).includes("\u001b"));
});

test("--limit changes a named limit of any command, and refuses names and values that are none", async () => {
  const archive = "test/fixtures/packages/vbox-bios-ovf20/harbour.ova";
  const low = await vmferry("inspect", archive, "--limit", "members=1", "--json");
  assert.deepEqual([low.exitCode, JSON.parse(low.out).error.code], [3, "io/limit"]);
  assert.equal(
    (await vmferry("inspect", archive, "--limit", "members=4", "--limit", "descriptorBytes=1MiB")).exitCode,
    0,
  );
  for (const value of [
    "member=4",
    "members",
    "members=",
    "members=0",
    "members=x",
    "members=1.5",
    "=4",
    "members=9999999T",
  ])
    await wrongUse("cli/invalid-value", "inspect", archive, "--limit", value);
  assert.match((await vmferry("inspect", archive, "--limit", "member=4")).err, /one of: .*\bmembers\b/);
});
