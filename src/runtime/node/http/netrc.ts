import type { HttpCredentials } from "./options.js";

/**
 * Credentials by host, as a `.netrc` has them: `machine HOST login USER password SECRET`, and `default`. Macros are passed over. The first
 * entry of a host counts.
 */
export function parseNetrc(text: string): (host: string) => HttpCredentials | null {
  const entries = new Map<string, HttpCredentials>();
  let fallback: HttpCredentials | null = null;
  let host: string | null = null;
  let entry = { user: "", password: "" };
  const end = (): void => {
    if (host === "") fallback ??= entry;
    else if (host !== null && !entries.has(host)) entries.set(host, entry);
    entry = { user: "", password: "" };
  };
  const words = withoutMacros(text).matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g);
  let key: string | null = null;
  for (const [, quoted, plain] of words) {
    const word = quoted === undefined ? (plain ?? "") : quoted.replace(/\\(.)/g, "$1");
    if (key === null) {
      if (word === "default") {
        end();
        host = "";
      } else key = word;
      continue;
    }
    if (key === "machine") {
      end();
      host = word.toLowerCase();
    } else if (key === "login") entry = { ...entry, user: word };
    else if (key === "password") entry = { ...entry, password: word };
    key = null;
  }
  end();
  return (name) => entries.get(name.toLowerCase()) ?? fallback;
}

/** A macro goes from its name to the next empty line; comments to the end of theirs. */
function withoutMacros(text: string): string {
  return text
    .replace(/\r\n/g, "\n")
    .replace(/^[ \t]*macdef[\s\S]*?\n\n/gm, "\n")
    .replace(/^[ \t]*macdef[\s\S]*/m, "")
    .replace(/^[ \t]*#.*$/gm, "");
}
