/** What all parts of writing a descriptor share. */
import type { Appliance } from "../../appliance/appliance.js";
import { cleanText } from "../../appliance/fit/text.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { OVF_1, OVF_2 } from "../../ovf/namespaces.js";
import { el, type XmlAttributeValues, type XmlChild, type XmlNode } from "../../xml/build.js";
import type { EmbeddedSettings } from "../embedded.js";
import { loss } from "../losses.js";
import type { OvfAuthored } from "./authored.js";
import type { OvfFlavour, WrittenVersion } from "./flavours.js";

/** One descriptor that is being written. */
export interface OvfWriting {
  readonly flavour: OvfFlavour;
  readonly version: WrittenVersion;
  readonly fitted: Appliance;
  readonly notes: Diagnostic[];
  /** Settings of the consumer's own; `null`: the flavour has none. */
  readonly embedded: EmbeddedSettings | null;
  /** What an author says beyond the machines; `null`: nobody wrote the package. */
  readonly authored: OvfAuthored | null;
  /** `diskId` of a disk of the appliance. */
  diskId(id: string): string | null;
  /** `ovf:id` of the File that holds one of the appliance's files; `null`: it is not in the result. */
  fileId(id: string): string | null;
  /** `diskId` of the image in a CD drive, where the consumer wants it among the disks. */
  imageId(id: string): string | null;
  /** `ovf:id` of a machine or a group. */
  contentId(kind: "machine" | "group", id: string): string;
}

/** Whether a version is of the second generation: another namespace, and more sections. */
export function isSecond(version: WrittenVersion): boolean {
  return version.startsWith("2.");
}

/** The namespace of a version's elements. */
export function namespaceOf(version: WrittenVersion): string {
  return isSecond(version) ? OVF_2 : OVF_1;
}

/** An element with a text in it, cleaned of what XML cannot hold; `null` where there is none. */
export function textElement(name: string, text: string | null, attributes: XmlAttributeValues = {}): XmlNode | null {
  return text === null ? null : el(name, attributes, cleanText(text));
}

/** The same for a text that the author may have said in other languages. */
export function messageElement(
  name: string,
  text: string | null,
  { authored }: OvfWriting,
  attributes: XmlAttributeValues = {},
): XmlNode | null {
  const msgid = text === null ? undefined : authored?.messages.get(text);
  return textElement(name, text, { "ovf:msgid": msgid, ...attributes });
}

/** A section with the line that says what it is. */
export function section(
  name: string,
  info: string,
  attributes: XmlAttributeValues,
  ...children: readonly (XmlChild | null)[]
): XmlNode {
  return el(name, attributes, el("Info", {}, info), ...children);
}

const MOST_SHORT = 65_535;

/** A number that the schemas hold in 16 bits. What is larger, or no whole number, is cut down with a note. */
export function shortNumber(value: number, what: string, writing: OvfWriting): number {
  const whole = Math.max(0, Math.min(MOST_SHORT, Math.round(value)));
  if (whole !== value) {
    writing.notes.push(
      loss("warning", "ovf/number-cut", `${what} is ${value}; OVF writes it as ${whole}`, {
        data: { from: value, to: whole },
      }),
    );
  }
  return whole;
}
