import type { XmlElement } from "../../xml/tree.js";
import { finding, type StructureFinding, writtenName } from "./findings.js";
import type { ContentModel, Match } from "./model.js";
import { keptInPlace, labelsOf, movesOf, type Placed, type Row } from "./siblings.js";
import { joinWords } from "./simple-types.js";

/** What is wrong with the children of an element, and what each of them is nevertheless, so that it can be looked into. */
export interface Diagnosis {
  /** At least one; made as they are asked for, because there can be a million. */
  readonly findings: Iterable<StructureFinding>;
  /** As many as there are children; `null`: nobody knows. */
  readonly matches: readonly (Match | null)[];
}

/** Explains why a content model does not take the children of an element. */
export function diagnoseChildren(
  parent: XmlElement,
  label: string,
  children: readonly XmlElement[],
  model: ContentModel,
  row: Row | null,
): Diagnosis {
  const placed = row?.place(children) ?? [];
  const steps = row === null ? stepsOf(children, model) : [];
  return {
    findings: explain(parent, label, children, model, row, placed),
    matches: row === null ? steps : placed.map(({ match }) => match),
  };
}

function* explain(
  parent: XmlElement,
  label: string,
  children: readonly XmlElement[],
  model: ContentModel,
  row: Row | null,
  placed: readonly Placed[],
): Generator<StructureFinding> {
  let found = false;
  if (row !== null) {
    for (const finding of explainRow(parent, label, placed, row)) {
      found = true;
      yield finding;
    }
  }
  if (!found) yield* explainSteps(parent, label, children, model);
}

/** Children against a row of slots: what is unknown, out of order, too often or missing. */
function* explainRow(
  parent: XmlElement,
  label: string,
  placed: readonly Placed[],
  row: Row,
): Generator<StructureFinding> {
  const { slots, labels } = row;
  const kept = keptInPlace(placed);
  const places = new Map(movesOf(placed, kept).map(({ child, before }) => [child.id, before]));
  const first = new Map<number, XmlElement>();
  for (const child of placed) {
    const { element, slot } = child;
    const earlier = first.get(slot);
    if (earlier === undefined) first.set(slot, element);
    if (slot < 0) yield unknownChild(label, element, labels, row.meant(element.name));
    else if (earlier !== undefined && slots[slot]?.many === false) yield repeated(label, element, earlier);
    else if (!kept.has(child)) {
      const behind = slots.slice(0, slot).flatMap(({ labels: names }) => names);
      const neighbours = { before: places.get(element.id) ?? null, behind };
      yield misplaced(label, child, neighbours, slots[slot]?.labels ?? []);
    }
  }
  for (const [slot, { labels: names, least }] of slots.entries()) {
    if (least === 0 || first.has(slot)) continue;
    const before = placed.find((child) => kept.has(child) && child.slot > slot)?.element ?? null;
    yield missing(parent, label, names, before);
  }
}

/** What children are in any model: each is taken where it may come and passed over where not. */
function stepsOf(children: readonly XmlElement[], model: ContentModel): readonly (Match | null)[] {
  let state = model.start;
  return children.map((child) => {
    const step = model.step(state, child.namespace, child.name);
    if (step !== null) state = model.after(step);
    return step;
  });
}

function* explainSteps(
  parent: XmlElement,
  label: string,
  children: readonly XmlElement[],
  model: ContentModel,
): Generator<StructureFinding> {
  let state = model.start;
  for (const child of children) {
    const step = model.step(state, child.namespace, child.name);
    if (step !== null) state = model.after(step);
    else {
      const labels = labelsOf(state.expected);
      const meant = labels.find((name) => localPart(name).toLowerCase() === child.name.toLowerCase());
      yield unknownChild(label, child, labels, meant);
    }
  }
  if (!state.complete) yield missing(parent, label, labelsOf(state.expected), null);
}

/** @param meant what may be meant: OVF 0.9 and hand-written descriptors differ in case and namespace */
function unknownChild(
  label: string,
  child: XmlElement,
  names: readonly string[],
  meant: string | undefined,
): StructureFinding {
  const written = writtenName(child);
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
    message: `${written} in ${label} belongs ${place}`,
    hint: behind.length === 0 ? "Put it first." : `It may stand behind ${listed(behind.slice(-6))}.`,
  });
}

function missing(
  parent: XmlElement,
  label: string,
  names: readonly string[],
  before: XmlElement | null,
): StructureFinding {
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
