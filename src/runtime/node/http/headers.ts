/** Fields of HTTP answers, read strictly (RFC 9110). */

/** `Content-Range: bytes first-last/size`, or `bytes * /size` of an unsatisfiable range (RFC 9110, 14.4). */
export interface ContentRange {
  /** `null`: the range was not satisfiable. */
  readonly range: { readonly offset: number; readonly length: number } | null;
  /** Bytes of the whole; `null`: not said. */
  readonly size: number | null;
}

/** Parses a Content-Range; `null` where it is missing or none. */
export function parseContentRange(text: string | undefined): ContentRange | null {
  const match = /^bytes (?:(\d{1,16})-(\d{1,16})|\*)\/(?:(\d{1,16})|\*)$/i.exec((text ?? "").trim());
  if (match === null) return null;
  const size = match[3] === undefined ? null : Number(match[3]);
  if (match[1] === undefined) return size === null ? null : { range: null, size };
  const offset = Number(match[1]);
  const last = Number(match[2]);
  if (!Number.isSafeInteger(last + 1) || last < offset) return null;
  if (size !== null && (!Number.isSafeInteger(size) || last >= size)) return null;
  return { range: { offset, length: last - offset + 1 }, size };
}

/** What tells one state of a resource from another (RFC 9110, 8.8). */
export interface Validators {
  readonly etag: string | null;
  readonly lastModified: string | null;
  /** For `If-Range`: a strong ETag, or a date that was at least a second old; `null`: neither. */
  readonly ifRange: string | null;
}

/** The validators of an answer. */
export function validatorsOf(headers: {
  readonly etag?: string | undefined;
  readonly "last-modified"?: string | undefined;
  readonly date?: string | undefined;
}): Validators {
  const etag = headers.etag ?? null;
  const lastModified = headers["last-modified"] ?? null;
  const strong = etag !== null && /^"[^"]*"$/.test(etag);
  const age = Date.parse(headers.date ?? "") - Date.parse(lastModified ?? "");
  const ifRange = strong ? etag : etag === null && age >= 1000 ? lastModified : null;
  return { etag, lastModified, ifRange };
}

/** Whether two answers can be of the same state: nothing that both say differs. */
export function sameState(a: Validators, b: Validators): boolean {
  const differ = (x: string | null, y: string | null): boolean => x !== null && y !== null && x !== y;
  return !differ(a.etag, b.etag) && !differ(a.lastModified, b.lastModified);
}

/** Milliseconds that `Retry-After` asks for (RFC 9110, 10.2.3), as seconds or a date; `null`: it says nothing. */
export function parseRetryAfter(text: string | undefined, now: number): number | null {
  if (text === undefined) return null;
  if (/^\d{1,9}$/.test(text.trim())) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}
