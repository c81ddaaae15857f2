/** Leases on the files of a machine (HttpNfcLease): what is uploaded to or downloaded from while the lease is kept alive. */
import { FerryError } from "../../../base/errors.js";
import { el } from "../../../xml/build.js";
import { sleepFor, type VsphereClient } from "./client.js";
import { isFault, VsphereFault } from "./faults.js";
import { child, children, countOf, localizedFault, type Ref, refNode, refOf, textOf } from "./soap.js";

/** A file of a lease (HttpNfcLeaseDeviceUrl). */
export interface LeaseFile {
  /** Of the device on the platform: `/vm-42/VirtualLsiLogicController0:0`. */
  readonly key: string;
  /** Of the device in the import specification; empty for an export. */
  readonly importKey: string;
  /** Where its bytes go to or come from. */
  readonly url: URL;
  /** Of the certificate of the host that it leads to, in lower hexadecimal digits, as the server says; `null`: nothing is said. */
  readonly thumbprint: string | null;
  readonly disk: boolean;
  /** Name for it in an export; empty for an import. */
  readonly target: string;
  /** Bytes, where it is no disk; `null`: not said. */
  readonly size: number | null;
}

/** What the host says of a file that went through a lease (HttpNfcLeaseManifestEntry). */
export interface LeaseDigest {
  readonly key: string;
  readonly algorithm: "sha1" | "sha256";
  /** In lower hexadecimal digits. */
  readonly digest: string;
  /** Bytes; `null`: not said. */
  readonly size: number | null;
}

/** A lease that is ready. */
export interface Lease {
  readonly ref: Ref;
  /** The machine. */
  readonly entity: Ref | null;
  readonly files: readonly LeaseFile[];
  /** KiB of all disks. */
  readonly capacityKib: number;
  /** Seconds after the last sign of life in which it ends. */
  readonly timeoutSeconds: number;
}

const READY_MS = 15 * 60_000;
const PROGRESS_MS = 5000;
const END_MS = 15_000;
/** Devices of one machine. */
const MOST_FILES = 1000;

/**
 * Waits until a lease can be used.
 * @throws `VsphereFault` where the server gives it up, `deploy/refused`, `deploy/bad-answer`
 */
export async function leaseReady(client: VsphereClient, ref: Ref, signal: AbortSignal): Promise<Lease> {
  const end = Date.now() + READY_MS;
  for (let turn = 0; ; turn++) {
    const seen = await client.propertiesOf(ref, ["state", "info", "error"], signal);
    const state = seen.get("state")?.text.trim();
    if (state === "ready") {
      const info = seen.get("info");
      return {
        ref,
        entity: refOf(info && child(info, "entity")),
        files: children(info, "deviceUrl")
          .slice(0, MOST_FILES)
          .map((device) => leaseFile(device, client)),
        capacityKib: countOf(info, "totalDiskCapacityInKB") ?? 0,
        timeoutSeconds: countOf(info, "leaseTimeout") ?? 300,
      };
    }
    if (state !== "initializing") {
      const error = seen.get("error");
      const fault =
        error === undefined ? { name: "", words: `the lease is ${state}`, fields: new Map() } : localizedFault(error);
      throw new VsphereFault(fault);
    }
    if (Date.now() >= end) {
      throw new FerryError("deploy/refused", "the server prepares the machine for too long", {
        hint: "Look at its tasks in its client. Then run again.",
      });
    }
    await sleepFor(client.pause(turn), signal);
  }
}

function leaseFile(device: Parameters<typeof textOf>[0], { login }: VsphereClient): LeaseFile {
  const text = textOf(device, "url") ?? "";
  const { host } = login;
  // An ESXi says `*` for itself.
  const whole = text.replace(/^(https:\/\/)\*(?=[:/])/, `$1${host.includes(":") ? `[${host}]` : host}`);
  const url = URL.canParse(whole) ? new URL(whole) : null;
  if (url === null || url.protocol !== "https:" || url.username !== "" || url.password !== "") {
    throw new FerryError("deploy/bad-answer", "the server gives a disk an address that is not https", {
      hint: "Only TLS is spoken. Look at the settings of the host's services.",
    });
  }
  // The simulator says no port for its own.
  if (/^https:\/\/\*\//.test(text) && url.port === "") url.port = String(login.port);
  const thumbprint = (textOf(device, "sslThumbprint") ?? "").replaceAll(":", "").toLowerCase();
  return {
    key: textOf(device, "key") ?? "",
    importKey: textOf(device, "importKey") ?? "",
    url,
    thumbprint: /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(thumbprint) ? thumbprint : null,
    disk: textOf(device, "disk") === "true",
    target: textOf(device, "targetId") ?? "",
    size: countOf(device, "fileSize") ?? null,
  };
}

/**
 * Works with the files of a lease, tells the server every few seconds that it is still there, and completes the lease. Where the work fails, the lease is
 * given up, and the server removes what an import began.
 * @param work told a signal that also ends when the lease does; calls `percent` now and then
 */
export async function withLease<T>(
  client: VsphereClient,
  lease: Lease,
  work: (signal: AbortSignal, percent: (done: number) => void) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const stop = new AbortController();
  const ended = new AbortController();
  const both = AbortSignal.any([signal, ended.signal]);
  const lost: { cause: unknown } = { cause: null };
  let percent = 0;
  const every = Math.max(200, Math.min(PROGRESS_MS, (lease.timeoutSeconds * 1000) / 4));
  const beat = async (): Promise<void> => {
    const beating = AbortSignal.any([signal, stop.signal]);
    while (!stop.signal.aborted) {
      await sleepFor(every, beating);
      await progress(client, lease, percent, beating);
    }
  };
  const beats = beat().catch((cause: unknown) => {
    if (stop.signal.aborted) return;
    lost.cause = cause;
    ended.abort(cause);
  });
  try {
    const result = await work(both, (done) => {
      percent = Math.max(percent, Math.min(99, Math.floor(done)));
    });
    both.throwIfAborted();
    stop.abort();
    await beats;
    await client.call("HttpNfcLeaseComplete", lease.ref, [], { doing: "finish the upload" }, signal);
    return result;
  } catch (cause) {
    stop.abort();
    await beats;
    // The lease knows better than a connection why it was broken.
    const reason = await errorOf(client, lease);
    await abort(client, lease);
    throw signal.aborted ? cause : (reason ?? lost.cause ?? cause);
  }
}

async function progress(client: VsphereClient, { ref }: Lease, percent: number, signal: AbortSignal): Promise<void> {
  const options = { doing: "keep the upload alive", repeatable: true } as const;
  await client.call("HttpNfcLeaseProgress", ref, [el("percent", {}, percent)], options, signal);
}

/** Why the server gave up a lease; `null`: it did not, or nobody can be asked. */
async function errorOf(client: VsphereClient, { ref }: Lease): Promise<unknown> {
  try {
    const seen = await client.propertiesOf(ref, ["state", "error"], AbortSignal.timeout(END_MS));
    const error = seen.get("error");
    return seen.get("state")?.text.trim() === "error" && error !== undefined
      ? new VsphereFault(localizedFault(error))
      : null;
  } catch {
    return null;
  }
}

async function abort(client: VsphereClient, { ref }: Lease): Promise<void> {
  try {
    await client.call("HttpNfcLeaseAbort", ref, [], { doing: "give up the upload" }, AbortSignal.timeout(END_MS));
  } catch {
    // It ends by itself when nobody says that it is alive.
  }
}

/** Asks for SHA-256 in the manifest of a lease. Servers before 6.7, and the simulator, have SHA-1 or no manifest. */
export async function wantSha256(client: VsphereClient, lease: Lease, signal: AbortSignal): Promise<void> {
  const args = lease.files.map(({ key }) =>
    el("deviceUrlsToChecksumTypes", {}, el("key", {}, key), el("value", {}, "sha256")),
  );
  const options = { doing: "ask for digests", repeatable: true } as const;
  await client.call("HttpNfcLeaseSetManifestChecksumType", lease.ref, args, options, signal).catch(unlessFault);
}

/** What the hosts say of the bytes that went through a lease. Empty where they say nothing. */
export async function leaseDigests(
  client: VsphereClient,
  lease: Lease,
  signal: AbortSignal,
): Promise<readonly LeaseDigest[]> {
  const options = { doing: "ask for digests", repeatable: true } as const;
  const answer = await client.call("HttpNfcLeaseGetManifest", lease.ref, [], options, signal).catch(unlessFault);
  return children(answer ?? undefined, "returnval").flatMap((entry): LeaseDigest[] => {
    const key = textOf(entry, "key") ?? "";
    const size = countOf(entry, "size") ?? null;
    const strong = textOf(entry, "checksumType") === "sha256" ? (textOf(entry, "checksum") ?? "").toLowerCase() : "";
    if (/^[0-9a-f]{64}$/.test(strong)) return [{ key, algorithm: "sha256", digest: strong, size }];
    const sha1 = (textOf(entry, "sha1") ?? "").toLowerCase();
    return /^[0-9a-f]{40}$/.test(sha1) ? [{ key, algorithm: "sha1", digest: sha1, size }] : [];
  });
}

function unlessFault(cause: unknown): null {
  if (isFault(cause)) return null;
  throw cause;
}

/** Begins the export of a machine that is off. @throws `VsphereFault` */
export async function exportLease(client: VsphereClient, machine: Ref, signal: AbortSignal): Promise<Lease> {
  const answer = await client.call("ExportVm", machine, [], { doing: "begin the export" }, signal);
  return leaseReady(client, leaseIn(child(answer, "returnval")), signal);
}

/** Begins an import. @param spec the element `spec` @throws `VsphereFault` */
export async function importLease(
  client: VsphereClient,
  {
    pool,
    spec,
    folder,
    host,
  }: {
    readonly pool: Ref;
    readonly spec: ReturnType<typeof el>;
    readonly folder: Ref | null;
    readonly host: Ref | null;
  },
  signal: AbortSignal,
): Promise<Lease> {
  const args = [
    spec,
    ...(folder === null ? [] : [refNode("folder", folder)]),
    ...(host === null ? [] : [refNode("host", host)]),
  ];
  const answer = await client.call("ImportVApp", pool, args, { doing: "begin the import" }, signal);
  return leaseReady(client, leaseIn(child(answer, "returnval")), signal);
}

function leaseIn(element: Parameters<typeof refOf>[0]): Ref {
  const ref = refOf(element);
  if (ref?.type === "HttpNfcLease") return ref;
  throw new FerryError("deploy/bad-answer", "the server names no lease", {
    hint: "Is it the address of a vCenter or an ESXi?",
  });
}
