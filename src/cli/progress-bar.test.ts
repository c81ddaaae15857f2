import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { type CapturedStreams, captureStreams } from "../../test/support/streams.js";
import { createProgress, duration, type ProgressMode } from "./progress-bar.js";
import { Terminal } from "./terminal.js";

/** Runs a copy of 100 MiB in 10 s and returns what was shown. */
function show(mode: ProgressMode, columns: number | undefined): CapturedStreams {
  mock.timers.enable({ apis: ["setInterval", "Date"] });
  try {
    const streams = captureStreams(columns === undefined ? {} : { columns });
    const progress = createProgress(mode, new Terminal(streams));
    const copy = progress.scope.child("copy", "disk1.vmdk", 100 * 2 ** 20);
    for (let second = 0; second < 10; second++) {
      mock.timers.tick(1000);
      copy.advance(10 * 2 ** 20);
    }
    copy.done();
    copy.done();
    progress.close();
    return streams;
  } finally {
    mock.timers.reset();
  }
}

test("without a terminal each step is one line when it ends", () => {
  assert.equal(show("auto", undefined).err(), "copy disk1.vmdk: 100 MiB in 10 s, 10 MiB/s\n");
});

test("on a terminal a bar shows share, amount, rate and time left, and never leaves its line", () => {
  const err = show("auto", 100).err();
  const lines = err.split("\r\u001b[2K").filter((line) => line !== "");
  assert.ok(
    lines.includes("copy disk1.vmdk  [##########----------]  50 %  50 MiB of 100 MiB  10 MiB/s  5.0 s left"),
    err,
  );
  for (const line of lines.slice(0, -1)) assert.ok(line.length < 100 && !line.includes("\n"), line);
  assert.equal(lines.at(-1), "copy disk1.vmdk: 100 MiB in 10 s, 10 MiB/s\n");
});

test("a narrow terminal gets a shorter line", () => {
  for (const line of show("auto", 30).err().split("\r\u001b[2K").slice(0, -1)) assert.ok(line.length < 30, line);
});

test("with json each event is one object, and the amounts never go back", () => {
  const events = show("json", undefined)
    .err()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual([events[0].event, events.at(-1).event], ["start", "done"]);
  assert.deepEqual(events.at(-1), {
    event: "done",
    step: "copy",
    subject: "disk1.vmdk",
    done: 104857600,
    total: 104857600,
    elapsedMs: 10000,
    bytesPerSecond: 10485760,
  });
  for (let i = 1; i < events.length; i++) assert.ok(events[i].done >= events[i - 1].done);
});

test("none shows nothing, and nothing goes to standard output", () => {
  const streams = show("none", 80);
  assert.equal(streams.err() + streams.out(), "");
  assert.equal(show("json", 80).out() + show("auto", 80).out(), "");
});

test("durations read well", () => {
  assert.deepEqual([0.04, 9.96, 59.4, 200, 7500].map(duration), ["0.0 s", "10.0 s", "59 s", "3 min 20 s", "2 h 5 min"]);
});
