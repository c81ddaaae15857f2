/** Answers of Proxmox VE, which is not trusted to give what it promises. */

/** An object; anything else is one without members. */
export function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

/** The objects of a list; anything else is an empty one. */
export function listOf(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.map(objectOf) : [];
}

/** Text; numbers are written as it (Perl does not tell them apart). `null`: neither. */
export function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : null;
}

/** A whole number from 0, also as text; `null`: none. */
export function numberOf(value: unknown): number | null {
  const number = typeof value === "string" && /^\d{1,16}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) && number >= 0 ? number : null;
}

/** A switch: 1, `"1"` or `true`. */
export function isOn(value: unknown): boolean {
  return value === 1 || value === "1" || value === true;
}

/** Parts of a setting by their names, the first part that has none by `first`: `virtio=..,bridge=vmbr0`. */
export function partsOf(value: string, first: string): ReadonlyMap<string, string> {
  const parts = new Map<string, string>();
  for (const part of value.split(",")) {
    const [, name = first, text = part] = /^([^=]+)=(.*)$/s.exec(part) ?? [];
    if (!parts.has(name)) parts.set(name, text);
  }
  return parts;
}
