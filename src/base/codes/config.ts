import type { CodeTable } from "./codes.js";

/** Configurations of machines: VMX, .vbox, domains and the like. */
export const configCodes: CodeTable = {
  "config/unreadable": {
    kind: "invalid-format",
    what: "The configuration of a machine cannot be understood.",
    why: "It is damaged, cut off, or of another kind than it looks like.",
    fix: "Take it anew from where the machine comes from, or export the machine there as OVF.",
  },
  "config/strange-value": {
    what: "A value in a machine's configuration makes no sense.",
    why: "The platform itself refuses such a value, or takes another one in its place: the machine did not run with this configuration.",
    fix: "Look at the value, and set it in the configuration or by an option: what it was to say is not carried over.",
  },
  "config/strange-line": {
    what: "A line of a machine's configuration is no setting.",
    why: "The platform itself passes over such lines, or refuses the file.",
    fix: "Look at the line: what it was to say is not carried over.",
  },
  "config/wrong-type": {
    what: "A value of a machine's configuration is of another type than it should be.",
    why: "Somebody edited it, or a program wrote it that knows the format only in part.",
    fix: "Correct the value, or collect the machine anew. It counts as not said.",
  },
  "config/encrypted": {
    kind: "invalid-format",
    what: "The configuration of a machine is encrypted.",
    why: "Its settings, and mostly its disks too, can be read with the platform's own key alone.",
    fix: "Take the encryption off on the platform, or export the machine there as OVF.",
  },
  "config/repeated-setting": {
    what: "A machine's configuration sets one thing twice.",
    why: "The platform itself refuses such a file, or one of the two lines counts without a word.",
    fix: "Remove the line that is not meant.",
  },
  "config/image-missing": {
    what: "The image in a CD or floppy drive is not there.",
    why: "It lies elsewhere on the old host. A machine without it is still the machine: the drive comes empty.",
    fix: "Say where it lies with --map-disk, or put an image in on the new platform.",
  },
};
