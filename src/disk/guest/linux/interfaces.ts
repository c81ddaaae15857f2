/** Settings of network cards, wherever Linux distributions keep them. */
import type { GuestFiles } from "../files.js";
import type { InterfaceUse } from "../model.js";
import { assignment, iniEntries, macOf, readFolder, readLines, short, type TextFile } from "../text-files.js";
import { netplanInterfaces } from "./netplan.js";

/** Settings that are kept. */
const MOST_USES = 200;

/** Reads all of them, of every kind that is there. */
export async function interfaceUses(files: GuestFiles): Promise<readonly InterfaceUse[]> {
  const main = await readLines(files, "/etc/network/interfaces");
  const ifupdown = [
    ...(main === null ? [] : [main]),
    ...(await readFolder(files, "/etc/network/interfaces.d", /^[A-Za-z0-9_.-]+$/)),
  ];
  const netplan = await readFolder(files, "/etc/netplan", /\.ya?ml$/);
  const manager = await readFolder(files, "/etc/NetworkManager/system-connections", /^[^.]/);
  const redHat = await readFolder(files, "/etc/sysconfig/network-scripts", /^ifcfg-/);
  const suse = await readFolder(files, "/etc/sysconfig/network", /^ifcfg-/);
  const networkd = await readFolder(files, "/etc/systemd/network", /\.(?:network|link)$/);
  const udev = await readFolder(files, "/etc/udev/rules.d", /persistent-net.*\.rules$/);
  const uses = [
    ...ifupdown.flatMap(ifupdownUses),
    ...netplan.flatMap(netplanInterfaces),
    ...manager.flatMap(managerUse),
    ...[...redHat, ...suse].flatMap(ifcfgUse),
    ...networkd.flatMap(networkdUse),
    ...udev.flatMap(udevUses),
  ];
  return uses.filter(({ name }) => name !== "lo").slice(0, MOST_USES);
}

/** interfaces(5): a stanza for each address family of an interface. */
function ifupdownUses(file: TextFile): readonly InterfaceUse[] {
  const found = new Map<string, InterfaceUse>();
  let name: string | null = null;
  for (const line of file.lines) {
    const iface = /^\s*iface\s+(\S+)\s+\S+\s+(\S+)/.exec(line);
    const mac = /^\s*hwaddress\s+(?:ether\s+)?(\S+)/.exec(line)?.[1];
    if (iface !== null) {
      name = short(iface[1] as string);
      const known = found.get(name);
      const fixed = known?.fixed === true || iface[2] === "static";
      found.set(name, { file: file.path, by: "ifupdown", name, mac: known?.mac ?? null, fixed });
    } else if (/^\s*(?:auto|allow-\S+|source\S*|mapping)\s/.test(line)) name = null;
    else if (name !== null && mac !== undefined) {
      const known = found.get(name);
      if (known !== undefined) found.set(name, { ...known, mac: macOf(mac) });
    }
  }
  return [...found.values()];
}

/** nm-settings-keyfile(5). Connections that are bound to nothing fit every card. */
function managerUse(file: TextFile): readonly InterfaceUse[] {
  let [name, mac, fixed]: [string | null, string | null, boolean] = [null, null, false];
  for (const { section, key, value } of iniEntries(file)) {
    if (section === "connection" && key === "interface-name") name = short(value);
    // Names of older versions begin with 802-3-.
    if (/^(?:802-3-)?ethernet$/.test(section) && key === "mac-address") mac = macOf(value);
    if (/^ipv[46]$/.test(section) && (/^address(?:es)?\d*$/.test(key) || (key === "method" && value === "manual")))
      fixed = true;
  }
  return name === null && mac === null && !fixed ? [] : [{ file: file.path, by: "NetworkManager", name, mac, fixed }];
}

/** Of Red Hat's initscripts and of SUSE's wicked. */
function ifcfgUse(file: TextFile): readonly InterfaceUse[] {
  let [name, mac, fixed]: [string | null, string | null, boolean] = [null, null, false];
  for (const line of file.lines) {
    const set = assignment(line);
    if (set?.name === "DEVICE") name = short(set.value);
    if (set?.name === "HWADDR") mac = macOf(set.value);
    if (set !== null && /^(?:IPADDR|IPV6ADDR)/.test(set.name) && set.value !== "") fixed = true;
    if (set?.name === "BOOTPROTO" && set.value === "static") fixed = true;
  }
  const named = file.path.slice(file.path.lastIndexOf("/ifcfg-") + 7);
  return [{ file: file.path, by: "ifcfg", name: name ?? short(named), mac, fixed }];
}

/** systemd.network(5), systemd.link(5): a link gives a name to what it matches. */
function networkdUse(file: TextFile): readonly InterfaceUse[] {
  let [name, mac, fixed]: [string | null, string | null, boolean] = [null, null, false];
  for (const { section, key, value } of iniEntries(file)) {
    if ((section === "match" || section === "link") && key === "Name") name = short(value);
    if (section === "match" && (key === "MACAddress" || key === "PermanentMACAddress"))
      mac = macOf(value.split(/\s+/)[0] ?? "");
    if ((section === "network" || section === "address") && key === "Address") fixed = true;
  }
  return name === null && mac === null ? [] : [{ file: file.path, by: "networkd", name, mac, fixed }];
}

/** Rules that older systems wrote by themselves: a name for each MAC address that they ever saw. */
function udevUses(file: TextFile): readonly InterfaceUse[] {
  return file.lines.flatMap((line) => {
    if (/^\s*#/.test(line)) return [];
    const mac = macOf(/(?:ATTR|ATTRS|SYSFS)\{address\}==("[^"]*")/.exec(line)?.[1] ?? "");
    const name = /\bNAME:?="([^"]*)"/.exec(line)?.[1];
    return mac === null || name === undefined
      ? []
      : [{ file: file.path, by: "udev" as const, name: short(name), mac, fixed: false }];
  });
}
