/** Names of devices that all configurations spell in some way. */

/** A hardware address in lower case with colons, from any usual spelling; `null` for what is none. */
export function macFromText(text: string | null): string | null {
  const digits = text?.trim().replace(/[:.-]/g, "").toLowerCase() ?? "";
  return /^[0-9a-f]{12}$/.test(digits) ? (digits.match(/../g) ?? []).join(":") : null;
}

/** A UUID in lower case with hyphens, from any usual spelling; `null` for what is none. */
export function uuidFromText(text: string | null): string | null {
  const digits = text?.replace(/[^0-9a-fA-F]/g, "").toLowerCase() ?? "";
  const parts = /^(.{8})(.{4})(.{4})(.{4})(.{12})$/.exec(digits);
  return parts === null ? null : parts.slice(1).join("-");
}
