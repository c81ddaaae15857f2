import type { Diagnostic } from "../../src/base/diagnostics.js";
import type { Session } from "../../src/cli/session.js";
import { type NamedPackage, openNamedPackage } from "../../src/cli/sources.js";
import { inspectPackage } from "../../src/operations/inspect.js";
import type { InspectResult } from "../../src/report/results.js";
import { createContext, createNodeRuntime } from "../../src/runtime/node/runtime.js";

/** The library in this process, as the command uses it: one runtime for many calls. */
export interface Ferry {
  /** Findings of its own, over the one runtime. */
  session(): Session;
  inspect(source: string): Promise<InspectResult>;
  /** Ends the threads. */
  close(): Promise<void>;
}

/** Starts the library. Threads start when they are first needed. */
export function startFerry(): Ferry {
  const runtime = createNodeRuntime({ worker: new URL("../../src/worker-node.js", import.meta.url) });
  const session = (): Session => {
    const findings: Diagnostic[] = [];
    return { runtime, findings, ctx: createContext(runtime, { report: (finding) => findings.push(finding) }) };
  };
  return {
    session,
    async inspect(source): Promise<InspectResult> {
      const own = session();
      return withPackage(await openNamedPackage(source, { onDamage: "report" }, own), ({ opened }) =>
        inspectPackage(opened, { findings: own.findings }, own.ctx),
      );
    },
    close: () => runtime.close(),
  };
}

/** Uses a package and closes it, whatever happens. */
export async function withPackage<T>(named: NamedPackage, use: (named: NamedPackage) => Promise<T>): Promise<T> {
  try {
    return await use(named);
  } finally {
    await named.close();
  }
}
