import type { Appliance } from "../appliance/appliance.js";
import type { OvfDocument } from "../ovf/document.js";
import type { OvfDisk, OvfFile } from "../ovf/views/parts.js";
import type { PackageReader } from "../package/model.js";
import type { TargetProfile } from "../targets/profile.js";
import type { PackageFiles } from "./files.js";
import { type ContentNode, collectNodes, type Nodes } from "./nodes.js";

/** Things of a descriptor by their ids. Where an id is there twice, the first one counts. */
export interface Index {
  readonly files: ReadonlyMap<string, OvfFile>;
  /** By what refers to files in oVirt's dialect: their `href`. */
  readonly hrefs: ReadonlyMap<string, OvfFile>;
  /** What disks name as the file of their content: ids of Files. */
  readonly diskFiles: ReadonlySet<string>;
  readonly disks: ReadonlyMap<string, OvfDisk>;
  readonly networks: ReadonlySet<string>;
  readonly configurations: ReadonlySet<string>;
  readonly contents: ReadonlyMap<string, ContentNode>;
}

/** What rules know. What is expensive is made when first asked for, and shared. */
export interface Facts {
  /** `null`: no file but the descriptor is looked at. */
  readonly package: PackageReader | null;
  /** The package's files; `null` where the package is. */
  readonly files: PackageFiles | null;
  readonly ovf: OvfDocument;
  readonly nodes: Nodes;
  readonly index: Index;
  /** The target that a rule with `targets` is asked about; `null` for all other rules. */
  readonly target: TargetProfile | null;
  /** What would be deployed by default; `null` where the descriptor cannot be understood so far. */
  appliance(): Appliance | null;
}

/** Where facts come from. */
export interface FactSources {
  readonly package: PackageReader | null;
  /** Left out: `package` is `null`. */
  readonly files?: PackageFiles;
  readonly ovf: OvfDocument;
  /** Imports the descriptor. Called at most once. */
  appliance(): Appliance | null;
}

/** Facts over a descriptor and, where it is looked at, its package. */
export function createFacts(sources: FactSources): Facts {
  const { ovf } = sources;
  const nodes = collectNodes(ovf);
  let appliance: Appliance | null | undefined;
  return {
    package: sources.package,
    files: sources.files ?? null,
    ovf,
    nodes,
    index: {
      files: byId(nodes.files, (file) => file.id),
      hrefs: byId(nodes.files, (file) => file.href),
      diskFiles: new Set(nodes.disks.flatMap(({ fileRef }) => (fileRef === null ? [] : [fileRef]))),
      disks: byId(nodes.disks, (disk) => disk.diskId),
      networks: new Set(nodes.networks.flatMap(({ name }) => (name === null ? [] : [name]))),
      configurations: new Set(nodes.configurations.flatMap(({ id }) => (id === null ? [] : [id]))),
      contents: byId(nodes.contents, ({ content }) => content.id),
    },
    target: null,
    appliance(): Appliance | null {
      if (appliance === undefined) appliance = sources.appliance();
      return appliance;
    },
  };
}

function byId<T>(things: readonly T[], idOf: (thing: T) => string | null): ReadonlyMap<string, T> {
  const found = new Map<string, T>();
  for (const thing of things) {
    const id = idOf(thing);
    if (id !== null && !found.has(id)) found.set(id, thing);
  }
  return found;
}
