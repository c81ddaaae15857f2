import { FerryError } from "../base/errors.js";
import type { ByteSource } from "../io/source.js";
import { hasUndoJournal } from "../runtime/node/editable-file.js";
import { isRemoteUrl } from "../runtime/node/http/address.js";
import { openPath, type PathInput } from "../runtime/node/input.js";
import { httpOptionsOf } from "./remote.js";
import type { Session } from "./session.js";

/** Refuses what this version cannot read. */
export function readable(name: string): string {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(name)?.[1];
  if (scheme !== undefined && !isRemoteUrl(name)) {
    const message = `${placeOfUrl(scheme, name)} is a URL, which vmferry does not read yet`;
    throw new FerryError("cli/remote-source", message, { hint: "Fetch the file first, and give its path." });
  }
  if (name === "-") {
    throw new FerryError("cli/remote-source", "packages are not read from standard input", {
      hint: "Save it to a file first, and give its path. Disks can be piped: vmferry disk convert - DEST.",
    });
  }
  return name;
}

/** A URL without what may be secret: who asks, and what is asked for behind the path. */
function placeOfUrl(scheme: string, name: string): string {
  const { host = "", pathname = "" } = URL.canParse(name) ? new URL(name) : {};
  return host === "" ? `${scheme}://...` : `${scheme}://${host}${pathname}`;
}

/** Opens a path or an address, which `readable` let pass. */
export async function openInput(name: string, session: Session): Promise<PathInput> {
  const { allowRemote } = session.remote;
  if (!isRemoteUrl(name)) {
    if (await hasUndoJournal(name)) {
      const message = `${name} is half changed: a change of it was interrupted, or is under way`;
      throw new FerryError("io/unfinished-change", message, {
        hint: "Run the command that changed it again (vmferry edit --in-place, vmferry sign): the old bytes are put back first.",
      });
    }
    const input = await openPath(name, session.runtime.native);
    return allowRemote ? withRemote(input, name, session) : input;
  }
  // Loaded where it is needed: most runs are about files.
  const { openUrl } = await import("../runtime/node/http/input.js");
  const how = { remote: allowRemote ? "allowed" : "refused" } as const;
  return openUrl(name, await httpOptionsOf(session.remote, name), session.ctx.signal, how);
}

/** An input on this machine that may name files on servers. */
async function withRemote(input: PathInput, name: string, session: Session): Promise<PathInput> {
  try {
    const { openRemoteFiles } = await import("../runtime/node/http/remote.js");
    const remote = openRemoteFiles(await httpOptionsOf(session.remote, name), session.ctx.signal);
    const close = (): Promise<void> => input.close().finally(() => remote.close());
    return { ...input, remote, close };
  } catch (cause) {
    await input.close();
    throw cause;
  }
}

/** Opens what a command line names as a package: a file or a folder, or an address on a server. Nothing is looked at yet. */
export async function openNamedInput(name: string, session: Session): Promise<PathInput> {
  return openInput(readable(name), session);
}

/** How results call an input: as it was given, without what may be secret in an address. */
export function shownName(name: string, input: PathInput): string {
  return isRemoteUrl(name) && input.kind === "file" ? input.source.label : name;
}

/** One file by its address, with connections of its own. */
export async function openRemoteFile(url: string, session: Session): Promise<ByteSource> {
  const { openHttpSource } = await import("../runtime/node/http/source.js");
  return openHttpSource(url, await httpOptionsOf(session.remote, url), session.ctx.signal);
}
