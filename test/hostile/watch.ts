/** Ends the process of a test that hangs, which no timer in its own thread could, and says which case it was. */
import { Worker } from "node:worker_threads";

/** Milliseconds after which a case hangs. The machine's other work is in it. */
const HANG_MS = 60_000;

const CODE = `
const { parentPort } = require("node:worker_threads");
const { writeSync } = require("node:fs");
let timer;
parentPort.on("message", (name) => {
  clearTimeout(timer);
  if (name === null) return;
  timer = setTimeout(() => {
    writeSync(2, "no end within ${HANG_MS} ms: " + name + "\\n");
    process.kill(process.pid, "SIGKILL");
  }, ${HANG_MS});
});
`;

/** A thread that watches over this one. */
export interface Watch {
  /** A case starts; `null`: it has ended. */
  now(name: string | null): void;
  close(): Promise<void>;
}

/** Starts to watch. */
export function startWatch(): Watch {
  const worker = new Worker(CODE, { eval: true });
  worker.unref();
  return {
    now: (name) => worker.postMessage(name),
    async close(): Promise<void> {
      await worker.terminate();
    },
  };
}
