import { FerryError } from "../../base/errors.js";
import type { FileSet } from "../file-set.js";
import type { ByteSource, SourceResolver } from "../source.js";
import type { ByteTarget, RandomTarget } from "../target.js";
import { SparseBytes, sparseSource } from "./sparse-bytes.js";

/** A file set in memory, sparse, whose files can be looked at and opened again. */
export interface MemoryFileSet extends FileSet {
  createRandom(name: string, size: number | null): Promise<RandomTarget>;
  /** The files by name, in the order of their creation. */
  readonly files: ReadonlyMap<string, SparseBytes>;
  /** A file as a source. Throws `internal/bug` where there is none. */
  source(name: string): ByteSource;
  /** Opens the set's own files as extents, by their names; nothing else. */
  readonly resolver: SourceResolver;
}

/** An empty file set in memory. Its targets have no ref: whatever is written passes through the main thread. */
export function memoryFileSet(label = "memory"): MemoryFileSet {
  const files = new Map<string, SparseBytes>();

  async function createRandom(name: string): Promise<RandomTarget> {
    if (files.has(name)) throw new FerryError("internal/bug", `${name} is created twice`);
    const bytes = new SparseBytes();
    files.set(name, bytes);
    return memoryTarget(bytes, name);
  }

  function source(name: string): ByteSource {
    const bytes = files.get(name);
    if (bytes === undefined) throw new FerryError("internal/bug", `${label} has no file ${name}`);
    return sparseSource(bytes, name);
  }

  return {
    label,
    files,
    source,
    create: (name): Promise<ByteTarget> => createRandom(name),
    createRandom,
    room: async () => null,
    async commit(): Promise<void> {},
    async abort(): Promise<void> {
      files.clear();
    },
    resolver: {
      async open({ purpose, name }): Promise<ByteSource | null> {
        return purpose === "extent" && name !== null && files.has(name) ? source(name) : null;
      },
    },
  };
}

function memoryTarget(bytes: SparseBytes, label: string): RandomTarget {
  let position = 0;
  return {
    label,
    get position(): number {
      return position;
    },
    async write(chunk): Promise<void> {
      bytes.write(position, chunk);
      position += chunk.length;
    },
    async zeros(length): Promise<void> {
      position += length;
      if (bytes.size < position) bytes.truncate(position);
    },
    async writeAt(offset, chunk): Promise<void> {
      bytes.write(offset, chunk);
    },
    async truncate(size): Promise<void> {
      bytes.truncate(size);
    },
    ref: () => null,
    async close(): Promise<void> {},
    async abort(): Promise<void> {},
  };
}
