/** What VMware's ovftool, vSphere, ESXi, Workstation and Fusion say about descriptors and disks. */
import type { ForeignMessage } from "./message.js";

const VALIDATE = ["validate SRC --for vsphere-8"];
const FIX = [...VALIDATE, "fix SRC DEST --for vsphere-8"];

export const vmwareMessages: readonly ForeignMessage[] = [
  {
    program: "vmware",
    says: "Unsupported hardware family '{family}'",
    pattern: /unsupported hardware family '(?<family>(?!vmx-)[^']{1,80})'/i,
    means:
      "The machine's VirtualSystemType is {family}, a family of another product. VMware takes only families that begin with vmx-, and names no other reason.",
    fix: "Give VirtualSystemType a version of VMware's hardware that the target has, such as vmx-13 for ESXi 6.5 and later.",
    commands: FIX,
    codes: ["target/hardware-family"],
    seen: ["cyphonmdr/cyphon#176", "owncloud-archive/vm#53", "securityroots/dradispro-tracker#297"],
    example: "Unsupported hardware family 'virtualbox-2.2'.",
  },
  {
    program: "vmware",
    says: "Unsupported hardware family '{family}'",
    pattern: /unsupported hardware family '(?<family>vmx-[0-9]{1,3})'/i,
    means:
      "The host does not know the hardware version {family}. Either it is newer than the host (ESXi 6.0 ends at vmx-11, 6.5 at vmx-13, 7.0 at vmx-19), or so old that the host has given it up.",
    fix: "Use a version that every target has. vmx-13 suits ESXi 6.5 to 8; the guest loses nothing that it does not use.",
    commands: FIX,
    codes: ["target/hardware-too-new", "target/hardware-too-old"],
    seen: ["home-assistant/operating-system#3163", "EMCECS/ECS-CommunityEdition#555", "nextcloud/vm#556"],
    example: "Line 30: Unsupported hardware family 'vmx-10'.",
  },
  {
    program: "vmware",
    says: "No supported hardware versions among [{asked}]; supported: [...]",
    pattern:
      /no supported hardware versions? among \[(?<asked>[^\]]{1,200})\](?:;? ?supported: \[(?<supported>[^\]]{1,400})\])?/i,
    means:
      "The host has none of the hardware versions that VirtualSystemType lists ({asked}). What it has stands behind `supported`.",
    fix: "Choose the highest version of that list. Where the package must fit several hosts, take the lowest of all.",
    commands: FIX,
    codes: ["target/hardware-too-new", "target/hardware-too-old"],
    seen: ["kubernetes/kops#5083"],
    example:
      "VALUE_ILLEGAL: No supported hardware version among [vmx-11] supported: [vmx-04, vmx-07, vmx-08, vmx-09, vmx-10].",
  },
  {
    program: "vmware",
    says: "Unsupported element '{element}'",
    pattern: /unsupported element '(?<element>(?:Storage|EthernetPort)Item)'/i,
    means: "The descriptor is OVF 2.0: {element} is new there. VMware's importers read OVF 1.x only.",
    fix: "Export it again as OVF 1.0 (VirtualBox: --ovf10), or convert it; the machine is the same.",
    commands: [...VALIDATE, "convert SRC DEST --to ova"],
    codes: ["target/item-of-ovf-2", "target/namespace-unread"],
    seen: ["BlackArch/blackarch#1937", "myspaghetti/macos-virtualbox#300"],
    example: "Line 102: Unsupported element 'StorageItem'.",
  },
  {
    program: "vmware",
    says: "Unsupported element 'VirtualSystemCollection'",
    pattern: /unsupported element 'VirtualSystemCollection'/i,
    means:
      "The package holds several machines. vCenter makes a vApp of them; an ESXi host on its own takes one machine at a time.",
    fix: "Deploy it through vCenter, or take the machines apart: one package for each.",
    commands: ["inspect SRC", ...VALIDATE],
    codes: ["target/collection-unread"],
    seen: [],
    example: "Unsupported element 'VirtualSystemCollection'",
  },
  {
    program: "vmware",
    says: "Unsupported element '{element}'",
    pattern: /unsupported element '(?<element>[^']{1,120})'/i,
    means:
      "The importer does not know {element} at this place. It is another vendor's extension, an element of a newer OVF, or it stands out of order.",
    fix: 'Where it is an extension, mark it ovf:required="false": importers then skip what they do not know. Where the name is known, look at the order of the elements.',
    commands: ["validate SRC --strict", ...FIX],
    codes: ["target/xen-configuration", "target/item-order", "ovf/element-unknown"],
    seen: ["xcp-ng/xenadmin#202", "home-assistant/operating-system#660"],
    example: "Line 2: Unsupported element 'VirtualSystemOtherConfigurationData'.",
  },
  {
    program: "vmware",
    says: "Unsupported section '{section}'",
    pattern: /unsupported section '(?<section>[^']{1,120})'/i,
    means:
      "The importer does not know {section} at this place, and the section does not say that it may be skipped. StartupSection is for collections: in a package with one machine it is refused.",
    fix: 'Remove the section where it has no use (one machine needs no order of starting), or mark it ovf:required="false".',
    commands: FIX,
    codes: ["target/startup-section"],
    seen: ["xcp-ng/xenadmin#202"],
    example: "Line 2: Unsupported section 'StartupSection' (Startup Options).",
  },
  {
    program: "vmware",
    says: "No support for the virtual hardware device type '{type}'",
    pattern:
      /(?:hardware element '[^']{1,60}' with instance id '(?<instance>[^']{1,60})': )?no support for the virtual hardware device type '(?<type>[0-9]{1,6})'/i,
    means:
      "An item has the resource type {type}, which the host has no device for. Type 35 is a sound card, 20 a SATA or NVMe controller, 24 a video card.",
    fix: 'Remove the item, or mark it ovf:required="false" so that hosts without the device leave it out.',
    commands: FIX,
    codes: ["target/item-type-refused"],
    seen: ["Graylog2/graylog2-images#224"],
    example:
      "Line 66: OVF hardware element 'ResourceType' with instance ID '5': No support for the virtual hardware device type '35'",
  },
  {
    program: "vmware",
    says: "Missing child element '{element}'",
    pattern: /missing child element '(?<element>[^']{1,120})'/i,
    means:
      "The importer looked for {element} and did not find it: it is missing, or in a namespace that the importer does not read (OVF 2.0 has another one than OVF 1.x).",
    fix: "See which version of OVF the descriptor is. Add what is missing, or convert it to OVF 1.0.",
    commands: ["inspect SRC", "validate SRC", "convert SRC DEST --to ova"],
    codes: ["ovf/hardware-missing", "target/namespace-unread"],
    seen: ["librenms/packer-builds#31"],
    example: "Missing child element 'Virtualhardwaresection'",
  },
  {
    program: "vmware",
    says: "Unable to parse '{value}' for attribute 'key' on element 'Config'",
    pattern: /unable to parse '(?<value>[^']{1,200})' for attribute 'key' on element '(?<element>[^']{1,60})'/i,
    means:
      "The host does not know the setting {value} of vmw:{element}, and the element does not say that it may be skipped.",
    fix: 'Mark the element ovf:required="false", or remove it.',
    commands: FIX,
    codes: ["target/config-required"],
    seen: ["vmware/govmomi#2136"],
    example: "Unable to parse 'tools.toolsInstallType' for attribute 'key' on element 'Config'.",
  },
  {
    program: "vmware",
    says: "Unsupported value '{value}' for attribute 'key' on element 'ExtraConfig'",
    pattern: /unsupported value '(?<value>[^']{1,200})' for attribute '[^']{1,60}' on element 'ExtraConfig'/i,
    means:
      "vmw:ExtraConfig asks for {value}, which the host does not take from a package: only settings of a short list are allowed.",
    fix: 'Remove the setting, or mark the element ovf:required="false".',
    commands: FIX,
    codes: ["target/extra-config-required"],
    seen: ["GNS3/gns3-vm#40"],
    example: "Unsupported value 'vhv.enable' for attribute 'key' on element 'ExtraConfig'.",
  },
  {
    program: "vmware",
    says: "PARSE_ERROR",
    pattern: /[0-9]:-?[0-9]{1,8}:? ?:?PARSE_ERROR\b(?:: ?(?<reason>[^.]{1,200}))?/,
    means:
      "The descriptor is no well-formed XML to the importer. Most often a prefix such as vmw: is used and nothing declares it.",
    fix: "Declare the prefix in the Envelope.",
    commands: ["validate SRC", "fix SRC DEST"],
    codes: ["xml/undeclared-prefix", "target/prefix-undeclared"],
    seen: ["home-assistant/operating-system#660"],
    example: "Issues detected with selected template. Details: - 1:1:PARSE_ERROR: Undeclared namespace prefix",
  },
  {
    program: "vmware",
    says: "The specified operating system identifier '{os}' is not supported on the selected host",
    pattern:
      /operating system identifier '(?<os>[^']{0,120})' \(id: ?(?<id>[0-9]{1,6})\) is not supported on the selected host/i,
    means:
      "The host does not know the guest system {os} (number {id}) and takes another one. Drivers and defaults of the machine follow that choice.",
    fix: "Name the system as the target does: vmw:osType of OperatingSystemSection, such as debian12_64Guest. The machine runs all the same in most cases.",
    commands: FIX,
    codes: [],
    seen: ["Banno/packer-post-processor-vsphere-ova#9"],
    example:
      "The specified operating system identifier 'RedHat_64' (id: 80) is not supported on the selected host. It will be mapped to the following OS identifier: 'Other (32-bit)'.",
  },
  {
    program: "vmware",
    says: "The guest operating system '{os}' is not supported",
    pattern: /guest operating system '(?<os>[^']{1,120})' is not supported/i,
    means: "The host, at the hardware version of the package, does not know the guest system {os}.",
    fix: "Choose a system that the host knows, or a newer hardware version.",
    commands: FIX,
    codes: [],
    seen: ["EMCECS/ECS-CommunityEdition#555"],
    example: "The guest operating system 'centos7_64Guest' is not supported.",
  },
  {
    program: "vmware",
    says: "Wrong file size specified in OVF descriptor for '{file}'",
    pattern:
      /wrong file size specified in ovf descriptor(?: for '(?<file>[^']{1,255})')?(?: \(specified: (?<specified>[0-9]{1,20}), actual:? (?<actual>[0-9]{1,20})\))?/i,
    means:
      "ovf:size of the File element is not the size of the file. Programs that write the size of the disk there (govc export, packer) cause it; vSphere stops, or makes an empty disk.",
    fix: "Write the real size in bytes, and the manifest's digest of the descriptor anew.",
    commands: ["validate SRC", "fix SRC DEST"],
    codes: ["package/size-differs"],
    seen: ["hashicorp/packer#8995", "vmware/govmomi#3440", "gardenlinux/gardenlinux#2322"],
    example:
      "Wrong file size specified in OVF descriptor for 'windows_server_2019-disk-0.vmdk' (specified: 42949672960, actual 3961170432).",
  },
  {
    program: "vmware",
    says: "A required disk image was missing",
    pattern: /a required disk image was missing/i,
    means:
      "The host's web client did not find a disk where the descriptor says. The disk is missing or has another name, it is packed with gzip or cut in chunks, or it is an early client of ESXi 6.5, which cannot read some OVAs.",
    fix: "Unpack the OVA and give the client the .ovf and the disks; update the client where it is that of ESXi 6.5.",
    commands: ["validate SRC", "unpack SRC DEST"],
    codes: ["package/missing-file", "target/file-compressed", "target/file-chunked"],
    seen: ["GNS3/gns3-vm#95", "EMCECS/ECS-CommunityEdition#416"],
    example: "A required disk image was missing.",
  },
  {
    program: "vmware",
    says: "Unsupported or invalid disk type {type} for '{device}'",
    pattern: /unsupported or invalid disk type (?<type>[0-9]{1,3})(?: for '(?<device>[^']{1,60})')?/i,
    means:
      "The disk is a kind of VMDK that ESXi does not run from: a stream-optimized or a hosted sparse file that was copied to the datastore as it is.",
    fix: "Import it instead of copying it, or convert it to the vmfs variant first.",
    commands: ["disk info SRC", "disk convert SRC DEST.vmdk --variant vmfs"],
    codes: [],
    seen: ["mininet/mininet#564", "OpenNebula/one#5754"],
    example: "Unsupported or invalid disk type 7. Ensure that the disk has been imported.",
  },
  {
    program: "vmware",
    says: "The specified object {path}/nvram could not be found",
    pattern: /the specified object (?<path>\S{1,255}nvram) could not be found/i,
    means:
      "The descriptor names a file with the firmware's settings (nvram) that is not in the package, or that the client does not upload.",
    fix: "Remove the setting nvram and its File element: the firmware starts with its defaults. ovftool deploys the package where the web client does not.",
    commands: VALIDATE,
    codes: ["target/nvram-missing", "target/nvram-upload"],
    seen: ["vmware/photon#777", "vmware/packer-plugin-vsphere#95"],
    example: "The specified object /photon-custom-hw13-2.0-304b817/nvram could not be found.",
  },
  {
    program: "vmware",
    says: "Invalid configuration for device '{device}'",
    pattern: /invalid configuration for device '(?<device>[^']{1,60})'/i,
    means:
      "The host refuses the device number {device} as the package describes it: often a CD drive on a SATA controller, a controller that the hardware version has not, or an address that is taken.",
    fix: "Move the CD drive to IDE; look for two items at one address of one controller.",
    commands: FIX,
    codes: ["target/cd-on-sata", "ovf/address-taken"],
    seen: ["yavijava/yavijava#169"],
    example: "Invalid configuration for device '0'.",
  },
  {
    program: "vmware",
    says: "did not pass OVF specification conformance or virtual hardware compliance checks",
    pattern: /did not pass ovf specification conformance or virtual hardware compliance checks/i,
    means:
      "Workstation or Fusion found something in the descriptor that it does not know. It tells the reason only in the details. A retry ignores it, and may leave devices out.",
    fix: "See the findings for the target, and mend the package rather than retrying.",
    commands: ["validate SRC --for workstation-17", "fix SRC DEST --for workstation-17"],
    codes: [],
    seen: ["BlackArch/blackarch#1937"],
    example:
      "The import failed because x.ova did not pass OVF specification conformance or virtual hardware compliance checks.",
  },
  {
    program: "vmware",
    says: "Did not find an .ovf file at the beginning of the OVA package",
    pattern: /did not find an? \.?ovf file at the beginning of the ova package/i,
    means:
      "The descriptor is not the first file of the archive. VMware reads an OVA from front to back and wants it there.",
    fix: "Write the archive anew with the descriptor first.",
    commands: ["validate SRC", "fix SRC DEST.ova"],
    codes: ["package/descriptor-not-first"],
    seen: ["coreos/fedora-coreos-tracker#391", "coreos/coreos-assembler#1141"],
    example: "Did not find an .ovf file at the beginning of the OVA package",
  },
  {
    program: "vmware",
    says: "Value '{value}' of {element} element not found in [...]",
    pattern: /value '{1,2}(?<value>[^']{1,80})'{1,2} of (?<element>[A-Za-z]{1,40}) element not found in \[/i,
    means:
      "The target has no {value} for {element}. What it has stands in the brackets; an empty list means that it takes no kinds there at all, as with IDE controllers.",
    fix: "Take one of the list, or leave the element out where the list is empty.",
    commands: FIX,
    codes: ["target/ide-subtype"],
    seen: ["inverse-inc/packetfence#5522"],
    example: "48:7:VALUE_ILLEGAL: Value ''PIIX4'' of ResourceSubType element not found in [].",
  },
  {
    program: "vmware",
    says: "ExtraConfig option '{value}' is not allowed, will skip it",
    pattern: /extraconfig option '(?<value>[^']{1,200})' is not allowed/i,
    means: "The host does not take {value} from a package, and goes on without it. It is a warning.",
    fix: "Remove the setting, or set it after the import where the guest needs it.",
    commands: VALIDATE,
    codes: [],
    seen: ["GNS3/gns3-vm#40"],
    example: "ExtraConfig option 'ethernet0.connectionType' is not allowed, will skip it.",
  },
];
