import type { CodeTable } from "./codes.js";

/** What becomes of a machine that is written as OVF. */
export const ovfWritingCodes: CodeTable = {
  "ovf/version-not-read": {
    kind: "usage",
    what: "A package for a consumer was asked for in a version of OVF that its importer does not read.",
    why: "`--flavour` names who is going to read the package, and `--ovf-version` how it is written.",
    fix: "Choose one of the versions that the hint names, or write `--flavour strict`.",
  },
  "convert/flavoured": {
    what: "A descriptor was changed so that the importer of `--flavour` takes it.",
    why: "The rule that the finding names says what the importer would have done.",
    fix: "Nothing; leave out `--flavour` for the descriptor as it was.",
  },
  "convert/hardware-dropped": {
    what: "One of several hardware sections was left out.",
    why: "The importer takes the first section, or all of them for one machine, whatever they are for.",
    fix: "Nothing; keep the source package for the other platform.",
  },
  "ovf/number-cut": {
    what: "A number is larger than the standard's schemas allow.",
    why: "Start orders and delays have 16 bits in OVF.",
    fix: "Set the time where the machine is imported.",
  },
  "ovf/guest-os-coarse": {
    what: "The guest system is named by its family alone, or by another version.",
    why: "Numbers of CIM name no versions, and the flavour has no other names.",
    fix: "Nothing; choose the version in the importer if it asks.",
  },
  "ovf/guest-os-unknown": {
    what: "The guest system has a name that no number of OVF is known for.",
    why: "OVF names guest systems by a number of CIM, VMware and VirtualBox by ids of their own.",
    fix: "Choose the guest system where the machine is imported.",
  },
  "ovf/boot-order-dropped": {
    what: "The boot order is lost.",
    why: "OVF 1 has no place for it outside of what vendors add.",
    fix: "Write OVF 2, or a vendor's flavour; or set the order where the machine is imported.",
  },
  "ovf/firmware-dropped": {
    what: "It is lost that the machine boots by EFI.",
    why: "The standard has no word for firmware; every vendor has its own.",
    fix: "Write the flavour of the consumer, or set the firmware where the machine is imported.",
  },
  "ovf/sockets-dropped": {
    what: "It is lost how processors sit in sockets.",
    why: "The standard counts processors; VMware adds the cores of a socket.",
    fix: "Set it where the machine is imported, if the guest's licences count sockets.",
  },
  "ovf/video-cut": {
    what: "The memory and the displays of a graphics card are lost.",
    why: "The standard names the card alone.",
    fix: "Set them where the machine is imported.",
  },
  "ovf/product-renamed": {
    what: "A product got another instance, because two have the same class and instance.",
    why: "Class and instance are the key that the guest finds its answers by.",
    fix: "Give each product a class of its own in the source.",
  },
  "ovf/secret-left-out": {
    what: "The value of a property was given as a secret, and the package does not hold it.",
    why: "Everybody who has a package can read it.",
    fix: "Answer the question where the package is deployed.",
  },
  "ovf/password-mark-dropped": {
    what: "OVF 1.0 cannot say that a property is a password.",
    why: "The attribute came with OVF 1.1.",
    fix: "Write OVF 1.1.",
  },
};
