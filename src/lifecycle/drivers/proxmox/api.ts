/** The REST API of Proxmox VE: who speaks, what is said, what the answers mean. Sources: the API viewer, and pveproxy's AnyEvent.pm. */
import { setTimeout as sleep } from "node:timers/promises";
import { FerryError } from "../../../base/errors.js";
import { printable } from "../../../base/text.js";
import type { HttpsTrust } from "../../../runtime/node/pinned-agent.js";
import { type HttpsAnswer, type HttpsBody, openHttps, readHttpsBody } from "../../../runtime/node/pinned-https.js";
import { objectOf, textOf } from "./values.js";

/** Bytes of an answer: lists of all machines of a cluster, of a storage's content. */
const MOST_BYTES = 32 * 1024 * 1024;
const PATIENCE_MS = 60_000;
/** A login is good for two hours. It is renewed well before. */
const LOGIN_MS = 60 * 60 * 1000;
/** Pauses before what only asks is asked again. */
const PAUSES_MS = [200, 1000, 3000];
/** Characters of the platform's words that are shown. */
const MOST_WORDS = 600;

/** Who speaks to which server. */
export interface PveLogin {
  readonly host: string;
  readonly port: number;
  readonly trust: HttpsTrust;
  /** `root@pam`, or a token `root@pam!deploy`. */
  readonly user: string;
  /** The password, or the token's secret. */
  secret(): Promise<string>;
}

/** What is said beside the path. */
export type PveParameters = Readonly<Record<string, string | number>>;

/** What a call came to. */
export type PveAnswer =
  | { readonly ok: true; readonly data: unknown }
  /** `why` in the platform's words. */
  | { readonly ok: false; readonly status: number; readonly why: string };

/** One server. Paths are those below `/api2/json`, with parts that were escaped. */
export interface Pve {
  readonly user: string;
  /** @throws `deploy/unreachable`, `deploy/untrusted`, `deploy/bad-answer`, `deploy/denied` where the login fails */
  try(method: Method, path: string, parameters: PveParameters, signal: AbortSignal): Promise<PveAnswer>;
  /** The same, where failing is the end. @throws `deploy/refused`, `deploy/denied` too */
  call(method: Method, path: string, parameters: PveParameters, signal: AbortSignal): Promise<unknown>;
  get(path: string, signal: AbortSignal, parameters?: PveParameters): Promise<unknown>;
  /** Sends a form, which is made anew for each attempt. Answers as `call` does. */
  send(path: string, type: string, make: () => HttpsBody, timeoutMs: number, signal: AbortSignal): Promise<unknown>;
  close(): void;
}

type Method = "GET" | "POST" | "PUT" | "DELETE";

interface Session {
  readonly ticket: string;
  readonly csrf: string;
  readonly since: number;
}

/** Makes a client. Nothing is connected before the first call. */
export function openPve(login: PveLogin): Pve {
  const client = openHttps({ host: login.host, port: login.port, trust: login.trust, timeoutMs: PATIENCE_MS });
  const isToken = login.user.includes("!");
  let session: Session | null = null;
  let secret: Promise<string> | null = null;

  const secretOf = (): Promise<string> => {
    secret ??= login.secret();
    return secret;
  };

  async function headersFor(method: Method, signal: AbortSignal): Promise<Record<string, string>> {
    if (isToken) return { authorization: `PVEAPIToken=${login.user}=${await secretOf()}` };
    if (session === null || Date.now() - session.since > LOGIN_MS) session = await logIn(signal);
    const { ticket, csrf } = session;
    return {
      cookie: `PVEAuthCookie=${encodeURIComponent(ticket)}`,
      ...(method === "GET" ? {} : { csrfpreventiontoken: csrf }),
    };
  }

  async function logIn(signal: AbortSignal): Promise<Session> {
    const body = encode({ username: login.user, password: await secretOf() });
    const answer = await client.open(
      { method: "POST", path: "/api2/json/access/ticket", headers: FORM, body: new TextEncoder().encode(body) },
      signal,
    );
    const read = await meaning(answer, PATIENCE_MS, signal);
    const data = objectOf(read.ok ? read.data : null);
    const [ticket, csrf] = [textOf(data.ticket), textOf(data.CSRFPreventionToken)];
    if (ticket !== null && csrf !== null && data.NeedTFA === undefined) return { ticket, csrf, since: Date.now() };
    if (read.ok && data.NeedTFA !== undefined) {
      throw new FerryError("deploy/denied", `Proxmox VE wants a second factor of ${login.user}`, {
        hint: "Make a token for this work: Datacenter, Permissions, API Tokens. Then --user USER@REALM!TOKEN.",
      });
    }
    if (read.ok) throw badAnswer("a login without a ticket");
    throw read.status === 401 ? denied(login.user, read.why) : refused("POST /access/ticket", read.why);
  }

  /** @param make the request; called again after a new login */
  async function exchange(
    method: Method,
    timeoutMs: number,
    signal: AbortSignal,
    make: (headers: Record<string, string>) => Promise<HttpsAnswer>,
  ): Promise<PveAnswer> {
    for (let first = true; ; first = false) {
      const known = session;
      const read = await meaning(await make(await headersFor(method, signal)), timeoutMs, signal);
      if (read.ok || read.status !== 401) return read;
      // A login can end at any time: with a restart of the host, a changed password.
      if (first && !isToken && known !== null) session = null;
      else throw denied(login.user, read.why);
    }
  }

  async function attempt(
    method: Method,
    path: string,
    parameters: PveParameters,
    signal: AbortSignal,
  ): Promise<PveAnswer> {
    const form = encode(parameters);
    const inPath = method === "GET" || method === "DELETE";
    const call = {
      method,
      path: `/api2/json${path}${inPath && form !== "" ? `?${form}` : ""}`,
      ...(inPath ? {} : { body: new TextEncoder().encode(form) }),
    };
    for (let tries = 0; ; tries++) {
      try {
        return await exchange(method, PATIENCE_MS, signal, (headers) =>
          client.open({ ...call, headers: { ...headers, ...(inPath ? {} : FORM) } }, signal),
        );
      } catch (cause) {
        const pause = PAUSES_MS[tries];
        const passing = cause instanceof FerryError && cause.code === "deploy/unreachable";
        if (!passing || method !== "GET" || pause === undefined) throw cause;
        await sleep(pause, undefined, { signal });
      }
    }
  }

  async function meaning({ status, body }: HttpsAnswer, timeoutMs: number, signal: AbortSignal): Promise<PveAnswer> {
    // Its words stand in the status line.
    const line = body.statusMessage ?? "";
    const bytes = await readHttpsBody(body, `${login.host}:${login.port}`, MOST_BYTES, timeoutMs, signal);
    let document: Readonly<Record<string, unknown>> | null = null;
    try {
      document = objectOf(JSON.parse(new TextDecoder().decode(bytes)));
    } catch {
      // Errors of the server that are none of the API's have no JSON.
    }
    if (status === 200) {
      if (document === null || !("data" in document)) throw badAnswer("what is no answer of its API");
      return { ok: true, data: document.data };
    }
    const errors = Object.entries(objectOf(document?.errors)).map(([name, why]) => `${name}: ${textOf(why) ?? "?"}`);
    const said = [textOf(document?.message) ?? line, ...errors]
      .map((words) => words.trim())
      .filter((words) => words !== "");
    const shown = printable((said.length === 0 ? `status ${status}` : said.join("; ")).replace(/\s+/g, " "));
    return { ok: false, status, why: (await withoutSecret(shown)).slice(0, MOST_WORDS) };
  }

  /** No server sends a secret back. Where one does, it is not shown. */
  async function withoutSecret(text: string): Promise<string> {
    const own = secret === null ? "" : await secret;
    return own === "" ? text : text.replaceAll(own, "***");
  }

  function badAnswer(what: string): FerryError {
    return new FerryError("deploy/bad-answer", `${login.host}:${login.port} answers with ${what}`, {
      hint: "Is it Proxmox VE? It listens on port 8006 where nobody changed that.",
    });
  }

  function orThrow(answer: PveAnswer, what: string): unknown {
    if (answer.ok) return answer.data;
    if (answer.status === 403) throw denied(login.user, answer.why);
    throw refused(what, answer.why);
  }

  return {
    user: login.user,
    try: attempt,
    async call(method, path, parameters, signal) {
      return orThrow(await attempt(method, path, parameters, signal), `${method} ${path}`);
    },
    async get(path, signal, parameters = {}) {
      return orThrow(await attempt("GET", path, parameters, signal), `GET ${path}`);
    },
    async send(path, type, make, timeoutMs, signal) {
      // A login that has ended is met before: who is refused in the middle of a long body sees a broken connection.
      orThrow(await attempt("GET", "/version", {}, signal), "GET /version");
      const answer = await exchange("POST", timeoutMs, signal, (headers) =>
        client.open(
          {
            method: "POST",
            path: `/api2/json${path}`,
            headers: { ...headers, "content-type": type },
            body: make(),
            timeoutMs,
          },
          signal,
        ),
      );
      return orThrow(answer, `POST ${path}`);
    },
    close: () => client.close(),
  };
}

const FORM = { "content-type": "application/x-www-form-urlencoded" };

function encode(parameters: PveParameters): string {
  return Object.entries(parameters)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join("&");
}

/** An error in the platform's words. */
export function refused(what: string, why: string): FerryError {
  return new FerryError("deploy/refused", `${what}: ${why}`, {
    hint: "These are Proxmox VE's words. Mend what they say, and run again.",
  });
}

function denied(user: string, why: string): FerryError {
  return new FerryError("deploy/denied", `Proxmox VE refuses ${user}: ${why}`, {
    hint: "Check --user, --password and the rights of the user or token. A token with privilege separation has rights of its own.",
  });
}
