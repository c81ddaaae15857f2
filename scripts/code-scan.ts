import ts from "typescript";

/** A place in the source where a code stands as a string literal. */
export interface CodeUse {
  readonly code: string;
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** What `scanCodes` found. */
export interface CodeScan {
  /** Literals that are surely codes: thrown, put into a diagnostic, compared with one, or passed where a function takes one. */
  readonly uses: readonly CodeUse[];
  /** Every literal that looks like a code, wherever it stands: enough to say that a table entry is in use. */
  readonly mentioned: ReadonlySet<string>;
  /** The keys of the tables in `src/base/codes`, in order, duplicates included. */
  readonly declared: readonly CodeUse[];
}

const codeShape = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*\/[a-z0-9]+(?:-[a-z0-9]+)*$/;

/** Finds codes in a source tree. Tests are left out: they may invent codes. */
export function scanCodes(files: ReadonlyMap<string, string>): CodeScan {
  const sources = [...files]
    .filter(([file]) => !file.endsWith(".test.ts"))
    .map(([file, text]) => ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true));
  const uses: CodeUse[] = [];
  const declared: CodeUse[] = [];
  const mentioned = new Set<string>();
  const exported = new Map<string, number>();
  const perFile = new Map<ts.SourceFile, ReadonlyMap<string, number>>();
  for (const source of sources) {
    const takers = codeTakers(source);
    perFile.set(source, takers.local);
    for (const [name, index] of takers.exported) exported.set(name, index);
  }
  for (const source of sources) {
    if (source.fileName.startsWith("src/base/codes/")) {
      declared.push(...tableKeys(source));
      continue;
    }
    const local = perFile.get(source) ?? new Map<string, number>();
    const imported = importedNames(source);
    const visit = (node: ts.Node): void => {
      if (ts.isStringLiteralLike(node) && codeShape.test(node.text)) mentioned.add(node.text);
      const expression = codeExpression(
        node,
        (name) => local.get(name) ?? (imported.has(name) ? exported.get(name) : undefined),
      );
      for (const literal of expression === undefined ? [] : literalsOf(expression)) uses.push(useAt(source, literal));
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return { uses, mentioned, declared };
}

/** The expression in a node that must be a code, if there is one. */
function codeExpression(node: ts.Node, taker: (name: string) => number | undefined): ts.Expression | undefined {
  if (ts.isNewExpression(node) && node.expression.getText() === "FerryError") return node.arguments?.[0];
  if (ts.isPropertyAssignment(node) && node.name.getText() === "code") return node.initializer;
  if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
    const index = taker(node.expression.text);
    return index === undefined ? undefined : node.arguments[index];
  }
  if (ts.isBinaryExpression(node) && /^[!=]==$/.test(node.operatorToken.getText()) && namesCode(node.left))
    return node.right;
  return undefined;
}

function namesCode(node: ts.Expression): boolean {
  return ts.isPropertyAccessExpression(node) && node.name.text === "code";
}

/** The literals with the shape of a code that an expression can be. */
function literalsOf(node: ts.Expression): ts.StringLiteralLike[] {
  if (ts.isStringLiteralLike(node)) return codeShape.test(node.text) ? [node] : [];
  if (ts.isConditionalExpression(node)) return [...literalsOf(node.whenTrue), ...literalsOf(node.whenFalse)];
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken) {
    return [...literalsOf(node.left), ...literalsOf(node.right)];
  }
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isSatisfiesExpression(node)) {
    return literalsOf(node.expression);
  }
  return [];
}

/** Functions of a file with a parameter of the type `DiagnosticCode`, and its position. */
function codeTakers(source: ts.SourceFile): { local: Map<string, number>; exported: Map<string, number> } {
  const local = new Map<string, number>();
  const exported = new Map<string, number>();
  const add = (name: string, fn: ts.SignatureDeclaration, isExported: boolean): void => {
    const index = fn.parameters.findIndex((p) =>
      /^(DiagnosticCode|Diagnostic\["code"\])$/.test(p.type?.getText() ?? ""),
    );
    if (index < 0) return;
    local.set(name, index);
    if (isExported) exported.set(name, index);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionDeclaration(node) && node.name !== undefined) add(node.name.text, node, hasExport(node));
    else if (ts.isVariableStatement(node)) {
      for (const { name, initializer } of node.declarationList.declarations) {
        if (!ts.isIdentifier(name) || initializer === undefined) continue;
        if (ts.isArrowFunction(initializer)) add(name.text, initializer, hasExport(node));
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { local, exported };
}

function hasExport(node: ts.HasModifiers): boolean {
  return node.modifiers?.some((m) => m.kind === ts.SyntaxKind.ExportKeyword) ?? false;
}

function importedNames(source: ts.SourceFile): Set<string> {
  const names = new Set<string>();
  for (const statement of source.statements) {
    if (!ts.isImportDeclaration(statement)) continue;
    const bindings = statement.importClause?.namedBindings;
    if (bindings !== undefined && ts.isNamedImports(bindings))
      for (const e of bindings.elements) names.add(e.name.text);
  }
  return names;
}

function tableKeys(source: ts.SourceFile): CodeUse[] {
  const keys: CodeUse[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAssignment(node) && ts.isStringLiteral(node.name)) keys.push(useAt(source, node.name));
    ts.forEachChild(node, visit);
  };
  visit(source);
  return keys;
}

function useAt(source: ts.SourceFile, node: ts.StringLiteralLike): CodeUse {
  const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
  return { code: node.text, file: source.fileName, line: line + 1 };
}
