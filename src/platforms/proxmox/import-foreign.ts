import { plural } from "../../base/text.js";
import type { Reading } from "../reading.js";
import type { Conf } from "./conf.js";
import type { ConfView } from "./view.js";

/** Settings that say how the host runs the machine at the moment, or that it makes anew: nothing of them is the machine's. */
const HOUSEKEEPING =
  /^(?:meta|vmgenid|parent|snaptime|snapstate|lock|runningmachine|runningcpu|running-nets-host-mtu|vmstate|digest|migrate_speed|migrate_downtime|vmstatestorage|autostart|tablet|keyboard|startdate|hotplug)$/;

/** Settings that say what is so anyway. */
const DEFAULTS: Readonly<Record<string, string>> = {
  acpi: "1",
  kvm: "1",
  agent: "0",
  numa: "0",
  onboot: "0",
  protection: "0",
  template: "0",
  arch: "x86_64",
  reboot: "1",
  freeze: "0",
  cpulimit: "0",
};

/** Settings whose values may be secret, or have secrets in them: their names alone are kept. */
const SECRET = /^(?:cipassword|sshkeys|cicustom|ciuser|args)$/;

/** Settings that are named one by one. */
const MOST_NAMED = 200;

/** What the model has no place for. */
export function importForeign(view: ConfView, conf: Conf, reading: Reading): void {
  const rest = view.rest().filter(({ key, value }) => !HOUSEKEEPING.test(key) && DEFAULTS[key] !== value);
  for (const { key, value } of rest.slice(0, MOST_NAMED)) {
    reading.foreign("proxmox", key, SECRET.test(key) ? "" : value);
  }
  if (rest.length > MOST_NAMED) reading.foreign("proxmox", `${rest.length - MOST_NAMED} more settings`, "");
  const { snapshots, pending } = conf;
  if (snapshots.size > 0) {
    const names = [...snapshots].slice(0, MOST_NAMED).join(", ");
    reading.foreign("proxmox", plural(snapshots.size, "snapshot"), names);
  }
  if (pending.size > 0) {
    const names = [...pending].slice(0, MOST_NAMED).join(", ");
    reading.foreign("proxmox", `${plural(pending.size, "change")} that wait for the next start`, names);
  }
}
