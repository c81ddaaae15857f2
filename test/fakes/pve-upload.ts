/** Uploads as pveproxy takes them: its form to the letter (AnyEvent.pm, file_upload_multipart), then a task that looks at the file. */
import { createHash } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { PveFault, type PveState } from "./pve-state.js";

/** A form that was taken apart. */
export interface UploadForm {
  readonly fields: ReadonlyMap<string, string>;
  readonly filename: string;
  readonly bytes: Buffer;
}

/** @throws 501 in the words of pveproxy where the form is not of the one shape that it takes */
export function readForm(type: string, body: Buffer): UploadForm {
  const boundary = /^multipart\/form-data;\s*boundary=(\S+)$/.exec(type)?.[1];
  if (boundary === undefined) throw new PveFault(501, `upload 'Content-Type '${type}' not implemented`);
  const delimiter = `--${boundary}\r\n`;
  const fields = new Map<string, string>();
  let rest = body;
  for (const name of ["content", "checksum-algorithm", "checksum"]) {
    const text = rest.subarray(0, 4096).toString("latin1");
    const head = `${delimiter}Content-Disposition: form-data; name="${name}"\r\n\r\n`;
    if (!text.startsWith(head)) continue;
    const end = text.indexOf(`\r\n${delimiter}`, head.length);
    if (end < 0) throw new PveFault(501, "upload failed");
    fields.set(name, text.slice(head.length, end).trim());
    rest = rest.subarray(end + 2);
  }
  const head = new RegExp(
    `^--${boundary}\r\nContent-Disposition: form-data; name="([^"]*)"; filename="([^"]+)"\r\n(?:[^\r]+\r\n)*\r\n`,
  ).exec(rest.subarray(0, 4096).toString("latin1"));
  if (head === null) throw new PveFault(501, "upload failed");
  if (head[1] !== "filename")
    throw new PveFault(501, `wrong field name '${head[1]}' for file upload, expected 'filename'`);
  const end = rest.lastIndexOf(`\r\n--${boundary}--`);
  if (end < 0) throw new PveFault(501, "upload failed");
  return { fields, filename: head[2] ?? "", bytes: rest.subarray(head[0].length, end) };
}

/** `POST /nodes/N/storage/S/upload`. */
export function takeUpload(state: PveState, storage: string, form: UploadForm, user: string): string {
  const { type, content } = state.storage(storage);
  if (type !== "dir") throw new PveFault(500, `can't upload to storage type '${type}'`);
  const kind = form.fields.get("content") ?? "";
  if (kind !== "iso" && kind !== "import")
    throw new PveFault(400, "Parameter verification failed.", { content: "not allowed" });
  const name = form.filename.replace(/^.*[/\\]/, "").replace(/[^a-zA-Z0-9_.-]/g, "_");
  if (kind === "iso" ? !/\.(?:iso|img)$/i.test(name) : !/^[a-zA-Z0-9.+=_-]+\.(?:ova|qcow2|raw|vmdk)$/.test(name)) {
    throw new PveFault(400, "Parameter verification failed.", { filename: "invalid filename or wrong extension" });
  }
  if (!content.includes(kind)) throw new PveFault(500, `storage '${storage}' does not support '${kind}' content`);
  const temporary = state.temporary();
  writeFileSync(temporary, form.bytes);
  return state.task("imgcopy", "", user, async (log, signal) => {
    try {
      log.push(`starting file import from: ${temporary}`);
      const algorithm = form.fields.get("checksum-algorithm");
      if (algorithm !== undefined) {
        const got = createHash(algorithm).update(form.bytes).digest("hex");
        const wanted = form.fields.get("checksum");
        if (got !== wanted) throw new PveFault(500, `checksum mismatch: got '${got}' != expect '${wanted}'`);
      }
      const isQcow2 = form.bytes.subarray(0, 4).toString("latin1") === "QFI\xfb";
      if (name.endsWith(".qcow2") && !isQcow2) throw new PveFault(500, "Image is not in qcow2 format");
      log.push(
        `target node: ${state.node}`,
        `target file: /var/lib/vz/${kind === "iso" ? "template/iso" : kind}/${name}`,
      );
      await sleep(state.taskMs, undefined, { signal });
      try {
        state.put(`${storage}:${kind}/${name}`, temporary, null);
      } catch (cause) {
        throw new PveFault(500, `import failed: cp: error writing '${name}': ${(cause as Error).message}`);
      }
    } finally {
      rmSync(temporary, { force: true });
    }
  });
}
