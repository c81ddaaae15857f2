/** A host of Hyper-V by its PowerShell: here, or through ssh. What goes there is text that was made here, and values in quotes. */
import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { isIP } from "node:net";
import * as path from "node:path";
import { FerryError, throwIfAborted } from "../../../base/errors.js";
import { printable } from "../../../base/text.js";
import { quotePs } from "../../../platforms/hyperv/powershell.js";
import { systemError } from "../../../runtime/node/errors.js";
import { runCommand } from "../../../runtime/node/run-command.js";
import type { HypervPlace } from "./place.js";

/** Bytes that a program may print. */
const MOST_BYTES = 16 * 1024 * 1024;
const PATIENCE_MS = 300_000;
/** Bytes that a copy has to carry in a second, at least. */
const SLOWEST = 512 * 1024;
/** Characters of a command line on Windows (cmd.exe, which ssh starts there where nobody changed that). */
const LONGEST = 8000;
/** What an answer begins with, so that nothing else that is printed is taken for one. */
const MARK = "vmferry:";

/** Programs by their names. */
export interface HypervPrograms {
  readonly powershell: string;
  readonly ssh: string;
  readonly sftp: string;
}

const PROGRAMS: HypervPrograms = { powershell: "powershell.exe", ssh: "ssh", sftp: "sftp" };

/** One host. */
export interface HypervHost {
  /**
   * Runs statements, and gives back what they put into `$result`.
   * @throws `deploy/refused` with what they throw, `deploy/unreachable`, `deploy/no-tool`, `deploy/denied`, `deploy/bad-answer`
   */
  run(statements: readonly string[], what: string, signal: AbortSignal): Promise<unknown>;
  /**
   * Puts files of a folder here into one there, under names that end in `.part` until their SHA-256 was compared.
   * @param names of plain files. What earlier calls left of them is removed.
   */
  put(from: string, folder: string, names: readonly string[], signal: AbortSignal): Promise<void>;
}

/** @param programs others, for tests */
export function openHyperv(place: HypervPlace, programs: HypervPrograms = PROGRAMS): HypervHost {
  const start = async (
    words: readonly string[],
    input: string,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<string> => {
    const ran = await runCommand(words, {
      input: new TextEncoder().encode(input),
      env: { LC_ALL: "C" },
      timeoutMs,
      mostBytes: MOST_BYTES,
      signal,
    });
    if (ran.end === "done") return new TextDecoder().decode(ran.stdout);
    const [program = ""] = words;
    if (ran.why.includes("ENOENT")) throw noTool(program);
    const said = printable(ran.said.split(/\r?\n/).slice(-3).join(": ").trim()).slice(0, 600);
    throw new FerryError("deploy/unreachable", `${program}: ${said === "" ? ran.why : said}`, {
      hint:
        place.kind === "ssh"
          ? "ssh is not asked for passwords here: a key has to be set up, and the host known. Try: ssh HOST powershell -Command Get-VM."
          : "Run this in a shell with the rights of a Hyper-V administrator.",
    });
  };

  async function run(statements: readonly string[], what: string, signal: AbortSignal): Promise<unknown> {
    const script = wrapped(statements);
    const encoded = Buffer.from(script, "utf16le").toString("base64");
    const words = [...POWERSHELL, "-EncodedCommand", encoded];
    if (words.join(" ").length > LONGEST) throw new FerryError("internal/bug", `${what}: a command is too long`);
    const program = place.kind === "ssh" ? [programs.ssh, ...sshWords(place), "powershell"] : [programs.powershell];
    return resultOf(await start([...program, ...words], "", PATIENCE_MS, signal), what);
  }

  return {
    run,
    async put(from, folder, names, signal) {
      // A program that a killed run left behind may write to others.
      const turn = randomBytes(4).toString("hex");
      const partOf = (name: string): string => `${folder}\\${name}.${turn}.part`;
      const files: { readonly name: string; readonly local: string; readonly size: number; readonly sum: string }[] =
        [];
      for (const name of names) {
        const local = path.resolve(from, name);
        files.push({ name, local, size: (await stat(local)).size, sum: await sha256(local, signal) });
      }
      const bytes = files.reduce((sum, { size }) => sum + size, 0);
      const patience = PATIENCE_MS + Math.ceil((bytes / SLOWEST) * 1000);
      if (place.kind === "ssh") {
        const line = ({ name, local }: (typeof files)[number]): string =>
          `put ${sftpQuote(local)} ${sftpQuote(`/${partOf(name).replaceAll("\\", "/")}`)}\n`;
        const batch = files.map(line).join("");
        await start([programs.sftp, "-q", "-b", "-", ...sftpWords(place)], batch, patience, signal);
      } else {
        for (const { name, local } of files) {
          const copy = `Copy-Item -LiteralPath ${quotePs(local)} -Destination ${quotePs(partOf(name))} -Force`;
          await run([copy], `copy ${name}`, signal);
        }
      }
      for (const some of inPieces(files, ({ name, sum }) => `${partOf(name)}${folder}${name}${sum}`.length)) {
        const compared = some.flatMap(({ name, sum }) => [
          `$sum = Get-FileHash -LiteralPath ${quotePs(partOf(name))} -Algorithm SHA256`,
          `if ($sum.Hash -ne ${quotePs(sum)}) { throw 'what arrived is not what was sent' }`,
          `Move-Item -LiteralPath ${quotePs(partOf(name))} -Destination ${quotePs(`${folder}\\${name}`)} -Force`,
        ]);
        await run(compared, "compare what was copied", signal);
      }
    },
  };
}

/** Characters of statements that are sure to fit into a command line. */
const PIECE = 1500;

/** A list in pieces, each of which fits into one command line. */
export function inPieces<T>(list: readonly T[], lengthOf: (one: T) => number): readonly (readonly T[])[] {
  const pieces: T[][] = [];
  let left = 0;
  for (const one of list) {
    const length = lengthOf(one) + 100;
    if (length > left) {
      pieces.push([]);
      left = PIECE;
    }
    left -= length;
    pieces.at(-1)?.push(one);
  }
  return pieces;
}

const POWERSHELL = ["-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-OutputFormat", "Text"];

/** The answer is one line of ASCII, whatever code page the host speaks. */
function wrapped(statements: readonly string[]): string {
  return `${[
    "Set-StrictMode -Version Latest",
    "$ErrorActionPreference = 'Stop'",
    "$ProgressPreference = 'SilentlyContinue'",
    "$result = $null",
    "try {",
    ...statements,
    "$answer = [ordered]@{ ok = $true; result = $result }",
    "} catch {",
    "$answer = [ordered]@{ ok = $false; error = [string] $_ }",
    "}",
    "$json = ConvertTo-Json -InputObject $answer -Depth 6 -Compress",
    `'${MARK}{0}' -f [System.Net.WebUtility]::UrlEncode($json)`,
  ].join("\n")}\n`;
}

function resultOf(printed: string, what: string): unknown {
  const line = printed
    .split(/\r?\n/)
    .map((text) => text.trim())
    .findLast((text) => text.startsWith(MARK));
  let answer: { readonly ok?: unknown; readonly result?: unknown; readonly error?: unknown } | null = null;
  try {
    answer = line === undefined ? null : JSON.parse(decodeURIComponent(line.slice(MARK.length).replaceAll("+", "%20")));
  } catch {
    // Said below.
  }
  if (answer?.ok === true) return answer.result ?? null;
  if (answer?.ok === false) throw refusal(what, typeof answer.error === "string" ? answer.error : "?");
  throw new FerryError("deploy/bad-answer", `${what}: the host's PowerShell gave no answer`, {
    hint: "Is it Windows with PowerShell 5.1 or later? What its profile or policy prints does not matter.",
  });
}

function refusal(what: string, error: string): FerryError {
  const words = printable(error.replace(/\s+/g, " ")).slice(0, 600);
  if (/required permission|access is denied|not authorized/i.test(error)) {
    return new FerryError("deploy/denied", `${what}: ${words}`, {
      hint: "The user has to be a member of the group Hyper-V Administrators, and may need an elevated shell.",
    });
  }
  const isMissing = /'Get-VM[A-Za-z]*' is not recognized/i.test(error);
  return new FerryError("deploy/refused", `${what}: ${words}`, {
    hint: isMissing
      ? "Hyper-V's module for PowerShell is missing: Install-WindowsFeature Hyper-V-PowerShell."
      : "These are Hyper-V's words. Mend what they say, and run again.",
  });
}

function noTool(program: string): FerryError {
  return new FerryError("deploy/no-tool", `${program} is not installed here`, {
    hint: program.startsWith("powershell")
      ? "hyperv: is Hyper-V on this machine, which is no Windows. Write hyperv+ssh://HOST for another one."
      : "Install an OpenSSH client.",
  });
}

type Remote = Extract<HypervPlace, { kind: "ssh" }>;

/** Nobody is there to answer: ssh has to fail in place of asking. */
const QUIET = ["-oBatchMode=yes", "-oConnectTimeout=30"];

function sshWords({ user, host, port }: Remote): readonly string[] {
  return [
    ...QUIET,
    "-T",
    ...(port === null ? [] : ["-p", String(port)]),
    "--",
    `${user === null ? "" : `${user}@`}${host}`,
  ];
}

function sftpWords({ user, host, port }: Remote): readonly string[] {
  const bracketed = isIP(host) === 6 ? `[${host}]` : host;
  return [
    ...QUIET,
    ...(port === null ? [] : ["-P", String(port)]),
    "--",
    `${user === null ? "" : `${user}@`}${bracketed}`,
  ];
}

/** A word of a batch of sftp(1): in double quotes, where a backslash takes the meaning of quotes and of itself. @throws `deploy/bad-place` */
function sftpQuote(text: string): string {
  if (/[\r\n\0]/.test(text)) {
    throw new FerryError("deploy/bad-place", "a path has a line end in it, which sftp cannot be told", {
      hint: "Set XDG_STATE_HOME to another folder.",
    });
  }
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

async function sha256(file: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 1024 * 1024 })) {
      throwIfAborted(signal);
      hash.update(chunk as Uint8Array);
    }
  } catch (cause) {
    if (cause instanceof FerryError) throw cause;
    throw systemError("read", file, cause);
  }
  return hash.digest("hex").toUpperCase();
}
