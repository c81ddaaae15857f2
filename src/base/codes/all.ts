import type { DiagnosticCode } from "../diagnostics.js";
import { answersCodes } from "./answers.js";
import { auditCodes } from "./audit.js";
import { buildCodes } from "./build.js";
import { cliCodes } from "./cli.js";
import type { CodeTable, ErrorKind } from "./codes.js";
import { configCodes } from "./config.js";
import { convertCodes } from "./convert.js";
import { deployCodes } from "./deploy.js";
import { diskCodes } from "./disk.js";
import { qcow2Codes } from "./disk-qcow2.js";
import { vdiCodes } from "./disk-vdi.js";
import { vhdCodes } from "./disk-vhd.js";
import { vhdxCodes } from "./disk-vhdx.js";
import { vmdkCodes } from "./disk-vmdk.js";
import { editCodes } from "./edit.js";
import { envCodes } from "./env.js";
import { guestCodes } from "./guest.js";
import { httpCodes } from "./http.js";
import { ioCodes } from "./io.js";
import { ovfCodes } from "./ovf.js";
import { ovfEnvironmentCodes } from "./ovf-environment.js";
import { ovfWritingCodes } from "./ovf-writing.js";
import { packageCodes } from "./package.js";
import { platformCodes } from "./platforms.js";
import { policyCodes } from "./policy.js";
import { proxmoxCodes } from "./proxmox.js";
import { runCodes } from "./run.js";
import { s3Codes } from "./s3.js";
import { serveCodes } from "./serve.js";
import { signCodes } from "./sign.js";
import { signatureCodes } from "./signature.js";
import { virtualboxCodes } from "./virtualbox.js";
import { vmCodes } from "./vm.js";
import { vmaCodes } from "./vma.js";
import { xenCodes } from "./xen.js";
import { xmlCodes } from "./xml.js";
import { xvaCodes } from "./xva.js";

/** Every code that vmferry can report. `gen-codes` compares it with the source and with the docs, both ways. */
export const codes: CodeTable = {
  ...cliCodes,
  ...buildCodes,
  ...runCodes,
  ...ioCodes,
  ...httpCodes,
  ...s3Codes,
  ...xmlCodes,
  ...diskCodes,
  ...vmdkCodes,
  ...vhdCodes,
  ...vhdxCodes,
  ...vdiCodes,
  ...qcow2Codes,
  ...xvaCodes,
  ...xenCodes,
  ...vmaCodes,
  ...convertCodes,
  ...editCodes,
  ...guestCodes,
  ...envCodes,
  ...configCodes,
  ...packageCodes,
  ...policyCodes,
  ...auditCodes,
  ...signatureCodes,
  ...signCodes,
  ...ovfCodes,
  ...ovfEnvironmentCodes,
  ...ovfWritingCodes,
  ...answersCodes,
  ...platformCodes,
  ...proxmoxCodes,
  ...virtualboxCodes,
  ...serveCodes,
  ...vmCodes,
  ...deployCodes,
};

/** The kind of a code that is thrown. Codes that are only findings, thrown by a strict parser, are `invalid-format`. */
export function errorKindOf(code: DiagnosticCode): ErrorKind {
  return codes[code]?.kind ?? "invalid-format";
}
