/** Texts in several languages: message ids and bundles (DSP0243 10). */
import { CIM_CLASSES } from "../../ovf/namespaces.js";
import { XML_NAMESPACE } from "../../xml/tree.js";
import type { Facts } from "../facts.js";
import { type AnyRule, defineRule, ovfSpec } from "../rule.js";

const strings = (messages: string, attributes = 'xml:lang="de"'): { readonly strings: string } => ({
  strings: `<Strings ${attributes}>${messages}</Strings>`,
});
const labelled = (label: string): { readonly system: string } => ({
  system: `<EulaSection><Info>x</Info>${label}</EulaSection>`,
});

/** Elements whose text may be given in several languages, in the namespace of OVF and in those of CIM. */
const TEXTS: ReadonlySet<string> = new Set(
  "Info Name Annotation License Description Product Vendor Label Category".split(" "),
);
const CIM_TEXTS: ReadonlySet<string> = new Set(["ElementName", "Caption", "Description"]);

/** A language tag as far as its shape goes (RFC 5646): parts of one to eight letters and digits. */
const LANGUAGE = /^[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,40}$/;

/** Every id that a bundle of the descriptor has. Bundles in files are not read: they may have any. */
function knownMessages({ ovf }: Facts): ReadonlySet<string> {
  return new Set(ovf.strings.flatMap(({ messages }) => messages.flatMap(({ id }) => (id === null ? [] : [id]))));
}

export const textRules: readonly AnyRule[] = [
  defineRule({
    code: "ovf/message-misplaced",
    node: "ovf/element",
    spec: ovfSpec("10"),
    requirements: ["OVF-10-1", "OVF-10-2"],
    severity: "off",
    strict: "warning",
    what: "The element {element} has an ovf:msgid, and its text is none that is shown in several languages.",
    why: "Importers look for messages in texts for people alone.",
    fix: "Remove ovf:msgid.",
    examples: {
      invalid: [{ references: '<File ovf:id="file1" ovf:href="x" ovf:msgid="m"/>' }],
      valid: [labelled('<License ovf:msgid="m">Terms</License>')],
    },
    *check(element, { ovf }) {
      const { name } = element;
      if (name === "Msg") return;
      const known = element.namespace.startsWith(CIM_CLASSES) ? CIM_TEXTS : TEXTS;
      if (known.has(name) || ovf.scope.attribute(element, "msgid") === undefined) return;
      yield { values: { element: name } };
    },
  }),
  defineRule({
    code: "ovf/message-unknown",
    node: "ovf",
    spec: ovfSpec("10"),
    requirements: ["OVF-10-3"],
    severity: "warning",
    strict: "warning",
    what: 'The text of {element} is the message "{id}", which no bundle has, and it has no text of its own.',
    why: "Users see nothing there.",
    fix: "Write a default text into the element, or add the message to a bundle.",
    examples: {
      invalid: [labelled('<License ovf:msgid="eula"/>')],
      valid: [
        labelled('<License ovf:msgid="eula">Terms</License>'),
        { ...labelled('<License ovf:msgid="eula"/>'), ...strings('<Msg ovf:msgid="eula">Bedingungen</Msg>') },
      ],
    },
    *check(document, facts) {
      if (document.strings.some(({ fileRef }) => fileRef !== null)) return;
      const known = knownMessages(facts);
      for (const { element, id } of facts.nodes.messages) {
        if (known.has(id) || element.text.trim() !== "") continue;
        yield { values: { element: element.name, id }, location: element.location };
      }
    },
  }),
  defineRule({
    code: "ovf/message-unused",
    node: "ovf",
    spec: ovfSpec("10"),
    requirements: ["OVF-10-10?"],
    severity: "off",
    strict: "info",
    what: 'Nothing uses the message "{id}".',
    why: "It is a translation of a text that is not there, or whose ovf:msgid is misspelled.",
    fix: "Remove it, or correct the ovf:msgid.",
    examples: {
      invalid: [strings('<Msg ovf:msgid="eula">Bedingungen</Msg>')],
      valid: [{ ...labelled('<License ovf:msgid="eula"/>'), ...strings('<Msg ovf:msgid="eula">x</Msg>') }],
    },
    *check(document, { nodes }) {
      const used = new Set(nodes.messages.map(({ id }) => id));
      for (const { messages } of document.strings) {
        for (const { id, element } of messages)
          if (id !== null && !used.has(id)) yield { values: { id }, location: element.location };
      }
    },
  }),
  defineRule({
    code: "ovf/message-repeated",
    node: "ovf",
    spec: ovfSpec("10"),
    requirements: ["OVF-10-8"],
    severity: "off",
    strict: "info",
    what: 'The message "{id}" is there twice for the language {language}.',
    why: "The later one counts.",
    fix: "Keep that one.",
    examples: {
      invalid: [strings('<Msg ovf:msgid="a">x</Msg><Msg ovf:msgid="a">y</Msg>')],
      valid: [strings('<Msg ovf:msgid="a">x</Msg>')],
    },
    *check(document) {
      const seen = new Set<string>();
      for (const bundle of document.strings) {
        const language = bundle.language ?? document.language ?? "en-US";
        for (const { id, element } of bundle.messages) {
          if (id === null) continue;
          const key = `${language.toLowerCase()} ${id}`;
          if (seen.has(key)) yield { values: { id, language }, location: element.location };
          seen.add(key);
        }
      }
    },
  }),
  defineRule({
    code: "ovf/message-id-missing",
    node: "ovf",
    spec: ovfSpec("10"),
    requirements: ["OVF-10-9"],
    severity: "warning",
    strict: "error",
    what: "A Msg has no ovf:msgid.",
    why: "Nothing can refer to it.",
    fix: "Give it the ovf:msgid of the text that it translates.",
    examples: { invalid: [strings("<Msg>x</Msg>")], valid: [strings('<Msg ovf:msgid="a">x</Msg>')] },
    *check(document) {
      for (const { messages } of document.strings) {
        for (const { id, element } of messages) if (id === null) yield { location: element.location };
      }
    },
  }),
  defineRule({
    code: "ovf/language-missing",
    node: "ovf",
    spec: ovfSpec("10"),
    requirements: ["OVF-10-7"],
    severity: "off",
    strict: "warning",
    what: "A Strings element does not say its language (xml:lang).",
    why: "Nobody can tell for whom its messages are.",
    fix: 'Add xml:lang, such as "de-DE".',
    examples: { invalid: [strings("", "")], valid: [strings("")] },
    *check(document) {
      for (const { language, element } of document.strings) if (language === null) yield { location: element.location };
    },
  }),
  defineRule({
    code: "ovf/language-invalid",
    node: "ovf",
    spec: ovfSpec("10"),
    requirements: ["OVF-7-6", "OVF-10-7"],
    severity: "off",
    strict: "warning",
    what: 'xml:lang "{language}" is no language tag.',
    why: "Languages are matched by it.",
    fix: "Write one such as de or pt-BR.",
    examples: { invalid: [strings("", 'xml:lang="de_DE"')], valid: [strings("")] },
    *check(document) {
      const { root } = document.xml;
      for (const element of [root, ...document.strings.map((bundle) => bundle.element)]) {
        const language = element.attribute(XML_NAMESPACE, "lang");
        if (language !== undefined && language !== "" && !LANGUAGE.test(language)) {
          yield { values: { language }, location: element.location };
        }
      }
    },
  }),
  defineRule({
    code: "ovf/strings-mixed",
    node: "ovf",
    spec: ovfSpec("10.1"),
    requirements: ["OVF-10.1-2?"],
    severity: "warning",
    strict: "warning",
    what: "A Strings element names a file and has messages of its own.",
    why: "Importers read one or the other.",
    fix: "Put the messages into the file, or make two Strings elements.",
    examples: {
      invalid: [strings('<Msg ovf:msgid="a">x</Msg>', 'xml:lang="de" ovf:fileRef="file1"')],
      valid: [strings("", 'xml:lang="de" ovf:fileRef="file1"')],
    },
    *check(document) {
      for (const { fileRef, messages, element } of document.strings) {
        if (fileRef !== null && messages.length > 0) yield { location: element.location };
      }
    },
  }),
  defineRule({
    code: "ovf/strings-file-unknown",
    node: "ovf",
    spec: ovfSpec("10.2"),
    requirements: ["OVF-10.2-1", "OVF-10.3-1"],
    severity: "warning",
    strict: "error",
    what: 'A {element} has its text in the file "{file}", which References does not list.',
    why: "Importers find no translation.",
    fix: "Add a File with that ovf:id, or correct ovf:fileRef.",
    examples: {
      invalid: [strings("", 'xml:lang="de" ovf:fileRef="other"')],
      valid: [strings("", 'xml:lang="de" ovf:fileRef="file1"')],
    },
    *check(document, { index }) {
      for (const bundle of document.strings) {
        for (const { fileRef, element } of [bundle, ...bundle.messages]) {
          if (fileRef === null || index.files.has(fileRef)) continue;
          yield { values: { element: element.name, file: fileRef }, location: element.location };
        }
      }
    },
  }),
  defineRule({
    code: "ovf/strings-files-late",
    node: "ovf",
    spec: ovfSpec("10.2"),
    requirements: ["OVF-7.1-28", "OVF-10.2-1"],
    severity: "off",
    strict: "error",
    what: 'The file "{file}" holds messages, and stands behind other files in References.',
    why: "Bundles come first, so that whoever reads the package as a stream can show texts before disks arrive.",
    fix: "Move its File to the beginning of References.",
    examples: {
      invalid: [
        {
          references: '<File ovf:id="file1" ovf:href="disk1.vmdk"/><File ovf:id="de" ovf:href="de.xml"/>',
          ...strings("", 'xml:lang="de" ovf:fileRef="de"'),
        },
      ],
      valid: [
        {
          references: '<File ovf:id="de" ovf:href="de.xml"/><File ovf:id="file1" ovf:href="disk1.vmdk"/>',
          ...strings("", 'xml:lang="de" ovf:fileRef="de"'),
        },
      ],
    },
    *check(document, { nodes }) {
      const bundles = new Set(document.strings.flatMap(({ fileRef }) => (fileRef === null ? [] : [fileRef])));
      let others = false;
      for (const { id, element } of nodes.files) {
        const holds = id !== null && bundles.has(id);
        if (holds && others) yield { values: { file: id }, location: element.location };
        others ||= !holds;
      }
    },
  }),
  defineRule({
    code: "ovf/message-in-file",
    node: "ovf",
    spec: ovfSpec("10.3"),
    requirements: ["OVF-10.3-3"],
    severity: "off",
    strict: "error",
    what: 'The message "{id}" is in a file of its own, which OVF 1 does not have.',
    why: "Importers of OVF 1 show nothing.",
    fix: "Write the text into the Msg, or make the descriptor OVF 2.",
    examples: {
      invalid: [strings('<Msg ovf:msgid="a" ovf:fileRef="file1"/>')],
      valid: [strings('<Msg ovf:msgid="a">x</Msg>')],
    },
    *check(document) {
      if (!document.dialect.startsWith("1.")) return;
      for (const { messages } of document.strings) {
        for (const { id, fileRef, element } of messages) {
          if (fileRef !== null) yield { values: { id: id ?? "(without an id)" }, location: element.location };
        }
      }
    },
  }),
];
