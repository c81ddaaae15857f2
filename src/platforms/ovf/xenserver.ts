/** XenServer's own settings in OVF: `VirtualSystemOtherConfigurationData`, with xapi's names (xenadmin, XenOvfApi). */
import type { Machine } from "../../appliance/appliance.js";
import { XENSERVER } from "../../ovf/namespaces.js";
import type { XmlElement } from "../../xml/tree.js";
import { applyXenSettings, parseXenMap } from "../xen-settings.js";

/** Whether an element of the hardware is such a setting. */
export function isXenServerSetting({ namespace, name }: XmlElement): boolean {
  return namespace === XENSERVER && name === "VirtualSystemOtherConfigurationData";
}

const PV = /^PV_(?:bootloader|kernel|ramdisk|args|bootloader_args|legacy_args)$/;

/** Takes over what the settings say; what no word of the model fits is carried. */
export function readXenServer(hardware: XmlElement, machine: Machine): void {
  const settings = new Map<string, string>();
  for (const element of hardware.elements()) {
    if (!isXenServerSetting(element)) continue;
    const key = element.attributesNamed("Name")[0]?.value;
    const value = [...element.elements()].find(({ name }) => name === "Value")?.text.trim();
    if (key !== undefined && value !== undefined && !settings.has(key)) settings.set(key, value);
  }
  if (settings.size === 0) return;
  const foreign = (name: string, payload: string): void => {
    machine.foreign.push({ source: "xenserver", name, payload, machine: machine.id });
  };
  const bootParams = parseXenMap(settings.get("HVM_boot_params") ?? "");
  // XenCenter leaves the policy of PV guests out, since it is empty; their type says what they are.
  const isPv = machine.hardwareTypes.some((type) => /^xen-/.test(type));
  applyXenSettings(
    machine,
    {
      domainType: settings.get("domain_type") ?? null,
      bootPolicy: settings.get("HVM_boot_policy") ?? (isPv ? "" : null),
      bootParams,
      platform: parseXenMap(settings.get("platform") ?? ""),
      pv: new Map([...settings].filter(([key, value]) => PV.test(key) && value !== "")),
    },
    foreign,
  );
  if (bootParams.has("firmware") && machine.firmwareFrom === "declared") machine.firmwareFrom = "vendor";
  for (const [key, value] of settings) {
    if (!KNOWN.has(key) && !PV.test(key) && value !== "") foreign(key, value);
  }
}

const KNOWN: ReadonlySet<string> = new Set(["HVM_boot_policy", "HVM_boot_params", "platform", "domain_type"]);
