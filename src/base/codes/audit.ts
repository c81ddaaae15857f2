import type { CodeTable } from "./codes.js";

/** What `verify --audit` finds: `audit/...`. None is an error: policies judge. */
export const auditCodes: CodeTable = {
  "audit/default-password": {
    what: "A password has a value in the package.",
    why: "Everybody who has the package knows it, and it works on every machine that was made of it.",
    fix: "Give another one when you deploy the package. Vendors leave the value out.",
  },
  "audit/plain-secret": {
    what: "A property that is not marked as a password, or an extra option, is named like a secret and has a value.",
    why: "Consoles show it, keep it in plain text, and hand it to whoever may read the machine's settings.",
    fix: "Give another value when you deploy the package. Vendors set `ovf:password` and leave the value out.",
  },
  "audit/hidden-property": {
    what: "A property has a value that no user is asked about.",
    why: "The guest gets what the author chose, and nobody who deploys it sees that.",
    fix: "Look at the value with `vmferry inspect --json`.",
  },
  "audit/script": {
    what: "A property holds a script or instructions for cloud-init.",
    why: "The guest runs it on its first start, as root.",
    fix: "Read it before you deploy the package.",
  },
  "audit/serial-port": {
    what: "A machine has a serial port.",
    why: "Ports are connected to files, pipes or sockets of the host.",
    fix: "Take it out if the guest does not need it, or look at what it is connected to.",
  },
  "audit/parallel-port": {
    what: "A machine has a parallel port.",
    why: "Ports are connected to files or devices of the host.",
    fix: "Take it out if the guest does not need it.",
  },
  "audit/shared-folder": {
    what: "A folder of the host is shared with the guest.",
    why: "The guest reads it, and perhaps writes it.",
    fix: "Take it out.",
  },
  "audit/usb-filter": {
    what: "USB devices of the host are given to the guest by a filter.",
    why: "Keyboards, keys and disks that fit are taken away from the host.",
    fix: "Take the filter out.",
  },
  "audit/host-device": {
    what: "A device of the host is given to the guest.",
    why: "The guest speaks to it directly, past all that keeps it from the host.",
    fix: "Take it out, or put another backing in its place.",
  },
  "audit/own-network": {
    what: "A network card is bridged to the network of the host, may listen there, or is reached through ports of the host.",
    why: "The guest talks to the host's neighbours as one of them, or the host offers what the guest offers.",
    fix: "Plug it into a network of its own if it need not be there, or take the forwarded port out.",
  },
  "audit/remote-display": {
    what: "The machine's screen is offered over the network.",
    why: "Whoever reaches the host on that port sees it and types.",
    fix: "Switch it off.",
  },
  "audit/dangerous-config": {
    what: "An option goes past the standard and reaches the host or weakens the wall to it.",
    why: "Importers that obey such options set them on your host.",
    fix: "Take it out unless you know why it is there.",
  },
  "audit/extra-config": {
    what: "An option goes past the standard, straight into the machine's configuration.",
    why: "Importers set what they know of it; nobody asks you.",
    fix: "Look at what it does. Values are not shown, since they may be secrets.",
  },
  "audit/external-reference": {
    what: "The descriptor refers to a file outside of the package.",
    why: "What lies there can change, and whoever runs the server learns who asks.",
    fix: "Fetch it and put it into the package.",
  },
  "audit/unlisted-file": {
    what: "A file of the package is one that nothing refers to.",
    why: "Importers leave it behind; it may be a mistake, or a place to hide something.",
    fix: "Look at what it is.",
  },
  "audit/odd-text": {
    what: "A text holds characters that hide or turn what it says, or what a browser would run.",
    why: "Consoles show such texts to whoever deploys the package.",
    fix: "Look at the descriptor itself.",
  },
  "audit/vendor-unproven": {
    what: "The vendor that the descriptor names is not the one who signed.",
    why: "Anybody can write any vendor into a descriptor.",
    fix: "Ask the vendor by another way for the fingerprint of their certificate, and give it with `--signer`.",
  },
  "audit/environment": {
    what: "A machine is given its environment.",
    why: "The values of its properties reach the guest this way, passwords in plain text.",
    fix: "Nothing has to be done. Detach the image, or clear the variable, when the guest has read it.",
  },
  "audit/licence": {
    what: "The package has licence texts.",
    why: "Whoever deploys it accepts them.",
    fix: "Read them: `vmferry inspect --json` shows them.",
  },
};
