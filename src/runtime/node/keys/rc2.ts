/**
 * RC2 (RFC 2268), deciphering alone: files of PKCS #12 by Windows and by OpenSSL before 3.0 keep their certificates in it, with 40 bits, and
 * today's OpenSSL has put it aside. It protects nothing any more.
 */

/** Table: PITABLE of RFC 2268, section 2: the digits of pi as a permutation of bytes. */
const PI = new Uint8Array(
  Buffer.from(
    "d978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2" +
      "179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82" +
      "54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626" +
      "6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7" +
      "08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec" +
      "c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731" +
      "2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9" +
      "0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad",
    "hex",
  ),
);

const BLOCK = 8;
const ROTATIONS = [1, 2, 3, 5] as const;

/**
 * Deciphers CBC. The padding stays.
 * @param bits the effective length of the key (RFC 2268, section 2)
 */
export function decipherRc2(key: Uint8Array, bits: number, iv: Uint8Array, data: Uint8Array): Uint8Array {
  const expanded = expand(key, bits);
  const plain = new Uint8Array(data.length - (data.length % BLOCK));
  let previous = iv;
  for (let at = 0; at < plain.length; at += BLOCK) {
    const block = data.subarray(at, at + BLOCK);
    const words = decipherBlock(expanded, block);
    for (let i = 0; i < BLOCK; i++) {
      const word = words[Math.floor(i / 2)] ?? 0;
      plain[at + i] = ((i % 2 === 0 ? word : word >> 8) & 0xff) ^ (previous[i] ?? 0);
    }
    previous = block;
  }
  return plain;
}

/** RFC 2268, section 2. */
function expand(key: Uint8Array, bits: number): Uint16Array {
  const bytes = new Uint8Array(128);
  bytes.set(key);
  const pi = (index: number): number => PI[index & 0xff] ?? 0;
  for (let i = key.length; i < 128; i++) bytes[i] = pi((bytes[i - 1] ?? 0) + (bytes[i - key.length] ?? 0));
  const effective = Math.ceil(bits / 8);
  const mask = 0xff >> (8 * effective - bits);
  bytes[128 - effective] = pi((bytes[128 - effective] ?? 0) & mask);
  for (let i = 127 - effective; i >= 0; i--) bytes[i] = pi((bytes[i + 1] ?? 0) ^ (bytes[i + effective] ?? 0));
  return Uint16Array.from({ length: 64 }, (_, i) => (bytes[2 * i] ?? 0) + 256 * (bytes[2 * i + 1] ?? 0));
}

/** RFC 2268, section 4: five rounds of mixing, one of mashing, six, one, five, all backwards. */
function decipherBlock(keys: Uint16Array, block: Uint8Array): number[] {
  const r = [0, 1, 2, 3].map((i) => (block[2 * i] ?? 0) + 256 * (block[2 * i + 1] ?? 0));
  const word = (i: number): number => r[(i + 4) % 4] ?? 0;
  let j = 63;
  for (let round = 0; round < 16; round++) {
    for (let i = 3; i >= 0; i--) {
      const turn = ROTATIONS[i as 0 | 1 | 2 | 3];
      const turned = ((word(i) << (16 - turn)) | (word(i) >> turn)) & 0xffff;
      const mixed = (keys[j--] ?? 0) + (word(i + 3) & word(i + 2)) + (~word(i + 3) & word(i + 1));
      r[i] = (turned - mixed) & 0xffff;
    }
    if (round === 4 || round === 10)
      for (let i = 3; i >= 0; i--) r[i] = (word(i) - (keys[word(i + 3) & 63] ?? 0)) & 0xffff;
  }
  return r;
}
