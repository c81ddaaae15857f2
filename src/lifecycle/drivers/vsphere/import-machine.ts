/** Imports one machine from its package: specification, lease, uploads, and the settings that make it ours. */
import { readFile } from "node:fs/promises";
import * as path from "node:path";
import { FerryError } from "../../../base/errors.js";
import { defaultLimits } from "../../../base/limits.js";
import type { Context } from "../../../io/context.js";
import type { VsphereClient } from "./client.js";
import { told } from "./faults.js";
import { createImportSpec, type ImportSpec, importSpecNode, type WantedFile } from "./import-spec.js";
import { networksOf } from "./inventory.js";
import { importLease, type Lease, type LeaseFile, leaseDigests, wantSha256, withLease } from "./lease.js";
import { findMachine, removeMachine, setExtra } from "./machines.js";
import type { Ref } from "./soap.js";
import { compareSent, upload } from "./upload.js";

/** The entry of a machine's configuration that says that its import was completed, and by which deployment. */
export const MARK = "vmferry.deployment";
/** Where a guest looks for its OVF environment (DSP0243 9.5 by VMware's transport `com.vmware.guestInfo`). */
const ENVIRONMENT = "guestinfo.ovfEnv";
/** Attempts of an import whose connection breaks. */
const ATTEMPTS = 3;

/** A machine that is to be imported. */
export interface MachineImport {
  readonly name: string;
  readonly uuid: string;
  /** Absolute path of the descriptor's folder, with what its files begin with there. */
  readonly files: string;
  readonly prefix: string;
  readonly descriptor: string;
  readonly pool: Ref;
  readonly datastore: Ref;
  readonly folder: Ref;
  readonly host: Ref | null;
  /** With secrets; `null`: the guest is told nothing. */
  readonly environment: string | null;
}

/**
 * Imports a machine. Where the connection breaks on the way, what was begun is removed, and it is tried again.
 * @throws `deploy/refused`, `deploy/denied`, `deploy/damaged`, `deploy/unreachable`
 */
export async function importMachine(client: VsphereClient, wish: MachineImport, ctx: Context): Promise<void> {
  const { signal } = ctx;
  const doing = `import ${wish.name}`;
  for (let attempt = 1; ; attempt++) {
    try {
      await importOnce(client, wish, ctx);
      break;
    } catch (cause) {
      const broken = cause instanceof FerryError && cause.code === "deploy/unreachable";
      if (!broken || attempt >= ATTEMPTS || signal.aborted) throw told(cause, doing);
      await removeMachine(client, wish.uuid, wish.name, signal);
    }
  }
  try {
    const machine = await findMachine(client, wish.uuid, signal);
    if (machine === null) {
      throw new FerryError(
        "deploy/refused",
        `${doing}: the server does not know the machine by the UUID that was asked for`,
        {
          hint: "Somebody removed it meanwhile, or the server keeps UUIDs for itself. Look at it in its client.",
        },
      );
    }
    const { environment } = wish;
    const extra = new Map(environment === null ? [] : [[ENVIRONMENT, environment]]);
    // The mark last, in the same change: with it the machine is complete.
    await setExtra(client, machine, extra.set(MARK, wish.uuid), signal);
  } catch (cause) {
    throw told(cause, doing);
  }
}

async function importOnce(client: VsphereClient, wish: MachineImport, ctx: Context): Promise<void> {
  const { signal } = ctx;
  const { pool, datastore, host, folder, name } = wish;
  const descriptor = await descriptorOf(wish);
  const asked = { descriptor, name, pool, datastore, host, networks: await networksOf(client, pool, signal) };
  const made = await createImportSpec(client, asked, signal);
  if (made.spec === null || made.errors.length > 0) {
    throw new FerryError(
      "deploy/refused",
      `${name}: ${made.errors.join("; ") || "the server does not take the descriptor"}`,
      {
        hint: "Change the machine as it says, or choose another place for it.",
      },
    );
  }
  const spec = importSpecNode(made.spec, wish.uuid);
  const lease = await importLease(client, { pool, spec, folder, host }, signal);
  await withLease(
    client,
    lease,
    (both, percent) => uploadAll(client, lease, made, wish, percent, { ...ctx, signal: both }),
    signal,
  );
}

async function descriptorOf({ files, prefix, descriptor }: MachineImport): Promise<string> {
  const bytes = await readFile(path.join(files, prefix + descriptor));
  if (bytes.length > defaultLimits.descriptorBytes) throw new FerryError("xml/limit", `${descriptor} is too large`);
  return new TextDecoder().decode(bytes);
}

async function uploadAll(
  client: VsphereClient,
  lease: Lease,
  { files }: ImportSpec,
  wish: MachineImport,
  percent: (done: number) => void,
  ctx: Context,
): Promise<void> {
  const { signal } = ctx;
  await wantSha256(client, lease, signal);
  const wanted = files.map((file) => ({ file, to: deviceOf(lease, file), from: localPath(wish, file) }));
  const total = Math.max(
    1,
    files.reduce((sum, { size }) => sum + (size ?? 0), 0),
  );
  const sent: { readonly key: string; readonly from: string; readonly sent: Awaited<ReturnType<typeof upload>> }[] = [];
  let done = 0;
  for (const { file, to, from } of wanted) {
    const progress = ctx.progress.child("upload", file.path, file.size);
    const advance = (bytes: number): void => {
      done += bytes;
      progress.advance(bytes);
      percent((100 * done) / total);
    };
    sent.push({ key: to.key, from, sent: await upload(from, to, file.create, client.login, advance, signal) });
    progress.done();
  }
  for (const said of await leaseDigests(client, lease, signal)) {
    const own = sent.find(({ key }) => key === said.key);
    if (own !== undefined) await compareSent(own.from, own.sent, said, signal);
  }
}

function deviceOf({ files }: Lease, { deviceId, path: wanted }: WantedFile): LeaseFile {
  const found = files.find(({ importKey }) => importKey === deviceId);
  if (found !== undefined) return found;
  throw new FerryError("deploy/bad-answer", `the server gives no address for ${JSON.stringify(wanted.slice(0, 200))}`, {
    hint: "Is it the address of a vCenter or an ESXi?",
  });
}

/** Where a file that the server asks for lies. What it names has to be a file of this machine's package. */
function localPath({ files, prefix }: MachineImport, { path: wanted }: WantedFile): string {
  if (wanted !== "" && path.basename(wanted) === wanted && !/[\\/\0]/.test(wanted))
    return path.join(files, prefix + wanted);
  throw new FerryError(
    "deploy/bad-answer",
    `the server asks for a file that is no file of the package: ${JSON.stringify(wanted.slice(0, 200))}`,
    {
      hint: "Is it the address of a vCenter or an ESXi?",
    },
  );
}
