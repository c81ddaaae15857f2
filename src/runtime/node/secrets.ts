/** Secrets by reference (`SecretRef`): where they are looked up, and nothing about what they are in any message. */
import { open } from "node:fs/promises";
import { FerryError } from "../../base/errors.js";
import type { SecretRef } from "../../base/ids.js";
import { commandWords } from "./command-words.js";
import { runCommand } from "./run-command.js";

/** Bytes of a secret. */
const MOST_BYTES = 64 * 1024;
const COMMAND_TIMEOUT_MS = 60_000;

/**
 * A reference as the user wrote it.
 * @param option where it was given, for messages. What was written is in none of them: it may be the secret itself.
 * @throws `secret/bad-reference`
 */
export function secretRef(text: string, option: string): SecretRef {
  const [, kind = "", where = ""] = /^(env|file|cmd):(.+)$/s.exec(text) ?? [];
  const named = kind === "env" ? /^[^=\s]+$/.test(where) : where.trim() !== "";
  if (named) return { secret: text };
  throw new FerryError("secret/bad-reference", `${option} takes a reference, not a secret`, {
    hint: "Write env:NAME, file:PATH or cmd:COMMAND.",
  });
}

/**
 * The secret that a reference means: UTF-8, one line end at its end cut off.
 * @throws `secret/unavailable`, `secret/too-long`, `secret/bad-reference`, `run/canceled`
 */
export async function readSecret({ secret }: SecretRef, option: string, signal: AbortSignal): Promise<string> {
  const colon = secret.indexOf(":");
  const where = secret.slice(colon + 1);
  switch (secret.slice(0, colon)) {
    case "env":
      return ofVariable(where, option);
    case "file":
      return ofBytes(await ofFile(where, option), option);
    case "cmd":
      return ofBytes(await ofCommand(where, option, signal), option);
    default:
      secretRef(secret, option);
      throw new FerryError("internal/bug", "a reference to a secret was not understood");
  }
}

function ofVariable(name: string, option: string): string {
  const value = process.env[name];
  if (value === undefined) throw unavailable(option, `the variable ${name} is not set`);
  return ofBytes(new TextEncoder().encode(value), option);
}

async function ofFile(path: string, option: string): Promise<Uint8Array> {
  try {
    // One read of a bounded length: the file may be a pipe, or a device without an end.
    const file = await open(path, "r");
    try {
      const bytes = new Uint8Array(MOST_BYTES + 1);
      let length = 0;
      while (length < bytes.length) {
        const { bytesRead } = await file.read(bytes, length, bytes.length - length, null);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      return bytes.subarray(0, length);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw unavailable(
      option,
      `${path} could not be read (${(cause as NodeJS.ErrnoException).code ?? "unknown error"})`,
    );
  }
}

async function ofCommand(command: string, option: string, signal: AbortSignal): Promise<Uint8Array> {
  const ran = await runCommand(commandWords(command, option), {
    input: new Uint8Array(),
    env: {},
    timeoutMs: COMMAND_TIMEOUT_MS,
    mostBytes: MOST_BYTES,
    signal,
  });
  if (ran.end === "done") return ran.stdout;
  // What it wrote to standard error is not shown: nobody knows what is in it.
  throw unavailable(option, `the command failed: ${ran.why}`);
}

function ofBytes(bytes: Uint8Array, option: string): string {
  if (bytes.length > MOST_BYTES) {
    throw new FerryError("secret/too-long", `the secret of ${option} is longer than ${MOST_BYTES / 1024} KiB`, {
      hint: "Check the reference: it is most likely another file.",
    });
  }
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes).replace(/\r?\n$/, "");
}

function unavailable(option: string, message: string): FerryError {
  return new FerryError("secret/unavailable", `the secret of ${option} is not there: ${message}`, {
    hint: "Check the reference: env:NAME, file:PATH, or cmd:COMMAND, which is run without a shell.",
  });
}
