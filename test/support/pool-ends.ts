/** A process of its own for a test: ends pools at every moment of their threads' start, with all native code that the machine has. */
import { createPool } from "../../src/runtime/node/pool.js";

const entry = new URL("./pool-worker.js", import.meta.url);
for (let milliseconds = 0; milliseconds < 60; milliseconds++) {
  const pool = createPool({ entry, size: 2, disabled: new Set() });
  pool.start("shared", "own");
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  await pool.close();
}
process.stdout.write("ended\n");
// A pool that nobody ends holds the process no longer than its threads take to start.
createPool({ entry, size: 2, disabled: new Set() }).start("shared");
