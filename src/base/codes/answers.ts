import type { CodeTable } from "./codes.js";

/** Answers to the questions of packages: `answers/...`. The property that a finding is about is in `data.property`. */
export const answersCodes: CodeTable = {
  "answers/unknown-property": {
    what: "An answer is for a property that the package does not have.",
    why: "It would set nothing: most likely its key is misspelled.",
    fix: "Look at the keys with `vmferry properties`.",
  },
  "answers/unknown-machine": {
    what: "Answers are for a machine or collection that the package does not have.",
    why: "Machines go by the ids that the descriptor gives them.",
    fix: "Look at the ids with `vmferry inspect`.",
  },
  "answers/not-configurable": {
    what: "An answer is for a property that users may not set.",
    why: "The package says so (`ovf:userConfigurable`): software in it depends on the value.",
    fix: "Take the answer out.",
  },
  "answers/not-asked": {
    what: "An answer is for a property that does not apply with the deployment option.",
    why: "Properties can belong to single deployment options; the answer sets nothing.",
    fix: "Take the answer out, or choose the deployment option that asks for it.",
  },
  "answers/breaks-type": {
    what: "An answer does not fit the type of its property.",
    why: "The guest reads it as that type: a number, an address, true or false.",
    fix: "Write a value of the type that `vmferry properties` shows.",
  },
  "answers/breaks-qualifier": {
    what: "An answer does not fit what the property asks for beside its type.",
    why: "Lengths, ranges and lists of values are in `ovf:qualifiers` (DSP0243 9.5.1).",
    fix: "Write a value that fits what `vmferry properties` shows.",
  },
  "answers/missing": {
    what: "A question that needs an answer has none.",
    why: "It has no default, and an empty value does not fit its type or its qualifiers.",
    fix: "Add the answer.",
  },
  "answers/plain-secret": {
    what: "A password stands in the answers as it is.",
    why: "Files of answers are kept, sent and committed; everybody who reads them would know it.",
    fix: "Write a reference: `env:NAME`, `file:PATH` or `cmd:COMMAND`.",
  },
  "answers/no-terminal": {
    kind: "usage",
    what: "Questions were to be asked, and there is no terminal.",
    why: "`--ask` needs somebody who types.",
    fix: "Write the answers into a file: `--write FILE`, then `--check FILE`.",
  },
};
