import type { Context } from "../../src/io/context.js";
import { testContext } from "../../src/io/testing/context.js";
import { inlinePool } from "../../src/io/testing/inline-pool.js";
import { zlibCodec } from "../../src/runtime/node/codec.js";
import { nodeHash } from "../../src/runtime/node/hash.js";
import { nodeKeys } from "../../src/runtime/node/signatures.js";

/** A context with limits so low that a parser which forgets one of them is seen. */
export function fuzzContext(): Context {
  const codec = zlibCodec();
  return testContext({
    runtime: { codec, hash: nodeHash, keys: nodeKeys, pool: inlinePool(codec) },
    limits: {
      descriptorBytes: 4 * 2 ** 20,
      xmlElements: 100_000,
      members: 10_000,
      chunks: 10_000,
      manifestBytes: 4 * 2 ** 20,
      tableBytes: 16 * 2 ** 20,
      unitBytes: 16 * 2 ** 20,
    },
  });
}
