/** Specs at the command line: the YAML of an appliance, its variables, and the packages that are wanted of it. */
import * as path from "node:path";
import { FerryError } from "../base/errors.js";
import { type OpenedSpec, openSpec } from "../operations/build/open.js";
import { type WantedOutput, wantedOutput } from "../operations/build/plan.js";
import { openFolderAccess } from "../runtime/node/folder.js";
import { openInput, readable } from "./inputs.js";
import type { Session } from "./session.js";
import type { SpecChoice } from "./spec-options.js";

/** Opens a spec. @throws what reading it throws */
export async function openNamedSpec(name: string, choice: SpecChoice, session: Session): Promise<OpenedSpec> {
  const input = await openInput(readable(name), session);
  try {
    if (input.kind === "folder") {
      throw new FerryError("cli/usage", `${name} is a folder, not a spec`, {
        hint: "Name the YAML file in it.",
      });
    }
    const { native } = session.runtime;
    const home = path.dirname(path.resolve(name));
    const external = (file: string): { folder: ReturnType<typeof openFolderAccess>; name: string } => {
      const full = path.resolve(home, file);
      return { folder: openFolderAccess(path.dirname(full), native), name: path.basename(full) };
    };
    const options = { variables: new Map(choice.var), ...(choice.allowExternal ? { external } : {}) };
    const opened = await openSpec(input, options, session.ctx);
    const close = (): Promise<void> => opened.close().finally(() => input.close());
    return { ...opened, close };
  } catch (cause) {
    await input.close();
    throw cause;
  }
}

/** A package that is wanted, and where it goes. */
export interface NamedOutput {
  /** As the user has it. */
  readonly name: string;
  /** Relative to the folder that the command runs in. */
  readonly destination: string;
  readonly wanted: WantedOutput;
}

/**
 * The packages that a command line names, or else the spec's own, which lie beside it. One that the spec knows by its name is written as it says.
 * @throws `build/no-output`, `cli/usage`
 */
export function outputsOf(given: readonly string[], spec: string, { spec: said }: OpenedSpec): readonly NamedOutput[] {
  const own = said.outputs ?? [];
  const home = path.dirname(spec);
  const named =
    given.length > 0
      ? given.map((name) => {
          const known = own.find(({ file }) => file !== null && path.resolve(home, file) === path.resolve(name));
          const alike = own.find(({ file }) => file !== null && path.basename(file) === path.basename(name));
          return { name, destination: name, own: known ?? alike ?? null };
        })
      : own.map((output) => ({
          name: output.file ?? "",
          destination: path.join(home, output.file ?? ""),
          own: output,
        }));
  if (named.length === 0) {
    throw new FerryError("build/no-output", "nothing says what to write", {
      hint: "Name a file or a folder: vmferry build SPEC app.ova. Or add `outputs: [app.ova]` to the spec.",
    });
  }
  const seen = new Set<string>();
  return named.map(({ name, destination, own: output }) => {
    const full = path.resolve(destination);
    if (/\.ovf$/i.test(name) || seen.has(full)) {
      throw new FerryError("cli/usage", seen.has(full) ? `${name} is named twice` : `${name} would be a folder`, {
        hint: "Name each package once: an .ova, or a folder for an .ovf with its files.",
      });
    }
    seen.add(full);
    return { name, destination, wanted: wantedOutput(path.basename(destination), said, output) };
  });
}
