import ts from "typescript";

/**
 * Turns an example into a program: `expression; // => value` becomes an assertion, and so does
 * `const name = expression; // => value`. `console.log(x); // => value` asserts x. The value is TypeScript, too.
 * @param place for messages, such as `docs/x.md:12`
 */
export function compileExample(text: string, place: string): string {
  const source = ts.createSourceFile("example.ts", text, ts.ScriptTarget.ES2023, true);
  let body = "";
  let at = 0;
  for (const statement of source.statements) {
    const value = assertedValue(text, statement.end);
    const line = source.getLineAndCharacterOfPosition(statement.end).line;
    const checked = value === null ? null : subjectOf(statement);
    if (value !== null && checked === null)
      throw new Error(`${place}: line ${line + 1} asserts a value of no expression`);
    if (value === null || checked === null) continue;
    const [start, end] = checked.replaces ? [statement.getStart(), statement.end] : [statement.end, statement.end];
    body += `${text.slice(at, start)} __same(${checked.text}, (${value}), ${JSON.stringify(`${place}, line ${line + 1}`)});`;
    at = end;
  }
  body += text.slice(at);
  const program = `import { deepStrictEqual as __equal } from "node:assert/strict";
const __same = (actual: unknown, expected: unknown, at: string): void => __equal(actual, expected, at + ": is " + JSON.stringify(actual));
${body}`;
  const { outputText } = ts.transpileModule(program, {
    compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
  });
  return outputText;
}

/** What stands behind `// => ` on the line on which a statement ends, and on comment lines right below. */
function assertedValue(text: string, end: number): string | null {
  const found = /^[ \t]*\/\/ => (.*(?:\n[ \t]*\/\/ {4}.*)*)/.exec(text.slice(end));
  return found?.[1]?.replaceAll(/\n[ \t]*\/\/ {4}/g, "\n") ?? null;
}

function subjectOf(statement: ts.Statement): { readonly text: string; readonly replaces: boolean } | null {
  if (ts.isVariableStatement(statement)) {
    const name = statement.declarationList.declarations.at(-1)?.name;
    return name !== undefined && ts.isIdentifier(name) ? { text: name.text, replaces: false } : null;
  }
  if (!ts.isExpressionStatement(statement)) return null;
  const { expression } = statement;
  const isPrint = ts.isCallExpression(expression) && expression.expression.getText() === "console.log";
  const shown = isPrint ? expression.arguments[0] : expression;
  return shown === undefined ? null : { text: shown.getText(), replaces: true };
}
