/**
 * Which layer may import which: the table of ARCHITECTURE.md as data. `check-layers` holds the source to it.
 * To change the architecture, change this file and ARCHITECTURE.md in one commit, with the reason.
 */

/** What one layer may import. */
export interface LayerRule {
  /** Other layers, type imports included. The layer's own files are always allowed. */
  readonly layers: readonly string[];
  /** Packages, by name. `node:` stands for every built-in module of Node. */
  readonly packages: readonly string[];
  /**
   * Set where the layer's folders are siblings, one for each format, platform or package kind: none imports another.
   * `shared` names the folders that all siblings may import. Files directly in the layer's folder are always shared.
   */
  readonly siblings?: { readonly shared: readonly string[] };
}

const formats = ["base", "io"];
const platforms = ["base", "targets", "io", "xml", "disk", "package", "ovf", "appliance"];
const operations = [...platforms, "platforms", "rules", "report"];
const lifecycle = [...operations, "operations", "runtime/node", "serve"];

/** Every layer, by its folder under `src`. */
export const layers: { readonly [folder: string]: LayerRule } = {
  base: { layers: [], packages: [] },
  targets: { layers: ["base"], packages: [] },
  io: { layers: ["base"], packages: [] },
  xml: { layers: ["base"], packages: ["saxes"] },
  report: { layers: ["base"], packages: [] },
  disk: { layers: formats, packages: [], siblings: { shared: [] } },
  package: {
    layers: formats,
    packages: ["pkijs"],
    siblings: { shared: ["manifest", "trust", "edit", "tar"] },
  },
  ovf: { layers: ["base", "targets", "io", "xml"], packages: [] },
  appliance: { layers: ["base", "targets"], packages: [] },
  platforms: { layers: platforms, packages: [], siblings: { shared: [] } },
  rules: { layers: platforms, packages: [] },
  operations: { layers: operations, packages: ["yaml"] },
  "runtime/node": { layers: ["base", "io"], packages: ["node:", "koffi", "fflate", "fzstd", "pkijs", "aws4fetch"] },
  "runtime/web": { layers: ["base", "io"], packages: [] },
  serve: { layers: ["base", "io", "disk", "runtime/node"], packages: ["node:"] },
  lifecycle: { layers: lifecycle, packages: ["node:"] },
  cli: { layers: [...lifecycle, "lifecycle"], packages: ["node:", "commander"] },
};

/** Files directly in `src` that know everything and that no layer imports, with the packages that they may import. */
export const entries: { readonly [file: string]: readonly string[] } = {
  "index.ts": [],
  "defaults.ts": [],
  "node.ts": ["node:"],
  "worker-node.ts": ["node:"],
  "worker-web.ts": [],
};
