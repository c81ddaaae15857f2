import { existsSync } from "node:fs";
import ts from "typescript";

/** Public entries, by the subpath that users import, with the source file behind each. */
export type PublicEntries = ReadonlyMap<string, string>;

/** The entries of the `exports` of package.json whose source exists. */
export function publicEntries(manifest: { readonly exports: Readonly<Record<string, unknown>> }): PublicEntries {
  const entries = new Map<string, string>();
  for (const [subpath, target] of Object.entries(manifest.exports)) {
    const file = typeof target === "object" && target !== null && "default" in target ? String(target.default) : "";
    const source = file.replace(/^\.\/dist\//, "").replace(/\.js$/, ".ts");
    if (source.startsWith("src/") && existsSync(source)) entries.set(subpath, source);
  }
  return entries;
}

/**
 * Everything that users can import, with its type, one line each. What moves here, moves for users: a change belongs into the
 * commit that causes it, with a line in the changelog.
 */
export function renderApi(entries: PublicEntries): string {
  const options: ts.CompilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    target: ts.ScriptTarget.ES2023,
    lib: ["lib.es2023.d.ts", "lib.webworker.d.ts"],
    module: ts.ModuleKind.NodeNext,
    types: ["node"],
    noEmit: true,
  };
  const program = ts.createProgram([...entries.values()], options);
  const checker = program.getTypeChecker();
  const lines: string[] = [];
  const seen = new Map<ts.Symbol, string>();
  for (const [subpath, file] of [...entries].sort(([a], [b]) => (a < b ? -1 : 1))) {
    lines.push(`# ${subpath === "." ? "vmferry" : `vmferry${subpath.slice(1)}`}`, "");
    const source = program.getSourceFile(file);
    const module = source === undefined ? undefined : checker.getSymbolAtLocation(source);
    if (module === undefined) throw new Error(`${file} is no module; run this from the project root`);
    for (const symbol of checker.getExportsOfModule(module).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      const before = seen.get(target);
      if (before === undefined) lines.push(...describe(checker, symbol.name, target));
      else lines.push(`${symbol.name}: as in ${before}`);
      seen.set(target, subpath);
    }
    lines.push("");
  }
  // The compiler names types that the entry does not export by their files.
  return lines.join("\n").replaceAll(/import\("[^"]*"\)\./g, "");
}

const format =
  ts.TypeFormatFlags.NoTruncation |
  ts.TypeFormatFlags.UseSingleQuotesForStringLiteralType |
  ts.TypeFormatFlags.InTypeAlias;

function describe(checker: ts.TypeChecker, name: string, symbol: ts.Symbol): string[] {
  const [declaration] = symbol.getDeclarations() ?? [];
  if (declaration === undefined) return [`${name}: not declared`];
  if (symbol.flags & ts.SymbolFlags.Class) {
    const type = checker.getTypeOfSymbol(symbol);
    const made = type.getConstructSignatures().map((s) => `  new ${checker.signatureToString(s, undefined, format)}`);
    const fixed = checker.getPropertiesOfType(type).filter((member) => member.name !== "prototype");
    const own = members(checker, checker.getDeclaredTypeOfSymbol(symbol));
    return [`class ${name}`, ...made, ...fixed.map((member) => `  static ${memberLine(checker, member)}`), ...own];
  }
  if (symbol.flags & ts.SymbolFlags.Interface) {
    return [`interface ${name}`, ...members(checker, checker.getDeclaredTypeOfSymbol(symbol))];
  }
  if (symbol.flags & ts.SymbolFlags.TypeAlias) {
    return [`type ${name} = ${checker.typeToString(checker.getDeclaredTypeOfSymbol(symbol), undefined, format)}`];
  }
  const kind = symbol.flags & ts.SymbolFlags.Function ? "function" : "const";
  return [`${kind} ${name}: ${checker.typeToString(checker.getTypeOfSymbol(symbol), declaration, format)}`];
}

/** Members that we declare; what a class has from `Error` is not ours. */
function members(checker: ts.TypeChecker, type: ts.Type): string[] {
  const own = checker.getPropertiesOfType(type).filter((member) => {
    const file = member.getDeclarations()?.[0]?.getSourceFile().fileName ?? "";
    return !file.includes("node_modules");
  });
  return own.map((member) => `  ${memberLine(checker, member)}`);
}

function memberLine(checker: ts.TypeChecker, member: ts.Symbol): string {
  const optional = member.flags & ts.SymbolFlags.Optional ? "?" : "";
  // Symbols of the language, such as Symbol.asyncIterator, get names with a number that depends on all that was compiled.
  const name = member.name.replace(/^__@(\w+)@\d+$/, "[Symbol.$1]");
  return `${name}${optional}: ${checker.typeToString(checker.getTypeOfSymbol(member), undefined, format)}`;
}
