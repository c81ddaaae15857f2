import * as path from "node:path";
import type { Job } from "./measure.js";

/** Files that rows start from, made once by `inputs.ts`. */
export interface Inputs {
  readonly folder: string;
  /** An ext4 file system in an 8 GiB image. */
  readonly raw: string;
  /** The same disk as stream-optimized VMDK, and in an OVA. */
  readonly stream: string;
  readonly ova: string;
  readonly member: string;
  /** The same disk as compressed QCOW2. */
  readonly compressed: string;
}

/** One row of the table in docs: our command against a peer's, in the same run. */
export interface Row {
  readonly id: string;
  readonly work: string;
  readonly peer: string;
  /** Ratio of wall times that must hold; with libdeflate where that differs. */
  readonly must: number;
  readonly mustLibdeflate: number | null;
  ours(inputs: Inputs): Job;
  theirs(inputs: Inputs): Job;
  /** Files whose sizes are compared: ours, theirs; ours may be 2 % larger. */
  sizes?(inputs: Inputs): readonly [ours: string, theirs: string];
}

const command = ["node", path.resolve("dist/bin/vmferry.js")];
const quiet = ["--quiet", "--progress", "none"];

function out(inputs: Inputs, name: string): string {
  return path.join(inputs.folder, `out-${name}`);
}

/** Converting the stream inside of the OVA, without unpacking it, against qemu-img on the unpacked file. */
function fromStream(id: string, extension: string, format: string, options: readonly string[] = []): Row {
  return {
    id,
    work: `stream-optimized VMDK in an OVA to ${extension.toUpperCase()}`,
    peer: "qemu-img, unpacked file",
    must: 0.45,
    mustLibdeflate: 0.3,
    ours: (inputs) => {
      const output = out(inputs, `ours.${extension}`);
      return {
        command: [...command, "disk", "convert", `${inputs.ova}!${inputs.member}`, output, ...quiet],
        outputs: [output],
      };
    },
    theirs: (inputs) => {
      const output = out(inputs, `theirs.${extension}`);
      return {
        command: ["qemu-img", "convert", "-f", "vmdk", "-O", format, ...options, inputs.stream, output],
        outputs: [output],
      };
    },
  };
}

/** An uncompressed copy of the raw disk. */
function fromRaw(id: string, extension: string, format: string): Row {
  return {
    id,
    work: `raw to ${extension.toUpperCase()}, uncompressed`,
    peer: "qemu-img",
    must: 1.3,
    mustLibdeflate: null,
    ours: (inputs) => {
      const output = out(inputs, `ours.${extension}`);
      return { command: [...command, "disk", "convert", inputs.raw, output, ...quiet], outputs: [output] };
    },
    theirs: (inputs) => {
      const output = out(inputs, `theirs.${extension}`);
      return { command: ["qemu-img", "convert", "-f", "raw", "-O", format, inputs.raw, output], outputs: [output] };
    },
  };
}

/** A packed copy of the raw disk. */
function toPacked(row: {
  readonly id: string;
  readonly work: string;
  readonly peer: string;
  readonly must: number;
  readonly mustLibdeflate: number | null;
  readonly source: "raw" | "stream" | "compressed";
  readonly ours: { readonly name: string; readonly options: readonly string[] };
  readonly theirs: { readonly name: string; readonly command: (source: string, output: string) => readonly string[] };
}): Row {
  const { id, work, peer, must, mustLibdeflate, source } = row;
  const ourSource = (inputs: Inputs): string =>
    source === "stream" ? `${inputs.ova}!${inputs.member}` : inputs[source];
  const named = (inputs: Inputs): [string, string] => [out(inputs, row.ours.name), out(inputs, row.theirs.name)];
  return {
    id,
    work,
    peer,
    must,
    mustLibdeflate,
    ours: (inputs) => {
      const [output] = named(inputs);
      const options = [...row.ours.options, ...quiet];
      return { command: [...command, "disk", "convert", ourSource(inputs), output, ...options], outputs: [output] };
    },
    theirs: (inputs) => {
      const [, output] = named(inputs);
      return { command: row.theirs.command(inputs[source], output), outputs: [output] };
    },
    sizes: named,
  };
}

const qemuStream =
  (from: string) =>
  (source: string, output: string): readonly string[] => [
    "qemu-img",
    "convert",
    "-f",
    from,
    "-O",
    "vmdk",
    "-o",
    "subformat=streamOptimized",
    source,
    output,
  ];
const qemuCompressed =
  (from: string) =>
  (source: string, output: string): readonly string[] => [
    "qemu-img",
    "convert",
    "-c",
    "-f",
    from,
    "-O",
    "qcow2",
    source,
    output,
  ];
const ourStream = { name: "ours.vmdk", options: ["--variant", "streamOptimized"] };
const ourCompressed = { name: "ours-packed.qcow2", options: ["--variant", "compressed"] };

/** Every row that this version can run, in the order of the product's table. */
export const rows: readonly Row[] = [
  toPacked({
    id: "stream",
    work: "raw to stream-optimized VMDK, default level",
    peer: "qemu-img",
    must: 0.35,
    mustLibdeflate: 0.2,
    source: "raw",
    ours: ourStream,
    theirs: { name: "theirs.vmdk", command: qemuStream("raw") },
  }),
  toPacked({
    id: "stream-6",
    work: "raw to stream-optimized VMDK, level 6",
    peer: "vmdk-convert, 2 threads",
    must: 0.9,
    mustLibdeflate: 0.9,
    source: "raw",
    ours: { name: "ours.vmdk", options: [...ourStream.options, "--level", "6"] },
    theirs: {
      name: "theirs.vmdk",
      command: (source, output) => ["vmdk-convert", "-c", "6", "-n", "2", source, output],
    },
  }),
  fromStream("to-raw", "raw", "raw"),
  fromStream("to-vhd", "vhd", "vpc"),
  fromStream("to-vhdx", "vhdx", "vhdx"),
  fromStream("to-vdi", "vdi", "vdi"),
  fromStream("to-qcow2", "qcow2", "qcow2"),
  toPacked({
    id: "carry-qcow2",
    work: "stream-optimized VMDK to compressed QCOW2, units carried over",
    peer: "qemu-img convert -c",
    must: 0.08,
    mustLibdeflate: null,
    source: "stream",
    ours: ourCompressed,
    theirs: { name: "theirs-packed.qcow2", command: qemuCompressed("vmdk") },
  }),
  toPacked({
    id: "carry-stream",
    work: "compressed QCOW2 to stream-optimized VMDK, units carried over",
    peer: "qemu-img",
    must: 0.12,
    mustLibdeflate: null,
    source: "compressed",
    ours: ourStream,
    theirs: { name: "theirs.vmdk", command: qemuStream("qcow2") },
  }),
  toPacked({
    id: "qcow2-packed",
    work: "raw to compressed QCOW2",
    peer: "qemu-img convert -c",
    must: 0.35,
    mustLibdeflate: 0.2,
    source: "raw",
    ours: ourCompressed,
    theirs: { name: "theirs-packed.qcow2", command: qemuCompressed("raw") },
  }),
  fromRaw("raw-vhd", "vhd", "vpc"),
  fromRaw("raw-vhdx", "vhdx", "vhdx"),
  fromRaw("raw-vdi", "vdi", "vdi"),
  fromRaw("raw-qcow2", "qcow2", "qcow2"),
  fromRaw("raw-vmdk", "vmdk", "vmdk"),
  {
    id: "ova-folder",
    work: "OVA to a platform's folder, whole command",
    peer: "tar x, then qemu-img",
    must: 0.45,
    mustLibdeflate: null,
    ours: (inputs) => {
      const output = out(inputs, "hyperv");
      return { command: [...command, "convert", inputs.ova, output, "--to", "hyperv", ...quiet], outputs: [output] };
    },
    theirs: (inputs) => {
      const folder = out(inputs, "theirs");
      const script = 'mkdir "$1" && tar xf "$2" -C "$1" && qemu-img convert -f vmdk -O vhdx "$1/$3" "$1/disk.vhdx"';
      return { command: ["sh", "-c", script, "sh", folder, inputs.ova, inputs.member], outputs: [folder] };
    },
  },
  {
    id: "manifest",
    work: "manifest check of an OVA",
    peer: "openssl dgst -sha256 on the same bytes",
    must: 1.25,
    mustLibdeflate: null,
    ours: (inputs) => ({ command: [...command, "verify", inputs.ova, ...quiet], outputs: [] }),
    theirs: (inputs) => ({ command: ["openssl", "dgst", "-sha256", inputs.stream], outputs: [] }),
  },
  {
    id: "version",
    work: "vmferry --version",
    peer: "node -e 0",
    must: 2,
    mustLibdeflate: null,
    ours: () => ({ command: [...command, "--version"], outputs: [] }),
    theirs: () => ({ command: ["node", "-e", "0"], outputs: [] }),
  },
];
