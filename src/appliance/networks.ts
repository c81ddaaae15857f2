/** How a card is plugged in, told by the name that sources give its network; `null`: the name does not tell. */
export function kindOfNetwork(network: string | null): "nat" | "bridged" | "hostonly" | null {
  if (network === null) return null;
  const word = network.toLowerCase().replace(/[^a-z]/g, "");
  if (word === "nat" || word === "natnetwork") return "nat";
  if (word === "bridged" || word === "bridge" || word === "bridgednetworking") return "bridged";
  return word === "hostonly" || word === "hostonlynetwork" ? "hostonly" : null;
}
