/** The guest system of a machine in the words of OVF. */
import type { GuestOs } from "../../appliance/appliance.js";
import { findGuestSystem, type GuestSystem, vmxName } from "../../appliance/guest-os.js";

/** How a descriptor names a guest system. */
export interface NamedGuest {
  /** CIM_OperatingSystem.OsType. */
  readonly cim: number;
  /** `vmw:osType`: VirtualMachineGuestOsIdentifier of the vSphere API; `null`: none is known. */
  readonly vmware: string | null;
  /** `vbox:OSType`. */
  readonly virtualbox: string | null;
  /** Whether a name of the source told it. */
  readonly known: boolean;
}

/** What stands for a family where no number stands for the system itself, for 32 and 64 bits. */
const FAMILY: Readonly<
  Record<GuestSystem["family"], { readonly cim: readonly [number, number]; readonly box: readonly [string, string] }>
> = {
  linux: { cim: [36, 101], box: ["Linux", "Linux_64"] },
  bsd: { cim: [42, 78], box: ["FreeBSD", "FreeBSD_64"] },
  solaris: { cim: [29, 81], box: ["Solaris", "Solaris11_64"] },
  // CIM's words for Windows name versions; "other" promises none.
  windows: { cim: [1, 102], box: ["WindowsNT", "WindowsNT_64"] },
  other: { cim: [1, 102], box: ["Other", "Other_64"] },
};

/** The names of a guest system, those of the source first. */
export function nameGuest(guestOs: GuestOs): NamedGuest {
  const { system, by } = findGuestSystem(guestOs);
  const family = FAMILY[system.family];
  const wide = system.bits === 64 ? 1 : 0;
  const { cim } = guestOs;
  return {
    cim: cim !== null && cim >= 0 && cim <= 0xffff ? cim : (system.cim?.[0] ?? family.cim[wide]),
    vmware: apiName(guestOs.vmware ?? system.vmx),
    virtualbox: guestOs.virtualbox ?? system.virtualbox?.[0] ?? family.box[wide],
    known: by !== null,
  };
}

/**
 * Guest ids of the vSphere API (VirtualMachineGuestOsIdentifier) without the word `Guest` that all but one end in: clients compare them to the
 * letter.
 */
const API_FAMILIES: readonly string[] = [
  "almalinux_64 amazonlinux2_64 amazonlinux3_64 asianux3 asianux3_64 asianux4 asianux4_64 asianux5_64 asianux7_64 asianux8_64 asianux9_64",
  "centos centos64 centos6 centos6_64 centos7 centos7_64 centos8_64 centos9_64 coreos64 crxPod1 crxSys1",
  "darwin darwin64 darwin10 darwin10_64 darwin11 darwin11_64 darwin12_64 darwin13_64 darwin14_64 darwin15_64 darwin16_64 darwin17_64 darwin18_64 darwin19_64 darwin20_64 darwin21_64 darwin22_64 darwin23_64",
  "debian4 debian4_64 debian5 debian5_64 debian6 debian6_64 debian7 debian7_64 debian8 debian8_64 debian9 debian9_64 debian10 debian10_64 debian11 debian11_64 debian12 debian12_64 debian13 debian13_64",
  "dos eComStation eComStation2 fedora fedora64 freebsd freebsd64 freebsd11 freebsd11_64 freebsd12 freebsd12_64 freebsd13 freebsd13_64 freebsd14 freebsd14_64 genericLinux",
  "mandrake mandriva mandriva64 netware4 netware5 netware6 nld9 oes openServer5 openServer6 opensuse opensuse64 oracleLinux oracleLinux64 oracleLinux6 oracleLinux6_64 oracleLinux7 oracleLinux7_64 oracleLinux8_64 oracleLinux9_64 os2",
  "other other24xLinux other24xLinux64 other26xLinux other26xLinux64 other3xLinux other3xLinux64 other4xLinux other4xLinux64 other5xLinux other5xLinux64 other6xLinux other6xLinux64 otherLinux otherLinux64",
  "redhat rhel2 rhel3 rhel3_64 rhel4 rhel4_64 rhel5 rhel5_64 rhel6 rhel6_64 rhel7 rhel7_64 rhel8_64 rhel9_64 rockylinux_64 fusionos_64 kylinlinux_64",
  "sjds sles sles64 sles10 sles10_64 sles11 sles11_64 sles12 sles12_64 sles15_64 sles16_64 solaris6 solaris7 solaris8 solaris9 solaris10 solaris10_64 solaris11_64 suse suse64 turboLinux turboLinux64 ubuntu ubuntu64 unixWare7",
  "vmkernel vmkernel5 vmkernel6 vmkernel65 vmkernel7 vmkernel8 vmwarePhoton64",
  "win2000AdvServ win2000Pro win2000Serv win31 win95 win98 winLonghorn winLonghorn64 winMe winNetBusiness winNetDatacenter winNetDatacenter64 winNetEnterprise winNetEnterprise64 winNetStandard winNetStandard64 winNetWeb winNT winVista winVista64 winXPHome winXPPro winXPPro64",
  "windows7 windows7_64 windows7Server64 windows8 windows8_64 windows8Server64 windows9 windows9_64 windows9Server64 windowsHyperV windows11_64 windows12_64 windows2019srv_64 windows2019srvNext_64 windows2022srvNext_64",
];

/** API names by the name that a VMX file has for the same system. */
const API_BY_VMX: ReadonlyMap<string, string> = new Map(
  API_FAMILIES.flatMap((family) => family.split(" "))
    .map((name) => `${name}Guest`)
    .concat("otherGuest64")
    .map((name) => [vmxName(name) ?? name, name]),
);

/** The API's name of a guest id; one that is none of the names known here stays as the source has it, where it is written as the API does. */
function apiName(id: string): string | null {
  const vmx = vmxName(id);
  const known = vmx === null ? undefined : API_BY_VMX.get(vmx);
  if (known !== undefined) return known;
  return /^[A-Za-z0-9_]{1,60}Guest(?:64)?$/.test(id) ? id : null;
}
