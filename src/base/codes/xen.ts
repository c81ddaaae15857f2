import type { CodeTable } from "./codes.js";

/** Codes of machines that are written for Xen's xl. */
export const xenCodes: CodeTable = {
  "xen/relative-folder": {
    kind: "usage",
    what: "The folder of the disks is no absolute path.",
    why: "xl takes paths that do not begin at the root for devices.",
    fix: "Give an absolute path.",
  },
  "xen/name-changed": {
    what: "A domain got another name than its machine.",
    why: "Names of domains have no slash: they are a part of paths in XenStore.",
    fix: "Nothing, or choose a name with `--name`.",
  },
  "xen/annotation-as-comment": {
    what: "An annotation became a comment of the configuration.",
    why: "xl has no setting for it, and passes over comments.",
    fix: "Nothing.",
  },
  "xen/guest-os-dropped": {
    what: "The guest system is not named.",
    why: "xl has no setting for it.",
    fix: "Nothing.",
  },
  "xen/sockets-dropped": {
    what: "How many cores a socket has is lost.",
    why: "xl has no setting for it: the guest sees the processors as Xen arranges them.",
    fix: "Mind licences that count sockets.",
  },
  "xen/network-chosen": {
    what: "A network card is plugged into a bridge of the host that was chosen for it.",
    why: "Its network has no name that a bridge can have, or it was no bridge.",
    fix: "Name the bridge with `--map-network` or `--option bridge=NAME`.",
  },
  "xen/card-connected": {
    what: "A network card that was not plugged in is plugged in.",
    why: "xl has no setting for it.",
    fix: "Take its line out of `vif` until it is wanted.",
  },
  "xen/boot-by-kind": {
    what: "The boot order names kinds of devices, each once.",
    why: "xl's order is letters: `c` the first disk, `d` the CD drive, `n` the network.",
    fix: "Nothing, where the first disk is the one to start from.",
  },
  "xen/memory-range-cut": {
    what: "The least that memory may shrink to is lost.",
    why: "xl says what a guest starts with and the most that it may have.",
    fix: "Set it on the host with `xl mem-set`.",
  },
  "xen/chipset-changed": {
    what: "The guest gets another chip set.",
    why: "Xen's device model is a PC of the 440FX kind.",
    fix: "Windows may ask to be activated again.",
  },
  "xen/serial-port-dropped": {
    what: "A serial port is lost or has nothing behind it.",
    why: "Guests without emulated hardware have none, and xl numbers them without gaps.",
    fix: "Use the console: xl console NAME.",
  },
  "xen/video-changed": {
    what: "The guest gets another graphics card, or another size of its memory.",
    why: "xl has the cards stdvga, cirrus and qxl with whole MiB, and none for guests without emulated hardware.",
    fix: "Nothing, mostly.",
  },
  "xen/sound-dropped": {
    what: "The sound card is lost.",
    why: "Guests without emulated hardware have none.",
    fix: "Nothing.",
  },
  "xen/loader-assumed": {
    what: "It is assumed that pygrub finds the guest's kernel on its disk.",
    why: "A paravirtual guest has no firmware, and nobody said what starts it.",
    fix: "Set kernel and ramdisk in the configuration where pygrub finds none.",
  },
};
