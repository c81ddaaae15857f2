/** `--profile FILE`: what many conversions want. */
import type { TargetId } from "../base/ids.js";
import {
  MOST_PROFILE_BYTES,
  type Profile,
  type ProfileSection,
  parseProfile,
  sectionFor,
} from "../operations/profile/profile.js";
import type { FlavourId } from "../platforms/ovf/flavours.js";
import { platforms } from "../platforms/platforms.js";
import type { OptionSpec } from "./command.js";
import { readText } from "./config.js";
import { text } from "./options.js";

/** The option. */
export const profileOption: OptionSpec<string | null> = text(
  "--profile FILE",
  "a YAML file with what many conversions want; the command line counts before it (docs/reference/profile.md)",
);

/** Reads the profile that was named; `null`: none was. @throws what reading and parsing it throws */
export async function loadProfile(file: string | null): Promise<Profile | null> {
  return file === null ? null : parseProfile(await readText(file, MOST_PROFILE_BYTES), file);
}

/** What a profile says for one result; `null`: there is none. */
export function profileFor(
  profile: Profile | null,
  {
    to,
    for: version,
    flavour,
  }: { readonly to: string; readonly for: TargetId | null; readonly flavour: FlavourId | null },
): ProfileSection | null {
  if (profile === null) return null;
  if (to === "ova" || to === "ovf") {
    const whom = flavour ?? sectionFor(profile, [to]).flavour;
    return sectionFor(profile, whom === null ? [to] : [to, `${to}:${whom}`]);
  }
  const target = version ?? platforms.all.find(({ id }) => id === to)?.defaultTarget ?? null;
  return sectionFor(profile, target === null || target === to ? [to] : [to, target]);
}
