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
  "ovf-env/missing-attribute": {
    what: "An element of an environment lacks an attribute that it must have.",
    why: "A property is a key and a value, and an entity is known by its id.",
    fix: "Add the attribute; an empty value is written as an empty value.",
  },
  "ovf-env/unqualified-attribute": {
    what: "An attribute of an environment stands without a prefix.",
    why: "The schema has all attributes in the environment's namespace, and a default namespace does not reach attributes.",
    fix: "Declare a prefix for the namespace and write it before the attribute's name.",
  },
  "ovf-env/repeated": {
    what: "Something stands twice in an environment that may be there once.",
    why: "Guests take the first or the last of them, each in its own way.",
    fix: "Keep one. A system's own property stands in place of one of its collection.",
  },
  "ovf-env/order": {
    what: "Elements of an environment are not in the order of the schema.",
    why: "Guests that validate refuse the document.",
    fix: "Put sections before entities, and the facts of the platform into their order.",
  },
  "ovf-env/unknown-element": {
    what: "A PlatformSection holds an element that the standard does not have.",
    why: "Guests do not look for it; a known fact under another name is lost.",
    fix: "Use the schema's name, or a namespace of your own.",
  },
  "ovf-env/bad-value": {
    what: "A fact about the platform has a value that means nothing.",
    why: "Guests set their clock and language by it.",
    fix: "Write a time zone in minutes from UTC, and a locale as language and country.",
  },
};
