/** Options about specs: light, for commands that read one only where it is named. */
import type { OptionSpec } from "./command.js";
import { flag, pairs } from "./options.js";

/** Options of every command that reads a spec. */
export const specOptions: {
  readonly var: OptionSpec<readonly (readonly [string, string])[]>;
  readonly allowExternal: OptionSpec<boolean>;
} = {
  var: pairs("--var NAME=VALUE", "the value of a variable of the spec (can be repeated)"),
  allowExternal: flag("--allow-external", "let the spec name files outside of its folder"),
};

/** What `specOptions` say. */
export interface SpecChoice {
  readonly var: readonly (readonly [string, string])[];
  readonly allowExternal: boolean;
}
