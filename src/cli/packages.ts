import * as path from "node:path";
import type { ByteSource } from "../io/source.js";
import {
  type OpenedPackage,
  type OpenedReader,
  type OpenOptions,
  openPackage,
  openReaderAlone,
} from "../operations/open.js";
import type { OpenedSource, OpenSourceOptions } from "../operations/opened.js";
import { openSource } from "../operations/source.js";
import { isRemoteUrl } from "../runtime/node/http/address.js";
import type { PathInput } from "../runtime/node/input.js";
import { openInput, readable } from "./inputs.js";
import type { Session } from "./session.js";

/** A package that a command line names, with what has to be closed. */
export interface NamedPackage<T = OpenedPackage> {
  /** What it is called in results and messages: as it was given, without what is secret in an address. */
  readonly name: string;
  /** The name of the package file, for looking it up in a list of sums. */
  readonly fileName: string;
  readonly opened: T;
  /** The package file itself; `null` for a folder. */
  readonly container: ByteSource | null;
  close(): Promise<void>;
}

/** Opens a package by a path or an address on a server: an OVA, an OVF descriptor, a folder with one. */
export async function openNamedPackage(name: string, options: OpenOptions, session: Session): Promise<NamedPackage> {
  const input = await openInput(readable(name), session);
  return packageIn(input, name, () => openPackage(input, options, session.ctx));
}

/** Opens a package or a machine of any platform that is read. */
export async function openNamedSource(
  name: string,
  options: OpenSourceOptions,
  session: Session,
): Promise<NamedPackage<OpenedSource>> {
  const input = await openInput(readable(name), session);
  return packageIn(input, name, () => openSource(input, options, session.ctx));
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
