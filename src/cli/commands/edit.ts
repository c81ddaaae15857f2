import { realpath, stat } from "node:fs/promises";
import * as path from "node:path";
import { FerryError } from "../../base/errors.js";
import { type EditPlan, type PackageEditOptions, planEdit } from "../../operations/edit/edit.js";
import { writtenAnew } from "../../operations/edit/result.js";
import type { EditDestination } from "../../operations/edit/work.js";
import { renderEdit } from "../../report/edit-text.js";
import { renderJson } from "../../report/json.js";
import { type EditResult, toDiagnosticResult } from "../../report/results.js";
import { hasUndoJournal, openEditableFile } from "../../runtime/node/editable-file.js";
import { type NodeFileSet, openFolderSet, openSingleFileSet } from "../../runtime/node/file-set.js";
import { isRemoteUrl } from "../../runtime/node/http/address.js";
import { readSecret, secretRef } from "../../runtime/node/secrets.js";
import { type Cli, type CommandDefinition, defineCommand } from "../command.js";
import { editOptions, editsOf } from "../edit-options.js";
import { judge } from "../exit-codes.js";
import { openNamedInput } from "../inputs.js";
import { flag, json, workOptions } from "../options.js";
import { remoteOptions } from "../remote.js";
import { resultTime, type Session, withSession } from "../session.js";
import { signingOf, signingOptions } from "../signing.js";
import { type NamedDisk, openNamedDisk } from "../sources.js";

/** `vmferry edit SRC [DEST]`. */
export const edit: CommandDefinition = defineCommand({
  arguments: [
    { name: "SRC", what: "an .ova, an .ovf, or a folder with one .ovf", complete: "file" },
    {
      name: "DEST",
      what: "the .ova or the folder to write; with --in-place SRC itself is changed",
      complete: "file",
      optional: true,
    },
  ],
  options: {
    ...editOptions,
    inPlace: flag("--in-place", "change SRC where it lies"),
    acceptChanges: flag("--accept-changes", "take files that the manifest says were altered as they are"),
    dryRun: flag("--dry-run", "show the descriptor's changes as a diff, and the files, and write nothing"),
    force: flag("--force", "replace files that exist"),
    ...signingOptions,
    json,
    ...remoteOptions,
    ...workOptions,
  },
  details: [
    "Changes what is asked for, and no other line of the descriptor. Disks are carried over as they are; the manifest gets the new digests, beside those of the files that stay. Without --key or --sign-with a signature is dropped, with a warning.",
    "What is removed goes first, then values change, then what is new is added, in whatever order the options stand. Hardware and values of one deployment option are changed with --config ID; without it, those that count for all options. Where VirtualBox's own settings in the package repeat a fact, they are changed with it, or the edit is refused.",
    "With --in-place an archive is changed by an undo journal where the descriptor finds room, as it does in archives that vmferry writes: no disk is read, and a run that is stopped leaves the old package or the new one. Else the archive is written anew beside itself first, which is said before. In a folder the files that change are replaced.",
  ],
  examples: [
    "edit appliance.ova larger.ova --cpus 4 --memory 8GiB",
    "edit appliance.ova --in-place --set property.hostname=web01",
    "edit appliance.ova new.ova --patch changes.yaml --dry-run",
  ],
  async run([source = "", destination], options, cli) {
    const { inPlace, dryRun, force } = options;
    if (inPlace === (destination !== undefined) && !(dryRun && !inPlace && destination === undefined)) {
      throw new FerryError(
        "cli/usage",
        inPlace ? "DEST and --in-place exclude each other" : "nothing says where the result goes",
        {
          hint: inPlace ? "Leave out one of them." : "Name a destination, or add --in-place.",
        },
      );
    }
    if (inPlace && isRemoteUrl(source)) {
      throw new FerryError("cli/usage", "a package on a server cannot be changed where it lies", {
        hint: "Say where the result goes: vmferry edit URL DEST.",
      });
    }
    const scratch = path.dirname(path.resolve(destination ?? source));
    return withSession({ ...options, scratch }, cli, async (session) => {
      const edits = await editsOf(options);
      const signing = await signingOf(options, session, cli);
      const disks: NamedDisk[] = [];
      try {
        for (const { file } of edits.addDisks)
          disks.push(await openNamedDisk(file, { from: null, external: "allowed" }, session));
        const how: PackageEditOptions = {
          edits,
          disks,
          secret: (reference, key) =>
            readSecret(secretRef(reference, `property ${key}`), `property ${key}`, session.ctx.signal),
          ...(signing === null ? {} : { signing }),
          altered: options.acceptChanges ? "accept" : "refuse",
        };
        const request = { source, destination: destination ?? null, inPlace, dryRun, force, how };
        const made = await edited(request, session, cli);
        const result: EditResult = {
          ...made,
          // An address may hold a password; the package's own name does not.
          name: isRemoteUrl(source) ? made.name : source,
          diagnostics: [...session.findings.map(toDiagnosticResult), ...made.diagnostics],
        };
        const shown = dryRun ? "shown" : "hidden";
        await cli.terminal.data(
          options.json ? renderJson(result) : renderEdit(result, cli.terminal.dataPalette, shown),
        );
        return judge(result.diagnostics);
      } finally {
        for (const disk of disks) await disk.close();
      }
    });
  },
});

interface Request {
  readonly source: string;
  readonly destination: string | null;
  readonly inPlace: boolean;
  readonly dryRun: boolean;
  readonly force: boolean;
  readonly how: PackageEditOptions;
}

async function edited(request: Request, session: Session, cli: Cli): Promise<EditResult> {
  const { source, inPlace, dryRun, how } = request;
  const { native } = session.runtime;
  if (inPlace && !dryRun && (await hasUndoJournal(source))) {
    // A change that was interrupted is undone by opening the file for another.
    const file = await openEditableFile(source, { native, label: path.basename(source) });
    for (const finding of file.findings) session.ctx.report(finding);
    await file.close();
  }
  const input = await openNamedInput(source, session);
  try {
    const plan = await planEdit(input, how, session.ctx);
    try {
      if (dryRun) {
        const archive = inPlace && plan.archive && input.kind === "file" ? { archive: input.source } : null;
        return await plan.preview(archive ?? (inPlace ? "folder" : "elsewhere"), session.ctx);
      }
      if (!inPlace || !plan.archive) return await written(plan, request, session);
    } finally {
      await plan.close();
    }
  } finally {
    await input.close();
  }
  return editedWhereItLies(request, session, cli);
}

/** An archive, where it lies: what is read and what is changed is one file, and nobody else changes it meanwhile. */
async function editedWhereItLies(request: Request, session: Session, cli: Cli): Promise<EditResult> {
  const { source, how } = request;
  const { native } = session.runtime;
  const name = path.basename(source);
  const file = await openEditableFile(source, { native, label: name });
  try {
    const plan = await planEdit({ kind: "file", source: file.source, name, folder: null }, how, session.ctx);
    try {
      const done = await plan.apply(file, resultTime(session), session.ctx);
      if (done !== null) return done;
      const said = writtenAnew(file.source.size);
      cli.terminal.note(`${said.message} [${said.code}]`);
      session.ctx.report(said);
      return await written(plan, request, session);
    } finally {
      await plan.close();
    }
  } finally {
    await file.close();
  }
}

/** Writes all at once, or nothing. */
async function written(plan: EditPlan, { source, destination, force }: Request, session: Session): Promise<EditResult> {
  const { native } = session.runtime;
  const { to, where } = await openPlace();
  try {
    const result = await plan.write(to, where, session.ctx);
    if (where.kind === "folder" && where.files === "changed") {
      for (const name of [...plan.removed, ...plan.vouching]) to.remove(name);
    }
    await to.commit();
    return result;
  } catch (cause) {
    await to.abort(cause);
    throw cause;
  }

  async function openPlace(): Promise<{ readonly to: NodeFileSet; readonly where: EditDestination }> {
    const modified = resultTime(session);
    if (destination !== null) {
      if (!/\.ova$/i.test(destination)) {
        return { to: await openFolderSet(destination, { force, native }), where: { kind: "folder", files: "all" } };
      }
      const to = await openSingleFileSet(destination, { force, native });
      return { to, where: { kind: "ova", name: path.basename(destination), modified, rewrite: false } };
    }
    // A link is followed, and stays one.
    const real = await realpath(source);
    if (plan.archive) {
      const to = await openSingleFileSet(real, { force: true, native });
      return { to, where: { kind: "ova", name: path.basename(real), modified, rewrite: true } };
    }
    const folder = (await stat(real)).isDirectory() ? real : path.dirname(real);
    return { to: await openFolderSet(folder, { force: true, native }), where: { kind: "folder", files: "changed" } };
  }
}
