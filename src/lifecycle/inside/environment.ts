/** What a guest is told about itself, from wherever it is told. */
import { FerryError } from "../../base/errors.js";
import type { Limits } from "../../base/limits.js";
import { openEnvironment } from "../../ovf/environment.js";
import type { EnvironmentProperties, EnvironmentResult } from "../../report/results.js";
import { parseXml } from "../../xml/parse.js";
import { environmentCandidates, type InsideOptions } from "./find.js";

/** How much of a document is taken. */
export interface EnvironmentOptions extends InsideOptions {
  readonly limits: Limits;
}

/**
 * The environment of the guest that this runs in (DSP8027; DSP0243 11): the first that there is.
 * @throws `env/not-found`; what reading throws where there are documents alone that are none
 */
export async function environmentOfGuest(options: EnvironmentOptions): Promise<EnvironmentResult> {
  let wrong: unknown = null;
  for await (const candidate of environmentCandidates(options)) {
    try {
      const { kind, place, bytes } = candidate;
      return { schema: "vmferry/environment@1", kind, place, ...parseEnvironment(bytes, place, options.limits) };
    } catch (cause) {
      if (!(cause instanceof FerryError)) throw cause;
      wrong ??= cause;
    }
  }
  if (wrong !== null) throw wrong;
  throw new FerryError("env/not-found", "there is no OVF environment", {
    hint: "Reading volumes and /sys needs root. Else the machine was not told one: its package has no properties, or its platform has another way.",
  });
}

/** An environment, as it is printed, without where it was. @throws `ovf-env/not-an-environment`, and what reading XML throws */
export function parseEnvironment(
  bytes: Uint8Array,
  place: string,
  limits: Limits,
): Omit<EnvironmentResult, "schema" | "kind" | "place"> {
  // What tools print ends with zeros or blanks.
  let end = bytes.length;
  while (end > 0 && [0, 10, 13, 32].includes(bytes[end - 1] ?? 1)) end--;
  const document = openEnvironment(parseXml(bytes.subarray(0, end), place, limits));
  const { environment } = document;
  if (document.kind === "azure") {
    throw new FerryError("ovf-env/not-an-environment", `${place} is Azure's provisioning document`, {
      hint: "Azure's agent reads it; it holds no OVF properties.",
    });
  }
  const { platform } = environment;
  return {
    ...propertiesOf(environment),
    platform:
      platform === null
        ? null
        : {
            kind: platform.kind,
            version: platform.version,
            vendor: platform.vendor,
            locale: platform.locale,
            timezone: platform.timezone,
          },
    entities: environment.entities.map(propertiesOf),
  };
}

interface Holder {
  readonly id: string | null;
  readonly properties: readonly { readonly key: string | null; readonly value: string | null }[];
}

function propertiesOf({ id, properties }: Holder): EnvironmentProperties {
  return {
    id,
    properties: properties.flatMap(({ key, value }) => (key === null ? [] : [{ key, value: value ?? "" }])),
  };
}

/**
 * Lines for a POSIX shell: `export OVF_KEY='value'`. The prefix keeps a package from setting what the shell itself goes by (`PATH`, `IFS`).
 * @returns the lines, and the keys that are left out, because an earlier one has the same name
 */
export function shellLines({ properties }: EnvironmentProperties): {
  readonly lines: readonly string[];
  readonly leftOut: readonly string[];
} {
  const names = new Set<string>();
  const lines: string[] = [];
  const leftOut: string[] = [];
  for (const { key, value } of properties) {
    const name = `OVF_${key.replace(/[^A-Za-z0-9_]/g, "_")}`;
    if (names.has(name)) leftOut.push(key);
    else lines.push(`export ${name}='${value.replaceAll("\0", "").replaceAll("'", `'\\''`)}'`);
    names.add(name);
  }
  return { lines, leftOut };
}
