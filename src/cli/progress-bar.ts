import { formatBytes } from "../base/text.js";
import { type ProgressScope, silentProgress } from "../io/context.js";
import { jsonText } from "../report/json.js";
import { oneLine } from "../report/layout.js";
import type { Terminal } from "./terminal.js";

/** How progress is shown. */
export type ProgressMode = "auto" | "json" | "none";

/** Progress of a whole run. */
export interface Progress {
  readonly scope: ProgressScope;
  /** Ends the display. Work that has not ended is not called done. */
  close(): void;
}

/** One piece of work that is going on. */
interface Task {
  readonly step: string;
  readonly subject: string;
  readonly total: number | null;
  readonly startedMs: number;
  done: number;
  ended: boolean;
  /** Work done at some moments of the last seconds, for the rate. */
  readonly samples: { atMs: number; done: number }[];
}

const redrawMs = 100;
const eventMs = 500;
/** The rate is that of the last seconds, so that it follows a disk that becomes slower. */
const rateWindowMs = 5000;

/**
 * Shows work on standard error: a bar on a terminal, one line for each finished step without one, with `json` one event a line.
 * @param now milliseconds; replaced in tests
 */
export function createProgress(mode: ProgressMode, terminal: Terminal, now: () => number = Date.now): Progress {
  if (mode === "none" || (mode === "auto" && terminal.quiet)) return { scope: silentProgress, close: () => {} };
  const view = mode === "json" ? jsonView(terminal) : terminal.interactive ? barView(terminal) : lineView(terminal);
  const tasks: Task[] = [];
  const tick = (): void => {
    const atMs = now();
    for (const task of tasks) sample(task, atMs);
    view.tick(tasks, atMs);
  };
  const timer = setInterval(tick, view.intervalMs);
  timer.unref();
  const scope = (task: Task | null): ProgressScope => ({
    child(step, subject, total) {
      const child: Task = { step, subject, total, startedMs: now(), done: 0, ended: false, samples: [] };
      tasks.push(child);
      view.started(child);
      return scope(child);
    },
    advance(amount) {
      if (task !== null && !task.ended) task.done += amount;
    },
    done() {
      if (task === null || task.ended) return;
      task.ended = true;
      tasks.splice(tasks.indexOf(task), 1);
      view.ended(task, now());
    },
  });
  return {
    scope: scope(null),
    close() {
      clearInterval(timer);
      terminal.status(null);
    },
  };
}

interface View {
  readonly intervalMs: number;
  started(task: Task): void;
  tick(tasks: readonly Task[], atMs: number): void;
  ended(task: Task, atMs: number): void;
}

function barView(terminal: Terminal): View {
  return {
    intervalMs: redrawMs,
    started: () => {},
    tick(tasks, atMs) {
      // Steps inside of others come later in the list; the first with a known end is the one that people wait for.
      const main = tasks.find((task) => task.total !== null && task.total > 0) ?? tasks[0];
      if (main === undefined) return;
      const others = tasks
        .filter((task) => task !== main && (task.total ?? 0) > 0)
        .map((task) => `${task.step} ${percent(task)}`);
      terminal.status(barLine(main, others, atMs, terminal.width - 1));
    },
    ended: (task, atMs) => terminal.note(endLine(task, atMs)),
  };
}

function lineView(terminal: Terminal): View {
  return {
    intervalMs: rateWindowMs,
    started: () => {},
    tick: () => {},
    ended: (task, atMs) => terminal.note(endLine(task, atMs)),
  };
}

function jsonView(terminal: Terminal): View {
  const emit = (event: string, task: Task, atMs: number | null): void => {
    const { step, subject, done, total } = task;
    const rate = atMs === null ? null : Math.round(rateOf(task, atMs));
    const elapsedMs = atMs === null ? 0 : atMs - task.startedMs;
    terminal.error(jsonText({ event, step, subject, done, total, elapsedMs, bytesPerSecond: rate }));
  };
  return {
    intervalMs: eventMs,
    started: (task) => emit("start", task, null),
    tick: (tasks, atMs) => {
      for (const task of tasks) emit("progress", task, atMs);
    },
    ended: (task, atMs) => emit("done", task, atMs),
  };
}

function sample(task: Task, atMs: number): void {
  task.samples.push({ atMs, done: task.done });
  while (task.samples.length > 2 && atMs - (task.samples[0]?.atMs ?? atMs) > rateWindowMs) task.samples.shift();
}

/** Bytes in a second: over the last seconds while there are samples, else over all the time. */
function rateOf(task: Task, atMs: number): number {
  const first = task.ended ? undefined : task.samples[0];
  const sinceMs = first === undefined ? atMs - task.startedMs : atMs - first.atMs;
  const bytes = task.done - (first?.done ?? 0);
  return sinceMs <= 0 ? 0 : (bytes * 1000) / sinceMs;
}

function percent(task: Task): string {
  return `${Math.floor((100 * Math.min(task.done, task.total ?? 0)) / (task.total ?? 1))} %`;
}

/** `copy disk1.vmdk  [#####-----]  45 %  1.2 GiB of 2.6 GiB  350 MiB/s  4 s left`, cut to a width. */
function barLine(task: Task, others: readonly string[], atMs: number, width: number): string {
  const rate = rateOf(task, atMs);
  const amounts: string[] = [];
  if (task.total === null || task.total === 0) amounts.push(formatBytes(task.done));
  else {
    const cells = 20;
    const full = Math.floor((cells * Math.min(task.done, task.total)) / task.total);
    amounts.push(`[${"#".repeat(full)}${"-".repeat(cells - full)}]`, percent(task));
    amounts.push(`${formatBytes(task.done)} of ${formatBytes(task.total)}`);
  }
  if (rate > 0) amounts.push(`${formatBytes(Math.round(rate))}/s`);
  if (rate > 0 && task.total !== null) amounts.push(`${duration((task.total - task.done) / rate)} left`);
  const right = [...amounts, ...others].join("  ");
  const room = Math.max(8, width - right.length - 2);
  const name = oneLine(`${task.step} ${task.subject}`);
  const left = name.length <= room ? name : `${name.slice(0, room - 3)}...`;
  return `${left}  ${right}`.slice(0, width);
}

function endLine(task: Task, atMs: number): string {
  const seconds = (atMs - task.startedMs) / 1000;
  // Below a tenth of a second a rate says nothing.
  const time = seconds < 0.1 ? "" : ` in ${duration(seconds)}, ${formatBytes(Math.round(task.done / seconds))}/s`;
  const amount = task.done > 0 ? `: ${formatBytes(task.done)}${time}` : "";
  return oneLine(`${task.step} ${task.subject}${amount}`);
}

/** `0.3 s`, `42 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return "? s";
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
