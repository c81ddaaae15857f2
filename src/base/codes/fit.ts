import type { CodeTable } from "./codes.js";

/** Codes of the area `fit`: what had to change for a machine to fit a target. */
export const fitCodes: CodeTable = {
  "fit/as-wished": {
    what: "Something was changed because an option asks for it.",
    why: "The plan and the report name every difference between source and result.",
    fix: "Nothing.",
  },
  "fit/profile-unused": {
    what: "A profile says something of machines, disks or networks that the source does not have.",
    why: "One profile serves many conversions. Where it was meant for this source, a name in it is misspelled.",
    fix: "Nothing, or correct the name in the profile.",
  },
  "fit/wish-not-met": {
    what: "The target cannot give what an option asks for.",
    why: "A firmware, bus, network card, format or name of a disk was named that this target does not have, or has no room on.",
    fix: "Leave out the option, or choose what the target has.",
  },
  "fit/bus-by-guest": {
    what: "The boot disk hangs where the guest has a driver for, not where it would have been placed otherwise.",
    why: "A system that cannot drive its root's disk stops before it starts. What drivers there are was read from the guest's kernel and from how its initial RAM disk is made; the message says how sure that is.",
    fix: "Nothing, unless you want another place: `--bus` is always obeyed.",
  },
  "fit/nic-by-guest": {
    what: "A network card became a model that the guest's kernel has a driver for.",
    why: "The kernel on the boot disk has no driver for the model that the card would have been.",
    fix: "Nothing, unless you want another model: `--nic` is always obeyed.",
  },
  "fit/name-changed": {
    what: "A machine or network got another name.",
    why: "Names must be there, fit on one line of 1024 characters, and differ between machines; control characters cannot be written everywhere.",
    fix: "Rename it in the source if you want another name.",
  },
  "fit/text-cleaned": {
    what: "Control characters were taken out of a text.",
    why: "Configuration formats cannot hold them, and terminals obey them.",
    fix: "Nothing, unless the text needs them.",
  },
  "fit/firmware-assumed": {
    what: "Nothing says whether the machine boots by BIOS or EFI, so the target's default was taken.",
    why: "The source does not say it and the boot disk does not show it. The wrong firmware finds nothing to boot.",
    fix: "If the machine does not start, give it the other firmware.",
  },
  "fit/secure-boot-dropped": {
    what: "Secure boot is lost.",
    why: "The target has EFI, but no secure boot.",
    fix: "Choose another target, or accept that unsigned loaders can boot.",
  },
  "fit/no-such-firmware": {
    what: "The target has no machine with this firmware.",
    why: "A system installed for one firmware does not boot by the other.",
    fix: "Choose another target, or convert the system on the disk first.",
  },
  "fit/drive-without-disk": {
    what: "A disk drive names no disk of the package.",
    why: "The source refers to a disk that it does not describe, so nothing can be attached.",
    fix: "Correct the source if a disk is missing.",
  },
  "fit/drive-placed": {
    what: "A drive for which the source names no controller was given one.",
    why: "Every drive hangs on a bus; the source leaves the choice open.",
    fix: "Nothing, unless you want another bus.",
  },
  "fit/disk-moved": {
    what: "A disk moved to another bus.",
    why: "The target does not have the source's bus, has no room on it, or cannot boot from it.",
    fix: "Make sure that the system on the disk has a driver for the new controller, and names disks by label or UUID.",
  },
  "fit/cdrom-moved": {
    what: "A CD or floppy drive moved to another bus.",
    why: "The target does not have the source's bus for such drives, or has no room on it.",
    fix: "Nothing: systems find the drive by itself.",
  },
  "fit/drive-renumbered": {
    what: "A drive stayed on its bus, but under another number.",
    why: "The number is taken or beyond the controller's last, or the target boots the first disk alone.",
    fix: "Make sure that the system names disks by label or UUID.",
  },
  "fit/no-room-for-disk": {
    what: "The target has no place for a disk.",
    why: "All places on all buses that the disk may use are taken.",
    fix: "Detach disks in the source, or choose another target.",
  },
  "fit/cdrom-dropped": {
    what: "A CD drive was left out.",
    why: "The target has no free place for it.",
    fix: "Attach the image later, when a place is free.",
  },
  "fit/floppy-dropped": {
    what: "A floppy drive was left out.",
    why: "The target's machine has no floppy controller, or fewer drives on it.",
    fix: "Put the content of the floppy on a CD image.",
  },
  "fit/controller-dropped": {
    what: "Controllers without drives were left out.",
    why: "The target has no such controllers, and nothing hangs on them.",
    fix: "Nothing.",
  },
  "fit/controller-model-chosen": {
    what: "A controller whose model the source does not say became the target's default.",
    why: "The target must know which chip to show.",
    fix: "Nothing, unless the guest wants another one.",
  },
  "fit/controller-model-changed": {
    what: "A controller became another model.",
    why: "The target does not have this chip.",
    fix: "Make sure that the guest has a driver for the new one before it boots from it.",
  },
  "fit/nic-model-chosen": {
    what: "A network card whose model the source does not say became the target's default.",
    why: "The target must know which chip to show.",
    fix: "Nothing, unless the guest wants another one.",
  },
  "fit/nic-model-changed": {
    what: "A network card became another model.",
    why: "The target does not have this chip.",
    fix: "Make sure that the guest has a driver for the new one; check network settings bound to the card's name.",
  },
  "fit/mac-dropped": {
    what: "A hardware address was dropped.",
    why: "It is not six bytes, or it is the address of a group of stations: targets refuse it.",
    fix: "Correct it in the source, or accept a new one.",
  },
  "fit/too-many-nics": {
    what: "The machine has more network cards than the target takes.",
    why: "The target refuses the machine.",
    fix: "Remove network cards in the source, or choose another target.",
  },
  "fit/cpus-raised": {
    what: "A machine without processors got one.",
    why: "The source says nothing about processors, or says none.",
    fix: "Correct the source.",
  },
  "fit/too-many-cpus": {
    what: "The machine has more processors than the target takes.",
    why: "The target refuses the machine.",
    fix: "Lower the count in the source, or choose another target.",
  },
  "fit/cores-per-socket-dropped": {
    what: "The number of cores in a socket was dropped.",
    why: "The number of processors is no multiple of it, which targets refuse.",
    fix: "Correct the source.",
  },
  "fit/memory-raised": {
    what: "The machine got more memory than the source says.",
    why: "The target wants a multiple of a step, and at least a minimum.",
    fix: "Nothing, or choose a size that is a multiple of the step.",
  },
  "fit/too-much-memory": {
    what: "The machine has more memory than the target takes.",
    why: "The target refuses the machine.",
    fix: "Lower the size in the source, or choose another target.",
  },
  "fit/disk-too-large": {
    what: "A disk is larger than the target takes.",
    why: "The target, or the disk format that it wants, cannot address so much.",
    fix: "Make the disk smaller inside its machine, then in the source, or choose another target.",
  },
  "fit/boot-device-dropped": {
    what: "An entry of the boot order is lost.",
    why: "It names a drive that was left out.",
    fix: "Check the boot order of the new machine.",
  },
};
