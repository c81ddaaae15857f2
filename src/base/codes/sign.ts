import type { CodeTable } from "./codes.js";

/** Signing, and the secrets that it needs: `sign/...` and `secret/...`. */
export const signCodes: CodeTable = {
  "sign/unreadable-key": {
    kind: "invalid-format",
    what: "The file of the key holds no private key that can be read.",
    why: "It is damaged, of another kind, or holds the certificate alone.",
    fix: "Give a key in PEM, DER or PKCS #12; `openssl pkey -in FILE -noout` tells whether it is one.",
  },
  "sign/unsupported-key": {
    kind: "unsupported-feature",
    what: "A key is of a kind that the signature of a package cannot be made with.",
    why: "The line of a certificate file holds a signature of RSA (PKCS #1 v1.5) or of an elliptic curve (ECDSA), and names a digest beside it.",
    fix: "Use a key of RSA with 2048 bits or more, or of the curves P-256, P-384, P-521.",
  },
  "sign/no-passphrase": {
    kind: "usage",
    what: "The key is encrypted, and no passphrase was given.",
    why: "Nothing can be signed with it, and there is no terminal to ask on.",
    fix: "Say where the passphrase is: `--passphrase env:NAME`, `file:PATH` or `cmd:COMMAND`.",
  },
  "sign/wrong-passphrase": {
    kind: "usage",
    what: "The passphrase does not open the key.",
    why: "It is another one, or the file is damaged.",
    fix: "Check the passphrase; a line feed at its end is cut off, other white space is part of it.",
  },
  "sign/no-certificate": {
    kind: "usage",
    what: "There is no certificate for the key.",
    why: "A package carries the certificate of who signed it; without one nobody can check the signature.",
    fix: "Name it with `--certificate FILE`, or put it into the file of the key.",
  },
  "sign/key-mismatch": {
    kind: "usage",
    what: "The certificate is not that of the key.",
    why: "A signature made with the key would be wrong for everybody who checks it with the certificate.",
    fix: "Give the certificate that was issued for this key; with a chain the signer's own comes first.",
  },
  "sign/certificate-expired": {
    kind: "untrusted",
    what: "The certificate is not valid at this time.",
    why: "Importers warn of, or refuse, what a certificate signs that has expired or is not yet valid.",
    fix: "Use a certificate that is valid. Where that is what you want, add `--any-certificate`.",
  },
  "sign/wrong-usage": {
    kind: "untrusted",
    what: "The certificate does not allow its key to sign.",
    why: "Its key usage leaves out digital signatures, its purposes leave out signing of code, or it is an authority's.",
    fix: "Use a certificate for signing code. Where that is what you want, add `--any-certificate`.",
  },
  "sign/weak-key": {
    what: "The key that signs is short.",
    why: "RSA with less than 2048 bits can be broken by those who pay for it.",
    fix: "Use a key of RSA with 2048 bits or more, or of an elliptic curve.",
  },
  "sign/weak-digest": {
    what: "What is signed is a SHA1.",
    why: "Two files with the same SHA1 can be made on purpose, and one signature is of both. Only old importers need it.",
    fix: "Use `--digest sha256`, unless the importer takes nothing else.",
  },
  "sign/not-everywhere": {
    what: "Some importers do not take such a signature, or such a manifest, or nobody knows whether they do.",
    why: "VirtualBox reads no manifest with SHA384. It takes signatures of elliptic curves; of VMware's tools that is not proven.",
    fix: "Sign with a key of RSA, and with SHA256 or SHA512: that is taken everywhere.",
  },
  "sign/key-exposed": {
    what: "Others on this system can read the file of the key.",
    why: "Whoever reads it signs in your name, as far as it is not encrypted.",
    fix: "Take their permission away: `chmod 600 FILE`.",
  },
  "sign/failed": {
    kind: "io",
    what: "The command that should sign did not.",
    why: "It could not be started, ended with an error, took too long, or printed nothing.",
    fix: "Run it by hand with a digest as its input. `--sign-timeout` gives it more time.",
  },
  "sign/wrong-signature": {
    kind: "integrity",
    what: "The signature that was made is not right for the certificate. Nothing was written.",
    why: "The command signed with another key, another digest, or something else than it was given, or printed more than the signature.",
    fix: "Check that the certificate is that of the key, and that the command signs its input as a digest and does not hash it again.",
  },
  "sign/refused": {
    kind: "integrity",
    what: "A package was not signed, because a file of it is not what its manifest says.",
    why: "A signature would vouch for what was altered or damaged.",
    fix: "Fetch the package again. If you changed the files yourself, use `--accept-changes`.",
  },
  "secret/bad-reference": {
    kind: "usage",
    what: "A secret was given in another way than by reference.",
    why: "What stands in a command line is seen by others and kept in histories.",
    fix: "Write `env:NAME`, `file:PATH` or `cmd:COMMAND`.",
  },
  "secret/unavailable": {
    kind: "not-found",
    what: "A secret is not where its reference says.",
    why: "The variable is not set, the file cannot be read, or the command failed or took too long.",
    fix: "Check the reference. The command is run without a shell and has 60 seconds.",
  },
  "secret/too-long": {
    kind: "limit-exceeded",
    what: "A secret is longer than 64 KiB.",
    why: "It is most likely another file than the one that was meant.",
    fix: "Check the reference.",
  },
};
