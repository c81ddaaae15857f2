/** Single bits of signed archives are turned: each one in a byte that carries meaning is noticed, by a code that names the part. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import type { ByteRange } from "../../src/base/bytes.js";
import type { Diagnostic } from "../../src/base/diagnostics.js";
import { memorySource } from "../../src/io/sources/memory.js";
import { createContext, createRuntime } from "../../src/node.js";
import { openReaderAlone } from "../../src/operations/open.js";
import { verifyPackage } from "../../src/operations/verify.js";
import { readTarIndex, type TarMember } from "../../src/package/tar/index.js";
import { trustNobody } from "../../src/package/trust/trust.js";
import type { DiagnosticResult } from "../../src/report/results.js";

const runtime = createRuntime({ workers: 0 });
after(() => runtime.close());

/** The certificate of the fixtures' signer. */
const SIGNER = "913fd0387427a72225c2458db85224176da6e0e11624ea4200336e7540c7d120";
/** Flips of each archive. */
const FLIPS = 1000;

interface Part {
  /** What may say that a bit of it was turned. */
  readonly codes: RegExp;
  /** Set for a file: the finding has to name it. */
  readonly file?: string;
}

const HEADER: Part = { codes: /^tar\/(?:bad-checksum|odd-checksum)$/ };
const PADDING: Part = { codes: /^tar\/odd-padding$/ };
/** The first block of the end is read as a header where it is not zero. */
const END: Part = { codes: /^tar\/(?:trailing-data|bad-checksum)$/ };

for (const [what, file] of [
  ["open-vmdk", "test/fixtures/packages/compose-signed/kelp.ova"],
  ["VirtualBox", "test/fixtures/packages/vbox-signed-ovf20/goods.ova"],
] as const) {
  test(`of ${FLIPS} bits turned in an archive that ${what} signed each is noticed, by a code that names the part`, async () => {
    const bytes = new Uint8Array(readFileSync(file));
    const members = await membersOf(bytes);
    const disk = members.list.find(({ name }) => name.endsWith(".vmdk")) ?? assert.fail("no disk");
    const known = new Set((await verify(bytes)).map(idOf));
    const missed: string[] = [];
    for (const [at, bit] of places(bytes.length, { offset: disk.dataAt, length: disk.size })) {
      const turned = bytes.with(at, (bytes[at] as number) ^ (1 << bit));
      const news = (await verify(turned)).filter((finding) => !known.has(idOf(finding)));
      const part = partOf(at, members);
      const named = news.some(
        ({ code, data, message }) =>
          part.codes.test(code) && (part.file === undefined || data?.name === part.file || message.includes(part.file)),
      );
      if (!named) missed.push(`byte ${at} bit ${bit} (${part.file ?? part.codes}): ${news.map(({ code }) => code)}`);
    }
    assert.deepEqual(missed, []);
  });
}

async function verify(bytes: Uint8Array): Promise<readonly DiagnosticResult[]> {
  const findings: Diagnostic[] = [];
  const ctx = createContext(runtime, { report: (finding) => findings.push(finding) });
  const source = memorySource(bytes, "flipped.ova");
  const opened = await openReaderAlone({ kind: "file", source, name: "flipped.ova", folder: null }, ctx);
  const { unreadable } = opened;
  const trust = { ...trustNobody, signers: [SIGNER] };
  const result = await verifyPackage(opened.reader, { findings, unreadable, trust }, ctx);
  await opened.close();
  return result.diagnostics;
}

function idOf({ code, message }: DiagnosticResult): string {
  return `${code} ${message}`;
}

interface Members {
  readonly list: readonly TarMember[];
  readonly end: number;
}

async function membersOf(bytes: Uint8Array): Promise<Members> {
  const ctx = createContext(runtime);
  const { members, end } = await readTarIndex(memorySource(bytes, "whole.ova"), ctx, { onDamage: "refuse" });
  return { list: members, end };
}

/** Which part of the archive a byte belongs to. */
function partOf(at: number, { list, end }: Members): Part {
  if (at >= end) return END;
  const member = list.findLast(({ headerAt }) => headerAt <= at);
  if (member === undefined || at < member.dataAt) return HEADER;
  if (at >= member.dataAt + member.size) return PADDING;
  const { name } = member;
  if (name.endsWith(".mf")) return { codes: /^signature\/(?:mismatch|other-content)$/ };
  if (name.endsWith(".cert")) return { codes: /^(?:signature|signer)\// };
  return { codes: /^manifest\/digest-mismatch$/, file: name };
}

/** Places all over the archive, and as many outside of its disk, which is most of it. The same in each run. */
function* places(size: number, disk: ByteRange): Iterable<readonly [at: number, bit: number]> {
  let state = 2026;
  const next = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let i = 0; i < FLIPS; i += 2) {
    yield [next(size), next(8)];
    const at = next(size - disk.length);
    yield [at < disk.offset ? at : at + disk.length, next(8)];
  }
}
