/** What a HostResource of an item names in its own package (DSP0243 8.3). */
export interface HostResource {
  readonly kind: "disk" | "file";
  readonly id: string;
  /** Whether it is written as the standard wants it: `ovf:/disk/ID`. */
  readonly standard: boolean;
}

/** `ovf:/disk/ID`, and `/disk/ID` and `ovf://disk/ID` as older writers spell it. `null` for anything else. */
export function parseHostResource(text: string): HostResource | null {
  const match = /^((?:ovf:)?\/{1,2})(disk|file)\/(.+)$/.exec(text.trim());
  if (match === null) return null;
  const [, start, kind, id = ""] = match;
  return { kind: kind === "disk" ? "disk" : "file", id, standard: start === "ovf:/" };
}
