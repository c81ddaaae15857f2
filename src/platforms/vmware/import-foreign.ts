import type { VmxScope } from "./import-scope.js";
import { byDeviceName, type KeyedSetting } from "./view.js";

/** Where VMware's products keep what they count, draw and remember: nothing of it is the machine's. */
const HOUSEKEEPING =
  /^(?:\.encoding|config\.version|virtualhw\.|pcibridge[0-9]|vmci[0-9]|hpet[0-9]|.*\.pcislotnumber$|.*\.saswwid$|uuid\.|vc\.uuid|extendedconfigfile|checkpoint\.|snapshot\.|monitor\.|migrate\.|cleanshutdown|softpoweroff|tools\.remindinstall|tools\.guest\.|toolsinstallmanager\.|powertype\.|gui\.|replay\.|numa\.autosize\.|vmotion\.|evccompatibilitymode|(?:host|guest|user)cpuid\.|guestos\.detailed\.|guestinfo\.(?:detailed\.|driver)|guestinfo\.appinfo|workingdir|unity\.|usb:[0-9]|usb\.vbluetooth\.|viv\.|vm\.genidx?$|sched\.swap\.derivedname|disk\.locking|managedvm\.|deploymentplatform|policy\.vm\.|tools\.capability\.|messagebus\.|svga\.guestbackedprimaryaware|msg\.autoanswer|annotation$|.*\.bsdname$|proxyapps\.|hgfs\.)|\.(?:addresstype|generatedaddress|generatedaddressoffset|linkstatepropagation\.enable|wakeonpcktrcv|uptcompatibility|checkmacaddress|startconnected|clientdevice|autodetect|allowguestconnectioncontrol|present|filename|tryNoRxLoss|yieldOnMsrRead|displayname|devicetype|filetype|features|pvnid|vnet|dvs\.(?:switchid|portid|connectionid))$/i;

/** Settings that say what is so without them, by name and value in lower case. */
const DEFAULTS: readonly (readonly [RegExp, RegExp])[] = [
  [/^tools\.synctime$/, /^(?:false|0)$/],
  [/^tools\.upgrade\.policy$/, /^(?:manual|useglobal)$/],
  [/^toolscripts\./, /^true$/],
  [/^sched\.(?:.*\.)?(?:units|latencysensitivity)$/, /^(?:mhz|normal)$/],
  [/^sched\..*shares$/, /^normal$/],
  [/^sched\..*\.(?:min|minsize)$/, /^0$/],
  [/^sched\..*\.max$/, /^(?:unlimited|-1)$/],
  [/^sched\..*\.throughputcap$/, /^off$/],
  [/^scsi[0-9]+\.sharedbus$/, /^none$/],
  [/\.sharing$/, /^(?:sharing-?none|nosharing)$/],
  [/\.(?:mode|redo|ctkenabled|writethrough)$|^ctkenabled$/, /^(?:persistent|false|)$/],
  [/^chipset\.onlinestandby$|^bios\.forcesetuponce$|^bios\.bootretry\.enabled$/, /^false$/],
  [/^remotedisplay\.maxconnections$/, /^-1$/],
  [/^mem(?:allowautoscaledown|trimrate)$/, /./],
  [/^(?:vcpu|mem)\.hot(?:add|remove)$|^vhv\.enable$/, /^false$/],
  [/^(?:vtpm|sound|usb|ehci|usb_xhci|svga)\./, /^(?:false|true|-1)$/],
];

/** Several settings that are one thing: carried under one name. */
const DEVICES = /^(sharedfolder[0-9]+|parallel[0-9]+|pcipassthru[0-9]+|remotedisplay\.vnc|nvdimm[0-9]+|vwdt)\./i;
/** Values that nobody has to see. */
const SECRET = /^guestinfo\.|^encryption\.|password|passphrase|secret|remotedisplay\.vnc\.key$|token/i;

/** Settings that are named one by one. */
const MOST_NAMED = 200;

/** What the model has no place for. Values that may be secret stay behind: their names alone are kept. */
export function importForeign({ view, reading }: VmxScope): void {
  const devices = new Map<string, KeyedSetting[]>();
  let named = 0;
  const foreign = (name: string, payload: string): void => {
    if (named++ < MOST_NAMED) reading.foreign("vmware", name, payload);
  };
  for (const setting of view.rest()) {
    const { key, name, value } = setting;
    const device = DEVICES.exec(name)?.[1];
    if (device !== undefined) {
      const same = devices.get(device.toLowerCase());
      if (same === undefined) devices.set(device.toLowerCase(), [setting]);
      else same.push(setting);
    } else if (!HOUSEKEEPING.test(key) && !isDefault(key, value)) {
      foreign(name, SECRET.test(key) ? "" : value);
    }
  }
  for (const [device, settings] of [...devices].sort(([a], [b]) => byDeviceName(a, b))) {
    const on = settings.some(({ key, value }) => /\.(?:present|enabled)$/.test(key) && /^(?:true|1)$/i.test(value));
    if (!on) continue;
    const [first] = settings;
    const name = first?.name.slice(0, device.length) ?? device;
    const payload = settings.map(({ key, name: own, value }) => (SECRET.test(key) ? own : `${own} = ${value}`));
    foreign(name, payload.join("\n"));
  }
  if (named > MOST_NAMED) reading.foreign("vmware", `${named - MOST_NAMED} more settings`, "");
}

function isDefault(key: string, value: string): boolean {
  return value === "" || DEFAULTS.some(([name, usual]) => name.test(key) && usual.test(value.toLowerCase()));
}
