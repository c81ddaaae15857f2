import type { HypervAdapter, HypervDocument, HypervDrive, HypervMachine } from "../document.js";

/** A generation 2 machine with nothing in it, for tests. */
export function blankHyperv(parts: Partial<HypervMachine> = {}): HypervDocument {
  return {
    schema: "vmferry/hyperv@1",
    host: null,
    collected: null,
    machine: {
      name: "web",
      id: null,
      biosGuid: null,
      generation: 2,
      version: "9.0",
      notes: null,
      state: "Off",
      processors: { count: 2, nested: null, threadsPerCore: null },
      memory: { startupBytes: 2 ** 30, dynamic: false, minimumBytes: null, maximumBytes: null },
      startupOrder: null,
      firmware: { secureBoot: false, secureBootTemplate: null, bootOrder: [] },
      security: null,
      scsiControllers: 1,
      drives: [],
      networkAdapters: [],
      comPorts: [],
      checkpoints: [],
      gpuPartitions: 0,
      startAction: null,
      startDelaySeconds: null,
      stopAction: null,
      integrationServicesOff: [],
      ...parts,
    },
  };
}

/** A disk on SCSI 0:0, for tests. */
export function blankDrive(parts: Partial<HypervDrive> = {}): HypervDrive {
  return {
    device: "disk",
    controllerType: "SCSI",
    controllerNumber: 0,
    controllerLocation: 0,
    path: "C:\\VMs\\web.vhdx",
    host: null,
    shared: false,
    chain: [],
    ...parts,
  };
}

/** An adapter that is plugged into nothing, for tests. */
export function blankAdapter(parts: Partial<HypervAdapter> = {}): HypervAdapter {
  return {
    name: "Network Adapter",
    legacy: false,
    switch: null,
    switchType: null,
    mac: null,
    macDynamic: true,
    vlan: null,
    ...parts,
  };
}
