import { readFile } from "node:fs/promises";
import * as tls from "node:tls";
import { FerryError } from "../../base/errors.js";

/** Where systems keep their bundle of authorities: Debian, Fedora and RHEL, openSUSE, Alpine and the BSDs. */
const BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
] as const;

/** Whom this system trusts: certificates in PEM, and how messages call them. */
export interface SystemAuthorities {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * The authorities that this system trusts: the file of `SSL_CERT_FILE`, the system's store where Node.js can ask it (22.15 or later), or
 * the bundle of a Linux distribution.
 * @throws `run/no-system-trust`
 */
export async function systemAuthorities(): Promise<SystemAuthorities> {
  const { SSL_CERT_FILE: named = "" } = process.env;
  const ask = (tls as { getCACertificates?(type: "system"): readonly string[] }).getCACertificates;
  if (named === "" && ask !== undefined) {
    const found = ask("system");
    if (found.length > 0) return { name: "the system's store", bytes: new TextEncoder().encode(found.join("\n")) };
  }
  for (const name of named === "" ? BUNDLES : [named]) {
    const bytes = await readFile(name).catch(() => null);
    if (bytes !== null) return { name, bytes: new Uint8Array(bytes) };
  }
  throw new FerryError("run/no-system-trust", "the authorities that this system trusts were not found", {
    hint: "Name a file of certificates with SSL_CERT_FILE or --trust.",
  });
}
