/** Tells package kinds by content. Bare disks are told by the disk layer. */
import type { PackageKind } from "../base/ids.js";
import type { ProbeWindow } from "../io/source.js";
import { hasTarChecksum, magicOf, TAR_BLOCK } from "./tar/header.js";

/** What a file was recognised as. */
export interface DetectedPackage {
  readonly kind: PackageKind;
  /** In words: `an OVA`, `a VirtualBox machine`. */
  readonly label: string;
  /** Whether it is OVF, or an archive of it that can be read as it is. */
  readonly readable: boolean;
  /** Whether it is the configuration of a machine beside its files. Which of them are read is up to the platforms. */
  readonly config?: true;
  /** Whether it is one file with machines and their disks inside. Which of them are read is up to the platforms. */
  readonly archive?: true;
  /** What to do with one that is not readable. */
  readonly hint: string | null;
}

/** Tells what the first bytes of a file are, or `null` where they are no package that is known. */
export function detectPackage(window: ProbeWindow): DetectedPackage | null {
  return detectArchive(window) ?? detectText(window);
}

function detectArchive({ head, name }: ProbeWindow): DetectedPackage | null {
  if (hasTarChecksum(head.subarray(0, TAR_BLOCK))) {
    return startsWith(head, "ova.xml\0")
      ? archive("xva", "an XVA of XenServer or XCP-ng")
      : { kind: "ova", label: "an OVA", readable: true, hint: null };
  }
  if (/\.ova$/i.test(name) && looksLikeHeader(head))
    return { kind: "ova", label: "an OVA", readable: true, hint: null };
  if (head[0] === 0x1f && head[1] === 0x8b && /\.(?:ova|tar)(?:\.gz)?$|\.tgz$/i.test(name)) {
    return unread("ova", "a gzip-compressed OVA", "Unpack it first: gunzip --keep FILE.");
  }
  if (LZOP.every((byte, i) => head[i] === byte)) {
    return unread("vma", "packed with LZO, as old backups of Proxmox VE are", "Unpack it first: lzop -d FILE.");
  }
  if (startsWith(head, "VMA\0")) {
    return archive("vma", "a backup of Proxmox VE (VMA)");
  }
  if (VMCX.every((byte, i) => head[i] === byte) || (/\.vmcx$/i.test(name) && !isText(head))) {
    return unread(
      "hyperv",
      "a binary configuration of Hyper-V (VMCX)",
      "Microsoft does not document it. Collect the machine on its host as JSON instead: 'vmferry collect hyperv' prints the script that does it, to be run beside the disks.",
    );
  }
  return null;
}

/** What files of lzop begin with. */
const LZOP: readonly number[] = [0x89, 0x4c, 0x5a, 0x4f, 0x00, 0x0d, 0x0a, 0x1a, 0x0a];

/** What Hyper-V's stores (VMCX, VMRS, VMGS) begin with: 0x01282014. From what programs that read them say; there is no documentation. */
const VMCX: readonly number[] = [0x14, 0x20, 0x28, 0x01];

function isText(head: Uint8Array): boolean {
  return head.length > 0 && decodeText(head) !== "";
}

/** Whether a file begins with a header of tar that was damaged, rather than with something else: whoever opens it says where. */
function looksLikeHeader(head: Uint8Array): boolean {
  if (head.length < TAR_BLOCK) return false;
  const field = new TextDecoder("latin1").decode(head.subarray(0, 100));
  return magicOf(head) !== "v7" || /^[^\0]+\.ovf\0+$/i.test(field);
}

/** Root elements of XML documents that describe machines. */
const ROOTS: Readonly<Record<string, DetectedPackage>> = {
  Envelope: { kind: "directory", label: "an OVF descriptor", readable: true, hint: null },
  VirtualBox: config("vbox", "a VirtualBox machine"),
  domain: config("libvirt", "a libvirt domain"),
};

/** Settings that machine configurations without a signature have, by kind. Two different ones tell it. */
const SETTINGS: readonly (readonly [DetectedPackage, RegExp])[] = [
  [
    config("proxmox", "a machine of Proxmox VE"),
    /^(agent|bios|boot|bootdisk|cores|cpu|efidisk0|machine|memory|meta|name|numa|ostype|scsihw|smbios1|sockets|vmgenid|(?:net|ide|sata|scsi|virtio)[0-9]{1,2}):[ \t]*\S/gm,
  ],
  [
    config("xl", "a domain of Xen (xl)"),
    /^[ \t]*(name|memory|maxmem|vcpus|disk|vif|kernel|ramdisk|bootloader|builder|type|root|extra|firmware)[ \t]*=[ \t]*["'[0-9]/gm,
  ],
];

function detectText(window: ProbeWindow): DetectedPackage | null {
  const text = decodeText(window.head);
  const root = rootElement(text);
  if (root === "configuration") return isHypervXml(text) ? HYPERV_XML : null;
  if (root !== null) return Object.hasOwn(ROOTS, root) ? (ROOTS[root] ?? null) : null;
  if (/^[ \t]*(?:config\.version|virtualHW\.version)[ \t]*=[ \t]*"/im.test(text)) {
    return config("vmx", "a VMware machine (VMX)");
  }
  if (/^\s*\{/.test(text) && /"schema"\s*:\s*"vmferry\/hyperv@/.test(text.slice(0, 4096))) {
    return config("hyperv", "a machine of Hyper-V, collected as JSON");
  }
  for (const [found, setting] of SETTINGS) {
    const names = new Set(Array.from(text.slice(0, SETTINGS_WINDOW).matchAll(setting), (match) => match[1]));
    if (names.size >= 2) return found;
  }
  return null;
}

const HYPERV_XML = config("hyperv", "a machine of Hyper-V, exported as XML");

/** Many programs call their settings so. Those of Hyper-V have sections that are called after devices, and values with their types. */
function isHypervXml(text: string): boolean {
  return (
    /<_[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}_>/i.test(text) && /<\w+ type="(?:string|integer|bool)">/.test(text)
  );
}

/** Characters in which a configuration names two of its settings. */
const SETTINGS_WINDOW = 16_384;

function unread(kind: PackageKind, label: string, hint: string): DetectedPackage {
  return { kind, label, readable: false, hint };
}

function archive(kind: PackageKind, label: string): DetectedPackage {
  return { kind, label, readable: false, archive: true, hint: null };
}

function config(kind: PackageKind, label: string): DetectedPackage {
  return { kind, label, readable: false, config: true, hint: null };
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[i] !== text.charCodeAt(i)) return false;
  return true;
}

/** Text as far as telling its kind needs it: UTF-16 by its mark, anything else as Latin-1. Empty for binary data. */
function decodeText(head: Uint8Array): string {
  if (head[0] === 0xff && head[1] === 0xfe) return new TextDecoder("utf-16le").decode(head);
  if (head[0] === 0xfe && head[1] === 0xff) return new TextDecoder("utf-16be").decode(head);
  return head.subarray(0, 512).includes(0) ? "" : new TextDecoder("latin1").decode(head);
}

/** The local name of an XML document's root element, behind declarations, comments and a document type. */
function rootElement(text: string): string | null {
  let at = text.indexOf("<");
  if (at < 0 || !/^(?:\u00ef\u00bb\u00bf|\ufeff)?\s*$/.test(text.slice(0, Math.min(at, 1024)))) return null;
  while (at >= 0) {
    // A document type with a subset may hide the root: whoever parses such a document refuses it anyway.
    const close = text.startsWith("<!--", at)
      ? "-->"
      : text.startsWith("<?", at)
        ? "?>"
        : text.startsWith("<!", at)
          ? ">"
          : null;
    if (close === null) {
      return /^<(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)[\s/>]/.exec(text.slice(at, at + 256))?.[1] ?? null;
    }
    const end = text.indexOf(close, at);
    at = end < 0 ? -1 : text.indexOf("<", end);
  }
  return null;
}
