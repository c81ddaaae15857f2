/** `ssh`, `sftp` and `powershell.exe` of a machine that reaches a fake host of Hyper-V: what they are told goes to the host that `FAKE_HYPERV` leads to. */
import { readFileSync } from "node:fs";
import { connect } from "node:net";

const [program = "", ...args] = process.argv.slice(2);
const input = program === "sftp" ? readFileSync(0, "utf8") : "";
const socket = connect(process.env.FAKE_HYPERV ?? "/nonexistent");
socket.write(`${JSON.stringify({ program, args, input })}\n`);
let answer = "";
socket.setEncoding("utf8");
socket.on("data", (text: string) => {
  answer += text;
});
socket.on("error", (cause) => {
  console.error(cause.message);
  process.exitCode = 255;
});
socket.on("end", () => {
  if (answer === "") return;
  const { stdout, stderr, status } = JSON.parse(answer);
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  process.exitCode = status;
});
