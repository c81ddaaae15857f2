/**
 * `node dist/scripts/bundle-cli.js`, from the project root: bundles the command and its worker into dist/bin. One file for
 * each lazily loaded command instead of hundreds of modules, since each module costs a file read at start.
 */
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
  minifyWhitespace: true,
  legalComments: "none",
  sourcemap: false,
  metafile: true,
  logLevel: "warning",
});
chmodSync(`${outdir}/vmferry.js`, 0o755);
writeFileSync(`${outdir}/THIRD-PARTY-LICENSES.txt`, licences(metafile));
console.log(`bundled ${Object.keys(present).join(", ")}: ${describe(metafile)}`);

function describe(meta: Metafile): string {
  const outputs = Object.values(meta.outputs);
  const bytes = outputs.reduce((sum, output) => sum + output.bytes, 0);
  return `${outputs.length} files, ${Math.ceil(bytes / 1024)} KiB`;
}

/** The licences of all packages whose code is in the bundle: they ask to be passed on with it. */
function licences(meta: Metafile): string {
  const found = Object.keys(meta.inputs).map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]);
  const folders = [...new Set(found.filter((folder) => folder !== undefined))].sort();
  const texts = folders.map((folder) => {
    const { name, version, license, author, repository } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    // Some packages ship no licence file; then what they say of themselves is passed on.
    const said = [license, author?.name ?? author, repository?.url ?? repository].filter(Boolean).join("\n");
    const text = file === undefined ? said : readFileSync(`${folder}/${file}`, "utf8").trim();
    return `${name} ${version}\n\n${text}\n`;
  });
  return texts.join(`\n${"-".repeat(80)}\n\n`);
}
