import type { CodeTable } from "./codes.js";

/** Signatures and who made them: `signature/...` and `signer/...`. */
export const signatureCodes: CodeTable = {
  "signature/absent": {
    what: "The package is not signed.",
    why: "A manifest shows whether files were damaged, not who made them.",
    fix: "Ask the vendor for a signed package, or compare a sum from a trusted place (`--sha256`).",
  },
  "signature/unreadable": {
    kind: "invalid-format",
    what: "The certificate file of the package, or a file of certificates, cannot be read.",
    why: "It holds no certificate in PEM, or one that breaks the rules of X.509, or no signature, so nobody can tell who signed.",
    fix: "Ask for a package with a whole certificate; `openssl x509 -text` shows what is in the file.",
  },
  "signature/bad-crl": {
    kind: "invalid-format",
    what: "A list of revoked certificates cannot be read.",
    why: "It holds no list in PEM or DER, or one that breaks the rules of X.509.",
    fix: "Fetch it again; `openssl crl -text` shows what is in the file.",
  },
  "signature/no-manifest": {
    what: "The package has a certificate and no manifest.",
    why: "What is signed is the manifest. Without one the certificate vouches for nothing, whatever it seems to say.",
    fix: "Find the manifest that belongs to it, or ask for the package again.",
  },
  "signature/mismatch": {
    what: "The signature was not made of this manifest by the key of this certificate.",
    why: "The manifest, the signature or the certificate was altered or damaged after the package was signed.",
    fix: "Fetch the package again. Where you changed it yourself, sign it again with `vmferry sign`.",
  },
  "signature/other-content": {
    what: "The key of the certificate signed, and it signed something else than this manifest.",
    why: "The manifest was altered after it was signed, or the signature was taken from another package.",
    fix: "Fetch the package again. Where you changed it yourself, sign it again with `vmferry sign`.",
  },
  "signature/other-manifest": {
    what: "The certificate file names another manifest than the package has.",
    why: "It is of another package, or files were renamed after it was signed; VirtualBox and VMware refuse such packages.",
    fix: "Fetch the package again, give the files their old names, or sign it again.",
  },
  "signature/partial": {
    what: "The package is signed, and its manifest does not list every file that the descriptor refers to.",
    why: "What the manifest leaves out can be changed by anybody without breaking the signature.",
    fix: "Ask the vendor for a package whose manifest lists all files.",
  },
  "signature/unknown-algorithm": {
    what: "The signature is made with a digest or a kind of key that vmferry does not know.",
    why: "It cannot be checked, so it proves nothing.",
    fix: "Ask for a package that is signed with RSA or an elliptic curve and SHA256 or SHA512.",
  },
  "signature/weak-algorithm": {
    what: "What is signed is a SHA1 or MD5 of the manifest.",
    why: "Two files with the same such digest can be made on purpose, and one signature is of both.",
    fix: "Ask for a package that is signed with SHA256 or SHA512.",
  },
  "signature/two-signers": {
    what: "The certificate file has a block of CMS that is signed by somebody else than its first line.",
    why: "Programs that look at one of the two see different signers.",
    fix: "Ask the vendor which one is right, and for a package that is signed once.",
  },
  "signature/block-unchecked": {
    what: "The certificate file has a block of CMS that is no signature of the manifest.",
    why: "Tools of VMware append a time stamp. vmferry does not check it, and trusts nothing for its sake.",
    fix: "Nothing has to be done.",
  },
  "signature/odd-spelling": {
    what: "The certificate file is understood but not written as the standard says.",
    why: "Bytes that mean nothing are in it: padding of ovftool, other line ends, text around the certificate.",
    fix: "Nothing has to be done for vmferry. Sign the package again for importers that are strict.",
  },
  "signature/dropped": {
    what: "The signature was left out of the result.",
    why: "It is of the old manifest, and the result has a new one.",
    fix: "Sign the result again.",
  },
  "signer/untrusted": {
    what: "The signature is right, and nobody who is trusted vouches for the signer.",
    why: "Anybody can make a certificate with any name in it.",
    fix: "Ask the vendor by another way for the certificate or its fingerprint, and give it with `--trust` or `--signer`.",
  },
  "signer/not-the-one": {
    what: "The package is signed with another certificate than the one that was asked for.",
    why: "The vendor has a new certificate, or the package comes from somebody else.",
    fix: "Compare fingerprints with the vendor by another way.",
  },
  "signer/expired": {
    what: "A certificate of the signer, or of who vouches for the signer, is no longer valid.",
    why: "Packages carry no proof of when they were signed, and lists of revoked certificates forget those that have expired.",
    fix: "Ask for a package that is signed anew; `--at` checks as of another time.",
  },
  "signer/not-yet-valid": {
    what: "A certificate of the signer, or of who vouches for the signer, is not valid yet.",
    why: "The clock of this machine or of the signer's is wrong, or the certificate was made for later.",
    fix: "Compare the clock; `--at` checks as of another time.",
  },
  "signer/bad-signature": {
    what: "A certificate is not what its issuer signed.",
    why: "It was altered or damaged, or somebody made it up in the issuer's name.",
    fix: "Do not trust the package. Fetch it again from its vendor.",
  },
  "signer/bad-authority": {
    what: "A certificate was issued by one that may not issue certificates, or not at this depth.",
    why: "Whoever has any certificate of an authority could issue others in anybody's name otherwise.",
    fix: "Do not trust the package. Ask its vendor for a certificate of a real authority.",
  },
  "signer/wrong-usage": {
    what: "The signer's key is not for signatures.",
    why: "Its certificate says what it is for, and that is something else.",
    fix: "Sign with a certificate whose key usage has digitalSignature.",
  },
  "signer/other-purpose": {
    what: "The signer's certificate is for other purposes than signing code or documents.",
    why: "A certificate of a web server, for instance, says who runs the server, not who makes software.",
    fix: "Sign with a certificate for code signing.",
  },
  "signer/unknown-extension": {
    what: "A certificate has a critical extension that vmferry does not evaluate, such as name constraints.",
    why: "Who does not understand it must not trust the certificate.",
    fix: "Trust the signer's certificate by itself with `--signer`, if you know it.",
  },
  "signer/unknown-algorithm": {
    what: "A certificate is signed in a way that vmferry does not know.",
    why: "Nobody can tell whether its issuer made it.",
    fix: "Trust the signer's certificate by itself with `--signer`, if you know it.",
  },
  "signer/weak": {
    what: "A certificate has a short key, or is signed with a digest that is broken.",
    why: "Such certificates can be forged: those with MD5 or less than 1024 bits by anybody, the others by who can afford it.",
    fix: "Ask for a package that is signed with a newer certificate.",
  },
  "signer/revoked": {
    what: "A certificate was revoked by its issuer.",
    why: "Its key was stolen, or its owner is no longer who the certificate says.",
    fix: "Do not trust the package. Ask its vendor for one that is signed with another certificate.",
  },
  "signer/revocation-unknown": {
    what: "No list that is valid now says whether a certificate was revoked.",
    why: "Lists were given, but none of this issuer, or only one that is out of date.",
    fix: "Fetch the issuer's newest list and give it with `--crl`.",
  },
};
