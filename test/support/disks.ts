import { type TestContext, type TestContextOptions, testContext } from "../../src/io/testing/context.js";
import { inlinePool } from "../../src/io/testing/inline-pool.js";
import { zlibCodec } from "../../src/runtime/node/codec.js";
import { nodeHash } from "../../src/runtime/node/hash.js";

/** A test context in which disks can be read, copied and planned, on this thread. */
export function diskContext(options: Pick<TestContextOptions, "limits"> = {}): TestContext {
  const codec = zlibCodec();
  return testContext({ ...options, runtime: { codec, hash: nodeHash, pool: inlinePool(codec) } });
}
