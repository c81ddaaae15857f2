/** Options for the way to a platform. */
import { secretRef } from "../runtime/node/secrets.js";
import type { OptionSpec } from "./command.js";
import { invalid, text } from "./options.js";

const THUMBPRINT = "--thumbprint SHA256";

/** How the platform is reached. */
export const accessOptions: {
  readonly user: OptionSpec<string | null>;
  readonly password: OptionSpec<string | null>;
  readonly thumbprint: OptionSpec<string | null>;
} = {
  user: text("--user NAME", "the user on the platform, or the name of a token (default: that of the address)"),
  password: {
    flags: "--password REFERENCE",
    what: "where the password or token is: env:NAME, file:PATH or cmd:COMMAND",
    read: ([given]) => (given === undefined ? null : secretRef(given, "--password").secret),
  },
  thumbprint: {
    flags: THUMBPRINT,
    what: "trust the server by the SHA-256 of its certificate: 64 hexadecimal digits, with colons or without",
    read([given]) {
      if (given === undefined) return null;
      const digits = given
        .replace(/^sha-?256[:=]/i, "")
        .replaceAll(":", "")
        .toLowerCase();
      if (/^[0-9a-f]{64}$/.test(digits)) return digits;
      throw invalid(THUMBPRINT, given, "These are 32 bytes in hexadecimal digits: openssl x509 -fingerprint -sha256.");
    },
  },
};
