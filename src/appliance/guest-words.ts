import type { GuestOs } from "./appliance.js";
import { blankGuestOs } from "./blank.js";
import { guestSystems } from "./guest-os.js";

/**
 * A guest system by whatever short name a user has for it: VMware's (`debian12-64`, `debian12_64Guest`), VirtualBox's (`Debian12_64`),
 * libosinfo's id or its short form (`debian12`, `win2k19`). `undefined`: nobody calls one so.
 */
export function guestNamed(word: string): GuestOs | undefined {
  const plain = word.trim().toLowerCase();
  const names = [plain, plain.replace(/guest$/, "").replace(/_?64$/, "-64")];
  for (const system of guestSystems()) {
    const { vmx, virtualbox = [], osinfo, cim } = system;
    const box = virtualbox.find((id) => id.toLowerCase() === plain);
    const short = osinfo === undefined ? null : shortName(osinfo);
    if (box === undefined && !names.includes(vmx) && plain !== osinfo && plain !== short) continue;
    return {
      ...blankGuestOs(),
      vmware: vmx,
      virtualbox: box ?? virtualbox[0] ?? null,
      osinfo: osinfo ?? null,
      cim: cim?.[0] ?? null,
    };
  }
  return undefined;
}

/** `http://debian.org/debian/12` is `debian12` to virt-install. */
function shortName(osinfo: string): string {
  return osinfo
    .split("/")
    .slice(-2)
    .join("")
    .replace(/-unknown$/, "")
    .toLowerCase();
}
