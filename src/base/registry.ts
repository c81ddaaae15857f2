import { FerryError } from "./errors.js";

/** An ordered, closed table of things with an id. Registries are values built from arrays; nothing registers itself. */
export interface Registry<K extends string, V extends { readonly id: K }> {
  readonly all: readonly V[];
  get(id: K): V;
  find(id: string): V | undefined;
}

/** Builds a registry. Throws `internal/bug` on a duplicate id. */
export function createRegistry<K extends string, V extends { readonly id: K }>(entries: readonly V[]): Registry<K, V> {
  const byId = new Map<string, V>();
  for (const entry of entries) {
    if (byId.has(entry.id)) throw new FerryError("internal/bug", `two entries have the id ${entry.id}`);
    byId.set(entry.id, entry);
  }
  return {
    all: entries,
    find: (id) => byId.get(id),
    get(id) {
      const entry = byId.get(id);
      if (entry === undefined) throw new FerryError("internal/bug", `no entry has the id ${id}`);
      return entry;
    },
  };
}
