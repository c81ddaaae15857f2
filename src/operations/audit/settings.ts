/** Options that go into a machine's configuration as they stand. */
import type { Location } from "../../base/diagnostics.js";
import type { AuditFacts } from "./check.js";

/** One such option. Its value is looked at and never shown. */
export interface ExtraSetting {
  readonly key: string;
  readonly value: string;
  readonly machine: string | null;
  readonly location: Location;
}

/** `vmw:ExtraConfig`, and VirtualBox's ExtraData. */
export function* extraSettings({ contents }: AuditFacts): Iterable<ExtraSetting> {
  for (const content of contents) {
    for (const { settings } of content.hardware) {
      for (const { kind, key, value, element } of settings) {
        if (kind === "ExtraConfig") yield { key, value, machine: content.id, location: element.location };
      }
    }
    const machine = content.virtualBoxMachine;
    if (machine === undefined) continue;
    for (const data of machine.elements(undefined, "ExtraData")) {
      for (const item of data.elements(undefined, "ExtraDataItem")) {
        const [key = "", value = ""] = [item.attribute("", "name"), item.attribute("", "value")];
        yield { key, value, machine: content.id, location: item.location };
      }
    }
  }
}

/** Keys that close what they name when they are true, and keys that open it only then: advice on hardening sets them. */
const CLOSED_BY_TRUE =
  /\.disable$|^ethernet\d+\.(?:nopromisc|noforgedsrcaddr|downwhenaddrmismatch)$|^monitor_control\.restrict_backdoor$/i;
const CLOSED_BY_FALSE = /\.(?:enabled?|present|startconnected)$/i;

/** Whether an option closes what it names. */
export function isClosed({ key, value }: ExtraSetting): boolean {
  const closed = /^(?:true|1)$/i.test(value) ? CLOSED_BY_TRUE : /^(?:false|0)$/i.test(value) ? CLOSED_BY_FALSE : null;
  return closed?.test(key) === true;
}
