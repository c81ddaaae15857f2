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
  "xml/limit": {
    kind: "limit-exceeded",
    what: "A document is larger, deeper or richer than a limit.",
    why: "Limits keep hostile documents from using up memory and time.",
    fix: "If the document is trusted, raise the named limit.",
  },
  "xml/encoding": {
    kind: "invalid-format",
    what: "The bytes of a document do not fit its encoding, or the encoding is not read.",
    why: "UTF-8, UTF-16, ISO-8859-1, windows-1252 and US-ASCII are read. Guessing would change names and texts silently.",
    fix: "Save the document as UTF-8 and let its XML declaration say so.",
  },
  "xml/doctype": {
    kind: "invalid-format",
    what: "A document has a document type declaration.",
    why: "Document types can name other files and expand without bound; no descriptor needs one.",
    fix: "Remove the DOCTYPE.",
  },
  "xml/empty": {
    kind: "invalid-format",
    what: "A document holds no element.",
    why: "It is empty, cut off, or another kind of file.",
    fix: "Fetch the package again, or name the right file.",
  },
  "xml/not-well-formed": {
    kind: "invalid-format",
    what: "A document is not well-formed XML.",
    why: "Where tags do not match or characters stand where they must not, nobody can say what was meant.",
    fix: "Correct the named line.",
  },
  "xml/undeclared-prefix": {
    kind: "invalid-format",
    what: "An element or attribute uses a prefix that no xmlns attribute declares.",
    why: "Without its namespace the name means nothing; VMware and VirtualBox refuse the document too.",
    fix: "Declare the prefix with an xmlns attribute on the root element.",
  },
  "xml/duplicate-attribute": {
    kind: "invalid-format",
    what: "An element has the same attribute twice.",
    why: "XML forbids it, because nobody can say which value counts.",
    fix: "Remove one of them.",
  },
  "xml/undefined-entity": {
    kind: "invalid-format",
    what: "A reference names an entity that XML does not define.",
    why: "Only amp, lt, gt, quot and apos are defined; names as in HTML are not.",
    fix: "Use a numeric reference such as `&#233;`.",
  },
  "xml/undeclared-namespace": {
    kind: "internal",
    what: "A new element or attribute is in a namespace that has no prefix where it is put.",
    why: "Its name cannot be written without a prefix.",
    fix: "Declare the namespace on the element, or above it, first.",
  },
  "xml/prefix-taken": {
    kind: "internal",
    what: "A prefix cannot be declared with another meaning.",
    why: "What already stands below the element would change its meaning.",
    fix: "Choose another prefix.",
  },
  "xml/foreign-element": {
    kind: "internal",
    what: "An element cannot be inserted, moved or removed in this way.",
    why: "It belongs to another document or another parent, so that its prefixes might mean something else.",
    fix: "Build a new element from the old one.",
  },
  "xml/edit-conflict": {
    what: "Two changes of a document say different things about one place.",
    why: "Only one of them can be made.",
    fix: "Look at the place, and make the other change by hand if it is the right one.",
  },
};
