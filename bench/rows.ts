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

/** Every row that this version can run, in the order of the product's table. */
export const rows: readonly Row[] = [
  {
    id: "stream",
    work: "raw to stream-optimized VMDK, default level",
    peer: "qemu-img",
    must: 0.35,
    mustLibdeflate: 0.2,
    ours: (inputs) => {
      const output = out(inputs, "ours.vmdk");
      const options = ["--variant", "streamOptimized", ...quiet];
      return { command: [...command, "disk", "convert", inputs.raw, output, ...options], outputs: [output] };
    },
    theirs: (inputs) => {
      const output = out(inputs, "theirs.vmdk");
      const options = ["-O", "vmdk", "-o", "subformat=streamOptimized"];
      return { command: ["qemu-img", "convert", "-f", "raw", ...options, inputs.raw, output], outputs: [output] };
    },
    sizes: (inputs) => [out(inputs, "ours.vmdk"), out(inputs, "theirs.vmdk")],
  },
  fromStream("to-raw", "raw", "raw"),
  fromStream("to-vhd", "vhd", "vpc"),
  fromStream("to-vhdx", "vhdx", "vhdx"),
  fromStream("to-vdi", "vdi", "vdi"),
  fromStream("to-qcow2", "qcow2", "qcow2"),
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
