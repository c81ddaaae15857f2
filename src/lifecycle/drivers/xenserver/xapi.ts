/** The XenAPI over JSON-RPC 2.0 (xapi's `wire-protocol.md`): one session with the pool's coordinator. */
import { FerryError } from "../../../base/errors.js";
import type { JsonValue } from "../../../base/ids.js";
import type { HttpsTrust } from "../../../runtime/node/pinned-agent.js";
import { type HttpsClient, openHttps } from "../../../runtime/node/pinned-https.js";
import { refusal, type XapiFailure } from "./failures.js";
import { hostNamed, type XenPlace } from "./place.js";
import { isRef, recordOf, stringsOf } from "./values.js";

/** Bytes of an answer: records of tens of thousands of disks. */
const MOST_BYTES = 128 * 1024 * 1024;
/** Without a sign of the server. */
const TIMEOUT_MS = 60_000;
/** For what takes its time: starting and stopping machines, making disks. */
export const SLOW_MS: number = 20 * 60_000;
/** How often a session that ended is begun again for one call. */
const LOGINS = 2;

/** What a call came to. */
export type XapiAnswer = { readonly ok: true; readonly value: JsonValue } | ({ readonly ok: false } & XapiFailure);

/** A way to a server. */
export interface XapiServer {
  readonly host: string;
  readonly client: HttpsClient;
}

/** A session. It begins with the first call. */
export interface Xapi {
  /**
   * Calls a method; the session is its first argument.
   * @throws what the connection throws, `deploy/bad-answer`, `deploy/refused` where nobody may log in
   */
  try(method: string, args: readonly JsonValue[], signal: AbortSignal, timeoutMs?: number): Promise<XapiAnswer>;
  /** The same where only one answer is right. @throws `deploy/refused` */
  call(method: string, args: readonly JsonValue[], signal: AbortSignal, timeoutMs?: number): Promise<JsonValue>;
  /** A session that works, for requests beside JSON-RPC, and the server that it is with. */
  session(signal: AbortSignal): Promise<{ readonly ref: string; readonly server: XapiServer }>;
  /** A way to another host of the pool, with the same trust. */
  other(host: string): XapiServer;
  /** Ends the session. */
  close(): Promise<void>;
}

/** How a server is reached. @param reveal the password */
export function openXapi(place: XenPlace, trust: HttpsTrust, reveal: () => Promise<string>): Xapi {
  const servers = new Map<string, XapiServer>();
  let home = place.host;
  let session: string | null = null;
  let id = 0;

  const other = (host: string): XapiServer => {
    const known = servers.get(host);
    if (known !== undefined) return known;
    const made = { host, client: openHttps({ host, port: place.port, trust, timeoutMs: TIMEOUT_MS }) };
    servers.set(host, made);
    return made;
  };

  async function send(
    method: string,
    params: readonly JsonValue[],
    signal: AbortSignal,
    timeoutMs?: number,
  ): Promise<XapiAnswer> {
    id += 1;
    const body = new TextEncoder().encode(JSON.stringify({ jsonrpc: "2.0", method, params, id }));
    const { status, bytes } = await other(home).client.ask(
      {
        method: "POST",
        path: "/jsonrpc",
        headers: { "content-type": "application/json", accept: "application/json" },
        body,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
        ...(/\.get_[a-z]/.test(method) ? { repeatable: true as const } : {}),
      },
      MOST_BYTES,
      signal,
    );
    return answerOf(bytes, status, id, home);
  }

  /** @throws `deploy/refused` */
  async function login(signal: AbortSignal): Promise<string> {
    const words = [place.user, await reveal(), "1.0", "vmferry"];
    for (let hops = 0; ; hops++) {
      const answer = await send("session.login_with_password", words, signal);
      if (answer.ok) {
        if (isRef(answer.value)) return answer.value;
        throw strange(home, "no session");
      }
      const to = answer.code === "HOST_IS_SLAVE" ? hostNamed(answer.params[0] ?? "") : null;
      // Only the coordinator of a pool answers; the others name it.
      if (to === null || hops > 0) throw refusal("session.login_with_password", answer);
      home = to;
    }
  }

  async function attempt(
    method: string,
    args: readonly JsonValue[],
    signal: AbortSignal,
    timeoutMs?: number,
  ): Promise<XapiAnswer> {
    for (let logins = 1; ; logins++) {
      session ??= await login(signal);
      const answer = await send(method, [session, ...args], signal, timeoutMs);
      // It is said before anything is done.
      if (answer.ok || answer.code !== "SESSION_INVALID" || logins > LOGINS) return answer;
      session = null;
    }
  }

  return {
    try: attempt,
    other,
    async call(method, args, signal, timeoutMs) {
      const answer = await attempt(method, args, signal, timeoutMs);
      if (answer.ok) return answer.value;
      throw refusal(method, answer);
    },
    async session(signal) {
      // One that ended in between is found by a call that costs nothing, and begun again by it.
      if (session !== null) await attempt("session.get_uuid", [session], signal);
      session ??= await login(signal);
      return { ref: session, server: other(home) };
    },
    async close() {
      const ended = session;
      session = null;
      if (ended !== null) {
        // It ends by itself, too.
        await send("session.logout", [ended], AbortSignal.timeout(TIMEOUT_MS)).catch(() => null);
      }
      for (const { client } of servers.values()) client.close();
    },
  };
}

function answerOf(bytes: Uint8Array, status: number, id: number, host: string): XapiAnswer {
  if (status !== 200) throw strange(host, `the status ${status}`);
  let parsed: JsonValue;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as JsonValue;
  } catch (cause) {
    throw strange(host, "what is no JSON", cause);
  }
  const answer = recordOf(parsed);
  if (answer.id !== id) throw strange(host, "an answer to another call");
  if (answer.error === undefined || answer.error === null) {
    if (answer.result === undefined) throw strange(host, "neither a result nor an error");
    return { ok: true, value: answer.result };
  }
  const error = recordOf(answer.error);
  return {
    ok: false,
    code: typeof error.message === "string" ? error.message : "",
    params: stringsOf(error.data),
  };
}

function strange(host: string, what: string, cause?: unknown): FerryError {
  return new FerryError("deploy/bad-answer", `${host} answers with ${what}`, {
    cause,
    hint: "Is it a XenServer or XCP-ng, version 7 or later, and the right port?",
  });
}
