/**
 * Converts an appliance to another platform with the library alone, and tells what it did:
 *
 *     node dist/examples/convert-ova.js appliance.ova out/ hyperv
 */
import { FerryError, inspectPackage, openSource, type PlatformId, planConversion } from "vmferry";
import { createContext, createRuntime, openFolderSet, openPath } from "vmferry/node";

const [source = "appliance.ova", destination = "out", platform = "libvirt"] = process.argv.slice(2);

const runtime = createRuntime();
const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort());
const ctx = createContext(runtime, {
  signal: interrupted.signal,
  report: (finding) => console.log(`${finding.severity}: ${finding.message}`),
});

async function main(): Promise<void> {
  const input = await openPath(source, runtime.native);
  const opened = await openSource(input, {}, ctx);

  // Look first: nothing is unpacked, a few headers are read.
  const { appliance } = await inspectPackage(opened, {}, ctx);
  for (const machine of appliance?.machines ?? []) {
    console.log(
      `${machine.name}: ${machine.cpu.count} CPUs, ${machine.memoryBytes / 2 ** 20} MiB, ${machine.firmware}`,
    );
  }

  // A plan names every file and every loss before a byte is written.
  const { plan, close } = await planConversion(opened, { platform: platform as PlatformId }, ctx);
  for (const step of plan.steps) console.log(`  ${step.action} ${step.subject} ${step.detail}`);

  // The result appears in one commit, after its disks were read back and compared; or not at all.
  const files = await openFolderSet(destination);
  try {
    const outcome = await plan.execute(files, { prove: true }, ctx);
    for (const name of plan.executables) files.markExecutable(name);
    await files.commit();
    console.log(
      `done: source ${outcome.integrity}, ${outcome.proof?.length ?? 0} disks proven, packed by ${outcome.codec}`,
    );
  } catch (cause) {
    await files.abort(cause);
    throw cause;
  } finally {
    await close();
    await opened.close();
    await input.close();
  }
}

try {
  await main();
} catch (error) {
  if (!(error instanceof FerryError)) throw error;
  console.error(`${error.code}: ${error.message}${error.hint === undefined ? "" : `\n${error.hint}`}`);
  process.exitCode = 1;
} finally {
  await runtime.close();
}
