import type { Diagnostic } from "../base/diagnostics.js";
import type { XmlElement } from "../xml/tree.js";
import { uuidFromText } from "./names-of-devices.js";

/** Reads attributes of settings; what is no value of its kind is a finding. */
export interface SettingsView {
  text(element: XmlElement | undefined, name: string): string | null;
  /** A whole number of 0 to `most`, or the default. */
  number<T>(element: XmlElement | undefined, name: string, most: number, otherwise: T): number | T;
  flag<T>(element: XmlElement | undefined, name: string, otherwise: T): boolean | T;
}

/** Starts reading. */
export function createSettingsView(report: (finding: Diagnostic) => void): SettingsView {
  const text = (element: XmlElement | undefined, name: string): string | null => {
    const value = element?.attribute("", name)?.trim();
    return value === undefined || value === "" ? null : value;
  };
  const strange = (element: XmlElement, name: string, value: string): void =>
    report({
      code: "virtualbox/bad-value",
      severity: "warning",
      message: `${element.name} has ${name}="${value.slice(0, 60)}", which it cannot have`,
      hint: "What VirtualBox takes where nothing is said is taken instead.",
      location: element.location,
    });
  return {
    text,
    number(element, name, most, otherwise) {
      const value = text(element, name);
      if (value === null || element === undefined) return otherwise;
      if (/^[0-9]{1,15}$/.test(value) && Number(value) <= most) return Number(value);
      strange(element, name, value);
      return otherwise;
    },
    flag(element, name, otherwise) {
      const value = text(element, name)?.toLowerCase() ?? null;
      if (value === null || element === undefined) return otherwise;
      // VirtualBox reads these words and no others.
      if (value === "true" || value === "yes" || value === "1") return true;
      if (value === "false" || value === "no" || value === "0") return false;
      strange(element, name, value);
      return otherwise;
    },
  };
}

/** An id of a medium or machine as it is compared: a UUID in lower case without braces; files made by hand have other words, too. */
export function idFromText(text: string): string {
  return uuidFromText(text) ?? text.trim();
}
