import { memorySource } from "../../src/io/sources/memory.js";
import { testContext } from "../../src/io/testing/context.js";
import { inlinePool } from "../../src/io/testing/inline-pool.js";
import { planFix } from "../../src/operations/fix/fix.js";
import { zlibCodec } from "../../src/runtime/node/codec.js";
import { nodeHash } from "../../src/runtime/node/hash.js";
import { targets } from "../../src/targets/targets.js";
import type { FuzzTarget } from "./target.js";

/** Packages judged by every rule and mended in memory, files and all: rules that fail are mistakes. */
export function fixTarget(seeds: FuzzTarget["seeds"], repair: NonNullable<FuzzTarget["repair"]>): FuzzTarget {
  return {
    name: "fix",
    seeds,
    repair,
    async run(bytes, { limits }) {
      const codec = zlibCodec();
      const ctx = testContext({ limits, runtime: { codec, hash: nodeHash, pool: inlinePool(codec) } });
      const input = { kind: "file", source: memorySource(bytes, "fuzz.ova"), name: "fuzz.ova", folder: null } as const;
      const plan = await planFix(
        input,
        { level: "strict", targets: targets.all, altered: bytes.length % 2 === 0 ? "accept" : "refuse" },
        ctx,
      );
      await plan.close();
      for (const { code, message } of [...plan.left, ...plan.mended]) {
        if (code.startsWith("internal/")) throw new Error(message);
      }
    },
  };
}
