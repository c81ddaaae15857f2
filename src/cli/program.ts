/** Runs one command line. Returns the exit code. */
export async function run(argv: readonly string[]): Promise<number> {
  process.stderr.write(`no command ${argv[0] ?? ""}\n`);
  return 2;
}
