import { realpath, stat } from "node:fs/promises";
import * as path from "node:path";
import { FerryError } from "../../base/errors.js";
import { type FixDestination, type FixPlan, fixResult, planFix } from "../../operations/fix/fix.js";
import { withoutSecrets } from "../../ovf/secrets.js";
import { unifiedDiff } from "../../report/diff.js";
import { renderFix } from "../../report/fix-text.js";
import { renderJson } from "../../report/json.js";
import { type NodeFileSet, openFolderSet, openSingleFileSet } from "../../runtime/node/file-set.js";
import { isRemoteUrl } from "../../runtime/node/http/address.js";
import { targets } from "../../targets/targets.js";
import { type CommandDefinition, defineCommand } from "../command.js";
import { exitCodes } from "../exit-codes.js";
import { openNamedInput, shownName } from "../inputs.js";
import { flag, invalid, json, list, workOptions } from "../options.js";
import { remoteOptions } from "../remote.js";
import { resultTime, type Session, withSession } from "../session.js";

/** `vmferry fix SRC [DEST]`. */
export const fix: CommandDefinition = defineCommand({
  arguments: [
    { name: "SRC", what: "an .ova, an .ovf, or a folder with one .ovf", complete: "file" },
    {
      name: "DEST",
      what: "the .ova or the folder to write; without it SRC itself is changed",
      complete: "file",
      optional: true,
    },
  ],
  options: {
    strict: flag("--strict", "mend towards the standard to the letter"),
    for: list("--for TARGET", `mend towards a target too: ${targets.all.map(({ id }) => id).join(", ")}`),
    acceptChanges: flag("--accept-changes", "take files that the manifest says were altered as they are"),
    salvage: flag("--salvage", "write disks that are cut off or damaged with what is whole of them; needs DEST"),
    dryRun: flag("--dry-run", "show what would change, the descriptor as a diff, and write nothing"),
    force: flag("--force", "replace files that exist"),
    json,
    ...remoteOptions,
    ...workOptions,
  },
  details: [
    "Mends what has one right answer, and says what it leaves. In the descriptor no byte changes beside the edits; digests and sizes are computed anew, archives are written in the format and order of the standard, disks stay as they are.",
    "A package whose files are not what its manifest says is refused, with the digests, unless a digest proves what happened (line ends, appended bytes, exchanged or renamed files: those are put back) or --accept-changes is given. A certificate is of the old manifest and is dropped where that changes. Without DEST all files change at once, or none does; nothing is written where nothing is to mend.",
    "With --salvage a package that is cut off, or has damaged disks, becomes one that is whole: of stream-optimized VMDKs every grain that unpacks is kept, what is lost reads as zeros, and its guest ranges are named. Without it they are named, too, and nothing is written. A file that is lost altogether keeps the package from being saved.",
    "Exit code 1: an error is left, which data that is lost always is.",
  ],
  examples: [
    "fix appliance.ova --dry-run",
    "fix appliance.ova mended.ova --for virtualbox-7",
    "fix cut.ova saved.ova --salvage",
  ],
  async run([source = "", destination], options, cli) {
    const profiles = options.for.map((id) => {
      const profile = targets.find(id);
      if (profile !== undefined) return profile;
      throw invalid("--for", id, `It is one of: ${targets.all.map((target) => target.id).join(", ")}.`);
    });
    if (destination === undefined && isRemoteUrl(source) && !options.dryRun) {
      throw new FerryError("cli/usage", "a package on a server cannot be changed where it lies", {
        hint: "Say where the result goes: vmferry fix URL DEST.",
      });
    }
    if (destination === undefined && options.salvage && !options.dryRun) {
      throw new FerryError("cli/usage", "what is saved of a damaged package does not replace it", {
        hint: "Say where the result goes: vmferry fix SRC DEST --salvage. What is lost may still be in the original.",
      });
    }
    const scratch = path.dirname(path.resolve(destination ?? source));
    return withSession({ ...options, scratch }, cli, async (session) => {
      const input = await openNamedInput(source, session);
      try {
        const plan = await planFix(
          input,
          {
            level: options.strict ? "strict" : "importer",
            targets: profiles,
            altered: options.acceptChanges ? "accept" : "refuse",
            damaged: options.salvage ? "salvage" : "refuse",
          },
          session.ctx,
        );
        try {
          const write = !options.dryRun && !plan.refused && (destination !== undefined || plan.changed);
          if (write)
            await writeFixed(plan, { source, destination: destination ?? null, force: options.force }, session);
          const result = fixResult(shownName(source, input), plan, write, options.dryRun ? diffOf(plan) : null);
          await cli.terminal.data(options.json ? renderJson(result) : renderFix(result, cli.terminal.dataPalette));
          const judged = options.dryRun ? [...plan.left, ...plan.mended] : plan.left;
          return judged.some(({ severity }) => severity === "error") ? exitCodes.fallsShort : exitCodes.done;
        } finally {
          await plan.close();
        }
      } finally {
        await input.close();
      }
    });
  },
});

function diffOf({ descriptor: { name, before, after } }: FixPlan): string {
  return unifiedDiff(name, withoutSecrets(before.xml.text), withoutSecrets(after.xml.text));
}

interface Place {
  readonly source: string;
  /** `null`: where the source lies. */
  readonly destination: string | null;
  readonly force: boolean;
}

/** Writes all that changed at once, or nothing. */
async function writeFixed(plan: FixPlan, place: Place, session: Session): Promise<void> {
  const { to, kind } = await openPlace(plan, place, session);
  try {
    await plan.execute(to, kind, session.ctx);
    if (place.destination === null) for (const name of plan.removed) if (kind.kind === "folder") to.remove(name);
    await to.commit();
  } catch (cause) {
    await to.abort(cause);
    throw cause;
  }
}

async function openPlace(
  { archive }: FixPlan,
  { source, destination, force }: Place,
  session: Session,
): Promise<{ readonly to: NodeFileSet; readonly kind: FixDestination }> {
  const { native } = session.runtime;
  const modified = resultTime(session);
  if (destination !== null) {
    if (!/\.ova$/i.test(destination)) {
      return { to: await openFolderSet(destination, { force, native }), kind: { kind: "folder", files: "all" } };
    }
    const to = await openSingleFileSet(destination, { force, native });
    return { to, kind: { kind: "ova", name: path.basename(destination), modified } };
  }
  if (archive) {
    // A link is followed, and stays one.
    const real = await realpath(source);
    const to = await openSingleFileSet(real, { force: true, native });
    return { to, kind: { kind: "ova", name: path.basename(real), modified } };
  }
  const folder = (await stat(source)).isDirectory() ? source : path.dirname(source);
  return { to: await openFolderSet(folder, { force: true, native }), kind: { kind: "folder", files: "changed" } };
}
