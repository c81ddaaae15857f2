import type { CodeTable } from "./codes.js";

/** What descriptors say and do not say. */
export const ovfCodes: CodeTable = {
  "ovf/no-descriptor": {
    kind: "not-found",
    what: "A package holds no descriptor.",
    why: "Everything about the machines stands in the one file whose name ends in .ovf.",
    fix: "Name a folder or archive that holds an .ovf file.",
  },
  "ovf/not-an-envelope": {
    kind: "invalid-format",
    what: "The root element of a descriptor is no Envelope.",
    why: "The file is XML of another kind, such as a message bundle or an OVF environment.",
    fix: "Name the package's .ovf file.",
  },
  "ovf/unknown-namespace": {
    what: "The envelope is in a namespace that no version of OVF has.",
    why: "Importers that go by namespaces find nothing in it.",
    fix: "Use http://schemas.dmtf.org/ovf/envelope/1 or /2.",
  },
  "ovf/unknown-configuration": {
    kind: "usage",
    what: "A configuration was chosen that the package does not offer.",
    why: "Configurations are named by their id in the DeploymentOptionSection.",
    fix: "Choose one of those that the hint lists.",
  },
  "ovf/several-defaults": {
    what: "More than one configuration says that it is the default.",
    why: "Importers choose differently among them.",
    fix: "Leave ovf:default on one.",
  },
  "ovf/unknown-property": {
    kind: "usage",
    what: "A value was given for a property that the package does not have.",
    why: "Properties are named by key, with the class before and the instance behind it where the product has them.",
    fix: "Use one of the keys that the hint lists.",
  },
  "ovf/value-breaks-type": {
    what: "The value of a property does not fit its type.",
    why: "The software in the machine expects another kind of value, and importers refuse it.",
    fix: "Choose a value of the type, or correct ovf:type.",
  },
  "ovf/value-breaks-qualifier": {
    what: "The value of a property breaks one of its qualifiers.",
    why: "Qualifiers say which values the software in the machine takes, and importers hold answers to them.",
    fix: "Choose a value that fits, or correct ovf:qualifiers.",
  },
  "ovf/unresolved-reference": {
    what: "A property takes over the value of another that is not around it.",
    why: "A reference names a property of a collection or envelope around the one that has it.",
    fix: "Give the property a value of its own, or correct the name between the braces.",
  },
  "ovf/not-a-bundle": {
    kind: "invalid-format",
    what: "A file that is referred to as a message bundle is none.",
    why: "The texts of the package stand in XML documents with a Strings element as their root.",
    fix: "Refer to the right file in ovf:fileRef.",
  },
  "ovf/unreadable-bundle": {
    kind: "invalid-format",
    what: "A file with texts of the package cannot be read.",
    why: "Without it names and descriptions appear in the default language only, or not at all.",
    fix: "Store it as XML with a Strings element as its root, or as plain UTF-8, and not compressed.",
  },
  "ovf/secret-capacity": {
    kind: "usage",
    what: "A disk's capacity is a property that was given as a secret.",
    why: "The size of a disk cannot stay secret: it decides how the result is laid out.",
    fix: "Give the value itself.",
  },
  "ovf/no-machine": {
    what: "A package has no virtual system.",
    why: "There is nothing to deploy.",
    fix: "Add a VirtualSystem, or fetch the package again.",
  },
  "ovf/no-hardware": {
    what: "A virtual system has no hardware section.",
    why: "Nothing says what machine to make.",
    fix: "Add a VirtualHardwareSection.",
  },
  "ovf/several-hardware-sections": {
    what: "A machine is described several times, for different platforms.",
    why: "The first description is used; the others are left out.",
    fix: "Nothing, where the first one is right.",
  },
  "ovf/missing-id": {
    what: "Something has no id, name or key.",
    why: "Others cannot refer to it, and importers name it by chance.",
    fix: "Give it one that is unique.",
  },
  "ovf/duplicate-id": {
    what: "Two things of one kind have the same id.",
    why: "References to it can mean either.",
    fix: "Give each an id of its own.",
  },
  "ovf/incomplete-file": {
    what: "A File has no id or no href.",
    why: "It cannot be referred to, or not be found.",
    fix: "Complete it, or remove it.",
  },
  "ovf/incomplete-disk": {
    what: "A Disk has no diskId.",
    why: "No drive can name it.",
    fix: "Give it one.",
  },
  "ovf/href-outside-package": {
    what: "A File is outside of the package: a URL, an absolute path, or a path upwards.",
    why: "A package that names other files of the host or the network can read what is not its own. Such files are never opened.",
    fix: "Put the file beside the descriptor and name it by its file name.",
  },
  "ovf/file-missing": {
    what: "A File that References lists is not in the package.",
    why: "The package is incomplete.",
    fix: "Fetch it again, or put the file beside the descriptor.",
  },
  "ovf/unknown-compression": {
    what: "A File is compressed in a way that is not known.",
    why: "The standard has gzip and identity.",
    fix: "Unpack the file and remove the attribute.",
  },
  "ovf/dangling-file-ref": {
    what: "A Disk refers to a File that References does not list.",
    why: "Importers cannot find the content of the disk and reject the package.",
    fix: "Add the File, or correct the fileRef.",
  },
  "ovf/dangling-host-resource": {
    what: "A drive names a disk or file that the package does not list.",
    why: "The drive would be missing or empty.",
    fix: "Add the Disk or File, or correct the HostResource.",
  },
  "ovf/disk-copied": {
    what: "Several drives name the same Disk.",
    why: "By the standard each gets a private copy of it, unless the Disk is in a SharedDiskSection.",
    fix: "Nothing, where copies are meant.",
  },
  "ovf/disk-item-without-disk": {
    what: "A disk drive names no disk.",
    why: "It has neither content nor size, so it is left out.",
    fix: "Name a Disk in its HostResource.",
  },
  "ovf/unknown-parent-disk": {
    what: "A Disk continues another one that the DiskSection does not list.",
    why: "Without its parent the disk holds only part of its content.",
    fix: "Add the parent, or merge the two.",
  },
  "ovf/unknown-parent": {
    what: "A drive hangs on an item that is no controller of the machine.",
    why: "VirtualBox refuses such packages, Proxmox leaves the drive out.",
    fix: "Correct the Parent.",
  },
  "ovf/unknown-disk-format": {
    what: "The format of a Disk is a URI that is not known.",
    why: "The image itself is looked at.",
    fix: "Use http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized or another known one.",
  },
  "ovf/missing-capacity": {
    what: "A Disk has no capacity.",
    why: "The image tells its size, but an empty disk cannot be made.",
    fix: "Add ovf:capacity.",
  },
  "ovf/bad-capacity": {
    what: "The capacity of a Disk is no size.",
    why: "It has to be a whole number below 2^53 bytes, or the key of a property with such a value, in braces behind a dollar sign.",
    fix: "Correct it, or give the property a value.",
  },
  "ovf/missing-unit": {
    what: "A quantity of memory has no unit.",
    why: "By the standard it would be bytes, which cannot be meant: MiB is assumed.",
    fix: "Write byte * 2^20 in AllocationUnits.",
  },
  "ovf/unknown-unit": {
    what: "A quantity is counted in something that is no size.",
    why: "Nobody can say how much is meant.",
    fix: "Use byte, byte * 2^20 or byte * 2^30.",
  },
  "ovf/bad-quantity": {
    what: "A quantity of processors or memory is no whole number.",
    why: "Importers reject it or read something else.",
    fix: "Correct the VirtualQuantity.",
  },
  "ovf/missing-cpu": {
    what: "A machine does not say how many processors it has.",
    why: "Importers choose one or refuse.",
    fix: "Add an item of type 3 with a VirtualQuantity.",
  },
  "ovf/missing-memory": {
    what: "A machine does not say how much memory it has.",
    why: "Importers choose something or refuse.",
    fix: "Add an item of type 4 with a VirtualQuantity.",
  },
  "ovf/unknown-firmware": {
    what: "A machine asks for a firmware that is not known.",
    why: "Known are bios and efi; with the wrong one the guest does not start.",
    fix: "Correct the vmw:Config firmware.",
  },
  "ovf/unknown-resource-type": {
    what: "An item of hardware has a resource type that is not known.",
    why: "It is kept as it stands and left out on other platforms.",
    fix: 'Mark it ovf:required="false" where the machine can do without.',
  },
  "ovf/unknown-network": {
    what: "A network card is on a network that the NetworkSection does not list.",
    why: "Importers cannot ask where to connect it.",
    fix: "Add the Network.",
  },
  "ovf/hardware-disagrees": {
    what: "VirtualBox's own settings and the OVF hardware differ in their network cards.",
    why: "The descriptor was edited in one place only, and VirtualBox goes by its own settings.",
    fix: "Change both, or remove vbox:Machine.",
  },
};
