/** Connections to a server that is managed: trusted by authorities, or by the thumbprint of its certificate. */
import { readFile } from "node:fs/promises";
import * as https from "node:https";
import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import * as tls from "node:tls";
import { FerryError } from "../../base/errors.js";
import { printable } from "../../base/text.js";
import { systemAuthorities } from "./authorities.js";
import { systemError } from "./errors.js";

/** Whom to trust. */
export interface HttpsTrust {
  /**
   * SHA-256 of the server's certificate, in lower hexadecimal digits: only this one, whoever signed it. `null`: authorities decide. 40 digits are a SHA-1:
   * what a server that is trusted already says of another one, as a vCenter does of its hosts.
   */
  readonly thumbprint: string | null;
  /** PEM file with authorities beside those of Node.js and of this system. */
  readonly authorities: string | null;
}

/** One server. */
export interface HttpsServer {
  /** A name or an address, that of IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  readonly trust: HttpsTrust;
  /** How long nothing may happen. */
  readonly timeoutMs: number;
}

/** Hands out connections whose certificate was looked at: nothing is written to any other. */
export class PinnedAgent extends https.Agent {
  readonly #server: HttpsServer;
  #authorities: Promise<tls.SecureContext | null> | null = null;

  constructor(server: HttpsServer, options: https.AgentOptions) {
    super(options);
    this.#server = server;
  }

  override createConnection(
    _options: https.RequestOptions,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    const done = callback as ((error: Error | null, stream?: Duplex) => void) | undefined;
    this.#connect().then(
      (socket) => done?.(null, socket),
      (cause: unknown) => done?.(cause as Error),
    );
    return undefined;
  }

  async #connect(): Promise<tls.TLSSocket> {
    const { host, port, trust, timeoutMs } = this.#server;
    const { thumbprint, authorities } = trust;
    this.#authorities ??= thumbprint === null ? trusted(authorities) : Promise.resolve(null);
    const context = await this.#authorities;
    return new Promise((resolve, reject) => {
      const socket = tls.connect({
        host,
        port,
        ...(isIP(host) === 0 ? { servername: host } : {}),
        ALPNProtocols: ["http/1.1"],
        // A thumbprint is looked at below. Said although it is the default: NODE_TLS_REJECT_UNAUTHORIZED must not switch it off.
        rejectUnauthorized: thumbprint === null,
        ...(context === null ? {} : { secureContext: context }),
      });
      const fail = (cause: Error): void => {
        clearTimeout(timer);
        socket.destroy();
        reject(cause);
      };
      const timer = setTimeout(
        () => fail(unreachable(this.#server, `no connection within ${timeoutMs / 1000} seconds`)),
        timeoutMs,
      );
      socket.once("error", fail);
      socket.once("secureConnect", () => {
        const shown = thumbprintOf(
          socket.getPeerCertificate(),
          thumbprint?.length === 40 ? "fingerprint" : "fingerprint256",
        );
        if (thumbprint !== null && shown !== thumbprint) {
          return fail(
            new FerryError(
              "deploy/untrusted",
              `the certificate of ${placeOf(this.#server)} is another one: its thumbprint is ${shown}`,
              { hint: "Ask who runs the server. If its certificate was renewed, give the new one with --thumbprint." },
            ),
          );
        }
        clearTimeout(timer);
        socket.off("error", fail);
        resolve(socket);
      });
    });
  }
}

/** All authorities that vouch for a server. Read once for all connections: there are hundreds. */
async function trusted(file: string | null): Promise<tls.SecureContext> {
  const own = file === null ? [] : [await authoritiesIn(file)];
  // A system without a store has those of Node.js.
  const system = await systemAuthorities().then(
    ({ bytes }) => [new TextDecoder().decode(bytes)],
    () => [],
  );
  return tls.createSecureContext({ ca: [...tls.rootCertificates, ...system, ...own] });
}

async function authoritiesIn(file: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(file, "latin1");
  } catch (cause) {
    throw systemError("read", file, cause);
  }
  if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
  throw new FerryError("deploy/untrusted", `${file} holds no certificates in PEM`, {
    hint: "--ca-file takes a file with lines -----BEGIN CERTIFICATE-----.",
  });
}

/** In lower hexadecimal digits. */
function thumbprintOf(
  certificate: { readonly fingerprint?: string; readonly fingerprint256?: string },
  kind: "fingerprint" | "fingerprint256",
): string {
  return (certificate[kind] ?? "").replaceAll(":", "").toLowerCase();
}

/** How messages call a server. */
export function placeOf({ host, port }: HttpsServer): string {
  return `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

/** Names of errors that mean that a certificate was not accepted (OpenSSL's verify codes, and Node's own for the name). */
const UNTRUSTED =
  /^(?:CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH|INVALID_PURPOSE|ERR_TLS_CERT)/;

/** What a failed request means. */
export function failureOf(cause: Error, server: HttpsServer): Error {
  if (cause instanceof FerryError) return cause;
  const { code = "" } = cause as NodeJS.ErrnoException;
  if (UNTRUSTED.test(code)) {
    return new FerryError("deploy/untrusted", `the certificate of ${placeOf(server)} is not trusted (${code})`, {
      cause,
      hint: "Name its authority's certificate with --ca-file FILE, or give the server's own by --thumbprint, which whoever runs the server can tell you.",
    });
  }
  if (code.startsWith("HPE_")) return badAnswer(placeOf(server), `what is no HTTP (${code})`, cause);
  return unreachable(server, printable(code || cause.message), cause);
}

/** No connection, or no sign of life on it. */
export function unreachable(server: HttpsServer, why: string, cause?: unknown): FerryError {
  return new FerryError("deploy/unreachable", `${placeOf(server)} cannot be reached (${why})`, {
    cause,
    hint: "Check the address and the port, and whether the server runs. Run again when it does: what was done is not done twice.",
  });
}

/** A connection that ended in the middle of an answer. */
export function broken(place: string, why: string, cause?: unknown): FerryError {
  return new FerryError("deploy/unreachable", `${place}: ${why}`, {
    cause,
    hint: "Run again: what was done is not done twice.",
  });
}

/** An answer that no such server gives. */
export function badAnswer(place: string, what: string, cause?: unknown): FerryError {
  return new FerryError("deploy/bad-answer", `${place} answers with ${what}`, {
    cause,
    hint: "Is it the right address and port?",
  });
}
