/** Words of POSIX shells, for scripts that platforms write. */

/** A word of the shell that means its text and nothing else. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
