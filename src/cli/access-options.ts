/** Options for the way to a platform. */
import { secretRef } from "../runtime/node/secrets.js";
import type { OptionSpec } from "./command.js";
import { invalid, text } from "./options.js";

/** Who asks, and what the server is known by. */
export interface AccessOptions {
  readonly user: OptionSpec<string | null>;
  readonly password: OptionSpec<string | null>;
  readonly thumbprint: OptionSpec<string | null>;
}

/** How the platform is reached. */
export const accessOptions: AccessOptions = named("", "");

const source = named("source-", ", where SRC is a machine on one");

/** How the platform is reached that the source is on, for commands with two of them. */
export const sourceAccessOptions: {
  readonly sourceUser: OptionSpec<string | null>;
  readonly sourcePassword: OptionSpec<string | null>;
  readonly sourceThumbprint: OptionSpec<string | null>;
} = { sourceUser: source.user, sourcePassword: source.password, sourceThumbprint: source.thumbprint };

function named(prefix: "" | "source-", where: string): AccessOptions {
  const [password, thumbprint] = [`--${prefix}password`, `--${prefix}thumbprint SHA256`];
  return {
    user: text(
      `--${prefix}user NAME`,
      `the user on the platform, or the name of a token (default: that of the address)${where}`,
    ),
    password: {
      flags: `${password} REFERENCE`,
      what: `where the password or token is: env:NAME, file:PATH or cmd:COMMAND${where}`,
      read: ([given]) => (given === undefined ? null : secretRef(given, password).secret),
    },
    thumbprint: {
      flags: thumbprint,
      what: `trust the server by the SHA-256 of its certificate: 64 hexadecimal digits, with colons or without${where}`,
      read([given]) {
        if (given === undefined) return null;
        const digits = given
          .replace(/^sha-?256[:=]/i, "")
          .replaceAll(":", "")
          .toLowerCase();
        if (/^[0-9a-f]{64}$/.test(digits)) return digits;
        throw invalid(
          thumbprint,
          given,
          "These are 32 bytes in hexadecimal digits: openssl x509 -fingerprint -sha256.",
        );
      },
    },
  };
}
