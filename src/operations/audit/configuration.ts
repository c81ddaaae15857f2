/** Settings of vendors that go past the standard. */
import { type AuditCheck, type AuditFacts, type Found, shown } from "./check.js";
import { type ExtraSetting, extraSettings, isClosed } from "./settings.js";

/** Keys that weaken the wall between guest and host, or that reach the host: what they do, by pattern. */
const DANGEROUS: readonly (readonly [pattern: RegExp, does: string])[] = [
  [
    /^isolation\.tools\.(?:copy|paste|dnd|hgfs\w*|setguioptions)\./i,
    "opens the clipboard, dragging or shared folders between guest and host",
  ],
  [/^(?:sharedfolder\d|hgfs\.)/i, "shares folders of the host"],
  [/^remotedisplay\./i, "offers the screen over the network"],
  [/^pcipassthru|^vmx\.allowpcipassthru/i, "gives the guest a PCI device of the host"],
  [
    /^ethernet\d+\.(?:nopromisc|noforgedsrcaddr|downwhenaddrmismatch)/i,
    "lets the guest listen to, or forge, traffic of others",
  ],
  [/^(?:scsi|ide|sata)\d+:\d+\.(?:devicetype|filename)$/i, "puts another device or file of the host behind a drive"],
  [/^(?:serial|parallel)\d+\.(?:filename|filetype|network)/i, "connects a port to a file, a pipe or the network"],
  [/^guestinfo\.(?:userdata|metadata|ovfenv)/i, "hands the guest instructions that it runs"],
  // VMware itself writes how many bits of an address it used.
  [
    /^(?:monitor(?!\.phys_bits_used$)|monitor_control|vhv|hypervisor\.cpuid)\./i,
    "changes how the processor is protected or shown",
  ],
  [
    /^(?:debugstub|vprobe|ulm\.|mainmem\.backing|sched\.swap)/i,
    "opens the machine's memory to a debugger or to other files",
  ],
  [/^logging?\.|^vmx\.log\.|^log\.(?:filename|rotate)/i, "changes where the host logs"],
  [/^tools\.(?:setinfo|guestlib)|^isolation\.device\./i, "lets the guest fill the host's memory or connect devices"],
  [/^VBoxInternal/i, "changes VirtualBox's own devices, which its settings keep safe otherwise"],
];

function dangerOf(setting: ExtraSetting): string | null {
  if (isClosed(setting)) return null;
  return DANGEROUS.find(([pattern]) => pattern.test(setting.key))?.[1] ?? null;
}

function* told(facts: AuditFacts, what: (setting: ExtraSetting) => string | null): Iterable<Found> {
  const seen = new Set<string>();
  for (const setting of extraSettings(facts)) {
    const { key, machine, location } = setting;
    const message = what(setting);
    const id = `${machine} ${key}`;
    if (message === null || seen.has(id)) continue;
    seen.add(id);
    yield { message: `${shown(machine)}: ${message}`, location, data: { machine, key } };
  }
}

export const configurationChecks: readonly AuditCheck[] = [
  {
    code: "audit/dangerous-config",
    severity: "warning",
    hint: "Importers that obey such options set them on your host. Take it out unless you know why it is there.",
    check: (facts) =>
      told(facts, (setting) => {
        const does = dangerOf(setting);
        return does === null ? null : `the option ${shown(setting.key)} ${does}`;
      }),
  },
  {
    code: "audit/extra-config",
    severity: "info",
    hint: "It goes past the standard, straight into the machine's configuration. Values are not shown: they may be secrets.",
    // VirtualBox keeps its windows' places in ExtraData.
    check: (facts) =>
      told(facts, (setting) =>
        dangerOf(setting) !== null || setting.key.startsWith("GUI/") ? null : `the option ${shown(setting.key)} is set`,
      ),
  },
];
