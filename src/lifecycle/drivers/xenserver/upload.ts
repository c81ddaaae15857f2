/** Uploads by HTTP PUT (xapi's `import.ml`, `import_raw_vdi.ml`): a task says what came of them, not the status of the answer. */
import { setTimeout as sleep } from "node:timers/promises";
import { FerryError, throwIfAborted } from "../../../base/errors.js";
import { printable } from "../../../base/text.js";
import { refusal } from "./failures.js";
import { hostNamed } from "./place.js";
import { isRef, numberOf, recordOf, recordsOf, stringsOf, textOf } from "./values.js";
import { SLOW_MS, type Xapi, type XapiServer } from "./xapi.js";

/** Without a sign of the server: its storage may be busy. */
const TIMEOUT_MS = 5 * 60_000;
/** For a task to say why an upload broke off. */
const REASON_MS = 20_000;
const LOOKS_MS = [100, 200, 400, 800, 1500];
/** Bytes of an answer, of which nothing is read. */
const MOST_BYTES = 64 * 1024;

/** What is uploaded. */
export interface Upload {
  readonly path: "/import" | "/import_raw_vdi";
  /** Names and values, not escaped. No secret is in it. */
  readonly query: Readonly<Record<string, string>>;
  /** By which its task is found again. */
  readonly label: string;
  /** What it is, for messages. */
  readonly what: string;
  /** Bytes, exactly. */
  readonly length: number;
  readonly chunks: () => AsyncIterable<Uint8Array>;
}

/**
 * Uploads, and waits until xapi has made of it what it makes. Where this throws, xapi takes away what it made, or is about to.
 * @throws `deploy/refused` with xapi's reason, `deploy/unreachable` where it gives none, and what reading throws
 */
export async function upload(xapi: Xapi, what: Upload, signal: AbortSignal): Promise<void> {
  // A session that ended is not said by a task of it, and is begun again.
  if (!(await attempt(xapi, what, signal)) && !(await attempt(xapi, what, signal))) {
    throw refusal(what.what, { code: "SESSION_AUTHENTICATION_FAILED", params: [] });
  }
}

/** @returns whether the session was known */
async function attempt(xapi: Xapi, what: Upload, signal: AbortSignal): Promise<boolean> {
  const { ref: session, server } = await xapi.session(signal);
  const task = await xapi.call("task.create", [what.label, ""], signal);
  if (!isRef(task)) throw new FerryError("deploy/bad-answer", "XenServer made no task", { hint: "Run again." });
  // Whether xapi may be at work on it. Then its task is what its end is waited for by.
  let begun = true;
  try {
    const broken = await put(xapi, what, { session, task, server }, signal);
    begun = broken !== 401;
    if (!begun) return false;
    await outcome(xapi, what, task, broken, signal);
    return true;
  } catch (cause) {
    // What was answered or not trusted was not begun.
    if (cause instanceof FerryError && NOT_BEGUN.has(cause.code)) begun = false;
    throw cause;
  } finally {
    await forget(xapi, task, begun).catch(() => null);
  }
}

/** Errors of uploads that xapi did not begin. */
const NOT_BEGUN: ReadonlySet<string> = new Set(["deploy/bad-answer", "deploy/untrusted"]);

/** Removes a task that has ended, or that nothing was begun for. */
async function forget(xapi: Xapi, task: string, begun: boolean): Promise<void> {
  const signal = AbortSignal.timeout(REASON_MS);
  const status = begun ? await xapi.call("task.get_status", [task], signal) : "";
  if (status !== "pending" && status !== "cancelling") await xapi.try("task.destroy", [task], signal);
}

interface Way {
  readonly session: string;
  readonly task: string;
  readonly server: XapiServer;
}

/** @returns why it broke off; `null`: all was taken; 401: the session is not known */
async function put(xapi: Xapi, what: Upload, way: Way, signal: AbortSignal): Promise<unknown> {
  const path = `${what.path}?${new URLSearchParams({ ...what.query }).toString()}`;
  let { server } = way;
  for (let hops = 0; ; hops++) {
    try {
      const { status, headers } = await server.client.ask(
        {
          method: "PUT",
          path,
          // Not in the address, which servers and proxies write down.
          headers: { cookie: `session_id=${way.session}; task_id=${way.task}` },
          body: { length: what.length, chunks: what.chunks(), readsOn: true },
          timeoutMs: TIMEOUT_MS,
        },
        MOST_BYTES,
        signal,
      );
      if (status === 200) return null;
      if (status === 401) return 401;
      if (status !== 302 || hops > 0) return statusError(what, status);
      server = await memberAt(xapi, headers.location ?? "", signal);
    } catch (cause) {
      throwIfAborted(signal);
      if (!(cause instanceof FerryError) || cause.code !== "deploy/unreachable") throw cause;
      return cause;
    }
  }
}

/** The host that has the storage, which another one names: a host of the pool, or none. */
async function memberAt(xapi: Xapi, location: string, signal: AbortSignal): Promise<XapiServer> {
  const url = URL.canParse(location) ? new URL(location) : null;
  const host = url?.protocol === "https:" ? hostNamed(url.hostname) : null;
  const hosts = recordsOf(await xapi.call("host.get_all_records", [], signal));
  const known = [...hosts.values()].some((record) => hostNamed(textOf(record, "address")) === host);
  if (host !== null && known) return xapi.other(host);
  throw new FerryError("deploy/bad-answer", "XenServer sends the upload to a host that is none of its pool", {
    hint: "Name the host that has the storage repository as the target.",
  });
}

function statusError(what: Upload, status: number): FerryError {
  return new FerryError("deploy/refused", `XenServer, ${what.what}: it answers with the status ${status}`, {
    hint: status === 403 ? "The user needs the role VM admin, or a higher one." : "Look at the host, and run again.",
  });
}

/** Waits for the task. @param broken why the upload broke off; what the task says counts more */
async function outcome(xapi: Xapi, what: Upload, task: string, broken: unknown, signal: AbortSignal): Promise<void> {
  const end = Date.now() + (broken === null ? SLOW_MS : REASON_MS);
  for (let look = 0; ; look++) {
    const record = recordOf(await xapi.call("task.get_record", [task], signal));
    const status = textOf(record, "status");
    if (status === "success") return;
    if (status === "failure") {
      const [code = "", ...params] = stringsOf(record.error_info);
      throw refusal(what.what, { code, params });
    }
    if (status === "cancelled") throw refusal(what.what, { code: "TASK_CANCELLED", params: [] });
    if (Date.now() > end || (status !== "pending" && status !== "cancelling")) {
      if (broken !== null) throw broken;
      const much = Math.round((numberOf(record.progress) ?? 0) * 100);
      throw new FerryError("deploy/refused", `XenServer, ${what.what}: ${printable(status)} at ${much} %`, {
        hint: "The host does not finish it. Look at its storage, and run again.",
      });
    }
    await sleep(LOOKS_MS[Math.min(look, LOOKS_MS.length - 1)], undefined, { signal });
  }
}

/** Ends uploads of a label that an earlier run left behind, and waits until xapi has cleaned up. */
export async function endUploads(xapi: Xapi, label: string, signal: AbortSignal): Promise<void> {
  const tasks = stringsOf(await xapi.call("task.get_by_name_label", [label], signal)).filter(isRef);
  const end = Date.now() + REASON_MS;
  for (const task of tasks) {
    for (let look = 0; ; look++) {
      const answer = await xapi.try("task.get_record", [task], signal);
      const status = answer.ok ? textOf(recordOf(answer.value), "status") : "";
      if (status !== "pending" && status !== "cancelling") break;
      // What cannot be cancelled any more is about to end.
      if (look === 0) await xapi.try("task.cancel", [task], signal);
      if (Date.now() > end) break;
      await sleep(LOOKS_MS[Math.min(look, LOOKS_MS.length - 1)], undefined, { signal });
    }
    await xapi.try("task.destroy", [task], signal);
  }
}

/** Whether an upload of a label came to its end. */
export async function wasUploaded(xapi: Xapi, label: string, signal: AbortSignal): Promise<boolean> {
  for (const task of stringsOf(await xapi.call("task.get_by_name_label", [label], signal)).filter(isRef)) {
    const answer = await xapi.try("task.get_record", [task], signal);
    if (answer.ok && textOf(recordOf(answer.value), "status") === "success") return true;
  }
  return false;
}
