import { concatBytes, fromHex, viewOf } from "../../src/base/bytes.js";

/**
 * A boot sector that writes a banner and a sum of its disk's first MiB to the first serial port: what the demo's machine does, and proof that
 * a converted disk still boots and holds the same bytes. 16-bit code at 7C00h; bytes and what they mean stand side by side.
 */
const CODE: readonly (readonly [bytes: string, meaning: string])[] = [
  // A stack, flags, and the drive that the BIOS booted from.
  ["fa", "cli"],
  ["31c0", "xor ax,ax"],
  ["8ed8", "mov ds,ax"],
  ["8ed0", "mov ss,ax"],
  ["bc007c", "mov sp,0x7c00"],
  ["fb", "sti"],
  ["fc", "cld"],
  ["8816aa7c", "mov BYTE PTR ds:0x7caa,dl"],
  // COM1 at 115200 baud, 8N1.
  ["bafb03", "mov dx,0x3fb"],
  ["b080", "mov al,0x80"],
  ["ee", "out dx,al"],
  ["baf803", "mov dx,0x3f8"],
  ["b001", "mov al,0x1"],
  ["ee", "out dx,al"],
  ["42", "inc dx"],
  ["30c0", "xor al,al"],
  ["ee", "out dx,al"],
  ["bafb03", "mov dx,0x3fb"],
  ["b003", "mov al,0x3"],
  ["ee", "out dx,al"],
  // The banner.
  ["8d36bb7c", "lea si,ds:0x7cbb"],
  ["e85f00", "call 0x8c"],
  // 32 times 64 sectors: the first MiB, through the BIOS (INT 13h, AH=42h).
  ["6631db", "xor ebx,ebx"],
  ["b92000", "mov cx,0x20"],
  ["51", "push cx"],
  ["8d36ab7c", "lea si,ds:0x7cab"],
  ["b442", "mov ah,0x42"],
  ["8a16aa7c", "mov dl,BYTE PTR ds:0x7caa"],
  ["cd13", "int 0x13"],
  ["723c", "jb 0x7e"],
  ["b80010", "mov ax,0x1000"],
  ["8ec0", "mov es,ax"],
  ["31ff", "xor di,di"],
  ["b90020", "mov cx,0x2000"],
  // Sum of little-endian words, rotated by one bit each time.
  ["66d1c3", "rol ebx,1"],
  ["2666031d", "add ebx,DWORD PTR es:[di]"],
  ["83c704", "add di,0x4"],
  ["e2f4", "loop 0x4c"],
  ["8306b37c40", "add WORD PTR ds:0x7cb3,0x40"],
  ["59", "pop cx"],
  ["e2d3", "loop 0x33"],
  // Eight hexadecimal digits.
  ["b90800", "mov cx,0x8"],
  ["66c1c304", "rol ebx,0x4"],
  ["88d8", "mov al,bl"],
  ["240f", "and al,0xf"],
  ["0430", "add al,0x30"],
  ["3c3a", "cmp al,0x3a"],
  ["7202", "jb 0x73"],
  ["0427", "add al,0x27"],
  ["e82100", "call 0x97"],
  ["e2eb", "loop 0x63"],
  // End of line, or the message of a failed read.
  ["8d36027d", "lea si,ds:0x7d02"],
  ["eb04", "jmp 0x82"],
  ["8d36f77c", "lea si,ds:0x7cf7"],
  ["e80700", "call 0x8c"],
  // Ends an emulator that has a debug exit port at F4h; anywhere else it halts.
  ["b031", "mov al,0x31"],
  ["e6f4", "out 0xf4,al"],
  ["f4", "hlt"],
  ["ebfd", "jmp 0x89"],
  // print: text at SI up to a zero byte.
  ["ac", "lods al,BYTE PTR ds:[si]"],
  ["84c0", "test al,al"],
  ["7405", "je 0x96"],
  ["e80300", "call 0x97"],
  ["ebf6", "jmp 0x8c"],
  ["c3", "ret"],
  // putc: waits for the port, sends AL.
  ["50", "push ax"],
  ["52", "push dx"],
  ["50", "push ax"],
  ["bafd03", "mov dx,0x3fd"],
  ["ec", "in al,dx"],
  ["a820", "test al,0x20"],
  ["74f8", "je 0x9a"],
  ["58", "pop ax"],
  ["baf803", "mov dx,0x3f8"],
  ["ee", "out dx,al"],
  ["5a", "pop dx"],
  ["58", "pop ax"],
  ["c3", "ret"],
  ["80", "drive"],
  ["10004000000000100000000000000000", "disk address packet: 16 bytes, 64 sectors, to 1000:0000, from sector 0"],
];

/** What the machine says before the sum. */
export const BANNER = "vmferry demo: this disk has arrived. Sum of its first MiB: ";
const ERROR_TEXT = "disk error";

/** The exit status of QEMU when the machine ends by its debug exit port: (31h << 1) | 1. */
export const DEBUG_EXIT_STATUS = 99;

const MIB = 2 ** 20;

/** The 512 bytes of the sector, with one active partition from 1 MiB on. */
export function bootSector(diskBytes: number): Uint8Array {
  const text = new TextEncoder().encode(`${BANNER}\0${ERROR_TEXT}\0\r\n\0`);
  const code = concatBytes([...CODE.map(([bytes]) => fromHex(bytes) ?? new Uint8Array()), text]);
  const sector = new Uint8Array(512);
  sector.set(code);
  const view = viewOf(sector);
  sector[446] = 0x80;
  sector[450] = 0x83;
  view.setUint32(454, MIB / 512, true);
  view.setUint32(458, (diskBytes - MIB) / 512, true);
  sector.set([0x55, 0xaa], 510);
  return sector;
}

/** The sum that the machine prints: each little-endian word is added after a rotation to the left. */
export function firstMibSum(disk: Uint8Array): string {
  const view = viewOf(disk);
  let sum = 0;
  for (let at = 0; at < MIB; at += 4) sum = (((sum << 1) | (sum >>> 31)) + view.getUint32(at, true)) >>> 0;
  return sum.toString(16).padStart(8, "0");
}
