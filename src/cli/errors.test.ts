import assert from "node:assert/strict";
import { test } from "node:test";
import { captureStreams } from "../../test/support/streams.js";
import { canceled, FerryError } from "../base/errors.js";
import { plain } from "../report/palette.js";
import { describeError, reportError, toFerryError } from "./errors.js";
import { Terminal } from "./terminal.js";

const quietSignal = new AbortController().signal;

test("an error is its code, what happened, where, each cause, and the hint", () => {
  const root = new Error("EIO: i/o error, read");
  const inner = new FerryError("io/read-failed", "could not read disk.vmdk", { cause: root });
  const error = new FerryError("io/codec-failed", "grain 7 does not inflate", {
    cause: inner,
    location: { at: "bytes", file: "disk.vmdk", offset: 512 },
    hint: "Fetch it again.",
  });
  assert.deepEqual(describeError(error, plain), [
    "error[io/codec-failed]: grain 7 does not inflate (disk.vmdk at byte 512)",
    "  because: could not read disk.vmdk",
    "  because: EIO: i/o error, read",
    "hint: Fetch it again.",
  ]);
});

test("a chain of causes that closes on itself ends", () => {
  const cause = new Error("again");
  cause.cause = cause;
  assert.deepEqual(describeError(new FerryError("io/read-failed", "failed", { cause }), plain).length, 2);
});

test("what is no error of ours is a bug, unless the run was interrupted", () => {
  assert.equal(toFerryError(new TypeError("x is undefined"), quietSignal).code, "internal/bug");
  assert.equal(toFerryError("text", quietSignal).code, "internal/bug");
  const controller = new AbortController();
  controller.abort(canceled());
  assert.equal(toFerryError(new DOMException("aborted", "AbortError"), controller.signal).code, "run/canceled");
});

test("an error that says nothing better has the hint of its code, also as JSON; an interruption has none", async () => {
  const say = async (error: FerryError): Promise<[text: string, hint: string | null]> => {
    const streams = captureStreams();
    await reportError(error, { json: true, debug: false, signal: quietSignal }, new Terminal(streams));
    return [streams.err(), JSON.parse(streams.out()).error.hint];
  };
  const [text, hint] = await say(new FerryError("xml/not-well-formed", "unexpected close tag"));
  assert.match(text, /^hint: Correct the named line\.$/m);
  assert.equal(hint, "Correct the named line.");
  assert.deepEqual(await say(canceled()), ["error[run/canceled]: interrupted; nothing was left behind\n", null]);
});

test("kinds decide the exit code", async () => {
  const exit = (error: unknown): Promise<number> =>
    reportError(error, { json: false, debug: false, signal: quietSignal }, new Terminal(captureStreams()));
  assert.equal(await exit(new FerryError("io/exists", "")), 2);
  assert.equal(await exit(new FerryError("io/not-found", "")), 3);
  assert.equal(await exit(new FerryError("io/changed", "")), 3);
  assert.equal(await exit(canceled()), 130);
  assert.equal(await exit(new Error("bug")), 3);
});

test("a stack trace is shown only when it is asked for", async () => {
  for (const debug of [false, true]) {
    const streams = captureStreams();
    await reportError(new Error("bug"), { json: false, debug, signal: quietSignal }, new Terminal(streams));
    assert.equal(/^\s+at /m.test(streams.err()), debug);
  }
});
