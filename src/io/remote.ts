import type { ByteSource } from "./source.js";

/** Files on servers that packages name by their address, for those who allow that. Whoever made it decides what may be reached. */
export interface RemoteFiles {
  /** Who opens it closes it. @param url http or https @throws `io/not-found`, and what reading over HTTP throws */
  open(url: string): Promise<ByteSource>;
}
