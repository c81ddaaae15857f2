import { relative } from "node:path";
import type { TestEvent } from "node:test/reporters";

/** Lines of a stack that help; the rest is the test runner's own. */
const STACK_LINES = 25;

/** The events that say what happened to a test. */
export type ResultEvent = Extract<TestEvent, { type: "test:start" | "test:diagnostic" | "test:pass" | "test:fail" }>;

/** Tells them from the others. */
export function isResult(event: TestEvent): event is ResultEvent {
  return ["test:start", "test:diagnostic", "test:pass", "test:fail"].includes(event.type);
}

/** What happened in one test file. */
export class FileReport {
  readonly path: string;
  passed = 0;
  readonly failures: string[] = [];
  readonly skips: string[] = [];
  readonly notes: string[] = [];
  /** Names of the suites and tests around the current one, by nesting. */
  private readonly around: string[] = [];
  private milliseconds = 0;

  constructor(path: string) {
    this.path = path;
  }

  get name(): string {
    return relative(process.cwd(), this.path).replace(/^dist\//, "");
  }

  get tests(): number {
    return this.passed + this.failures.length + this.skips.length;
  }

  /** Takes one event of this file. */
  take(event: ResultEvent): void {
    switch (event.type) {
      case "test:start":
        this.around.length = event.data.nesting;
        this.around.push(event.data.name);
        break;
      case "test:diagnostic":
        this.notes.push(event.data.message);
        break;
      case "test:pass":
        if (event.data.nesting === 0) this.milliseconds += event.data.details.duration_ms;
        if (event.data.details.type === "suite" || event.data.name === this.path) return;
        this.passOrSkip(this.title(event.data), event.data.skip, event.data.todo);
        break;
      case "test:fail": {
        const { error } = event.data.details;
        // A suite fails because of a test in it, which is counted already; a suite whose own hook broke is not.
        if (event.data.details.type === "suite" && failureType(error) === "subtestsFailed") return;
        if (failureType(error) === "subtestsFailed" && this.failures.length > 0) return;
        this.failures.push(`${this.title(event.data)}\n${indent(explain(error))}`);
        break;
      }
    }
  }

  /** One line, and the failures below it. */
  text(): string {
    const seconds = (this.milliseconds / 1000).toFixed(1);
    const verdict = this.failures.length > 0 ? "FAIL" : "ok  ";
    const skipped = this.skips.length > 0 ? `, ${this.skips.length} skipped` : "";
    const head = `${verdict} ${this.name} (${this.tests} tests${skipped}, ${seconds} s)`;
    const notes = this.notes.map((note) => `       ${note}`);
    return [head, ...notes, ...this.failures.map((failure) => indent(`FAIL ${failure}`))].join("\n");
  }

  private passOrSkip(title: string, skip: string | boolean | undefined, todo: string | boolean | undefined): void {
    if (skip === undefined && todo === undefined) this.passed++;
    else if (typeof skip === "string" && skip !== "") this.skips.push(`${title}: ${skip}`);
    else this.failures.push(`${title}\n    skipped or left for later with no reason given`);
  }

  private title(data: { readonly nesting: number; readonly name: string }): string {
    return [...this.around.slice(0, data.nesting), data.name === this.path ? this.name : data.name].join(" > ");
  }
}

/** What happened in all files. */
export class TestReport {
  private passed = 0;
  private failed = 0;
  private readonly failures: string[] = [];
  private readonly skips: string[] = [];

  /** True when tests ran, and none failed. */
  get ok(): boolean {
    return this.failed === 0 && this.passed > 0;
  }

  /** Counts a finished file and prints it. */
  close(file: FileReport): void {
    if (file.tests === 0) file.failures.push(`${file.name}\n    holds no test`);
    this.passed += file.passed;
    this.failed += file.failures.length;
    this.failures.push(...file.failures.map((failure) => `${file.name}: ${failure.split("\n", 1)[0]}`));
    this.skips.push(...file.skips.map((skip) => `${file.name}: ${skip}`));
    console.log(file.text());
  }

  /** Skips with their reasons, failures by name, and the line that counts. */
  summary(): string {
    const lines = [""];
    if (this.skips.length > 0) lines.push("Skipped:", ...this.skips.map((skip) => `  ${skip}`), "");
    if (this.failures.length > 0) lines.push("Failed:", ...this.failures.map((failure) => `  ${failure}`), "");
    if (this.passed + this.failed + this.skips.length === 0) lines.push("No test ran.", "");
    lines.push(`${this.passed} passed, ${this.failed} failed, ${this.skips.length} skipped`);
    return lines.join("\n");
  }
}

function failureType(error: Error): string | undefined {
  return "failureType" in error && typeof error.failureType === "string" ? error.failureType : undefined;
}

/** The thrown error inside the test runner's own, with as much of its stack as helps. */
function explain(error: Error): string {
  const inner = error.cause instanceof Error ? error.cause : error;
  return (inner.stack ?? String(error.cause ?? error.message)).split("\n").slice(0, STACK_LINES).join("\n");
}

function indent(text: string): string {
  return text.replace(/^/gm, "    ");
}
