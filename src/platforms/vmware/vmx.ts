/*
 * The dictionary format of VMX files. Source: open-vm-tools lib/dict/dictll.c: `name = "value"`, where a double quote, a bar, DEL and every control
 * character but tab are written as a bar and two hexadecimal digits of the byte; all else, bytes above 127 included, stands as it is.
 */

/** One line of a VMX file: a name of ours and a value of any text. */
export type VmxEntry = readonly [name: string, value: string];

/** A VMX file in UTF-8; the `.encoding` line stands first, as VMware writes it. */
export function renderVmx(entries: readonly VmxEntry[]): string {
  const lines = entries.map(([name, value]) => `${name} = "${escapeVmxValue(value)}"\n`);
  return `.encoding = "UTF-8"\n${lines.join("")}`;
}

/** A text as it stands between the quotes of a VMX value. */
export function escapeVmxValue(value: string): string {
  return value.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that have to be escaped
    /[\u0000-\u0008\u000a-\u001f"|\u007f]/g,
    (c) => `|${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}
