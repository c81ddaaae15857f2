import type { CodeTable } from "./codes.js";

/** Deployments and the platforms that they go to: `deploy/...`. */
export const deployCodes: CodeTable = {
  "deploy/bad-target": {
    kind: "usage",
    what: "The address of a platform is not understood.",
    why: "`vmferry help deploy` lists how targets are written. Options and passwords have no place in them.",
    fix: "Write one of these. Passwords are given by --password REFERENCE; what ssh needs, such as another key, belongs into its own configuration.",
  },
  "deploy/bad-place": {
    kind: "usage",
    what: "The platform has no such kind of place for machines, disks or networks.",
    why: "Folders, resource pools and kinds of storage differ between platforms.",
    fix: "Leave the option out that the message names, or give it as the platform knows it: `vmferry help deploy`, and the how-to of the platform.",
  },
  "deploy/bad-name": {
    kind: "usage",
    what: "A deployment cannot have this name.",
    why: "The name becomes part of the names of machines, volumes and files.",
    fix: "Use letters, digits, dots, hyphens and underscores, at most 64, a letter or digit first.",
  },
  "deploy/no-such-deployment": {
    kind: "not-found",
    what: "There is no deployment of this name.",
    why: "Deployments are known to the user who made them, on the machine where that was: their states lie in XDG_STATE_HOME.",
    fix: "Look at `vmferry deployment list`.",
  },
  "deploy/bad-state": {
    kind: "corrupt",
    what: "The state of a deployment cannot be read.",
    why: "The file was changed by somebody else, or comes from another version of vmferry.",
    fix: "Put it back from a backup. Else look at the platform for what belongs to the deployment, remove that by hand, and then the file.",
  },
  "deploy/other-work": {
    kind: "usage",
    what: "A deployment of this name exists, and it is another one.",
    why: "Another package, other options or another version of vmferry made it. Going on would mix the two.",
    fix: "Choose another --name, or remove the old one with `vmferry deployment destroy NAME`.",
  },
  "deploy/not-whole": {
    kind: "usage",
    what: "The deployment was interrupted and is not complete.",
    why: "It is neither there as a whole nor gone.",
    fix: "Run the same `vmferry deploy` again, and it goes on; or `vmferry deployment destroy NAME`.",
  },
  "deploy/unattended": {
    kind: "usage",
    what: "The plan was shown and nobody could be asked about it.",
    why: "There is no terminal to answer on.",
    fix: "Look at the plan with --dry-run; then run the command with --yes.",
  },
  "deploy/eula": {
    kind: "usage",
    what: "The package has licence terms that were not accepted.",
    why: "DSP0243 wants them shown and accepted before a machine is deployed.",
    fix: "Read them with `vmferry inspect`; where you accept them, add --accept-eulas.",
  },
  "deploy/blocked": {
    kind: "remote",
    what: "The platform will not take the deployment as it is planned.",
    why: "Something that it needs is missing or taken there. Nothing was changed.",
    fix: "Mend what the findings name, and run again.",
  },
  "deploy/taken": {
    what: "A name that the deployment needs is taken on the platform.",
    why: "A machine or a volume of somebody else has it, and is not touched.",
    fix: "Choose another --name, or remove what is there.",
  },
  "deploy/no-network": {
    what: "A network that a machine is plugged into is missing on the platform, or is not active.",
    why: "The machine could not be started.",
    fix: "Map it to one that is there with --map-network FROM=TO, or make it and start it on the platform.",
  },
  "deploy/no-storage": {
    what: "The storage for the disks is missing on the platform, is not active, or holds no files.",
    why: "Disks become files in a storage pool.",
    fix: "Name another pool with --storage, or start it on the platform.",
  },
  "deploy/no-space": {
    what: "The storage has less space than the disks need.",
    why: "Disks are uploaded without their holes; what is counted is their data.",
    fix: "Free space there, or name another pool with --storage.",
  },
  "deploy/no-memory": {
    what: "No host has the memory that a machine is started with.",
    why: "The platform would refuse to start it.",
    fix: "Stop other machines, or leave out --start and start it later.",
  },
  "deploy/no-autostart": {
    what: "Machines are going to be marked to start with their host, and the platform as a whole does not do that.",
    why: "XenServer looks at the pool's own mark first; VirtualBox writes such machines down in a folder that has to be named once. Both are of all machines, so they are not set for the sake of one.",
    fix: "XenServer: xe pool-param-set uuid=POOL other-config:auto_poweron=true. VirtualBox: VBoxManage setproperty autostartdbpath FOLDER, and its autostart service. Or leave out --autostart.",
  },
  "deploy/may-not-start": {
    what: "VirtualBox's kernel module is not loaded.",
    why: "Machines start without it only where VirtualBox is built for KVM.",
    fix: "Load it, or build it for the running kernel: `/sbin/vboxconfig`, or the package virtualbox-dkms.",
  },
  "deploy/slow": {
    what: "The host has no KVM: the machines are emulated.",
    why: "They work, many times slower.",
    fix: "Nothing has to be done. For speed load the module kvm_intel or kvm_amd on the host.",
  },
  "deploy/no-tool": {
    kind: "not-found",
    what: "A program of the platform is not installed here.",
    why: "libvirt is spoken to through its own program virsh, which knows its connections and their rights, and VirtualBox through VBoxManage.",
    fix: "Install it: virsh is in libvirt-clients (Debian, Ubuntu) or libvirt-client (Fedora), VBoxManage a part of VirtualBox.",
  },
  "deploy/refused": {
    kind: "remote",
    what: "The platform refused something, or did not answer in time.",
    why: "Its own words are in the message.",
    fix: "Mend what it says, and run again: what was done is not done twice.",
  },
  "deploy/denied": {
    kind: "remote",
    what: "The platform does not let this user in, or not do this.",
    why: "User, password or token are not the right ones, or rights are missing there. The platform's words are in the message.",
    fix: "Check --user and --password, and give the user or token the rights that the message names.",
  },
  "deploy/no-node": {
    kind: "not-found",
    what: "The host that the target names is not there, or is off.",
    why: "A target names one host of a cluster, by the name that the cluster has for it.",
    fix: "Write one of the names that the message lists into the target.",
  },
  "deploy/no-pool": {
    what: "The pool of machines that --pool names is not there.",
    why: "Pools are not made by a deployment.",
    fix: "Name one that is there, or leave --pool out.",
  },
  "deploy/old-platform": {
    what: "The platform is of a version that cannot take the deployment.",
    why: "What the deployment rests on came with a later version.",
    fix: "Update the platform, or convert and bring the files there by hand, as the message says.",
  },
  "deploy/no-start-order": {
    what: "The user may not set the order in which the host starts machines.",
    why: "That order changes what the host does when it starts, and wants a right on all of it (Proxmox VE: Sys.Modify on /).",
    fix: "Give the right, or nothing: vmferry itself starts machines in the package's order.",
  },
  "deploy/untrusted": {
    kind: "untrusted",
    what: "The certificate of the platform's server is not the expected one, or no authority that is known vouches for it.",
    why: "Somebody may stand between. Nothing was sent.",
    fix: "Name the authority's certificate with --ca-file FILE, or the server's own SHA-256 with --thumbprint, after asking who runs the server.",
  },
  "deploy/unreachable": {
    kind: "remote",
    what: "The platform's server cannot be reached, or the connection broke.",
    why: "It does not run, is called otherwise, is busy, or the network between is interrupted.",
    fix: "Check address and port. Run again when it answers: what was done is not done twice.",
  },
  "deploy/bad-answer": {
    kind: "remote",
    what: "The platform's server answers with something that its interface does not have.",
    why: "It is another program, another version, or something between them answers in its place.",
    fix: "Check address and port, and whether a proxy or a login page stands before the server.",
  },
  "deploy/not-ours": {
    kind: "remote",
    what: "Something of somebody else is where the deployment's own things are removed.",
    why: "A file lies in the folder of a machine that was put there later, or the machine was moved. It is not touched.",
    fix: "Move it away, or the machine back, and run again.",
  },
  "deploy/left-behind": {
    kind: "remote",
    what: "The deployment failed, and not everything that it made could be removed.",
    why: "The platform refused to remove it, or is out of reach. What is left is listed, and the state is kept.",
    fix: "When the platform answers again: `vmferry deployment destroy NAME`.",
  },
  "deploy/still-running": {
    kind: "remote",
    what: "A machine did not shut down in time.",
    why: "It was asked to by ACPI, and its guest did not listen or is still busy.",
    fix: "Wait longer with --timeout, or switch it off with --force.",
  },
  "deploy/no-machine": {
    kind: "not-found",
    what: "The platform has no machine of this name.",
    why: "The name is misspelt, or this user may not see the machine there.",
    fix: "Choose one of those that are listed. In an address, characters such as spaces are written with percent signs: web%20server.",
  },
  "deploy/running": {
    kind: "usage",
    what: "A machine on a platform is not powered off.",
    why: "While it works, or waits with its memory saved, its disks hold half of what it does: a copy of them is no whole machine.",
    fix: "Shut it down in the guest, and run again.",
  },
  "deploy/fetched": {
    what: "A disk of a machine on a platform is copied into a temporary file before it is read.",
    why: "It lies on another host, or this user cannot read it where it lies, and it is needed in another order than it comes in.",
    fix: "Nothing has to be done where there is room. The temporary files lie beside what is written.",
  },
  "deploy/not-read": {
    kind: "unsupported-feature",
    what: "Machines of this platform are deployed, and not read.",
    why: "vmferry has no way to get their disks from there.",
    fix: "Export the machine with the platform's own tools, and give the files.",
  },
  "deploy/nothing-kept": {
    kind: "not-found",
    what: "It is not known what the machines of a deployment were when they were deployed.",
    why: "An earlier version of vmferry deployed them, or the platform did not answer at that moment.",
    fix: "Look at the machines; where they are right, `vmferry deployment drift NAME --accept` keeps what is there now as what counts.",
  },
  "deploy/environment-carried": {
    what: "A machine has a CD with its OVF environment in a drive, and the result holds it.",
    why: "What was answered when the machine was deployed stands there, passwords too, for whoever gets the result.",
    fix: "Take the CD out of the drive before. `vmferry deployment export` leaves such CDs out by itself.",
  },
  "deploy/environment-left": {
    what: "CDs with OVF environments are no part of an exported deployment.",
    why: "They hold what was answered when it was deployed, passwords too.",
    fix: "Nothing has to be done. What the package asks is known to the package alone: keep it.",
  },
};
