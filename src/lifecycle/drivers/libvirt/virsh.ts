/** libvirt by its own program, `virsh`, which knows its connections and who may use them. */
import { FerryError } from "../../../base/errors.js";
import { printable } from "../../../base/text.js";
import { runCommand } from "../../../runtime/node/run-command.js";
import type { LibvirtPlace } from "./place.js";

/** Bytes of an answer: lists of all machines, a domain's XML, what a host can do. */
const MOST_BYTES = 16 * 1024 * 1024;
const PATIENCE_MS = 60_000;
/** Bytes that an upload has to carry in a second, at least. */
const SLOWEST = 128 * 1024;

/** What a call came to. */
export type Answer =
  | { readonly ok: true; readonly text: string }
  /** `why` in virsh's words. */
  | { readonly ok: false; readonly why: string };

/** One libvirt. */
export interface Virsh {
  /** Runs a command, and says how it ended. Options are written `--name=value`, so that no value can be one. */
  try(words: readonly string[], signal: AbortSignal, bytes?: number): Promise<Answer>;
  /** The same, where failing is the end. @throws `deploy/refused`, `deploy/no-tool` */
  run(words: readonly string[], signal: AbortSignal, bytes?: number): Promise<string>;
}

/** @param program another one than `virsh`, for tests */
export function openVirsh({ uri }: LibvirtPlace, program = "virsh"): Virsh {
  const attempt = async (words: readonly string[], signal: AbortSignal, bytes = 0): Promise<Answer> => {
    const ran = await runCommand([program, "--quiet", `--connect=${uri}`, ...words], {
      input: new Uint8Array(),
      // Messages are told apart by their words.
      env: { LC_ALL: "C", VIRSH_DEBUG: "4" },
      timeoutMs: PATIENCE_MS + Math.ceil((bytes / SLOWEST) * 1000),
      mostBytes: MOST_BYTES,
      signal,
    });
    if (ran.end === "done") return { ok: true, text: new TextDecoder().decode(ran.stdout) };
    if (ran.why.includes("ENOENT")) {
      throw new FerryError("deploy/no-tool", `${program} is not installed here`, {
        hint: "libvirt is reached through it: install libvirt-clients (Fedora: libvirt-client).",
      });
    }
    const said = ran.said
      .split("\n")
      .map((line) => line.replace(/^error: /, "").trim())
      .filter((line) => line !== "");
    return { ok: false, why: printable(said.length === 0 ? ran.why : said.slice(-3).join(": ")) };
  };
  return {
    try: attempt,
    async run(words, signal, bytes) {
      const answer = await attempt(words, signal, bytes);
      if (answer.ok) return answer.text;
      throw new FerryError("deploy/refused", `virsh ${words[0]}: ${answer.why}`, {
        hint: "These are libvirt's words. Mend what they say, and run again.",
      });
    },
  };
}

/** Names of all machines by their UUIDs. */
export async function domainsOf(virsh: Virsh, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
  const text = await virsh.run(["list", "--all", "--uuid", "--name"], signal);
  return new Map(
    text.split("\n").flatMap((line) => {
      const [, uuid, name] = /^\s*([0-9a-f-]{36})\s+(.*?)\s*$/.exec(line) ?? [];
      return uuid === undefined || name === undefined ? [] : [[uuid, name] as const];
    }),
  );
}

/** Whether a pool has a volume. @throws `deploy/refused` where that cannot be told */
export async function hasVolume(virsh: Virsh, pool: string, name: string, signal: AbortSignal): Promise<boolean> {
  const answer = await virsh.try(["vol-info", `--pool=${pool}`, `--vol=${name}`], signal);
  if (answer.ok) return true;
  if (/volume not found|no storage vol/i.test(answer.why)) return false;
  throw new FerryError("deploy/refused", `virsh vol-info: ${answer.why}`, { hint: "These are libvirt's words." });
}

/** What a machine does: `running`, `shut off`, `paused` ...; `null`: there is none. */
export async function domainState(virsh: Virsh, uuid: string, signal: AbortSignal): Promise<string | null> {
  const answer = await virsh.try(["domstate", `--domain=${uuid}`], signal);
  if (answer.ok) return answer.text.trim();
  if (/failed to get domain|domain not found|no domain with matching/i.test(answer.why)) return null;
  throw new FerryError("deploy/refused", `virsh domstate: ${answer.why}`, { hint: "These are libvirt's words." });
}

/** Where libvirt learns addresses from: its own DHCP server, the guest's agent, what the host's network saw. */
const ADDRESS_SOURCES = ["lease", "agent", "arp"];

/** Addresses of a running machine's cards, those of its own loopback left out. */
export async function addressesOf(virsh: Virsh, uuid: string, signal: AbortSignal): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const source of ADDRESS_SOURCES) {
    const answer = await virsh.try(["domifaddr", `--domain=${uuid}`, `--source=${source}`], signal);
    if (!answer.ok) continue;
    for (const [, address = ""] of answer.text.matchAll(/\s(?:ipv4|ipv6)\s+([0-9a-fA-F.:]+)(?:\/\d+)?\s*$/gm)) {
      if (!/^(?:127\.|::1$|fe80:)/i.test(address)) found.add(address);
    }
  }
  return [...found];
}
