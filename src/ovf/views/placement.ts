import { OvfNode, type OvfText, wholeNumber } from "./node.js";
import { OvfSection } from "./section.js";

/** A ScaleOutSection: how many copies of a member a collection may have (2.x, DSP0243 9.14). */
export class OvfScaleOut extends OvfSection {
  static override readonly sectionName: string = "ScaleOutSection";

  protected override get childOrder(): readonly string[] {
    return ["Info", "Description", "InstanceCount"];
  }

  /** Id of the member that is copied. */
  get id(): string | null {
    return this.attribute("id");
  }

  set id(id: string | null) {
    this.setAttribute("id", id);
  }

  get description(): OvfText | null {
    return this.message("Description");
  }

  set description(text: string | null) {
    this.setText("Description", text);
  }

  get counts(): readonly OvfInstanceCount[] {
    return [...this.scope.children(this.element, "InstanceCount")].map(
      (element) => new OvfInstanceCount(element, this.scope),
    );
  }

  /** The count for a configuration: one that names it before one for all. */
  countFor(configuration: string | null): OvfInstanceCount | null {
    const applying = this.counts.filter((count) => count.appliesTo(configuration));
    return applying.find((count) => count.configurations.length > 0) ?? applying[0] ?? null;
  }
}

/** An `InstanceCount`. */
export class OvfInstanceCount extends OvfNode {
  get minimum(): number {
    return wholeNumber(this.attribute("minimum")) ?? 1;
  }

  set minimum(count: number | null) {
    this.setNumber("minimum", count);
  }

  get default(): number | null {
    return wholeNumber(this.attribute("default"));
  }

  set default(count: number | null) {
    this.setNumber("default", count);
  }

  /** `null`: as many as one likes. */
  get maximum(): number | null {
    return wholeNumber(this.attribute("maximum"));
  }

  set maximum(count: number | null) {
    this.setNumber("maximum", count);
  }
}

/** A PlacementGroupSection: machines that stay together or apart (2.x, DSP0243 9.15). */
export class OvfPlacementGroup extends OvfSection {
  static override readonly sectionName: string = "PlacementGroupSection";

  get id(): string | null {
    return this.attribute("id");
  }

  set id(id: string | null) {
    this.setAttribute("id", id);
  }

  /** `affinity` or `availability`; in 2.1 several, with scopes: `affinity-site`, `availability-rack`. */
  get policies(): readonly string[] {
    return (this.attribute("policy") ?? "").split(/[\s,]+/).filter((policy) => policy !== "");
  }

  set policies(policies: readonly string[]) {
    this.setAttribute("policy", policies.length === 0 ? null : policies.join(","));
  }

  get description(): OvfText | null {
    return this.message("Description");
  }

  set description(text: string | null) {
    this.setText("Description", text);
  }
}

/** A PlacementSection: the group that a system or collection belongs to (2.x, DSP0243 9.15). */
export class OvfPlacement extends OvfSection {
  static override readonly sectionName: string = "PlacementSection";

  /** Id of a PlacementGroupSection of the envelope. */
  get group(): string | null {
    return this.attribute("group");
  }

  set group(id: string | null) {
    this.setAttribute("group", id);
  }
}
