import type { Reading } from "../reading.js";
import type { VmxView } from "./view.js";

/** Settings that say how VMware's own product draws, counts and connects things: nothing of them is the machine's. */
const HOUSEKEEPING =
  /^(?:config\.version$|virtualhw\.|pcibridge|vmci|hpet|.*\.pcislotnumber$|.*\.present$|uuid\.|vc\.uuid|extendedconfigfile|checkpoint\.|.*\.redo$|monitor\.|migrate\.|cleanshutdown|softpoweroff|tools\.|toolscripts\.|powertype\.|gui\.|.*\.addresstype$|.*\.generatedaddress.*|replay\.|sched\.|svga\.|numa\.|vmotion\.|evccompatibilitymode|guestos\.|guestinfo\.detailed|disk\.|workingdir|.*\.startconnected$|.*\.clientdevice$|.*\.autodetect$|.*\.wakeonpcktrcv$|.*\.uptcompatibility$|.*\.checkmacaddress$|.*\.linkstatepropagation\.enable$)/;

/** What the model has no place for. Values of `guestinfo` may be secret: their names alone are kept. */
export function importForeign(view: VmxView, reading: Reading): void {
  for (const { key, name, value } of view.rest()) {
    if (HOUSEKEEPING.test(key)) continue;
    reading.foreign("vmware", name, key.startsWith("guestinfo.") ? "" : value);
  }
}
