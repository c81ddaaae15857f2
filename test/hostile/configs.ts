/** Ways for a machine's configuration to name a file that is not below its folder. */
import type { HostileCase } from "./case.js";

/** What is tried, and the path. None of these files lies in the folder by the last part of its name. */
const PATHS: readonly (readonly [what: string, path: string])[] = [
  ["that climbs out of the folder", "../../../../etc/passwd"],
  ["that climbs out of a folder below", "disks/../../secret.img"],
  ["by an absolute path of this host", "/etc/passwd"],
  ["as the URL of a file", "file:///etc/passwd"],
  ["at an address of the network", "http://127.0.0.1:9/x.img"],
  ["at the address that clouds give secrets at", "http://169.254.169.254/latest/meta-data/"],
  ["on a share of Windows, which would send a password", "//127.0.0.1/share/x.img"],
  ["on a drive of Windows", "C:/Windows/win.ini"],
  ["that is what a process was started with", "/proc/self/environ"],
  ["that is a pipe to a command, as Perl opens files", "|id"],
  ["whose name has 100,000 characters", "a".repeat(100_000)],
  ["whose name is a million './'", `${"./".repeat(1_000_000)}../x`],
];

/** What nothing regular is behind, so that it is not there even where absolute paths may be opened. */
const DEVICES: readonly (readonly [what: string, path: string])[] = [
  ["that is a device without an end", "/dev/zero"],
  ["that is a folder", "/etc"],
];

/**
 * A case for each path: the file is told to be missing, and nothing is opened.
 * @param whose `a VMX file`
 * @param lay gives the input for a machine with a disk at a path
 */
export function elsewhereCases(
  whose: string,
  lay: (path: string) => HostileCase["lay"],
  escaped: (path: string) => string = (path) => path,
): readonly HostileCase[] {
  const made = (what: string, path: string): HostileCase => ({
    tries: `${whose} with a disk ${what}`,
    code: "package/missing-file",
    lay: lay(escaped(path)),
    runs: {
      inspect: 1,
      convert: [3, "package/no-member"],
      "convert --to libvirt": [3, "package/no-member"],
    },
    also: ["package/no-member"],
  });
  return [
    ...PATHS.map(([what, path]) => made(what, path)),
    ...DEVICES.map(([what, path]) => ({
      ...made(`${what}, where paths outside of the folder may be opened`, path),
      runs: { convert: [3, "package/no-member"] as const },
      options: ["--allow-external"],
    })),
  ];
}

/** A row of a table of cases. */
export type ConfigRow = readonly [
  tries: string,
  code: HostileCase["code"],
  lay: HostileCase["lay"],
  runs: HostileCase["runs"],
  also?: HostileCase["also"],
];

/** Rows as cases. */
export function configCases(whose: string, rows: readonly ConfigRow[]): readonly HostileCase[] {
  return rows.map(([tries, code, lay, runs, also]) => ({
    tries: `${whose} with ${tries}`,
    code,
    lay,
    runs,
    ...(also === undefined ? {} : { also }),
  }));
}

/** The configuration is refused by everybody. */
export const refused = { inspect: 3, convert: 3, "convert --to libvirt": 3 } as const;
/** Something is odd, which is said, and the machine is carried over all the same. */
export const odd = { inspect: 0, convert: 0, "convert --to libvirt": 0, "convert --to ova": 0 } as const;
/** What conversions tell, and inspecting has nothing against. */
export const told = { convert: 0, "convert --to libvirt": 0, "convert --to ova": 0 } as const;
/** More than any target takes. */
export const blocked = {
  convert: [3, "convert/blocked"],
  "convert --to libvirt": [3, "convert/blocked"],
  "convert --to ova": [3, "convert/blocked"],
} as const;
