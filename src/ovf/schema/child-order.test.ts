import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultLimits } from "../../base/limits.js";
import { parseXml } from "../../xml/parse.js";
import type { XmlDocument, XmlElement } from "../../xml/tree.js";
import { checkStructure } from "./check.js";
import { childOrder } from "./child-order.js";

const RASD = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData";

function open(item: string): { readonly document: XmlDocument; readonly item: XmlElement } {
  const text = `<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1" xmlns:rasd="${RASD}" xmlns:v="urn:v">
  <References/>
  <VirtualSystem ovf:id="a">
    <Info/>
    <VirtualHardwareSection>
      <Info/>
      <Item>${item}</Item>
    </VirtualHardwareSection>
  </VirtualSystem>
</Envelope>`;
  const document = parseXml(new TextEncoder().encode(text), "test.ovf", defaultLimits);
  let found = document.root;
  for (const name of ["VirtualSystem", "VirtualHardwareSection", "Item"]) {
    for (const child of found.elements(undefined, name)) found = child;
  }
  assert.equal(found.name, "Item");
  return { document, item: found };
}

const names = (parent: XmlElement): string[] => [...parent.elements()].map(({ name }) => name);

test("the moves bring children into the order of the schema, and move as few as can be", () => {
  const { document, item } = open(
    "<v:x/><rasd:ResourceType>3</rasd:ResourceType><rasd:ElementName/><rasd:Address>0</rasd:Address><rasd:InstanceID>1</rasd:InstanceID><rasd:Parent>1</rasd:Parent>",
  );
  const moves = childOrder("1.1.1").moves(item);
  assert.deepEqual(
    moves.map(({ child }) => child.name),
    ["Address", "ResourceType", "x"],
  );
  for (const { child, before } of moves) item.insert(child, before ?? undefined);
  assert.deepEqual(names(item), ["Address", "ElementName", "InstanceID", "Parent", "ResourceType", "x"]);
  assert.deepEqual([...checkStructure(document, "1.1.1")], []);
  assert.deepEqual(childOrder("1.1.1").moves(item), []);
});

test("equal elements keep their order among themselves", () => {
  const { item } = open(
    "<rasd:InstanceID>1</rasd:InstanceID><rasd:Connection>a</rasd:Connection><rasd:ElementName/><rasd:Connection>b</rasd:Connection>",
  );
  for (const { child, before } of childOrder("1.1.1").moves(item)) item.insert(child, before ?? undefined);
  assert.deepEqual(names(item), ["Connection", "Connection", "ElementName", "InstanceID"]);
  assert.deepEqual(
    [...item.elements(RASD, "Connection")].map(({ text }) => text),
    ["a", "b"],
  );
});

test("a new child has its place in front of the first that comes later", () => {
  const { item } = open("<rasd:ElementName/><rasd:InstanceID>1</rasd:InstanceID><rasd:Parent>1</rasd:Parent>");
  const order = childOrder("1.1.1");
  assert.equal(order.placeFor(item, RASD, "Address")?.name, "ElementName");
  assert.equal(order.placeFor(item, RASD, "Limit")?.name, "Parent");
  assert.equal(order.placeFor(item, "urn:v", "x"), null);
  assert.equal(order.placeFor(item, RASD, "Nothing"), undefined);
});

test("where the schema does not know an element, nothing moves", () => {
  const { document, item } = open("<v:x><rasd:Limit>1</rasd:Limit><rasd:Address>1</rasd:Address></v:x>");
  const order = childOrder("1.1.1");
  const unknown = item.element("urn:v", "x");
  assert.ok(unknown !== undefined);
  assert.deepEqual(order.moves(unknown), []);
  assert.equal(order.placeFor(unknown, RASD, "Address"), undefined);
  assert.deepEqual(order.moves(document.root), []);
});
