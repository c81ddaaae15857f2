import type { Diagnostic, Location } from "../../base/diagnostics.js";
import { printable } from "../../base/text.js";
import type { ConfigFiles } from "../platform.js";
import type { Reading } from "../reading.js";
import type { VmxView } from "./view.js";

/** One VMX file while it becomes an appliance. */
export interface VmxScope {
  readonly view: VmxView;
  readonly reading: Reading;
  readonly files: ConfigFiles;
  /** Whether the guest system is of 64 bits, by the name that VMware gives it. */
  readonly wide: boolean;
  /** Where a setting stands. */
  at(setting: string): Location | undefined;
  report(finding: Diagnostic): void;
}

/** A setting whose value cannot be: said, and what counts in its place. */
export function badValue(scope: VmxScope, name: string, instead: string): void {
  const location = scope.at(name);
  scope.report({
    code: "config/strange-value",
    severity: "warning",
    message: `${name} is ${JSON.stringify(printable((scope.view.text(name) ?? "").slice(0, 100)))}; ${instead} counts`,
    hint: "Correct the setting where the machine comes from, and convert it anew.",
    data: { setting: name },
    ...(location === undefined ? {} : { location }),
  });
}

/** A device whose model the file leaves out: what VMware means by that is said. */
export function modelByDefault(scope: VmxScope, device: string, model: string): string {
  const location = scope.at(`${device}.present`);
  scope.report({
    code: "vmware/model-by-default",
    severity: "info",
    message: `${device} names no model: for this guest system VMware means ${model}`,
    data: { device, model },
    ...(location === undefined ? {} : { location }),
  });
  return model;
}
