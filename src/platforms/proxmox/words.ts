/** Words of Proxmox VE for facts that other platforms name in theirs. Source: qm.conf(5). */
import type { GuestOs, Video } from "../../appliance/appliance.js";
import { findGuestSystem } from "../../appliance/guest-os.js";
import { MIB } from "../../base/bytes.js";

const OSTYPES = new Set([
  "l24",
  "l26",
  "other",
  "solaris",
  "w2k",
  "w2k3",
  "w2k8",
  "win10",
  "win11",
  "win7",
  "win8",
  "wvista",
  "wxp",
]);

/** Systems by the start of VMware's name for them, the first that fits: 2012 counts as 8, 2016 and 2019 as 10, 2022 as 11. */
const WINDOWS: readonly (readonly [start: string, ostype: string])[] = [
  ["win2000", "w2k"],
  ["winxp", "wxp"],
  ["winnet", "w2k3"],
  ["winvista", "wvista"],
  ["longhorn", "w2k8"],
  ["windows7", "win7"],
  ["windows8", "win8"],
  ["windows9", "win10"],
  ["windows2019srvnext", "win11"],
  ["windows2019", "win10"],
  ["windows2022", "win11"],
  ["windows11", "win11"],
  ["windows12", "win11"],
];

/** The `ostype` of a guest system. `exact`: the source says it in these words. */
export function ostypeOf(guestOs: GuestOs): { readonly ostype: string; readonly exact: boolean } {
  if (guestOs.proxmox !== null && OSTYPES.has(guestOs.proxmox)) return { ostype: guestOs.proxmox, exact: true };
  const { system } = findGuestSystem(guestOs);
  if (system.family === "linux") return { ostype: /^other24x/.test(system.vmx) ? "l24" : "l26", exact: false };
  if (system.family === "solaris") return { ostype: "solaris", exact: false };
  const windows = WINDOWS.find(([start]) => system.vmx.startsWith(start));
  return { ostype: windows?.[1] ?? "other", exact: false };
}

/** The sound card of Proxmox VE; `null`: it has none that is like it. */
export function soundOf(sound: string): string | null {
  const word = sound.toLowerCase().replace(/[^a-z0-9]/g, "");
  if (/^(?:ac97|ich|ichac97)$/.test(word)) return "AC97";
  if (/^(?:ich9|ich9intelhda)$/.test(word)) return "ich9-intel-hda";
  return /^(?:ich6|intelhda|hda|hdaudio)$/.test(word) ? "intel-hda" : null;
}

const VGA = /^(?:cirrus|none|qxl|serial[0-3]|std|virtio|virtio-gl|vmware)$/;

/** `vga`, and whether it says all that the source does. */
export function vgaOf({ model, memoryBytes, heads }: Video): { readonly value: string; readonly exact: boolean } {
  const word = model?.toLowerCase() ?? "std";
  const known = VGA.test(word)
    ? word
    : /^(?:vga|vboxvga)$/.test(word)
      ? "std"
      : /^(?:vmvga|vmsvga|svga)$/.test(word)
        ? "vmware"
        : null;
  const type = known ?? "std";
  const many = type === "qxl" && heads !== null && heads >= 2 && heads <= 4;
  const mebibytes = memoryBytes === null ? null : Math.round(memoryBytes / MIB);
  const sized = mebibytes !== null && mebibytes >= 4 && mebibytes <= 512 && mebibytes * MIB === memoryBytes;
  return {
    value: `${type}${many ? heads : ""}${sized ? `,memory=${mebibytes}` : ""}`,
    exact: known !== null && (memoryBytes === null || sized) && (heads === null || many || heads === 1),
  };
}

/** A host name of a machine: letters, digits and hyphens between dots. */
export function dnsName(name: string): string {
  const labels = name
    .normalize("NFKD")
    .replace(/[^A-Za-z0-9.-]+/g, "-")
    .split(".")
    .map((label) =>
      label
        .replace(/^-+|-+$/g, "")
        .slice(0, 63)
        .replace(/-+$/, ""),
    )
    .filter((label) => label !== "");
  const joined = labels
    .join(".")
    .slice(0, 200)
    .replace(/[-.]+$/, "");
  return joined === "" ? "machine" : joined;
}

/** A size as Proxmox VE writes it: in the largest unit that leaves no rest. */
export function diskSize(bytes: number): string {
  for (const [unit, size] of [
    ["T", 2 ** 40],
    ["G", 2 ** 30],
    ["M", 2 ** 20],
    ["K", 2 ** 10],
  ] as const) {
    if (bytes > 0 && bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return String(bytes);
}
