import assert from "node:assert/strict";
import { resolve } from "node:path";
import { test } from "node:test";
import { FileReport, type ResultEvent, TestReport } from "../../scripts/test-report.js";

const FILE = resolve("dist/src/a.test.js");

type Details = { readonly error?: Error; readonly type?: "suite"; readonly skip?: string | true };

function event(type: ResultEvent["type"], name: string, details: Details = {}, nesting = 0): ResultEvent {
  const { skip, ...rest } = details;
  return {
    type,
    data: {
      name,
      nesting,
      file: FILE,
      testNumber: 1,
      message: name,
      details: { duration_ms: 1, ...rest },
      ...(skip === undefined ? {} : { skip }),
    },
  } as unknown as ResultEvent;
}

function fail(message: string, failureType: string): Error {
  return Object.assign(new Error(message), { failureType });
}

function reportOf(...events: ResultEvent[]): {
  readonly file: FileReport;
  readonly summary: string;
  readonly ok: boolean;
} {
  const file = new FileReport(FILE);
  for (const one of events) file.take(one);
  const report = new TestReport();
  const log = console.log;
  console.log = () => {};
  try {
    report.close(file);
  } finally {
    console.log = log;
  }
  return { file, summary: report.summary(), ok: report.ok };
}

test("the last line of a run counts tests, not suites", () => {
  const { summary, ok } = reportOf(
    event("test:start", "suite"),
    event("test:pass", "one", {}, 1),
    event("test:pass", "two", {}, 1),
    event("test:pass", "suite", { type: "suite" }),
  );
  assert.equal(summary.split("\n").at(-1), "2 passed, 0 failed, 0 skipped");
  assert.equal(ok, true);
});

test("a failing test in a suite counts once and is named with its suite", () => {
  const { file, summary, ok } = reportOf(
    event("test:start", "suite"),
    event("test:start", "one", {}, 1),
    event("test:fail", "one", { error: fail("1 is not 2", "testCodeFailure") }, 1),
    event("test:fail", "suite", { type: "suite", error: fail("1 subtest failed", "subtestsFailed") }),
  );
  assert.equal(file.failures.length, 1);
  assert.match(summary, /suite > one/);
  assert.equal(summary.split("\n").at(-1), "0 passed, 1 failed, 0 skipped");
  assert.equal(ok, false);
});

test("a suite whose own hook breaks is a failure", () => {
  const { ok, summary } = reportOf(
    event("test:start", "suite"),
    event("test:fail", "suite", { type: "suite", error: fail("before broke", "hookFailed") }),
  );
  assert.equal(ok, false);
  assert.equal(summary.split("\n").at(-1), "0 passed, 1 failed, 0 skipped");
});

test("a skip is listed with its reason, and one without a reason is a failure", () => {
  const { summary } = reportOf(
    event("test:pass", "one"),
    event("test:pass", "needs a peer", { skip: "qemu-img is not installed" }),
    event("test:pass", "says nothing", { skip: true }),
  );
  assert.match(summary, /needs a peer: qemu-img is not installed/);
  assert.equal(summary.split("\n").at(-1), "1 passed, 1 failed, 1 skipped");
});

test("a file without a test is a failure, and so is a run of nothing", () => {
  assert.equal(reportOf(event("test:pass", FILE)).ok, false);
  assert.equal(new TestReport().ok, false);
});
