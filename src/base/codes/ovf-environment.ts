import type { CodeTable } from "./codes.js";

/** What is wrong with OVF environments: the documents in which guests find their properties. */
export const ovfEnvironmentCodes: CodeTable = {
  "ovf-env/not-an-environment": {
    kind: "invalid-format",
    what: "The root element of an environment is no Environment.",
    why: "The file is XML of another kind, such as a descriptor.",
    fix: "Name the document that the guest gets: ovf-env.xml.",
  },
  "ovf-env/namespace": {
    what: "An environment is in a namespace that is not that of OVF environments.",
    why: "Guests that go by namespaces find nothing in it. Versions 2.x of OVF keep the namespace of 1.x.",
    fix: "Use http://schemas.dmtf.org/ovf/environment/1.",
  },
  "ovf-env/structure": {
    what: "Elements, attributes or values of an environment are not as its schema has them.",
    why: "Guests that validate refuse the document, and those that go by names and namespaces miss what is misspelled.",
    fix: "Follow the hint. All attributes stand with a prefix, since a default namespace does not reach them.",
  },
  "ovf-env/repeated": {
    what: "Something stands twice in an environment that may be there once.",
    why: "Guests take the first or the last of them, each in its own way.",
    fix: "Keep one. A system's own property stands in place of one of its collection.",
  },
  "ovf-env/bad-value": {
    what: "A fact about the platform has a value that means nothing.",
    why: "Guests set their clock and language by it.",
    fix: "Write a time zone in minutes from UTC, and a locale as language and country.",
  },
};
