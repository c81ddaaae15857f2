/** `--option NAME=VALUE`: how a platform's result is written, where the platform lets choose. */
import { FerryError } from "../base/errors.js";
import type { PlatformId } from "../base/ids.js";
import { platforms } from "../platforms/platforms.js";
import type { OptionSpec } from "./command.js";
import { pairs } from "./options.js";

/** The option. */
export const exportOption: OptionSpec<readonly (readonly [string, string])[]> = pairs(
  "--option NAME=VALUE",
  "how the platform's result is written, such as disks=raw for libvirt or storage=tank for proxmox (can be repeated)",
);

/**
 * The options of one platform as it takes them.
 * @throws `cli/invalid-value` for a name or a word that the platform does not have
 */
export function exportOptionsOf(to: string, given: readonly (readonly [string, string])[]): Record<string, string> {
  if (given.length === 0) return {};
  const platform = platforms.all.find(({ id }) => id === (to as PlatformId));
  const names = Object.keys(platform?.defaults ?? {}).filter((name) => name !== "folder");
  for (const [name, value] of given) {
    if (!names.includes(name)) {
      throw new FerryError("cli/invalid-value", `${to} has no option ${JSON.stringify(name)}`, {
        hint: names.length === 0 ? "It has none: leave out --option." : `It has: ${names.join(", ")}.`,
      });
    }
    const words = platform?.choices?.[name];
    if (words === undefined || words.includes(value)) continue;
    throw new FerryError("cli/invalid-value", `the option ${name} of ${to} does not take ${JSON.stringify(value)}`, {
      hint: `It is one of: ${words.join(", ")}.`,
    });
  }
  return Object.fromEntries(given);
}
