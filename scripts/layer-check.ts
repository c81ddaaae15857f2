import { posix } from "node:path";
import ts from "typescript";
import { entries, type LayerRule, layers } from "./layer-table.js";

/** One import that breaks a rule. */
export interface LayerProblem {
  readonly rule: "layer" | "sibling" | "entry" | "package" | "cycle" | "homeless" | "missing";
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly what: string;
  readonly why: string;
}

interface Import {
  readonly line: number;
  readonly specifier: string;
}

/** Where a file belongs. `part` is the sibling folder that it lies in, where its layer has siblings. */
interface Home {
  readonly layer: string;
  readonly rule: LayerRule;
  readonly part: string | null;
}

/**
 * Checks the imports of a source tree, type imports included.
 * @param files text by path from the project root, such as `src/base/errors.ts`. Tests beside the source may import
 *   anything; nothing may import them.
 */
export function checkLayers(files: ReadonlyMap<string, string>): LayerProblem[] {
  const problems: LayerProblem[] = [];
  const graph = new Map<string, { to: string; line: number }[]>();
  for (const [file, text] of files) {
    const isTest = file.endsWith(".test.ts");
    const edges: { to: string; line: number }[] = [];
    graph.set(file, edges);
    const home = homeOf(file);
    const entry = entryOf(file);
    if (home === null && entry === null && !isTest) {
      problems.push({
        rule: "homeless",
        file,
        line: 1,
        what: "the file belongs to no layer and is no entry",
        why: `Layers are ${Object.keys(layers).join(", ")}; entries are ${Object.keys(entries).join(", ")}.`,
      });
      continue;
    }
    for (const { line, specifier } of importsOf(file, text)) {
      if (!specifier.startsWith(".")) {
        if (!isTest) problems.push(...checkPackage(file, line, specifier, home, entry));
        continue;
      }
      const to = resolveImport(file, specifier);
      if (isTest && !to.startsWith("src/")) continue;
      if (!files.has(to)) {
        problems.push({ rule: "missing", file, line, what: `imports ${specifier}, which is no file of src`, why: "" });
        continue;
      }
      edges.push({ to, line });
      if (!isTest) problems.push(...checkImport(file, line, to, home));
    }
  }
  problems.push(...findCycles(graph));
  return problems.sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
}

function checkImport(file: string, line: number, to: string, home: Home | null): LayerProblem[] {
  if (to.endsWith(".test.ts")) {
    return [{ rule: "layer", file, line, what: `imports the test ${to}`, why: "Nothing imports a test." }];
  }
  if (home === null) return []; // An entry may import every layer and other entries.
  if (entryOf(to) !== null) {
    const what = `${home.layer} imports the entry ${to}`;
    return [{ rule: "entry", file, line, what, why: "Entries know everything, so no layer imports them." }];
  }
  const target = homeOf(to);
  if (target === null) return []; // Reported as homeless already.
  if (target.layer !== home.layer) {
    if (home.rule.layers.includes(target.layer)) return [];
    const what = `${home.layer} imports ${target.layer} (${to})`;
    return [{ rule: "layer", file, line, what, why: mayImport(home.layer, home.rule) }];
  }
  const shared = home.rule.siblings?.shared ?? [];
  if (home.part === null || target.part === null || home.part === target.part || shared.includes(target.part))
    return [];
  const what = `${home.layer}/${home.part} imports its sibling ${home.layer}/${target.part} (${to})`;
  const why =
    `Folders of ${home.layer} do not import each other: what they share moves to a file directly in src/${home.layer}` +
    (shared.length === 0 ? "." : `, or into one of its shared folders (${shared.join(", ")}).`);
  return [{ rule: "sibling", file, line, what, why }];
}

function checkPackage(
  file: string,
  line: number,
  specifier: string,
  home: Home | null,
  entry: string | null,
): LayerProblem[] {
  const allowed = home === null ? (entry === null ? [] : (entries[entry] ?? [])) : home.rule.packages;
  const name = specifier.startsWith("node:") ? "node:" : packageName(specifier);
  if (allowed.includes(name)) return [];
  const owner = home === null ? file : home.layer;
  const why = allowed.length === 0 ? `${owner} may import no package.` : `${owner} may import ${allowed.join(", ")}.`;
  return [{ rule: "package", file, line, what: `${owner} imports the package ${specifier}`, why }];
}

function mayImport(layer: string, rule: LayerRule): string {
  return rule.layers.length === 0
    ? `${layer} may import no other layer.`
    : `${layer} may import ${rule.layers.join(", ")}.`;
}

function packageName(specifier: string): string {
  const parts = specifier.split("/");
  return specifier.startsWith("@") ? parts.slice(0, 2).join("/") : (parts[0] ?? specifier);
}

function entryOf(file: string): string | null {
  const name = file.slice("src/".length);
  return Object.hasOwn(entries, name) ? name : null;
}

function homeOf(file: string): Home | null {
  const [first = "", second = "", ...rest] = file.slice("src/".length).split("/");
  const nested = `${first}/${second}`;
  const layer = Object.hasOwn(layers, nested) ? nested : first;
  const rule = Object.hasOwn(layers, layer) ? layers[layer] : undefined;
  if (rule === undefined || second === "") return null;
  const part = rule.siblings !== undefined && rest.length > 0 ? second : null;
  return { layer, rule, part };
}

/** The source file that a relative specifier means: `./x.js` is `./x.ts`. */
function resolveImport(file: string, specifier: string): string {
  return posix.join(posix.dirname(file), specifier).replace(/\.js$/, ".ts");
}

/** Every module that a file names: imports, re-exports, `import()` as a value and as a type. */
function importsOf(file: string, text: string): Import[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, false);
  const found: Import[] = [];
  const add = (node: ts.Node | undefined): void => {
    if (node === undefined || !ts.isStringLiteralLike(node)) return;
    const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
    found.push({ line: line + 1, specifier: node.text });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) add(node.moduleSpecifier);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node.arguments[0]);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** One shortest cycle for each group of files that reach each other. */
function findCycles(graph: ReadonlyMap<string, readonly { to: string; line: number }[]>): LayerProblem[] {
  const problems: LayerProblem[] = [];
  const reported = new Set<string>();
  for (const start of [...graph.keys()].sort()) {
    if (reported.has(start)) continue;
    const cycle = shortestCycle(graph, start);
    if (cycle === null || cycle.some((file) => reported.has(file))) continue;
    for (const file of cycle) reported.add(file);
    const line = graph.get(start)?.find((edge) => edge.to === cycle[1])?.line ?? 1;
    const what = `imports itself in a circle: ${cycle.join(" -> ")}`;
    problems.push({ rule: "cycle", file: start, line, what, why: "Move what both need into a file of its own." });
  }
  return problems;
}

/** Breadth first from a file back to itself. */
function shortestCycle(
  graph: ReadonlyMap<string, readonly { to: string; line: number }[]>,
  start: string,
): string[] | null {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (let i = 0; i < queue.length; i++) {
    const file = queue[i] as string;
    for (const { to } of graph.get(file) ?? []) {
      if (to === start) {
        const path = [start];
        for (let at = file; at !== start; at = cameFrom.get(at) as string) path.unshift(at);
        return [start, ...path];
      }
      if (cameFrom.has(to)) continue;
      cameFrom.set(to, file);
      queue.push(to);
    }
  }
  return null;
}
