/** Options about who signs: keys, certificates and commands, which are read here. */
import { stat } from "node:fs/promises";
import { FerryError } from "../base/errors.js";
import type { HashName } from "../base/ids.js";
import type { Signer } from "../io/signatures.js";
import type { Signing } from "../operations/sign/signing.js";
import { commandWords } from "../runtime/node/command-words.js";
import { readSecret, secretRef } from "../runtime/node/secrets.js";
import type { Cli, OptionSpec } from "./command.js";
import { choice, flag, text, wholeNumber } from "./options.js";
import { askSecret } from "./prompt.js";
import type { Session } from "./session.js";
import { readSmallFile } from "./small-file.js";

/** Bytes of a file with a key or certificates: real ones have some KiB. */
const MOST_KEY_BYTES = 1024 * 1024;
const DEFAULT_TIMEOUT_SECONDS = 60;

/** Who signs, of every command that signs. */
export const signingOptions: {
  readonly key: OptionSpec<string | null>;
  readonly certificate: OptionSpec<string | null>;
  readonly passphrase: OptionSpec<string | null>;
  readonly signWith: OptionSpec<string | null>;
  readonly signTimeout: OptionSpec<number | null>;
  readonly digest: OptionSpec<"sha1" | "sha256" | "sha384" | "sha512" | null>;
  readonly chain: OptionSpec<boolean>;
  readonly anyCertificate: OptionSpec<boolean>;
} = {
  key: text("--key FILE", "the private key that signs: PEM, DER or PKCS #12"),
  certificate: text("--certificate FILE", "its certificate, and its issuers' (default: those in the key's file)"),
  passphrase: text("--passphrase REF", "where the key's passphrase is: env:NAME, file:PATH or cmd:COMMAND"),
  signWith: text("--sign-with COMMAND", "a command that signs the digest it is given, in place of a key"),
  signTimeout: wholeNumber("--sign-timeout SECONDS", "time for that command (default: 60)", 1, 86_400),
  digest: choice("--digest NAME", "the digest that is signed (default: sha256)", [
    "sha1",
    "sha256",
    "sha384",
    "sha512",
  ]),
  chain: flag("--chain", "put the issuers' certificates into the package too"),
  anyCertificate: flag("--any-certificate", "take a certificate that has expired, or is not for signing"),
};

/** What `signingOptions` say. */
export interface SigningChoice {
  readonly key: string | null;
  readonly certificate: string | null;
  readonly passphrase: string | null;
  readonly signWith: string | null;
  readonly signTimeout: number | null;
  readonly digest: HashName | null;
  readonly chain: boolean;
  readonly anyCertificate: boolean;
}

/**
 * Who signs; `null` where no option says so.
 * @throws `cli/usage`, `sign/...`, `secret/...`, and what reading the files throws
 */
export async function signingOf(choice: SigningChoice, session: Session, cli: Cli): Promise<Signing | null> {
  const { key, signWith } = choice;
  if (key === null && signWith === null) {
    const { certificate, passphrase, digest, chain, anyCertificate, signTimeout } = choice;
    const stray =
      [certificate, passphrase, digest, signTimeout].some((value) => value !== null) || chain || anyCertificate;
    if (!stray) return null;
    throw new FerryError("cli/usage", "options about signing were given, and nothing to sign with", {
      hint: "Add --key FILE or --sign-with COMMAND.",
    });
  }
  if (key !== null && signWith !== null) {
    throw new FerryError("cli/usage", "--key and --sign-with exclude each other", {
      hint: "Leave out one of them.",
    });
  }
  return {
    signer: signWith === null ? await keyOf(key ?? "", choice, session, cli) : await commandOf(signWith, choice),
    certificates: choice.chain ? "chain" : "own",
    accept: choice.anyCertificate ? "any" : "valid",
    ...(choice.digest === null ? {} : { digest: choice.digest }),
  };
}

async function keyOf(name: string, choice: SigningChoice, session: Session, cli: Cli): Promise<Signer> {
  const [{ certificatesIn, readKey }, { keySigner }] = await Promise.all([
    import("../runtime/node/keys/read-key.js"),
    import("../runtime/node/keys/signers.js"),
  ]);
  const ref = choice.passphrase === null ? null : secretRef(choice.passphrase, "--passphrase");
  const bytes = await smallFile(name);
  await warnIfExposed(name, session);
  const { key, certificates } = await readKey({
    name,
    bytes,
    passphrase: async () =>
      ref === null ? askSecret(`Passphrase of ${name}: `, cli) : readSecret(ref, "--passphrase", session.ctx.signal),
  });
  const given = choice.certificate === null ? [] : certificatesIn(await smallFile(choice.certificate));
  if (choice.certificate !== null && given.length === 0) throw noCertificate(choice.certificate);
  return keySigner(key, [...given, ...certificates]);
}

async function commandOf(command: string, choice: SigningChoice): Promise<Signer> {
  const [{ certificatesIn }, { commandSigner }] = await Promise.all([
    import("../runtime/node/keys/read-key.js"),
    import("../runtime/node/keys/signers.js"),
  ]);
  const words = commandWords(command, "--sign-with");
  const { certificate, signTimeout } = choice;
  if (certificate === null) {
    throw new FerryError("sign/no-certificate", "--sign-with needs the certificate of the key that the command uses", {
      hint: "Name it with --certificate FILE.",
    });
  }
  const certificates = certificatesIn(await smallFile(certificate));
  if (certificates.length === 0) throw noCertificate(certificate);
  return commandSigner({ words, certificates, timeoutMs: 1000 * (signTimeout ?? DEFAULT_TIMEOUT_SECONDS) });
}

function noCertificate(name: string): FerryError {
  return new FerryError("sign/no-certificate", `${name} holds no certificate in PEM or DER`, {
    hint: "Look at the file with 'openssl x509 -text'.",
  });
}

/** Windows keeps permissions in another way. */
async function warnIfExposed(name: string, { ctx }: Session): Promise<void> {
  const { mode } = await stat(name);
  const others = Math.floor((mode % 0o100) / 8) >= 4 || mode % 8 >= 4;
  if (process.platform === "win32" || !others) return;
  ctx.report({
    code: "sign/key-exposed",
    severity: "warning",
    message: `others on this system can read the key in ${name}`,
    hint: "Take their permission away: chmod 600 FILE.",
  });
}

async function smallFile(name: string): Promise<Uint8Array> {
  const bytes = await readSmallFile(name, MOST_KEY_BYTES);
  if (bytes !== null) return bytes;
  throw new FerryError("io/limit", `${name} is too long for a file of a key or certificates`, {
    hint: "Check the name.",
  });
}
