/** Characters of a path's segment beside percent signs (RFC 3986, 3.3: pchar), and those of an authority. */
const NO_PATH = /[^\w.~!$&'()*+,;=:@%/-]/;
const NO_QUERY = /[^\w.~!$&'()*+,;=:@%/?-]/;
/** Brackets too, which are not escaped (XML Schema refers to RFC 2732). */
const NO_FRAGMENT = /[^\w.~!$&'()*+,;=:@%/?[\]-]/;
const NO_HOST = /[^\w.~!$&'()*+,;=%-]/;
const NO_USER = /[^\w.~!$&'()*+,;=:%-]/;
const BAD_ESCAPE = /%(?![0-9A-Fa-f]{2})/;
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*$/;

/**
 * Whether a text is a URI reference (RFC 3986) once the characters that `xs:anyURI` allows besides are escaped: spaces,
 * characters outside of ASCII, `<>"{}|\^` and the backquote (XML Schema 1.0, part 2, 3.2.17).
 */
export function isUriReference(text: string): boolean {
  const escaped = text.replace(/[^!-~]|[<>"{}|\\^`]/g, "_");
  if (BAD_ESCAPE.test(escaped)) return false;
  const [beforeFragment, fragment] = cut(escaped, "#");
  const [beforeQuery, query] = cut(beforeFragment, "?");
  if (NO_QUERY.test(query) || NO_FRAGMENT.test(fragment)) return false;
  const [scheme, rest] = cut(beforeQuery, ":");
  if (beforeQuery.includes(":") && SCHEME.test(scheme) && isHierarchy(rest)) return true;
  // Without a scheme, a colon in the first segment would read as the end of one.
  const firstSegment = cut(beforeQuery, "/")[0];
  return !firstSegment.includes(":") && isHierarchy(beforeQuery);
}

function isHierarchy(text: string): boolean {
  if (!text.startsWith("//")) return !NO_PATH.test(text);
  const pathStart = text.indexOf("/", 2);
  const authority = text.slice(2, pathStart < 0 ? undefined : pathStart);
  return isAuthority(authority) && (pathStart < 0 || !NO_PATH.test(text.slice(pathStart)));
}

/** `user@host:port`, the host a name or an address in brackets. */
function isAuthority(text: string): boolean {
  const [before, behind] = cut(text, "@");
  const [user, host] = text.includes("@") ? [before, behind] : ["", text];
  const bracket = host.startsWith("[") ? host.indexOf("]") + 1 : 0;
  if (host.startsWith("[") && bracket === 0) return false;
  const [name, port] = cut(host.slice(bracket), ":");
  return !NO_USER.test(user) && !NO_HOST.test(name) && (bracket === 0 || name === "") && !/\D/.test(port);
}

/** What is before and behind the first of a character; nothing is behind where there is none. */
function cut(text: string, at: string): readonly [string, string] {
  const index = text.indexOf(at);
  return index < 0 ? [text, ""] : [text.slice(0, index), text.slice(index + 1)];
}
