/** Packages whose files a spec names: `app.ova!disk.vmdk`. */
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { FolderAccess } from "../../io/folder.js";
import type { PlacedFile } from "../../package/machine/open.js";
import { type OpenedPackage, openPackage } from "../open.js";

interface Held {
  readonly access: FolderAccess;
  close(): Promise<void>;
}

/** Packages that are open for the files in them, each once. */
export class SpecPackages {
  readonly #ctx: Context;
  readonly #held = new Map<string, Held>();

  constructor(ctx: Context) {
    this.#ctx = ctx;
  }

  /** Where a file lies: as it is named, or as a member of the package before the `!`; `null`: nowhere. */
  async find(place: PlacedFile): Promise<PlacedFile | null> {
    const { folder, name } = place;
    if ((await folder.size(name)) !== null) return place;
    for (let bang = name.indexOf("!", 1); bang > 0; bang = name.indexOf("!", bang + 1)) {
      const container = name.slice(0, bang);
      if ((await folder.size(container)) === null) continue;
      const held = await this.#open(folder, container);
      const member = name.slice(bang + 1);
      return (await held.access.size(member)) === null ? null : { folder: held.access, name: member };
    }
    return null;
  }

  async #open(folder: FolderAccess, name: string): Promise<Held> {
    const key = `${folder.label}\0${name}`;
    const known = this.#held.get(key);
    if (known !== undefined) return known;
    const source = await folder.open(name);
    try {
      const input = { kind: "file" as const, source, name, folder: null };
      const opened = await openPackage(input, {}, { ...this.#ctx, report: () => {} });
      const held: Held = {
        access: accessTo(opened),
        close: () => opened.close().finally(() => source.close()),
      };
      this.#held.set(key, held);
      return held;
    } catch (cause) {
      await source.close();
      throw cause;
    }
  }

  async close(): Promise<void> {
    for (const held of this.#held.values()) await held.close();
    this.#held.clear();
  }
}

/** The members of a package as the files of a folder. */
function accessTo({ reader }: OpenedPackage): FolderAccess {
  return {
    label: reader.name,
    list: async () => reader.entries.map(({ name }) => name).sort(),
    size: async (name) => reader.entry(name)?.size ?? null,
    async open(name) {
      const entry = reader.entry(name);
      if (entry === undefined) throw new FerryError("io/not-found", `${reader.name} has no file ${name}`);
      return entry.open();
    },
  };
}
