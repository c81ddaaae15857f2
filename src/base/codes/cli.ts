import type { CodeTable } from "./codes.js";

/** Codes of the area `cli`. */
export const cliCodes: CodeTable = {
  "cli/unknown-command": {
    kind: "usage",
    what: "There is no such command.",
    why: "The first word of the command line names what to do.",
    fix: "`vmferry --help` lists the commands.",
  },
  "cli/unknown-option": {
    kind: "usage",
    what: "The command has no such option.",
    why: "An option that is not understood could change what is done, so nothing is done.",
    fix: "`vmferry help COMMAND` lists the options of a command.",
  },
  "cli/missing-argument": {
    kind: "usage",
    what: "An argument, or the value of an option, is missing.",
    why: "The command cannot start without it.",
    fix: "`vmferry help COMMAND` shows what the command expects.",
  },
  "cli/extra-argument": {
    kind: "usage",
    what: "There are more arguments than the command takes.",
    why: "A file name with a space in it counts as two unless it is quoted.",
    fix: "Quote names with spaces; `vmferry help COMMAND` shows what the command expects.",
  },
  "cli/invalid-value": {
    kind: "usage",
    what: "The value of an argument or option is none that it takes.",
    why: "The message names the values that are understood.",
    fix: "Use one of those values.",
  },
  "cli/usage": {
    kind: "usage",
    what: "The command line cannot be understood, or its options contradict each other.",
    why: "The message says what does not fit.",
    fix: "`vmferry help COMMAND` shows what the command expects.",
  },
  "cli/remote-source": {
    kind: "unsupported-feature",
    what: "The source is an address of a kind that is not read, or a package on standard input.",
    why: "This version reads files, folders, and http and https addresses; packages from pipes and others come later.",
    fix: "Fetch or save it first, for example with `curl -LO ADDRESS`, and name the file.",
  },
  "cli/sums-need-a-file": {
    kind: "usage",
    what: "A sum was given for a folder.",
    why: "A sum is of one file.",
    fix: "Name the package file that the sum is of.",
  },
  "cli/sum-not-listed": {
    kind: "usage",
    what: "A file of sums has no line for the package.",
    why: "It is another file of sums, or the package was renamed.",
    fix: "Give the file of sums that belongs to the package, or the sum itself with `--sha256`.",
  },
  "explain/unknown-code": {
    kind: "usage",
    what: "There is no code of that name.",
    why: "Every code that vmferry reports is in its tables; what is not there was never printed by this version.",
    fix: "Take one of the codes that are spelled alike, or look into docs/reference/codes.md.",
  },
  "explain/unknown-text": {
    kind: "usage",
    what: "No message of another program that vmferry knows is in the text.",
    why: "Messages are recognized by their words; other versions and other languages may say it differently.",
    fix: "Give the line with the error as it was printed, or validate the package for the target.",
  },
  "explain/too-long": {
    kind: "usage",
    what: "The text on standard input is longer than a log of an import.",
    why: "It is looked at as a whole, so its length has a limit.",
    fix: "Give the part with the error.",
  },
  "config/bad-yaml": {
    kind: "usage",
    what: "A .vmferry.yaml, or the file given with --config, is no YAML.",
    why: "Settings that are not understood could hide findings, so nothing is done.",
    fix: "Correct it at the place that is named.",
  },
  "config/unknown-key": {
    kind: "usage",
    what: "A file of settings has a setting that does not exist.",
    why: "Most often it is misspelled, and would silently do nothing.",
    fix: "The settings are level, targets, allow and severity.",
  },
  "config/bad-value": {
    kind: "usage",
    what: "A setting has a value that it cannot have.",
    why: "Settings that are not understood could hide findings, so nothing is done.",
    fix: "Take one of the values that are named.",
  },
  "config/unknown-code": {
    kind: "usage",
    what: "Settings, or --allow, name a code that does not exist.",
    why: "Most often it is misspelled, and would silently do nothing.",
    fix: "Take one of the codes that are spelled alike; `vmferry explain CODE` says what each means.",
  },
  "config/too-large": {
    kind: "usage",
    what: "A file of settings or a baseline is larger than such a file can be.",
    why: "It is read as a whole, so its size has a limit.",
    fix: "See whether it is the right file.",
  },
  "config/bad-baseline": {
    kind: "usage",
    what: "A baseline is damaged, or another file.",
    why: "It says which findings are known already; guessing could hide new ones.",
    fix: "Make it anew with --write-baseline.",
  },
};
