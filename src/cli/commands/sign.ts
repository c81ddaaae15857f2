import { realpath, stat } from "node:fs/promises";
import * as path from "node:path";
import { FerryError } from "../../base/errors.js";
import { planSign, type SignOptions, type SignPlan } from "../../operations/sign/sign.js";
import { renderJson } from "../../report/json.js";
import { type SignResult, toDiagnosticResult } from "../../report/results.js";
import { renderSign } from "../../report/sign-text.js";
import { hasUndoJournal, openEditableFile } from "../../runtime/node/editable-file.js";
import { type NodeFileSet, openFolderSet, openSingleFileSet } from "../../runtime/node/file-set.js";
import { isRemoteUrl } from "../../runtime/node/http/address.js";
import { type CommandDefinition, defineCommand } from "../command.js";
import { judge } from "../exit-codes.js";
import { openNamedInput } from "../inputs.js";
import { flag, json, workOptions } from "../options.js";
import { remoteOptions } from "../remote.js";
import { resultTime, type Session, withSession } from "../session.js";
import { signingOf, signingOptions } from "../signing.js";

/** `vmferry sign SRC [DEST]`. */
export const sign: CommandDefinition = defineCommand({
  arguments: [
    { name: "SRC", what: "an .ova, an .ovf, or a folder with one .ovf", complete: "file" },
    {
      name: "DEST",
      what: "the .ova or the folder to write; without it SRC itself is signed",
      complete: "file",
      optional: true,
    },
  ],
  options: {
    ...signingOptions,
    acceptChanges: flag("--accept-changes", "take files that the manifest says were altered as they are"),
    dryRun: flag("--dry-run", "check all and tell what would be done, sign and write nothing"),
    force: flag("--force", "replace files that exist"),
    json,
    ...remoteOptions,
    ...workOptions,
  },
  details: [
    "Makes the manifest, where there is none, or where it is weak or leaves files out, and signs it. A package whose files are not what its manifest says is refused, unless --accept-changes is given. A certificate that is there is replaced: signing again after a change is the same command.",
    "The key is a file (PEM, DER or PKCS #12; its passphrase by reference, or asked for on the terminal), or a command for keys that lie in a module or with a service. The command is split into words as a shell does, and run without one. It gets the digest as bytes on standard input, and in VMFERRY_SIGN_DIGEST_HEX, VMFERRY_SIGN_DIGEST_BASE64, VMFERRY_SIGN_DIGEST_INFO_BASE64 and VMFERRY_SIGN_ALGORITHM; it prints the signature as bytes, base64 or hexadecimal. What it made is checked with the certificate before anything is written.",
    "Without DEST an archive is not written anew where manifest and certificate find room: they are put at its end, or over the old ones.",
  ],
  examples: [
    "sign appliance.ova --key key.pem --certificate cert.pem",
    "sign appliance.ova signed.ova --key signer.p12 --passphrase env:P12_PASSPHRASE",
    "sign appliance.ova --certificate cert.pem --sign-with 'openssl pkeyutl -sign -inkey key.pem -pkeyopt digest:sha256'",
  ],
  async run([source = "", destination], options, cli) {
    if (destination === undefined && isRemoteUrl(source) && !options.dryRun) {
      throw new FerryError("cli/usage", "a package on a server cannot be signed where it lies", {
        hint: "Say where the result goes: vmferry sign URL DEST.",
      });
    }
    return withSession(options, cli, async (session) => {
      const signing = await signingOf(options, session, cli);
      if (signing === null) {
        throw new FerryError("cli/usage", "there is nothing to sign with", {
          hint: "Add --key FILE or --sign-with COMMAND.",
        });
      }
      const how: SignOptions = {
        ...signing,
        digest: options.digest,
        altered: options.acceptChanges ? "accept" : "refuse",
      };
      const { dryRun, force } = options;
      const made = await signed({ source, destination: destination ?? null, force, how, dryRun }, session);
      const result: SignResult = {
        ...made,
        // An address may hold a password; the package's own name does not.
        name: isRemoteUrl(source) ? made.name : source,
        diagnostics: [...session.findings.map(toDiagnosticResult), ...made.diagnostics],
      };
      await cli.terminal.data(options.json ? renderJson(result) : renderSign(result, cli.terminal.dataPalette));
      return judge(result.diagnostics);
    });
  },
});

interface Request {
  readonly source: string;
  /** `null`: where the source lies. */
  readonly destination: string | null;
  readonly force: boolean;
  readonly dryRun: boolean;
  readonly how: SignOptions;
}

async function signed(request: Request, session: Session): Promise<SignResult> {
  const { source, destination, how, dryRun } = request;
  const { native } = session.runtime;
  if (destination === null && !dryRun && (await hasUndoJournal(source))) {
    // A change that was interrupted is undone by opening the file for another.
    const file = await openEditableFile(source, { native, label: path.basename(source) });
    for (const finding of file.findings) session.ctx.report(finding);
    await file.close();
  }
  const input = await openNamedInput(source, session);
  try {
    const plan = await planSign(input, how, session.ctx);
    try {
      if (dryRun) return await plan.preview(session.ctx);
      if (destination !== null || !plan.archive) return await written(plan, request, session);
    } finally {
      await plan.close();
    }
  } finally {
    await input.close();
  }
  return signedWhereItLies(request, session);
}

/** An archive, where it lies: what is hashed and what is changed is one file, and nobody else changes it meanwhile. */
async function signedWhereItLies(request: Request, session: Session): Promise<SignResult> {
  const { source, how } = request;
  const { native } = session.runtime;
  const name = path.basename(source);
  const file = await openEditableFile(source, { native, label: name });
  try {
    const plan = await planSign({ kind: "file", source: file.source, name, folder: null }, how, session.ctx);
    try {
      return (await plan.apply(file, resultTime(session), session.ctx)) ?? (await written(plan, request, session));
    } finally {
      await plan.close();
    }
  } finally {
    await file.close();
  }
}

/** Writes all at once, or nothing. */
async function written(plan: SignPlan, { source, destination, force }: Request, session: Session): Promise<SignResult> {
  const { native } = session.runtime;
  const place = destination ?? (await realpath(source));
  const isArchive = destination === null ? plan.archive : /\.ova$/i.test(destination);
  const modified = resultTime(session);
  let to: NodeFileSet;
  if (isArchive) to = await openSingleFileSet(place, { force: force || destination === null, native });
  else if (destination !== null) to = await openFolderSet(place, { force, native });
  else
    to = await openFolderSet((await stat(place)).isDirectory() ? place : path.dirname(place), { force: true, native });
  try {
    const result = await plan.write(
      to,
      isArchive
        ? { kind: "ova", name: path.basename(place), modified }
        : { kind: "folder", files: destination === null ? "signature" : "all" },
      session.ctx,
    );
    if (destination === null && !isArchive) for (const name of plan.removed) to.remove(name);
    await to.commit();
    return result;
  } catch (cause) {
    await to.abort(cause);
    throw cause;
  }
}
