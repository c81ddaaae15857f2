/** `vmferry properties`: what a package asks, files of answers, and a terminal on which somebody types. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { after, describe, it } from "node:test";
import { run } from "../../src/cli/program.js";
import type { PropertiesResult } from "../../src/report/results.js";
import { packageFixtures } from "../support/fixtures.js";
import { captureStreams } from "../support/streams.js";

const root = mkdtempSync(join(tmpdir(), "vmferry-properties-"));
after(() => rmSync(root, { recursive: true }));
const quiz = "test/fixtures/packages/compose-properties/quiz.ova";

async function vmferry(argv: readonly string[], stdin?: PassThrough) {
  const streams = captureStreams();
  const given = stdin === undefined ? streams : { ...streams, stdin };
  const exitCode = await run(["properties", ...argv], given, new AbortController().signal);
  return { exitCode, out: streams.out(), err: streams.err() };
}

async function asked(...argv: readonly string[]): Promise<{ exitCode: number; result: PropertiesResult }> {
  const { exitCode, out, err } = await vmferry([...argv, "--json"]);
  assert.notEqual(out, "", err);
  return { exitCode, result: JSON.parse(out) };
}

let next = 0;
function answers(text: string): string {
  const file = join(root, `answers${next++}.yaml`);
  writeFileSync(file, text);
  return file;
}

/** A terminal on which lines are typed. */
function typing(...lines: readonly string[]): PassThrough {
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} });
  for (const line of lines) stdin.write(`${line}\n`);
  return stdin;
}

describe("vmferry properties", () => {
  it("shows questions as users see them, and no password", async () => {
    const { exitCode, out } = await vmferry([quiz]);
    assert.equal(exitCode, 0);
    assert.match(out, /3 questions/);
    assert.match(
      out,
      /Networking\n {4}hostname {2}Host name\n.*name of the machine.*\n.*at least 1 character, at most 63/,
    );
    assert.match(out, /password\n {6}default \(not shown\)/);
    const { result } = await asked(quiz);
    assert.deepEqual(
      result.questions.map(({ name, category, value, password }) => [name, category, value, password]),
      [
        ["hostname", "Networking", "web01", false],
        ["port", "Networking", "8080", false],
        ["admin_password", "Account", null, true],
      ],
    );
    assert.deepEqual([result.verdict, result.configuration], [null, "medium"]);
    assert.equal((await asked(quiz, "--configuration", "small")).result.configuration, "small");
  });

  it("writes a file of answers for every package fixture that it then finds complete", async () => {
    for (const { source } of await packageFixtures()) {
      const file = join(root, `w${next++}.yaml`);
      const written = await vmferry([source, "--write", file]);
      assert.deepEqual([written.exitCode, written.out], [0, ""], source);
      const { exitCode, result } = await asked(source, "--check", file);
      assert.deepEqual([exitCode, result.verdict, result.diagnostics], [0, "complete", []], source);
    }
  });

  it("does not overwrite answers without --force", async () => {
    const file = answers("# mine\n");
    assert.equal((await vmferry([quiz, "--write", file])).exitCode, 2);
    assert.equal(readFileSync(file, "utf8"), "# mine\n");
    assert.equal((await vmferry([quiz, "--write", file, "--force"])).exitCode, 0);
    assert.match(readFileSync(file, "utf8"), /^ {2}hostname: web01$/m);
  });

  it("judges answers with line and column, and exits with 1 where they fall short", async () => {
    const file = answers("properties:\n  hostnme: a\n  port: 70000\n  admin_password: swordfish\n");
    const { exitCode, out } = await vmferry([quiz, "--check", file]);
    assert.equal(exitCode, 1);
    assert.match(out, /answers\/unknown-property\].*yaml:2:3\)\n.*Did you mean hostname\?/);
    assert.match(out, /answers\/breaks-type\].*yaml:3:9\)/);
    assert.match(out, /answers\/plain-secret\].*yaml:4:19\)/);
    assert.match(out, /falls short: 3 errors/);
    assert.doesNotMatch(out, /swordfish/);
  });

  it("reads secrets with --secrets alone, and shows none", async () => {
    process.env.VMFERRY_TEST_ANSWER = "swordfish";
    const there = answers("properties: {admin_password: 'env:VMFERRY_TEST_ANSWER'}");
    const gone = answers("properties: {admin_password: 'env:VMFERRY_TEST_NOWHERE'}");
    for (const [file, secrets, exitCode] of [
      [there, true, 0],
      [gone, false, 0],
      [gone, true, 1],
    ] as const) {
      const told = await vmferry([quiz, "--check", file, ...(secrets ? ["--secrets"] : [])]);
      assert.equal(told.exitCode, exitCode, told.out);
      assert.doesNotMatch(told.out + told.err, /swordfish/);
    }
  });

  it("asks on a terminal, again where an answer does not fit, and writes what was typed", async () => {
    const file = join(root, "typed.yaml");
    const stdin = typing("x".repeat(64), "web7", "http", "", "swordfish", "env:ADMIN");
    const { exitCode, out, err } = await vmferry([quiz, "--ask", "--write", file], stdin);
    assert.equal(exitCode, 0, err);
    assert.match(err, /1\/3 Host name \(text, at least 1 character, at most 63 characters\) \[web01\]:/);
    assert.match(err, /It does not fit \(at least 1 character, at most 63 characters\): it has 64 characters\./);
    assert.match(err, /It does not fit \(whole number from 0 to 65535\): it is no whole number\./);
    assert.match(err, /Say where it is/);
    assert.match(out, /complete: 2 answers/);
    const text = readFileSync(file, "utf8");
    for (const line of ["hostname: web7", "port: 8080", "admin_password: env:ADMIN"])
      assert.ok(text.includes(line), text);
    assert.doesNotMatch(text + out + err, /swordfish/);
  });

  it("writes nothing where the questions are broken off", async () => {
    const file = join(root, "broken-off.yaml");
    const stdin = typing("web7");
    stdin.end();
    const { exitCode } = await vmferry([quiz, "--ask", "--write", file], stdin);
    assert.equal(exitCode, 130);
    assert.throws(() => readFileSync(file));
  });

  it("refuses wrong use, what is no OVF package, and settings that are not understood", async () => {
    const cases: readonly (readonly [code: string, exitCode: number, argv: readonly string[]])[] = [
      ["answers/no-terminal", 2, [quiz, "--ask"]],
      ["cli/usage", 2, [quiz, "--secrets"]],
      ["ovf/unknown-configuration", 2, [quiz, "--configuration", "huge"]],
      ["config/unknown-key", 2, [quiz, "--check", answers("propertys: {}")]],
      ["config/bad-yaml", 2, [quiz, "--check", answers("properties: {")]],
      ["config/too-large", 2, [quiz, "--check", answers("#".repeat(2 ** 21))]],
      ["io/not-found", 3, [quiz, "--check", join(root, "nowhere.yaml")]],
    ];
    for (const [code, exitCode, argv] of cases) {
      const told = await vmferry(argv);
      assert.deepEqual([/error\[(.+?)\]/.exec(told.err)?.[1], told.exitCode], [code, exitCode], told.err);
    }
  });
});
