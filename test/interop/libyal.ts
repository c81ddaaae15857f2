import { access } from "node:fs/promises";
import { extname } from "node:path";
import { run } from "./run.js";

/** Python of the system, where Debian's bindings of libvmdk, libvhdi and libqcow are: their tools mount, and that needs FUSE. */
const PYTHON = "/usr/bin/python3";
const MODULES: Readonly<Record<string, string>> = {
  ".vmdk": "pyvmdk",
  ".vhd": "pyvhdi",
  ".vhdx": "pyvhdi",
  ".qcow2": "pyqcow",
};

/** Prints the size, and the SHA-256 of ranges given as pairs of offset and length. */
const SCRIPT = `
import sys, json, hashlib, importlib
module, path = sys.argv[1:3]
ranges = json.loads(sys.argv[3])
library = importlib.import_module(module)
image = library.handle() if module == "pyvmdk" else library.file()
image.open(path)
if module == "pyvmdk":
    image.open_extent_data_files()
size = image.get_media_size()
sums = []
for start, length in ranges:
    sum = hashlib.sha256()
    image.seek(start)
    while length > 0:
        piece = image.read(min(length, 1 << 20))
        if not piece:
            break
        sum.update(piece)
        length -= len(piece)
    sums.append(sum.hexdigest())
print(json.dumps({"size": size, "sums": sums}))
`;

/** What one of the libyal libraries reads in a disk. */
export interface LibyalReading {
  readonly size: number;
  /** SHA-256 of each range, hexadecimal. */
  readonly sums: readonly string[];
}

/** Whether a disk's format is read at all. */
export function libyalReads(extension: string): boolean {
  return extension in MODULES;
}

/** The library that reads a format, by the extension of its files. */
export function libyalName(extension: string): "libvmdk" | "libvhdi" | "libqcow" {
  if (extension === ".vmdk") return "libvmdk";
  return extension === ".qcow2" ? "libqcow" : "libvhdi";
}

/** Reads ranges of a disk. Throws where the library refuses. */
export async function readWithLibyal(
  disk: string,
  ranges: readonly (readonly [offset: number, length: number])[],
): Promise<LibyalReading> {
  const name = MODULES[extname(disk)];
  if (name === undefined) throw new Error(`${disk} is no disk for libyal`);
  const ran = await run(PYTHON, ["-c", SCRIPT, name, disk, JSON.stringify(ranges)], { timeout: 30_000 });
  return JSON.parse(ran.stdout);
}

/** `false` when the bindings are there, else why not. */
export async function lacksLibyal(): Promise<string | false> {
  const there = await access(PYTHON).then(
    () => true,
    () => false,
  );
  if (!there) return `${PYTHON} is not installed`;
  return run(PYTHON, ["-c", "import pyvmdk, pyvhdi, pyqcow"], { timeout: 30_000 }).then(
    () => false,
    () => "python3-libvmdk, python3-libvhdi and python3-libqcow are not installed",
  );
}
