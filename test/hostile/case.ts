/** What a hostile case is: an input that tries something, the commands that get it, and the one code that comes of it. */
import type { DiagnosticCode } from "../../src/base/diagnostics.js";

/** The ways to call a command on an input. */
export const commandNames = [
  "inspect",
  "validate",
  "validate --strict",
  "verify",
  "unpack",
  "pack",
  "convert",
  "convert --to ova",
  "convert --to libvirt",
  "fix",
  "disk info",
  "disk check",
  "disk map",
  "disk hash",
  "disk convert",
  "disk convert --to qcow2",
] as const;

/** One of them. */
export type CommandName = (typeof commandNames)[number];

/**
 * What comes of one command: its exit code, with the case's code, or with another one that says the same in that command. 0: the code is that
 * of a warning or note; 1: of a finding of severity error, the only such code; 2 and 3: of the error that ended the command.
 */
export type Outcome = 0 | 1 | 2 | 3 | readonly [exitCode: 0 | 1 | 2 | 3, code: DiagnosticCode];

/** One hostile input. */
export interface HostileCase {
  /** What it tries, as a clause: "a member whose name is absolute, to be written anywhere". It is the name of the test. */
  readonly tries: string;
  readonly code: DiagnosticCode;
  /**
   * Lays the input into an empty folder. Returns the name of what commands are given, relative to the folder; `disk.vmdk` in `box.ova` as
   * `box.ova!disk.vmdk`.
   */
  lay(folder: string): Promise<string> | string;
  readonly runs: Readonly<Partial<Record<CommandName, Outcome>>>;
  /** Other errors that follow from what is tried, and are rightly told beside the one code. */
  readonly also?: readonly DiagnosticCode[];
  /** Further arguments of every command. `FOLDER` stands for the folder with the input. */
  readonly options?: readonly string[];
}

/** Cases about one thing. */
export interface HostileFamily {
  /** Heading of the page of reference. */
  readonly title: string;
  readonly cases: readonly HostileCase[];
}
