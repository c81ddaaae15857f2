import type { HypervMachine } from "./document.js";
import { assign, cmd, member, not, op, type PsStatement, pipe, ref, remark, run, str, when } from "./powershell.js";

const vm = ref("vm");

/** Generation 2: secure boot with its template, the TPM, and the boot order. The script has `$created`, `$driveN` and `$adapterN`. */
function firmwareStatements({ firmware: facts, security }: HypervMachine): PsStatement[] {
  const current = ref("firmware");
  const statements: PsStatement[] = [assign("firmware", pipe(cmd("Get-VMFirmware", { VM: vm })))];
  if (facts?.secureBoot === true) {
    const template = str(facts.secureBootTemplate ?? "MicrosoftUEFICertificateAuthority");
    statements.push(
      when(
        op(
          op(member(current, "SecureBoot"), "-ne", str("On")),
          "-or",
          op(member(current, "SecureBootTemplate"), "-ne", template),
        ),
        [run(cmd("Set-VMFirmware", { VM: vm, EnableSecureBoot: str("On"), SecureBootTemplate: template }))],
      ),
    );
  } else {
    statements.push(
      when(op(member(current, "SecureBoot"), "-ne", str("Off")), [
        run(cmd("Set-VMFirmware", { VM: vm, EnableSecureBoot: str("Off") })),
      ]),
    );
  }
  if (security?.tpm === true) {
    statements.push(
      remark("A new TPM, with nothing of the old one in it. Its key protector is this host's own."),
      when(not(member(pipe(cmd("Get-VMSecurity", { VM: vm })), "TpmEnabled")), [
        run(cmd("Set-VMKeyProtector", { VM: vm, NewLocalKeyProtector: null })),
        run(cmd("Enable-VMTPM", { VM: vm })),
      ]),
    );
  }
  const devices = (facts?.bootOrder ?? []).map(({ drive, adapter }) =>
    ref(drive === null ? `adapter${adapter ?? 0}` : `drive${drive}`),
  );
  if (devices.length > 0) {
    statements.push(
      remark("The order is set once, so that later changes of yours stay."),
      when(ref("created"), [run(cmd("Set-VMFirmware", { VM: vm, BootOrder: { kind: "array", items: devices } }))]),
    );
  }
  return statements;
}

/** Generation 1: kinds of devices in their order. */
function biosStatements({ startupOrder }: HypervMachine): PsStatement[] {
  const words = (startupOrder ?? []).map((word) => str(word));
  return [
    remark("The order is set once, so that later changes of yours stay."),
    when(ref("created"), [run(cmd("Set-VMBios", { VM: vm, StartupOrder: { kind: "array", items: words } }))]),
  ];
}

/** What a machine boots from and by. */
export function bootStatements(machine: HypervMachine): PsStatement[] {
  return machine.generation === 2 ? firmwareStatements(machine) : biosStatements(machine);
}
