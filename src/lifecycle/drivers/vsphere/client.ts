/** A session with a vCenter or an ESXi: calls, properties, tasks. Speaks the vSphere Web Services API (`urn:vim25`). */
import { setTimeout as sleep } from "node:timers/promises";
import { canceled, FerryError, throwIfAborted } from "../../../base/errors.js";
import { defaultLimits } from "../../../base/limits.js";
import type { HttpsTrust } from "../../../runtime/node/pinned-agent.js";
import { type HttpsClient, openHttps } from "../../../runtime/node/pinned-https.js";
import { el, type XmlNode } from "../../../xml/build.js";
import type { XmlElement } from "../../../xml/tree.js";
import { isFault, told, VsphereFault } from "./faults.js";
import {
  type CallOptions,
  type ObjectProperties,
  objectOf,
  propSet,
  retrieve,
  type VsphereCaller,
  type VsphereContent,
  viewed,
} from "./properties.js";
import { badAnswer, child, localizedFault, parseAnswer, type Ref, refNode, refOf, renderCall, textOf } from "./soap.js";

/** Who logs in, and where. */
export interface VsphereLogin {
  readonly host: string;
  readonly port: number;
  readonly trust: HttpsTrust;
  readonly user: string;
  /** Asked for once for each login. */
  password(): Promise<string>;
  /** Milliseconds between two looks at something that takes its time, at most. */
  readonly pollMs?: number;
}

/** A session. It begins with the first call. */
export interface VsphereClient extends VsphereCaller {
  readonly login: VsphereLogin;
  content(signal: AbortSignal): Promise<VsphereContent>;
  /** The key of the session that is logged in (UserSession.key). */
  sessionKey(signal: AbortSignal): Promise<string>;
  /**
   * Calls a method of an object, and logs in first, or again where the session has ended.
   * @returns the response's element
   * @throws `VsphereFault` for what the server says in place of an answer, `deploy/denied` for the login, and what connections throw
   */
  call(
    method: string,
    of: Ref,
    args: readonly XmlNode[],
    options: CallOptions,
    signal: AbortSignal,
  ): Promise<XmlElement>;
  /** Properties of objects of one type. Objects that are not there any more are left out. */
  properties(
    refs: readonly Ref[],
    type: string,
    paths: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly ObjectProperties[]>;
  /** Properties of one object. @throws `VsphereFault` ManagedObjectNotFound */
  propertiesOf(ref: Ref, paths: readonly string[], signal: AbortSignal): Promise<ObjectProperties>;
  /** Properties of everything of some types below an object. */
  below(
    root: Ref,
    types: readonly string[],
    paths: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly ObjectProperties[]>;
  /**
   * Waits for a task. @param hear percent, where it says some
   * @returns its result
   * @throws `VsphereFault` with the task's error, `deploy/refused` when it takes longer than `timeoutMs`
   */
  task(
    task: Ref,
    options: { readonly doing: string; readonly timeoutMs: number },
    signal: AbortSignal,
  ): Promise<XmlElement | undefined>;
  /** Milliseconds to wait before the next look, at the `turn`th one. */
  pause(turn: number): number;
  /** Logs out and ends connections. Never throws. */
  close(): Promise<void>;
}

const SERVICE: Ref = { type: "ServiceInstance", value: "ServiceInstance" };
const TIMEOUT_MS = 60_000;
/** Bytes of one answer. */
const MOST_BYTES = 32 * 2 ** 20;
/** Attempts of what is safe to repeat, and the pause before the second one, which doubles. */
const ATTEMPTS = 4;
const PAUSE_MS = 250;
const POLL_MS = 1000;
const LOGOUT_MS = 5000;

/** Speaks to nobody before the first call. */
export function openVsphere(login: VsphereLogin): VsphereClient {
  const { host, port, trust } = login;
  const https: HttpsClient = openHttps({ host, port, trust, timeoutMs: TIMEOUT_MS });
  let cookie: string | null = null;
  let known: Promise<{ readonly content: VsphereContent; readonly version: string }> | null = null;
  let session: Promise<string> | null = null;

  async function exchange(
    version: string,
    method: string,
    of: Ref,
    args: readonly XmlNode[],
    { timeoutMs, repeatable }: Omit<CallOptions, "doing">,
    signal: AbortSignal,
  ): Promise<XmlElement> {
    const { status, headers, bytes } = await https.ask(
      {
        method: "POST",
        path: "/sdk",
        headers: {
          "content-type": 'text/xml; charset="utf-8"',
          soapaction: `"urn:vim25/${version}"`,
          ...(cookie === null ? {} : { cookie }),
        },
        body: renderCall(method, of, args),
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
        ...(repeatable === true ? { repeatable } : {}),
      },
      MOST_BYTES,
      signal,
    );
    for (const line of headers["set-cookie"] ?? []) {
      const [pair = ""] = line.split(";", 1);
      if (/^vmware_soap_session=[\x21-\x2b\x2d-\x3a\x3c-\x7e]{1,512}$/.test(pair)) cookie = pair;
    }
    if ([502, 503, 504].includes(status)) {
      throw new FerryError("deploy/unreachable", `${host} answers ${status}: the service behind it is not ready`, {
        hint: "It may be starting. Wait, and run again.",
      });
    }
    // Faults come with 500.
    if (status !== 200 && status !== 500) throw badAnswer(method, `the status ${status}`);
    const answer = parseAnswer(bytes, method, defaultLimits);
    if ("fault" in answer) throw new VsphereFault(answer.fault);
    return answer;
  }

  /** Tries again what is safe to repeat. */
  async function patient<T>(repeatable: true | undefined, signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await ask();
      } catch (cause) {
        const broken = cause instanceof FerryError && cause.code === "deploy/unreachable";
        if (!broken || repeatable !== true || attempt >= ATTEMPTS) throw cause;
        await sleepFor(PAUSE_MS * 2 ** (attempt - 1), signal);
      }
    }
  }

  function service(signal: AbortSignal): NonNullable<typeof known> {
    known ??= patient(true, signal, async () => {
      const answer = await exchange("6.5", "RetrieveServiceContent", SERVICE, [], { repeatable: true }, signal);
      const value = child(answer, "returnval");
      if (value === undefined) throw badAnswer("RetrieveServiceContent", "nothing");
      const about = child(value, "about");
      const content: VsphereContent = {
        name: textOf(about, "name") ?? "",
        version: textOf(about, "version") ?? "",
        isCenter: textOf(about, "apiType") === "VirtualCenter",
        object: (name) => refOf(child(value, name)),
      };
      return { content, version: versionOf(textOf(about, "apiVersion") ?? "") };
    }).catch((cause: unknown) => {
      known = null;
      throw told(cause, "look at the server");
    });
    return known;
  }

  function loggedIn(signal: AbortSignal): Promise<string> {
    session ??= logIn(signal).catch((cause: unknown) => {
      session = null;
      throw told(cause, "log in");
    });
    return session;
  }

  async function logIn(signal: AbortSignal): Promise<string> {
    const { content, version } = await service(signal);
    const manager = objectOf(content, "sessionManager");
    const args = [el("userName", {}, login.user), el("password", {}, await login.password())];
    // A session that nobody hears of ends by itself: logging in may be repeated.
    const answer = await patient(true, signal, () => exchange(version, "Login", manager, args, {}, signal));
    const key = textOf(answer, "returnval", "key");
    if (cookie === null || key === undefined) throw badAnswer("Login", "no session");
    return key;
  }

  const client: VsphereClient = {
    login,
    async content(signal) {
      return (await service(signal)).content;
    },
    sessionKey: loggedIn,
    async call(method, of, args, options, signal) {
      const { version } = await service(signal);
      for (let again = false; ; again = true) {
        const mine = loggedIn(signal);
        await mine;
        try {
          return await patient(options.repeatable, signal, () => exchange(version, method, of, args, options, signal));
        } catch (cause) {
          // The session ended: nothing was done. Whoever meets it first begins another one.
          if (again || !isFault(cause, "NotAuthenticated")) throw cause;
          if (session === mine) {
            session = null;
            cookie = null;
          }
        }
      }
    },
    async properties(refs, type, paths, signal) {
      if (refs.length === 0) return [];
      const objects = refs.map((ref) => el("objectSet", {}, refNode("obj", ref), el("skip", {}, "false")));
      return retrieve(client, [propSet(type, paths)], objects, signal);
    },
    async propertiesOf(ref, paths, signal) {
      const [found] = await client.properties([ref], ref.type, paths, signal);
      if (found !== undefined) return found;
      throw new VsphereFault({ name: "ManagedObjectNotFound", words: `${ref.value} is not there`, fields: new Map() });
    },
    async below(root, types, paths, signal) {
      try {
        return await viewed(client, root, types, paths, signal);
      } catch (cause) {
        // A view goes with its session, which may have ended between two calls.
        if (!isFault(cause, "ManagedObjectNotFound", "InvalidArgument")) throw cause;
        return viewed(client, root, types, paths, signal);
      }
    },
    async task(task, { doing, timeoutMs }, signal) {
      const end = Date.now() + timeoutMs;
      for (let turn = 0; ; turn++) {
        const seen = await client.propertiesOf(task, ["info.state", "info.error", "info.result"], signal);
        const state = seen.get("info.state")?.text.trim();
        if (state === "success") return seen.get("info.result");
        if (state === "error") {
          const error = seen.get("info.error");
          throw new VsphereFault(
            error === undefined ? { name: "", words: "the task failed", fields: new Map() } : localizedFault(error),
          );
        }
        if (Date.now() >= end) {
          throw new FerryError("deploy/refused", `${doing}: not done after ${timeoutMs / 1000} seconds`, {
            hint: "The server still works on it, or asks something: look at its client. Then run again.",
          });
        }
        await sleepFor(client.pause(turn), signal);
      }
    },
    pause: (turn) => Math.min(login.pollMs ?? POLL_MS, 50 * 2 ** Math.min(turn, 10)),
    async close() {
      const signal = AbortSignal.timeout(LOGOUT_MS);
      if (session !== null && known !== null) {
        await Promise.all([session, known])
          .then(([, { content, version }]) =>
            exchange(version, "Logout", objectOf(content, "sessionManager"), [], { timeoutMs: LOGOUT_MS }, signal),
          )
          // A session that nobody ends ends by itself.
          .catch(() => {});
      }
      session = null;
      cookie = null;
      https.close();
    },
  };
  return client;
}

/** The version of the API that is spoken: 6.7 where the server has it, whose leases know other digests than SHA-1. */
function versionOf(api: string): string {
  const [, major = "0", minor = "0"] = /^(\d+)\.(\d+)/.exec(api) ?? [];
  return Number(major) > 6 || (Number(major) === 6 && Number(minor) >= 7) ? "6.7" : "6.5";
}

/** Waits, and ends with the run. @throws `run/canceled` */
export async function sleepFor(ms: number, signal: AbortSignal): Promise<void> {
  throwIfAborted(signal);
  try {
    await sleep(ms, undefined, { signal });
  } catch {
    throw canceled(signal.reason);
  }
}
