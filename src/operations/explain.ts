import { codes as tables } from "../base/codes/all.js";
import type { CodeTable } from "../base/codes/codes.js";
import type { DiagnosticCode } from "../base/diagnostics.js";
import { FerryError } from "../base/errors.js";
import { nearest } from "../base/text.js";
import type { ExplainedCode, ExplainedMessage, ExplainResult } from "../report/results.js";
import { excerptsOf } from "../rules/excerpt.js";
import { findMessages } from "../rules/messages/message.js";
import { foreignMessages } from "../rules/messages/messages.js";
import { reported } from "../rules/reported.js";
import { type AnyRule, fill } from "../rules/rule.js";
import { ruleCodes, rules } from "../rules/rules.js";
import { targets } from "../targets/targets.js";

/** Every code that vmferry can report, of rules and of all else. */
export const allCodes: CodeTable = { ...tables, ...ruleCodes };

const byCode: ReadonlyMap<string, AnyRule> = new Map(rules.map((rule) => [rule.code, rule]));

/** A code on its own, or in brackets as vmferry prints it: `error[xml/dtd]: ...`. */
const CODE = /(?:^|\[)([a-z0-9-]{1,60}\/[a-z0-9-]{1,80})(?:\]|$)/g;

/**
 * Says what a code means, or what another program means by a message: the query is a code, a line that vmferry printed, or a text with errors of
 * ovftool, vSphere, VirtualBox, virt-v2v or Proxmox in it.
 * @throws `explain/unknown-code`, with codes that are spelled alike; `explain/unknown-text`
 */
export function explain(query: string): ExplainResult {
  const text = query.trim();
  const named = [...new Set([...text.matchAll(CODE)].map(([, code = ""]) => code))];
  const known = named.flatMap((code) => explainCode(code) ?? []);
  const messages = findMessages(text, foreignMessages).map(
    ({ message, values }): ExplainedMessage => ({
      program: message.program,
      says: fill(message.says, values),
      means: fill(message.means, values),
      fix: fill(message.fix, values),
      commands: message.commands.map((line) => `vmferry ${line}`),
      codes: message.codes,
      seen: message.seen,
    }),
  );
  if (known.length === 0 && messages.length === 0) throw unknown(text, named[0]);
  return { schema: "vmferry/explain@1", query: text, codes: known, messages };
}

/** What a code means; `null`: there is no such code. */
export function explainCode(code: string): ExplainedCode | null {
  const entry = Object.hasOwn(allCodes, code) ? allCodes[code as DiagnosticCode] : undefined;
  if (entry === undefined) return null;
  const rule = byCode.get(code);
  const invalid = rule?.examples?.invalid[0];
  const valid = rule?.examples?.valid[0];
  const { targets: speaksFor } = rule ?? {};
  return {
    code: code as DiagnosticCode,
    kind: entry.kind ?? null,
    what: entry.what,
    why: entry.why,
    fix: entry.fix,
    spec: rule?.spec ?? null,
    severity: rule?.severity ?? null,
    strict: rule?.strict ?? strictOf(code),
    targets: speaksFor === undefined ? null : targets.all.filter((target) => speaksFor(target)).map(({ id }) => id),
    requirements: rule?.requirements ?? reportedAs(code)?.requirements ?? [],
    mends: rule?.mend !== undefined,
    example: invalid === undefined || valid === undefined ? null : excerptsOf(invalid, valid),
  };
}

function reportedAs(code: string): (typeof reported)[DiagnosticCode] | undefined {
  return Object.hasOwn(reported, code) ? reported[code as DiagnosticCode] : undefined;
}

/** What the standard makes of a finding that is no rule's; `null`: nothing, or it depends on the finding. */
function strictOf(code: string): ExplainedCode["strict"] {
  const strict = reportedAs(code)?.strict;
  return typeof strict === "string" ? strict : null;
}

/** Codes that are spelled like a word, the nearest first. */
export function codesLike(word: string): readonly DiagnosticCode[] {
  return nearest(word, Object.keys(allCodes)) as readonly DiagnosticCode[];
}

function unknown(text: string, named: string | undefined): FerryError {
  // One word was meant as a code, or as a part of one.
  const word = named ?? (/^\S{1,80}$/.test(text) ? text : null);
  if (word === null) {
    return new FerryError("explain/unknown-text", "no message that vmferry knows is in this text", {
      hint: "Give the line with the error as it was printed. `vmferry validate SRC --for TARGET` finds what a target refuses.",
    });
  }
  const like = codesLike(word);
  return new FerryError("explain/unknown-code", `there is no code ${JSON.stringify(word)}`, {
    hint: like.length === 0 ? "Codes are listed in docs/reference/codes.md." : `Did you mean ${like.join(", ")}?`,
  });
}
