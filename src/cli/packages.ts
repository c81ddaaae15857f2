import * as path from "node:path";
import { type OpenedReader, type OpenOptions, openPackage, openReaderAlone } from "../operations/open.js";
import type { OpenedSource, OpenSourceOptions } from "../operations/opened.js";
import { openSource } from "../operations/source.js";
import { isRemoteUrl } from "../runtime/node/http/address.js";
import type { PathInput } from "../runtime/node/input.js";
import { openInput, readable } from "./inputs.js";
import type { NamedPackage } from "./named.js";
import type { Session } from "./session.js";

/** Opens a package by a path or an address on a server: an OVA, an OVF descriptor, a folder with one. */
export async function openNamedPackage(name: string, options: OpenOptions, session: Session): Promise<NamedPackage> {
  const input = await openInput(readable(name), session);
  return packageIn(input, name, () => openPackage(input, options, session.ctx));
}

/** Opens a package or a machine of any platform that is read, as files or on a platform that is asked for it. */
export async function openNamedSource(
  name: string,
  options: OpenSourceOptions,
  session: Session,
): Promise<NamedPackage<OpenedSource>> {
  if (mayBeLive(name)) {
    // Loaded where it is needed: most runs are about files.
    const live = await (await import("./live.js")).openLive(name, options, session);
    if (live !== null) return live;
  }
  const input = await openInput(readable(name), session);
  return packageIn(input, name, () => openSource(input, options, session.ctx));
}

/** Whether something is in front of a name that may be a platform. One letter is a drive of Windows. */
function mayBeLive(name: string): boolean {
  return /^[a-z][a-z0-9+]+:/.test(name) && !isRemoteUrl(name);
}

/** The same for checking its files: its descriptor need not be readable. */
export async function openNamedReader(name: string, session: Session): Promise<NamedPackage<OpenedReader>> {
  const input = await openInput(readable(name), session);
  return packageIn(input, name, () => openReaderAlone(input, session.ctx));
}

/** The package that was opened. It is closed where that fails. */
export async function packageIn<T extends { close(): Promise<void> }>(
  input: PathInput,
  name: string,
  open: () => Promise<T>,
): Promise<NamedPackage<T>> {
  try {
    const opened = await open();
    const isRemote = isRemoteUrl(name);
    return {
      name: isRemote && input.kind === "file" ? input.source.label : name,
      fileName: isRemote && input.kind === "file" ? input.name : path.basename(name),
      opened,
      container: input.kind === "file" ? input.source : null,
      async close(): Promise<void> {
        await opened.close();
        await input.close();
      },
    };
  } catch (cause) {
    await input.close();
    throw cause;
  }
}
