/** One file on a server, in one state: every answer has to be of that state, and of the bytes that were asked for. */
import { setTimeout as sleep } from "node:timers/promises";
import type { ByteRange } from "../../../base/bytes.js";
import { canceled, FerryError, throwIfAborted } from "../../../base/errors.js";
import { formatBytes } from "../../../base/text.js";
import { placeOf } from "./address.js";
import { bodyOf } from "./body.js";
import type { HttpAnswer, HttpClient } from "./client.js";
import { parseContentRange, parseRetryAfter, sameState, type Validators, validatorsOf } from "./headers.js";
import { Interruption } from "./interruption.js";

/** Bytes that one answer has to bring to count as progress. */
const PROGRESS = 64 * 1024;
/** Answers that may be right the next time: time-outs, too many requests, servers out of order. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);
/** Bytes of a file that is taken whole from a server that sends nothing else. */
const MOST_WHOLE = 1024 * 1024;

/** What the first answer told. */
interface State {
  /** Bytes. */
  readonly size: number;
  readonly validators: Validators;
}

/** An open file on a server. */
export interface HttpResource extends State {
  /** The address for messages. */
  readonly label: string;
  /** The first bytes; all of them where the server knows no ranges. */
  readonly head: Uint8Array;
  /** The bytes of a range inside of the file, in order. Breaks are mended at the byte. @throws as `openResource` */
  chunks(range: ByteRange, signal?: AbortSignal): AsyncGenerator<Uint8Array>;
}

/**
 * Asks for the first bytes of a file, and learns from the answer how large it is and which state it is in.
 * @param headBytes bytes that are fetched at once
 * @param named the address that the user named: this one, or that of the package that names this one; `null`: a package on this machine
 * @throws `io/not-found`, `io/changed`, `http/no-ranges`, `http/denied`, `http/status`, `http/bad-answer`, `http/bad-redirect`,
 *   `http/unreachable`, `http/untrusted`, `http/private-address`, `http/proxy`, `http/bad-proxy`, `run/canceled`
 */
export async function openResource(
  client: HttpClient,
  given: URL,
  headBytes: number,
  named: URL | null,
  signal?: AbortSignal,
): Promise<HttpResource> {
  const label = placeOf(given);
  const { options } = client;
  /** Where the file is after redirects. */
  let current = given;

  /** An answer with bytes from the start of a range on, and how many it has; `null`: the file is empty. */
  async function ask(
    range: ByteRange,
    known: State | null,
    stop?: AbortSignal,
  ): Promise<{ readonly answer: HttpAnswer; readonly state: State; readonly length: number } | null> {
    const ifRange = known?.validators.ifRange ?? null;
    let answer = await client.get({ url: current, range, ifRange, given, named }, stop);
    if (current !== given && [401, 403, 404, 410].includes(answer.status)) {
      // Signed addresses behind a redirect expire: the first one gives a new one.
      answer.body.destroy();
      answer = await client.get({ url: given, range, ifRange, given, named }, stop);
    }
    current = answer.url;
    try {
      return judge(answer, range, known);
    } catch (cause) {
      answer.body.destroy();
      throw cause;
    }
  }

  function judge(
    answer: HttpAnswer,
    range: ByteRange,
    known: State | null,
  ): { readonly answer: HttpAnswer; readonly state: State; readonly length: number } | null {
    const { status, headers } = answer;
    const validators = validatorsOf(headers);
    const content = parseContentRange(headers["content-range"]);
    if (status === 416) {
      if (known !== null) throw changed();
      if (content?.size !== 0) throw badAnswer("refuses the range from the first byte on (416)");
      answer.body.destroy();
      return null;
    }
    if (status !== 206 && status !== 200) throw refusal(status, headers["retry-after"]);
    const encoding = headers["content-encoding"] ?? "identity";
    if (encoding.toLowerCase() !== "identity") {
      throw badAnswer("sends the file compressed (Content-Encoding), though that was not asked for");
    }
    if (known !== null && !sameState(validators, known.validators)) throw changed();
    if (status === 200) return whole(answer, known, validators);
    if (content === null) throw badAnswer("sends a part of the file without saying which (Content-Range)");
    if (content.size === null) throw badAnswer("does not say how large the file is (Content-Range)");
    if (known !== null && content.size !== known.size) throw changed();
    const part = content.range;
    if (part === null || part.offset !== range.offset || part.length > range.length) {
      throw badAnswer(`sends other bytes than those from ${range.offset} on (Content-Range)`);
    }
    if (headers["content-length"] !== undefined && Number(headers["content-length"]) !== part.length) {
      throw badAnswer("says two lengths of one part (Content-Length, Content-Range)");
    }
    return { answer, state: known ?? { size: content.size, validators }, length: part.length };
  }

  /** The server sends all of the file. That is fine for a small one that was not read yet. */
  function whole(
    answer: HttpAnswer,
    known: State | null,
    validators: Validators,
  ): { readonly answer: HttpAnswer; readonly state: State; readonly length: number } | null {
    const text = answer.headers["content-length"] ?? "";
    const size = /^\d{1,15}$/.test(text) ? Number(text) : null;
    if (known === null && size !== null && size <= MOST_WHOLE) {
      if (size > 0) return { answer, state: { size, validators }, length: size };
      answer.body.destroy();
      return null;
    }
    if (known !== null && size !== null && size !== known.size) throw changed();
    const much = size === null ? "a whole file" : `all ${formatBytes(size)}`;
    throw new FerryError("http/no-ranges", `${label}: the server sends ${much} where a part was asked for`, {
      hint: "Fetch it first, for example with curl -LO, and name the file; or use a server that answers range requests.",
    });
  }

  function refusal(status: number, retryAfter: string | undefined): Error {
    if (PASSING.has(status)) {
      const retryAfterMs = parseRetryAfter(retryAfter, Date.now());
      return new Interruption(`the server answers ${status}`, { status, retryAfterMs });
    }
    if (status === 404 || status === 410) {
      return new FerryError("io/not-found", `${label} does not exist (${status})`, {
        hint: "Check the address for typing errors.",
      });
    }
    if (status === 401 || status === 403 || status === 407) {
      return new FerryError("http/denied", `${label}: the server denies access (${status})`, {
        hint: "Give credentials with --netrc FILE or --header 'Authorization: env:NAME'; a signed address may have expired.",
      });
    }
    return new FerryError("http/status", `${label}: the server answers ${status}`, {
      hint: "Look at the address with a browser or curl -I.",
    });
  }

  function badAnswer(what: string): FerryError {
    return new FerryError("http/bad-answer", `${label}: the server ${what}`, {
      hint: "Fetch the file as a whole and verify it; a proxy or cache on the way may be at fault.",
    });
  }

  function changed(): FerryError {
    return new FerryError("io/changed", `${label} was changed while it was read`, {
      hint: "Run again when nobody replaces it.",
    });
  }

  /** Counts attempts without progress, and waits between them. */
  function patience(): { failed(cause: unknown, gained: number, stop?: AbortSignal): Promise<void> } {
    let failures = 0;
    return {
      async failed(cause, gained, stop): Promise<void> {
        if (!(cause instanceof Interruption)) throw cause;
        failures = gained >= PROGRESS ? 1 : failures + 1;
        if (failures > options.retries) throw givenUp(cause, failures);
        const asked = cause.retryAfterMs ?? options.retryDelayMs * 2 ** (failures - 1);
        try {
          await sleep(Math.min(asked, options.mostDelayMs), undefined, stop === undefined ? {} : { signal: stop });
        } catch {
          throw canceled(stop?.reason);
        }
      },
    };
  }

  function givenUp(cause: Interruption, attempts: number): FerryError {
    const { status } = cause;
    if (status !== null) {
      return new FerryError("http/status", `${label}: the server answers ${status}, ${attempts} times in a row`, {
        cause,
        hint: "Try again later.",
      });
    }
    return new FerryError("http/unreachable", `${label} cannot be read: ${attempts} attempts failed`, {
      cause,
      hint: "Check the network, and run again.",
    });
  }

  async function* chunks(range: ByteRange, known: State | null, stop?: AbortSignal): AsyncGenerator<Uint8Array, State> {
    const tries = patience();
    let state = known;
    let end = range.offset + range.length;
    for (let at = range.offset; at < end; ) {
      throwIfAborted(stop);
      const before = at;
      try {
        const got = await ask({ offset: at, length: end - at }, state, stop);
        if (got === null) return { size: 0, validators: { etag: null, lastModified: null, ifRange: null } };
        if (state === null) {
          state = got.state;
          end = Math.min(state.size, got.length > range.length ? state.size : end);
        }
        let left = got.length;
        for await (const chunk of bodyOf(got.answer, options.timeoutMs, stop)) {
          if (chunk.length > left) throw badAnswer("sends more bytes than it announced");
          left -= chunk.length;
          at += chunk.length;
          yield chunk;
        }
        if (left > 0) throw new Interruption("the answer ended early");
        // Fewer bytes than were asked for are an answer too, but not in crumbs.
        if (at < end && at - before < PROGRESS) throw new Interruption("the server sends the file in crumbs");
      } catch (cause) {
        await tries.failed(cause, at - before, stop);
      }
    }
    if (state === null) throw badAnswer("sends nothing");
    return state;
  }

  const head: Uint8Array[] = [];
  const first = chunks({ offset: 0, length: headBytes }, null, signal);
  let step = await first.next();
  for (; step.done !== true; step = await first.next()) head.push(step.value);
  const state = step.value;
  return {
    label,
    ...state,
    head: new Uint8Array(Buffer.concat(head)),
    chunks: (range, stop) => chunks(range, state, stop),
  };
}
