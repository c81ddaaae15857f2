import type { CodeTable } from "./codes.js";

/** Reading, changing and writing XML. */
export const xmlCodes: CodeTable = {
  "xml/forbidden-character": {
    kind: "unsupported-feature",
    what: "A value holds a character that XML cannot hold.",
    why: "Control characters, lone surrogates and U+FFFE have no place in XML 1.0, not even as references.",
    fix: "Remove the character from the name or value that the message shows.",
  },
  "xml/bad-name": {
    kind: "internal",
    what: "A name is no name of an XML element or attribute.",
    why: "Names start with a letter or underscore and hold no spaces; one colon separates a prefix.",
    fix: "Report it with the command line: names are chosen by the program, not by the input.",
  },
  "xml/bad-comment": {
    kind: "internal",
    what: "A comment holds two hyphens in a row, or ends in one.",
    why: "XML would end the comment there.",
    fix: "Report it with the command line: comments are written by the program.",
  },
};
