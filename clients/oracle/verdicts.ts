// The Go side of the comparison.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const repository = fileURLToPath(new URL("../..", import.meta.url));

/** Runs the Go side and gives the lines that it writes. */
export async function* verdicts(args: string[], input = ""): AsyncGenerator<any> {
  const program = spawn("go", ["run", "./graph/internal/verdicts", ...args], { cwd: repository, stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise<number | null>((resolve, reject) => program.on("error", reject).on("close", resolve));
  program.stdin.end(input);
  for await (const line of createInterface({ input: program.stdout })) yield JSON.parse(line);
  assert.equal(await ended, 0, "the Go side failed; its words are above");
}
