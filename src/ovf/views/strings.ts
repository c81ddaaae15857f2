import { XML_NAMESPACE } from "../../xml/tree.js";
import { OvfNode } from "./node.js";

/** A `Strings` element: the texts of the package in one language (DSP0243 10). */
export class OvfStrings extends OvfNode {
  /** As `xml:lang` gives it; `null`: not said. */
  get language(): string | null {
    return this.element.attribute(XML_NAMESPACE, "lang")?.trim() || null;
  }

  set language(language: string | null) {
    this.element.setAttribute(XML_NAMESPACE, "lang", language);
  }

  /** Id of the File that holds the texts; `null`: they stand here. */
  get fileRef(): string | null {
    return this.attribute("fileRef");
  }

  set fileRef(id: string | null) {
    this.setAttribute("fileRef", id);
  }

  get messages(): readonly OvfMessage[] {
    const messages: OvfMessage[] = [];
    for (const child of this.element.elements(undefined, "Msg")) messages.push(new OvfMessage(child, this.scope));
    return messages;
  }
}

/** A `Msg`: one text. */
export class OvfMessage extends OvfNode {
  get id(): string | null {
    return this.scope.attribute(this.element, "msgid") ?? null;
  }

  set id(id: string | null) {
    this.setAttribute("msgid", id);
  }

  /** Id of the File that holds the text (2.x, DSP0243 10.3); `null`: it stands here. */
  get fileRef(): string | null {
    return this.attribute("fileRef");
  }

  set fileRef(id: string | null) {
    this.setAttribute("fileRef", id);
  }

  get text(): string {
    return this.element.text;
  }

  set text(text: string) {
    this.element.text = text;
  }
}
