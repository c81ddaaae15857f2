import type { Machine } from "../../appliance/appliance.js";
import { findGuestSystem } from "../../appliance/guest-os.js";
import { type BootStep, bootSequence } from "../boot-sequence.js";
import { assign, cmd, member, op, type PsStatement, pipe, ref, remark, run, str, when } from "./powershell.js";

const vm = ref("vm");

/** Generation 2: secure boot with the template for the guest's maker, and the boot order. The script has `$created`, `$driveN` and `$adapterN`. */
export function firmwareStatements(machine: Machine): PsStatement[] {
  const current = ref("firmware");
  const statements: PsStatement[] = [assign("firmware", pipe(cmd("Get-VMFirmware", { VM: vm })))];
  if (machine.firmware === "efi-secure") {
    const windows = findGuestSystem(machine.guestOs).system.family === "windows";
    const template = str(windows ? "MicrosoftWindows" : "MicrosoftUEFICertificateAuthority");
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
  const devices = bootSequence(machine).flatMap((step) => {
    if ("nic" in step) return [ref(`adapter${machine.nics.indexOf(step.nic)}`)];
    return step.drive.device === "floppy" ? [] : [ref(`drive${machine.attachments.indexOf(step.drive)}`)];
  });
  if (devices.length > 0) {
    statements.push(
      remark("The order is set once, so that later changes of yours stay."),
      when(ref("created"), [run(cmd("Set-VMFirmware", { VM: vm, BootOrder: { kind: "array", items: devices } }))]),
    );
  }
  return statements;
}

/** Generation 1: kinds of devices in their order; Hyper-V wants all four. */
export function biosStatements(machine: Machine): PsStatement[] {
  const order: string[] = [];
  for (const word of [...bootSequence(machine).map(biosWord), "IDE", "CD", "LegacyNetworkAdapter", "Floppy"]) {
    if (!order.includes(word)) order.push(word);
  }
  return [
    remark("The order is set once, so that later changes of yours stay."),
    when(ref("created"), [
      run(cmd("Set-VMBios", { VM: vm, StartupOrder: { kind: "array", items: order.map((word) => str(word)) } })),
    ]),
  ];
}

function biosWord(step: BootStep): string {
  if ("nic" in step) return "LegacyNetworkAdapter";
  const { device } = step.drive;
  return device === "disk" ? "IDE" : device === "cdrom" ? "CD" : "Floppy";
}
