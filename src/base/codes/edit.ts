import type { CodeTable } from "./codes.js";

/** Changing a package: `edit/...`. */
export const editCodes: CodeTable = {
  "edit/nothing": {
    kind: "usage",
    what: "`vmferry edit` was given nothing to change.",
    why: "Each change is an option of its own, or a line of a patch.",
    fix: "Say what is to change, such as `--cpus 4`, or name a patch with `--patch FILE`.",
  },
  "edit/which-machine": {
    kind: "usage",
    what: "An edit of a machine does not say which of several.",
    why: "What is right for one machine of an appliance is wrong for another.",
    fix: "Name one with `--machine ID`. `vmferry inspect` shows the ids.",
  },
  "edit/no-target": {
    kind: "usage",
    what: "What an edit names is not in the package.",
    why: "An edit changes what is there: a machine, a property, a disk, a network, a card, a deployment option.",
    fix: "Use one of the names that the hint lists, or add it first.",
  },
  "edit/ambiguous": {
    kind: "usage",
    what: "Several places of the descriptor fit an edit.",
    why: "Changing one of them, or all, would be a guess.",
    fix: "Say more: a property's full key, `--machine ID`, `--config ID`.",
  },
  "edit/exists": {
    kind: "usage",
    what: "Something is to be added that the package has already.",
    why: "Two of one name cannot be told apart.",
    fix: "Choose another name, or change what is there.",
  },
  "edit/not-possible": {
    kind: "usage",
    what: "The package would contradict itself after an edit.",
    why: "A value is out of the limits that its author set, does not divide, or something else still needs what is to go.",
    fix: "The message names what is in the way: change that in the same edit.",
  },
  "edit/bad-value": {
    kind: "usage",
    what: "The value of a property does not fit its type or its qualifiers.",
    why: "Importers refuse a default that the property's own rules do not allow.",
    fix: "Choose another value. `vmferry inspect --details` shows types and qualifiers.",
  },
  "edit/plain-secret": {
    kind: "usage",
    what: "The value of a password property was written out.",
    why: "What stands on a command line or in a patch is read by others: other users, logs, version control.",
    fix: "Give a reference: `env:NAME`, `file:PATH` or `cmd:COMMAND`.",
  },
  "edit/embedded-settings": {
    kind: "unsupported-feature",
    what: "VirtualBox's own settings in the package repeat what is to change, in a way that cannot be changed with it.",
    why: "VirtualBox imports those settings, so that the edit would count for all others and not for it.",
    fix: "Convert the package: `vmferry convert SRC DEST --to ova --flavour virtualbox`, which writes the descriptor anew, and edit the result.",
  },
  "edit/translations-dropped": {
    what: "A text that an edit replaced has translations, which are no longer referred to.",
    why: "They say what the text said before.",
    fix: "Nothing, if one language is enough. Else add translations of the new text by hand.",
  },
  "edit/not-checked": {
    what: "Digests of files that an edit left alone were taken over from the old manifest without reading the files.",
    why: "An edit in place does not read disks: that is what makes it fast.",
    fix: "Check all files with `vmferry verify`, where you have to know.",
  },
  "edit/written-anew": {
    what: "A package cannot be changed where it lies, and is written anew beside itself, and then replaced.",
    why: "The descriptor grew by more than the white space behind it, or members of the archive are added or removed.",
    fix: "Nothing, if there is room for a second copy. Packages that vmferry writes have white space for edits.",
  },
};
