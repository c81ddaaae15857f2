/**
 * `node dist/scripts/bundle-cli.js`, from the project root: bundles the command and its worker into dist/bin. One file for
 * each lazily loaded command instead of hundreds of modules, since each module costs a file read at start.
 */
import { chmodSync, existsSync, rmSync } from "node:fs";
import { build, type Metafile } from "esbuild";

const outdir = "dist/bin";
const entryPoints = { vmferry: "src/cli/main.ts", "worker-node": "src/worker-node.ts" };
const present = Object.fromEntries(Object.entries(entryPoints).filter(([, file]) => existsSync(file)));

rmSync(outdir, { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: present,
  outdir,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  chunkNames: "[name]-[hash]",
  // Native and optional: found at run time, or done without.
  external: ["koffi"],
  define: { VMFERRY_BUNDLED: "true" },
  // commander is CommonJS and requires built-in modules, which a bundled ES module must be given a `require` for.
  banner: {
    js: `import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);`,
  },
  minifySyntax: true,
  legalComments: "external",
  sourcemap: false,
  metafile: true,
  logLevel: "warning",
});
chmodSync(`${outdir}/vmferry.js`, 0o755);
console.log(`bundled ${Object.keys(present).join(", ")}: ${describe(metafile)}`);

function describe(meta: Metafile): string {
  const outputs = Object.values(meta.outputs);
  const bytes = outputs.reduce((sum, output) => sum + output.bytes, 0);
  return `${outputs.length} files, ${Math.ceil(bytes / 1024)} KiB`;
}
