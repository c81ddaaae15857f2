import type { XmlElement } from "../../xml/tree.js";
import { finding, type StructureFinding, writtenName } from "./findings.js";
import type { ContentModel, Match, Term } from "./model.js";
import { keptInPlace, movesOf, type Placed, placeChildren, type Slot, slotsOf } from "./siblings.js";
import { joinWords } from "./simple-types.js";

/** What is wrong with the children of an element, and what each of them is nevertheless, so that it can be looked into. */
export interface Diagnosis {
  readonly findings: readonly StructureFinding[];
  /** As many as there are children; `null`: nobody knows. */
  readonly matches: readonly (Match | null)[];
}

/** Explains why a content model does not take the children of an element. There is at least one finding. */
export function diagnoseChildren(
  parent: XmlElement,
  label: string,
  children: readonly XmlElement[],
  model: ContentModel,
): Diagnosis {
  const slots = slotsOf(model.particle);
  const explained = slots === null ? null : explainRow(parent, label, placeChildren(children, slots), slots);
  return explained !== null && explained.findings.length > 0 ? explained : explainSteps(parent, label, children, model);
}

/** Children against a row of slots: what is unknown, out of order, too often or missing. */
function explainRow(parent: XmlElement, label: string, placed: readonly Placed[], slots: readonly Slot[]): Diagnosis {
  const findings: StructureFinding[] = [];
  const kept = keptInPlace(placed);
  const places = new Map(movesOf(placed).map(({ child, before }) => [child.id, before]));
  const first = new Map<number, Placed>();
  const names = slots.flatMap(({ terms }) => labelsOf(terms));
  for (const child of placed) {
    const { element, slot } = child;
    const { terms, many } = slots[slot] ?? { terms: [], many: true };
    if (slot < 0) findings.push(unknownChild(label, element, names));
    else if (!many && first.has(slot)) findings.push(repeated(label, element, first.get(slot)?.element ?? element));
    else if (!kept.has(child)) {
      const neighbours = {
        before: places.get(element.id) ?? null,
        behind: labelsOf(slots.slice(0, slot).flatMap((one) => one.terms)),
      };
      findings.push(misplaced(label, child, neighbours, labelsOf(terms)));
    }
    if (!first.has(slot)) first.set(slot, child);
  }
  slots.forEach(({ terms, least }, slot) => {
    if (least === 0 || first.has(slot)) return;
    const before = placed.find((child) => kept.has(child) && child.slot > slot)?.element ?? null;
    findings.push(missing(parent, label, terms, before));
  });
  return { findings, matches: placed.map(({ match }) => match) };
}

/** Children against any model: each is taken where it may come and passed over where not. */
function explainSteps(
  parent: XmlElement,
  label: string,
  children: readonly XmlElement[],
  model: ContentModel,
): Diagnosis {
  const findings: StructureFinding[] = [];
  let state = model.start;
  const matches = children.map((child) => {
    const step = model.step(state, child.namespace, child.name);
    if (step === null)
      findings.push(
        unknownChild(
          label,
          child,
          state.expected.flatMap((term) => labelsOf([term])),
        ),
      );
    else state = model.after(step);
    return step;
  });
  if (!state.complete) findings.push(missing(parent, label, state.expected, null));
  return { findings, matches };
}

function labelsOf(terms: readonly Term[]): string[] {
  return terms.flatMap((term) => (term.kind === "elements" ? term.elements.map((element) => element.label) : []));
}

function unknownChild(label: string, child: XmlElement, names: readonly string[]): StructureFinding {
  const written = writtenName(child);
  const meant = names.find((name) => sameName(localPart(name), child.name));
  const known = names.length > 0;
  const section = child.name.endsWith("Section") && names.includes("ovf:AnnotationSection");
  const common = { subject: written, expected: names, found: written } as const;
  if (meant !== undefined) {
    const same = localPart(meant) === child.name;
    return finding("element-unexpected", child, {
      ...common,
      expected: [meant],
      message: same
        ? `${written} ${child.namespace === "" ? "has no namespace" : `has the namespace ${child.namespace}`}, and ${meant} has another one`
        : `${label} takes no ${written}; the standard writes ${meant}`,
      hint: same ? `Write it in the namespace of ${meant}.` : `Write ${meant}.`,
    });
  }
  if (section) {
    return finding("element-unexpected", child, {
      ...common,
      message: `${written} is a section that the schema of the standard does not have`,
      hint: `Where importers can do without it, mark it with ovf:required="false": that is what the standard has for sections of others.`,
    });
  }
  return finding("element-unexpected", child, {
    ...common,
    message: `${label} takes no ${written}${known ? "" : ", and no other element"}`,
    hint: known ? `It takes ${listed(names)}.` : "Remove it.",
  });
}

function repeated(label: string, child: XmlElement, first: XmlElement): StructureFinding {
  const written = writtenName(child);
  return finding("element-unexpected", child, {
    subject: written,
    found: written,
    message: `${label} has ${written} again; there may be one, and it stands on line ${first.line}`,
    hint: "Leave one of them.",
  });
}

function misplaced(
  label: string,
  { element }: Placed,
  { before, behind }: { readonly before: XmlElement | null; readonly behind: readonly string[] },
  expected: readonly string[],
): StructureFinding {
  const written = writtenName(element);
  const place =
    before === null
      ? "behind all others"
      : before.line === element.line
        ? `in front of ${writtenName(before)}`
        : `in front of ${writtenName(before)} on line ${before.line}`;
  return finding("element-order", element, {
    subject: written,
    expected,
    found: written,
    before,
    message: `${written} stands in the wrong place in ${label}: it belongs ${place}`,
    hint: behind.length === 0 ? "Put it first." : `It may stand behind ${listed(behind.slice(-6))}.`,
  });
}

function missing(
  parent: XmlElement,
  label: string,
  terms: readonly Term[],
  before: XmlElement | null,
): StructureFinding {
  const names = labelsOf(terms);
  const words = names.length === 0 ? "an element of another namespace" : listed(names);
  return finding("element-missing", parent, {
    subject: names[0] ?? words,
    expected: names,
    before,
    message: `${label} lacks ${words}${before === null ? "" : ` in front of ${writtenName(before)}`}`,
    hint: names.length === 1 ? `Add ${words}.` : `Add one of them: ${words}.`,
  });
}

/** At most a dozen names in a row. */
function listed(names: readonly string[]): string {
  const some = names.slice(0, 12);
  return names.length > some.length ? `${some.join(", ")} ...` : joinWords(some);
}

function localPart(label: string): string {
  return label.slice(label.indexOf(":") + 1);
}

/** Whether one name may be a slip of the other: OVF 0.9 and hand-written descriptors differ in case. */
function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
