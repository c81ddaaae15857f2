import { tmpdir } from "node:os";
import type { Diagnostic } from "../base/diagnostics.js";
import type { Context } from "../io/context.js";
import { createContext, createNodeRuntime, type NodeRuntime } from "../runtime/node/runtime.js";
import type { Cli } from "./command.js";
import { createProgress, type ProgressMode } from "./progress-bar.js";
import { type RemoteChoice, remoteChoice } from "./remote.js";

declare const VMFERRY_BUNDLED: boolean | undefined;

/** What a command with real work stands on. */
export interface Session {
  /** How servers are spoken to. */
  readonly remote: RemoteChoice;
  /** How platforms are spoken to whose machines are sources. */
  readonly access: AccessChoice;
  /** The folder for temporary files. */
  readonly scratch: string;
  readonly runtime: NodeRuntime;
  readonly ctx: Context;
  readonly stdin: NodeJS.ReadableStream;
  /** Findings that were reported to `ctx`. */
  readonly findings: readonly Diagnostic[];
}

/** Options that decide how a session works. */
export interface SessionOptions extends Partial<RemoteChoice> {
  readonly workers?: number | null;
  readonly progress?: ProgressMode | null;
  /** Whether what is packed has to be the same bytes everywhere. */
  readonly reproducible?: boolean;
  /** Temporary files lie beside what is written: there is room, and it is no memory. */
  readonly scratch?: string;
  /** Left out: as addresses and programs have it. */
  readonly access?: AccessChoice;
}

/** Who asks a platform, and what its server is known by. */
export interface AccessChoice {
  readonly user: string | null;
  /** Where the password is. */
  readonly password: string | null;
  readonly thumbprint: string | null;
}

const NOBODY: AccessChoice = { user: null, password: null, thumbprint: null };

/** The worker's entry lies beside the bundle, or one folder up from this file where nothing is bundled. */
function workerUrl(): URL {
  return typeof VMFERRY_BUNDLED === "undefined"
    ? new URL("../worker-node.js", import.meta.url)
    : new URL("./worker-node.js", import.meta.url);
}

/** The time that a result is dated with: SOURCE_DATE_EPOCH where it is set (seconds since 1970), so that runs can be repeated; now otherwise. */
export function resultTime(session: Session): Date {
  const epoch = Number(process.env.SOURCE_DATE_EPOCH ?? Number.NaN);
  return Number.isSafeInteger(epoch) && epoch >= 0 ? new Date(epoch * 1000) : session.ctx.runtime.now();
}

/** The first second of 1980, UTC: what archives of every kind can hold. */
const FIXED_EPOCH = 315_532_800;

/** The same where no run may differ from another: SOURCE_DATE_EPOCH, else one fixed time. */
export function fixedTime(): Date {
  const epoch = Number(process.env.SOURCE_DATE_EPOCH ?? Number.NaN);
  return new Date((Number.isSafeInteger(epoch) && epoch >= 0 ? epoch : FIXED_EPOCH) * 1000);
}

/** Runs a command's work with a runtime that is ended afterwards, whatever happens. */
export async function withSession<T>(
  options: SessionOptions,
  cli: Cli,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const { workers, scratch } = options;
  const runtime = createNodeRuntime({
    worker: workerUrl(),
    ...(workers === null || workers === undefined ? {} : { workers }),
    ...(scratch === undefined ? {} : { scratch }),
    ...(options.reproducible === true ? { codec: "same-everywhere" as const } : {}),
  });
  const progress = createProgress(options.progress ?? "auto", cli.terminal);
  const findings: Diagnostic[] = [];
  const ctx = createContext(runtime, {
    signal: cli.signal,
    limits: cli.limits,
    progress: progress.scope,
    report: (finding) => findings.push(finding),
  });
  try {
    return await work({
      runtime,
      ctx,
      stdin: cli.stdin,
      findings,
      remote: remoteChoice(options),
      access: options.access ?? NOBODY,
      scratch: scratch ?? tmpdir(),
    });
  } finally {
    progress.close();
    await runtime.close();
  }
}
