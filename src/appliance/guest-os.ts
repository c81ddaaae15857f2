import type { GuestOs } from "./appliance.js";
import { XENSERVER_TEMPLATES } from "./guest-templates.js";

/** One guest system under the names that platforms give it. */
export interface GuestSystem {
  /** `guestOS` of a VMX file. */
  readonly vmx: string;
  readonly family: "linux" | "windows" | "bsd" | "solaris" | "other";
  readonly bits: 32 | 64;
  /** CIM_OperatingSystem.OsType, where one stands for this system. */
  readonly cim?: readonly number[];
  /** VirtualBox's `OSType` ids. */
  readonly virtualbox?: readonly string[];
  /** libosinfo's id. */
  readonly osinfo?: string;
}

/** Systems by `ostype` of Proxmox VE (qm.conf(5)), which names a family of versions: the one that stands for it. */
const PROXMOX_SYSTEMS: Readonly<Record<string, string>> = {
  l24: "other24xlinux-64",
  l26: "otherlinux-64",
  w2k: "win2000serv",
  wxp: "winxppro",
  w2k3: "winnetstandard-64",
  w2k8: "longhorn-64",
  wvista: "winvista-64",
  win7: "windows7-64",
  win8: "windows8-64",
  win10: "windows9-64",
  win11: "windows11-64",
  solaris: "solaris11-64",
};

function system(
  vmx: string,
  family: GuestSystem["family"],
  names: { cim?: readonly number[]; virtualbox?: readonly string[]; osinfo?: string } = {},
): GuestSystem {
  return { vmx, family, bits: vmx.endsWith("-64") ? 64 : 32, ...names };
}

/*
 * Sources: CIM_OperatingSystem.mof (OsType), `VBoxManage list ostypes`, the vSphere API's VirtualMachineGuestOsIdentifier and VMX files of the
 * corpus, libosinfo's database. A CIM number names no version: it stands at a version that every target knows.
 */
const SYSTEMS: readonly GuestSystem[] = [
  system("other", "other", { cim: [0, 1], virtualbox: ["Other"] }),
  system("other-64", "other", { cim: [102], virtualbox: ["Other_64"] }),
  system("dos", "other", { cim: [14], virtualbox: ["DOS"], osinfo: "http://microsoft.com/msdos/6.22" }),
  system("otherlinux", "linux", { cim: [36], virtualbox: ["Linux"] }),
  system("otherlinux-64", "linux", { cim: [101], virtualbox: ["Linux_64"] }),
  system("other24xlinux", "linux", { cim: [97], virtualbox: ["Linux24"] }),
  system("other24xlinux-64", "linux", { cim: [98], virtualbox: ["Linux24_64"] }),
  system("other26xlinux", "linux", { cim: [99], virtualbox: ["Linux26"] }),
  system("other26xlinux-64", "linux", { cim: [100], virtualbox: ["Linux26_64"] }),
  system("other3xlinux-64", "linux"),
  system("other4xlinux-64", "linux"),
  system("other5xlinux-64", "linux", { virtualbox: ["ArchLinux_64", "Gentoo_64"] }),
  system("other6xlinux-64", "linux"),
  system("debian10", "linux", { cim: [95], virtualbox: ["Debian", "Debian10"] }),
  system("debian10-64", "linux", { cim: [96], virtualbox: ["Debian_64", "Debian10_64"] }),
  system("debian6-64", "linux", { virtualbox: ["Debian6_64"], osinfo: "http://debian.org/debian/6" }),
  system("debian7-64", "linux", { virtualbox: ["Debian7_64"], osinfo: "http://debian.org/debian/7" }),
  system("debian8-64", "linux", { virtualbox: ["Debian8_64"], osinfo: "http://debian.org/debian/8" }),
  system("debian9-64", "linux", { virtualbox: ["Debian9_64"], osinfo: "http://debian.org/debian/9" }),
  system("debian11-64", "linux", { virtualbox: ["Debian11_64"], osinfo: "http://debian.org/debian/11" }),
  system("debian12-64", "linux", { virtualbox: ["Debian12_64"], osinfo: "http://debian.org/debian/12" }),
  system("ubuntu", "linux", { cim: [93], virtualbox: ["Ubuntu"] }),
  system("ubuntu-64", "linux", { cim: [94], virtualbox: ["Ubuntu_64"] }),
  system("redhat", "linux", { virtualbox: ["RedHat"] }),
  system("rhel7-64", "linux", {
    cim: [80],
    virtualbox: ["RedHat_64", "RedHat7_64"],
    osinfo: "http://redhat.com/rhel/7-unknown",
  }),
  system("rhel6", "linux", { cim: [79], virtualbox: ["RedHat6"], osinfo: "http://redhat.com/rhel/6-unknown" }),
  system("rhel6-64", "linux", { virtualbox: ["RedHat6_64"], osinfo: "http://redhat.com/rhel/6-unknown" }),
  system("rhel8-64", "linux", { virtualbox: ["RedHat8_64"], osinfo: "http://redhat.com/rhel/8-unknown" }),
  system("rhel9-64", "linux", { virtualbox: ["RedHat9_64"], osinfo: "http://redhat.com/rhel/9-unknown" }),
  system("centos", "linux", { cim: [106] }),
  system("centos7-64", "linux", { cim: [107], osinfo: "http://centos.org/centos/7.0" }),
  system("centos8-64", "linux", { osinfo: "http://centos.org/centos/8" }),
  system("centos9-64", "linux", { osinfo: "http://centos.org/centos-stream/9" }),
  system("oraclelinux", "linux", { cim: [108], virtualbox: ["Oracle"] }),
  system("oraclelinux7-64", "linux", { cim: [109], virtualbox: ["Oracle_64", "Oracle7_64"] }),
  system("oraclelinux8-64", "linux", { virtualbox: ["Oracle8_64"] }),
  system("oraclelinux9-64", "linux", { virtualbox: ["Oracle9_64"] }),
  system("fedora", "linux", { virtualbox: ["Fedora"] }),
  system("fedora-64", "linux", { virtualbox: ["Fedora_64"] }),
  system("opensuse", "linux", { cim: [82], virtualbox: ["OpenSUSE"] }),
  system("opensuse-64", "linux", {
    cim: [83],
    virtualbox: ["OpenSUSE_64", "OpenSUSE_Leap_64", "OpenSUSE_Tumbleweed_64"],
  }),
  system("sles12", "linux", { cim: [84] }),
  system("sles12-64", "linux", { cim: [85], virtualbox: ["SUSE_LE_64"] }),
  system("sles15-64", "linux"),
  system("mandriva", "linux", { cim: [89], virtualbox: ["Mandriva"] }),
  system("mandriva-64", "linux", { cim: [90], virtualbox: ["Mandriva_64"] }),
  system("turbolinux", "linux", { cim: [91], virtualbox: ["Turbolinux"] }),
  system("turbolinux-64", "linux", { cim: [92], virtualbox: ["Turbolinux_64"] }),
  system("vmware-photon-64", "linux"),
  system("amazonlinux2-64", "linux"),
  system("freebsd", "bsd", { cim: [42], virtualbox: ["FreeBSD"] }),
  system("freebsd-64", "bsd", { cim: [78], virtualbox: ["FreeBSD_64"] }),
  system("freebsd12-64", "bsd", { osinfo: "http://freebsd.org/freebsd/12.0" }),
  system("freebsd13-64", "bsd", { osinfo: "http://freebsd.org/freebsd/13.0" }),
  system("solaris10-64", "solaris", { cim: [29, 81], virtualbox: ["Solaris10_U8_or_later_64", "Solaris_64"] }),
  system("solaris11-64", "solaris", { virtualbox: ["Solaris11_64"] }),
  system("winnt", "windows", { cim: [18], virtualbox: ["WindowsNT4"] }),
  system("win98", "windows", { cim: [17], virtualbox: ["Windows98"], osinfo: "http://microsoft.com/win/98" }),
  system("winme", "windows", { cim: [63], virtualbox: ["WindowsMe"], osinfo: "http://microsoft.com/win/me" }),
  system("win2000serv", "windows", { cim: [58], virtualbox: ["Windows2000"], osinfo: "http://microsoft.com/win/2k" }),
  system("winxppro", "windows", { cim: [67], virtualbox: ["WindowsXP"], osinfo: "http://microsoft.com/win/xp" }),
  system("winxppro-64", "windows", { cim: [71], virtualbox: ["WindowsXP_64"], osinfo: "http://microsoft.com/win/xp" }),
  system("winnetstandard", "windows", {
    cim: [69],
    virtualbox: ["Windows2003"],
    osinfo: "http://microsoft.com/win/2k3",
  }),
  system("winnetstandard-64", "windows", {
    cim: [70],
    virtualbox: ["Windows2003_64"],
    osinfo: "http://microsoft.com/win/2k3",
  }),
  system("winvista", "windows", { cim: [73], virtualbox: ["WindowsVista"], osinfo: "http://microsoft.com/win/vista" }),
  system("winvista-64", "windows", {
    cim: [74],
    virtualbox: ["WindowsVista_64"],
    osinfo: "http://microsoft.com/win/vista",
  }),
  system("longhorn", "windows", { cim: [76], virtualbox: ["Windows2008"], osinfo: "http://microsoft.com/win/2k8" }),
  system("longhorn-64", "windows", {
    cim: [77],
    virtualbox: ["Windows2008_64"],
    osinfo: "http://microsoft.com/win/2k8",
  }),
  system("windows7", "windows", { virtualbox: ["Windows7"], osinfo: "http://microsoft.com/win/7" }),
  system("windows7-64", "windows", { cim: [105], virtualbox: ["Windows7_64"], osinfo: "http://microsoft.com/win/7" }),
  system("windows7srv-64", "windows", { cim: [103], osinfo: "http://microsoft.com/win/2k8r2" }),
  system("windows8", "windows", {
    cim: [113, 117],
    virtualbox: ["Windows8", "Windows81"],
    osinfo: "http://microsoft.com/win/8",
  }),
  system("windows8-64", "windows", {
    cim: [114, 118],
    virtualbox: ["Windows8_64", "Windows81_64"],
    osinfo: "http://microsoft.com/win/8",
  }),
  system("windows8srv-64", "windows", {
    cim: [112, 115],
    virtualbox: ["Windows2012_64"],
    osinfo: "http://microsoft.com/win/2k12",
  }),
  system("windows9", "windows", { cim: [119], virtualbox: ["Windows10"], osinfo: "http://microsoft.com/win/10" }),
  system("windows9-64", "windows", { cim: [120], virtualbox: ["Windows10_64"], osinfo: "http://microsoft.com/win/10" }),
  system("windows9srv-64", "windows", {
    cim: [116],
    virtualbox: ["Windows2016_64"],
    osinfo: "http://microsoft.com/win/2k16",
  }),
  system("windows2019srv-64", "windows", { virtualbox: ["Windows2019_64"], osinfo: "http://microsoft.com/win/2k19" }),
  system("windows2019srvnext-64", "windows", {
    virtualbox: ["Windows2022_64"],
    osinfo: "http://microsoft.com/win/2k22",
  }),
  system("windows2022srvnext-64", "windows", { virtualbox: ["Windows2025_64"] }),
  system("windows11-64", "windows", { virtualbox: ["Windows11_64"], osinfo: "http://microsoft.com/win/11" }),
  system("darwin-64", "other", { virtualbox: ["MacOS_64"] }),
  system("netware6", "other", { cim: [21], virtualbox: ["Netware"] }),
  system("os2", "other", { cim: [12], virtualbox: ["OS2"] }),
  system("vmkernel65", "other", { cim: [104] }),
];

/** Every guest system that is known by name. */
export function guestSystems(): readonly GuestSystem[] {
  return SYSTEMS;
}

/** API names (`vmw:osType`) whose VMX name does not follow from the rule in `vmxName`. */
const API_NAMES: Readonly<Record<string, string>> = {
  otherguest: "other",
  otherguest64: "other-64",
  vmwarephoton64guest: "vmware-photon-64",
  winlonghornguest: "longhorn",
  winlonghorn64guest: "longhorn-64",
  windows7server64guest: "windows7srv-64",
  windows8server64guest: "windows8srv-64",
  windows9server64guest: "windows9srv-64",
};

/** What is known about a guest system. */
export interface GuestMatch {
  readonly system: GuestSystem;
  /** Which of the source's names told it; `null`: none did, and the system is an unknown one. */
  readonly by: "vmware" | "virtualbox" | "osinfo" | "xenserver" | "proxmox" | "cim" | null;
  /** The source names this very version; otherwise the system stands for its whole family. */
  readonly exact: boolean;
}

/** Finds the guest system by whatever name the source has. */
export function findGuestSystem(guestOs: GuestOs): GuestMatch {
  if (guestOs.vmware !== null) {
    const vmx = vmxName(guestOs.vmware);
    if (vmx !== null) return { system: byVmx(vmx), by: "vmware", exact: true };
  }
  if (guestOs.virtualbox !== null) {
    const id = guestOs.virtualbox;
    const found = byVirtualBox(id);
    if (found !== undefined)
      return {
        system: found,
        by: "virtualbox",
        exact: found.family === "windows" || /[0-9]/.test(id.replace(/_64$/, "")),
      };
  }
  const { cim, proxmox, osinfo, xenserver } = guestOs;
  const known = osinfo === null ? undefined : byOsinfo(osinfo);
  if (known !== undefined) return { ...known, by: "osinfo" };
  const template = Object.entries(XENSERVER_TEMPLATES).find(([, name]) => name === xenserver)?.[0];
  if (template !== undefined) return { system: byVmx(template), by: "xenserver", exact: true };
  if (proxmox !== null && Object.hasOwn(PROXMOX_SYSTEMS, proxmox)) {
    return { system: byVmx(PROXMOX_SYSTEMS[proxmox] ?? "other-64"), by: "proxmox", exact: false };
  }
  // 0 and 1 are "unknown" and "other": no more than no answer.
  if (cim !== null && cim > 1) {
    const found = SYSTEMS.find((s) => s.cim?.includes(cim));
    if (found !== undefined) return { system: found, by: "cim", exact: found.family === "windows" };
  }
  return { system: byVmx("other-64"), by: null, exact: false };
}

/** The VMX name of a guest id, which may be one already: `rhel7_64Guest` and `rhel7-64` are both `rhel7-64`. `null`: no guest id at all. */
export function vmxName(id: string): string | null {
  if (!/^[A-Za-z0-9_.-]{1,80}$/.test(id)) return null;
  const lower = id.toLowerCase();
  const known = API_NAMES[lower];
  if (known !== undefined) return known;
  if (!lower.endsWith("guest")) return lower;
  return lower.slice(0, -"guest".length).replace(/_?64$/, "-64").replace(/_$/, "");
}

function byVmx(vmx: string): GuestSystem {
  const known = SYSTEMS.find((s) => s.vmx === vmx);
  if (known !== undefined) return known;
  // A version that the table does not list: family by its first letters.
  const family = /^win|^longhorn/.test(vmx)
    ? "windows"
    : /bsd/.test(vmx)
      ? "bsd"
      : /linux|debian|ubuntu|rhel|redhat|centos|sles|suse|fedora|photon|rocky|alma|coreos|mandr|asianux|kylin/.test(vmx)
        ? "linux"
        : /solaris/.test(vmx)
          ? "solaris"
          : "other";
  return system(vmx, family);
}

function byVirtualBox(id: string): GuestSystem | undefined {
  const exact = SYSTEMS.find((s) => s.virtualbox?.includes(id));
  if (exact !== undefined) return exact;
  // `Ubuntu22_LTS_64` is `Ubuntu_64` with a version that other platforms do not name.
  const unversioned = id.replace(/^([A-Za-z]+)[0-9]+(?:_LTS)?/, "$1");
  return SYSTEMS.find((s) => s.virtualbox?.includes(unversioned));
}

/** Systems whose versions are written down elsewhere by the family alone: the start of libosinfo's id, and the family's newest. */
const OSINFO_FAMILIES: readonly (readonly [prefix: string, vmx: string])[] = [
  ["http://debian.org/debian/", "debian12-64"],
  ["http://ubuntu.com/ubuntu/", "ubuntu-64"],
  ["http://fedoraproject.org/", "fedora-64"],
  ["http://redhat.com/rhel/9", "rhel9-64"],
  ["http://redhat.com/rhel/8", "rhel8-64"],
  ["http://redhat.com/rhel/7", "rhel7-64"],
  ["http://redhat.com/rhel/6", "rhel6-64"],
  ["http://centos.org/centos/7", "centos7-64"],
  ["http://centos.org/centos/8", "centos8-64"],
  ["http://centos.org/centos-stream/8", "centos8-64"],
  ["http://centos.org/centos-stream/", "centos9-64"],
  ["http://rockylinux.org/", "otherlinux-64"],
  ["http://almalinux.org/", "otherlinux-64"],
  ["http://opensuse.org/", "opensuse-64"],
  ["http://suse.com/sles/12", "sles12-64"],
  ["http://suse.com/sles/", "sles15-64"],
  ["http://archlinux.org/", "other5xlinux-64"],
  ["http://gentoo.org/", "other5xlinux-64"],
  ["http://libosinfo.org/linux/", "otherlinux-64"],
  ["http://freebsd.org/freebsd/", "freebsd-64"],
];

/** A system by libosinfo's id. Ids name no word size: the wider one counts where there are two. */
function byOsinfo(id: string): { readonly system: GuestSystem; readonly exact: boolean } | undefined {
  const all = SYSTEMS.filter(({ osinfo }) => osinfo === id);
  const found = all.find(({ bits }) => bits === 64) ?? all[0];
  if (found !== undefined) return { system: found, exact: true };
  const family = OSINFO_FAMILIES.find(([prefix]) => id.startsWith(prefix));
  return family === undefined ? undefined : { system: byVmx(family[1]), exact: false };
}
