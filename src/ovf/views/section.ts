import type { XmlElement } from "../../xml/tree.js";
import type { OvfScope, Section } from "../scope.js";
import { OvfNode, type OvfText } from "./node.js";

/** A section of an envelope or of its content. */
export class OvfSection extends OvfNode {
  /** The name that the standard gives it, whatever the dialect calls it; `""` for any section. */
  static readonly sectionName: string = "";

  /** What the section is about, for people. */
  get info(): OvfText | null {
    return this.message("Info");
  }

  set info(text: string | null) {
    this.setText("Info", text);
  }
}

/** A kind of section, as it is asked for: `holder.sectionsOf(OvfStartupSection)`. */
export interface SectionView<T extends OvfSection> {
  readonly sectionName: string;
  new (element: XmlElement, scope: OvfScope): T;
}

/** What has sections: the envelope, a system, or a collection. */
export class OvfHolder extends OvfNode {
  /** Its sections in order, those of vendors included. */
  get sections(): readonly Section[] {
    return [...this.scope.sections(this.element)];
  }

  /** The sections of the standard with a name. */
  sectionsNamed(name: string): readonly XmlElement[] {
    const found: XmlElement[] = [];
    for (const section of this.scope.sections(this.element)) {
      if (section.core && section.name === name) found.push(section.element);
    }
    return found;
  }

  /** The sections of the standard of a kind. */
  sectionsOf<T extends OvfSection>(view: SectionView<T>): readonly T[] {
    return this.sectionsNamed(view.sectionName).map((element) => new view(element, this.scope));
  }

  /** The first section of a kind. */
  sectionOf<T extends OvfSection>(view: SectionView<T>): T | null {
    return this.sectionsOf(view)[0] ?? null;
  }
}
