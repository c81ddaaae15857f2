import { open, readFile, realpath, stat } from "node:fs/promises";
import * as path from "node:path";
import { FerryError } from "../base/errors.js";
import { CONFIG_NAME, MOST_CONFIG_BYTES, noConfig, parseConfig, type ValidateConfig } from "../operations/config.js";
import { systemError } from "../runtime/node/errors.js";
import { isRemoteUrl } from "../runtime/node/http/address.js";

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
  try {
    const handle = await open(file);
    try {
      const { size } = await handle.stat();
      if (size > most) {
        throw new FerryError("config/too-large", `${file} has ${size} bytes; such a file has ${most} at most`, {
          hint: "See whether it is the right file.",
        });
      }
    } finally {
      await handle.close();
    }
    return await readFile(file, "utf8");
  } catch (cause) {
    throw cause instanceof FerryError ? cause : systemError("read", file, cause);
  }
}
