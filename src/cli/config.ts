import { realpath, stat } from "node:fs/promises";
import * as path from "node:path";
import { FerryError } from "../base/errors.js";
import { CONFIG_NAME, MOST_CONFIG_BYTES, noConfig, parseConfig, type ValidateConfig } from "../operations/config.js";
import { isRemoteUrl } from "../runtime/node/http/address.js";
import { readSmallFile } from "./small-file.js";

/** Settings, and the file that they are from. */
export interface FoundConfig {
  readonly config: ValidateConfig;
  /** `null`: there are none. */
  readonly file: string | null;
}

/**
 * The settings for a package: the `.vmferry.yaml` that lies beside it, or in the nearest folder above. Of a folder its own counts first. Addresses have
 * those of the folder in which the command runs.
 * @throws what reading and parsing the file throws
 */
export async function findConfig(source: string): Promise<FoundConfig> {
  let folder = await startOf(source);
  for (;;) {
    const file = path.join(folder, CONFIG_NAME);
    if ((await stat(file).catch(() => null))?.isFile() === true) return readConfig(file);
    const above = path.dirname(folder);
    if (above === folder) return { config: noConfig, file: null };
    folder = above;
  }
}

async function startOf(source: string): Promise<string> {
  if (isRemoteUrl(source)) return process.cwd();
  const resolved = path.resolve(source);
  const real = await realpath(resolved).catch(() => resolved);
  return (await stat(real).catch(() => null))?.isDirectory() === true ? real : path.dirname(resolved);
}

/** Settings from a file that was named. @throws what reading and parsing it throws */
export async function readConfig(file: string): Promise<FoundConfig> {
  const shown = path.relative("", file);
  return { config: parseConfig(await readText(file, MOST_CONFIG_BYTES), shown.startsWith("..") ? file : shown), file };
}

/** A text file of a size that makes sense. @throws `config/too-large`, `io/*` */
export async function readText(file: string, most: number): Promise<string> {
  const bytes = await readSmallFile(file, most);
  if (bytes !== null) return new TextDecoder().decode(bytes);
  throw new FerryError("config/too-large", `${file} has more bytes than such a file has at most, ${most}`, {
    hint: "See whether it is the right file.",
  });
}
