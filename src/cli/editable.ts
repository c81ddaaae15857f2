import * as path from "node:path";
import { FerryError } from "../base/errors.js";
import { folderResolver } from "../io/resolver.js";
import type { EditableDisk } from "../operations/disk/amend.js";
import { formatNamed } from "../operations/disk/disk.js";
import { openEditableFile } from "../runtime/node/editable-file.js";
import { openFolderAccess } from "../runtime/node/folder.js";
import { isRemoteUrl } from "../runtime/node/http/address.js";
import { readable } from "./inputs.js";
import type { Session } from "./session.js";
import { memberOf } from "./sources.js";

/** A disk that a command line names, open for changes. */
export interface NamedEditableDisk extends EditableDisk {
  close(): Promise<void>;
}

/**
 * Opens a disk for changes where it lies.
 * @param from a format's name; `null`: told by content
 * @throws `disk/cannot-amend` for a member of a package, and what opening throws
 */
export async function openDiskForChange(
  name: string,
  from: string | null,
  { runtime }: Session,
): Promise<NamedEditableDisk> {
  const format = from === null ? null : formatNamed(from).id;
  const place = readable(name);
  if (isRemoteUrl(place)) {
    throw new FerryError("disk/cannot-amend", "a disk behind an address cannot be changed where it lies", {
      hint: "Fetch it first, and change the file.",
    });
  }
  if ((await memberOf(place)) !== null) {
    throw new FerryError("disk/cannot-amend", `${name} is a member of a package, whose manifest vouches for it`, {
      hint: "Take it out first (vmferry unpack, or vmferry disk convert), change the file, and pack it again.",
    });
  }
  const file = await openEditableFile(place, { native: runtime.native, label: path.basename(place) });
  const resolver = folderResolver(openFolderAccess(path.dirname(place), runtime.native), { external: "refused" });
  return { name, file, resolver, format, close: () => file.close() };
}
