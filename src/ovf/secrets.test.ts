import assert from "node:assert/strict";
import { test } from "node:test";
import { withoutSecrets } from "./secrets.js";

/** What `withoutSecrets` leaves of the value `hidden`, with the length of the whole unchanged. */
function shown(text: string): string {
  const result = withoutSecrets(text);
  assert.equal(result.length, text.length);
  return result;
}

test("values of password properties are stars, wherever they stand, and all else stays", () => {
  for (const [text, result] of [
    [
      '<Property ovf:key="a" ovf:password="true" ovf:value="hidden"/>',
      '<Property ovf:key="a" ovf:password="true" ovf:value="******"/>',
    ],
    ["<P value = 'hid\nden' password='1'/>", "<P value = '***\n***' password='1'/>"],
    [
      '<P o:password="yes"><Label>x</Label><Value o:value="hidden" o:configuration="c"/></P><Q value="open"/>',
      '<P o:password="yes"><Label>x</Label><Value o:value="******" o:configuration="c"/></P><Q value="open"/>',
    ],
    ['<P password="true" value="a&gt;>b"/>', '<P password="true" value="*******"/>'],
  ] as const)
    assert.equal(shown(text), result);
});

test("so are values of settings whose name says that they hold a secret", () => {
  for (const name of [
    "guestinfo.Password",
    "root.passwd",
    "api-key",
    "RemoteDisplay.vnc.key",
    "auth_token",
    "ssh.private_key",
  ]) {
    assert.equal(
      shown(`<vmw:ExtraConfig vmw:key="${name}" vmw:value="hidden"/>`),
      `<vmw:ExtraConfig vmw:key="${name}" vmw:value="******"/>`,
    );
  }
  assert.equal(
    shown('<ExtraDataItem name="Password" value="hidden"/>'),
    '<ExtraDataItem name="Password" value="******"/>',
  );
});

test("what is no secret stays as it is, also beside words that sound like one", () => {
  for (const text of [
    '<Property ovf:key="host" ovf:password="false" ovf:value="web"/>',
    '<Property ovf:key="a" ovf:value="password"/>',
    '<!-- <P password="true" value="x"> --><A value="1"/>',
    '<a><![CDATA[<P password="true" value="x">]]></a>',
    "",
  ])
    assert.equal(shown(text), text);
});

test("a text of millions of tags or letters takes no time", { timeout: 20_000 }, () => {
  shown(`<P password="true" value="${"x".repeat(10_000_000)}"/>`);
  shown(`<a password="1">${'<b value="x"/>'.repeat(500_000)}</a>`);
  shown(`<${"p".repeat(5_000_000)} password="true" value="x"/>`);
  shown(`<P password="true"${" ".repeat(5_000_000)}/>`);
});
