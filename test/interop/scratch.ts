import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** A folder that somebody must remove. */
export interface TemporaryFolder {
  readonly path: string;
  remove(): Promise<void>;
}

/** Makes an empty folder that every user can enter (libvirt's QEMU is another user). `inside`: the system's folder for such by default. */
export async function temporaryFolder(purpose: string, inside: string = tmpdir()): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(inside, `vmferry-${purpose}-`));
  await chmod(path, 0o755);
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }) };
}

/** An empty folder that goes when the test ends. */
export async function scratch(t: TestContext, purpose = "test"): Promise<string> {
  const folder = await temporaryFolder(purpose);
  t.after(() => folder.remove());
  return folder.path;
}
