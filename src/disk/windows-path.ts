/**
 * A path that Windows wrote, with `/` between its parts and no `./` in front, as resolvers take names. A drive stays: no resolver follows
 * it unless it is told where that is.
 */
export function portablePath(path: string): string {
  return path.replaceAll("\\", "/").replace(/^(?:\.\/)+/, "");
}
