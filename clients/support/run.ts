// Runs every program of the workspace against a server of its own, on the database at DATABASE_URL, which
// should be an empty one that nobody needs afterwards: first against a server in development mode; then, by
// the ids of their documents, against one in production that knows the manifests of codegen and Relay.
// The argument is an empty folder, or none yet, for the data of the servers.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { serve, tokens } from "./server.ts";

const workspace = fileURLToPath(new URL("..", import.meta.url));
const manifests = ["codegen/generated/persisted-documents.json", "relay/__generated__/persisted.json"];

/** Runs the test script of some packages, or of all; tells whether they passed. */
async function test(settings: Record<string, string>, ...packages: string[]): Promise<boolean> {
  const npm = spawn("npm", ["test", "--silent", ...packages.flatMap((name) => ["--workspace", name])], {
    cwd: workspace,
    stdio: "inherit",
    env: { ...process.env, ...settings },
  });
  const [code] = await once(npm, "exit");
  return code === 0;
}

const dataDir = process.argv[2];
if (!dataDir) throw new Error("usage: node support/run.ts FOLDER");
const secret = { RUBRICA_DATA_DIR: dataDir, RUBRICA_JWT_SECRET: randomBytes(48).toString("base64") };

const development = await serve(secret);
const people = tokens(dataDir);
const passed = await test({ ...people, RUBRICA_URL: development.url }).finally(development.stop);

const production = await serve({
  ...secret,
  RUBRICA_MODE: "production",
  RUBRICA_TRUSTED_DOCUMENTS: manifests.map((m) => join(workspace, m)).join(","),
});
const settings = { ...people, RUBRICA_URL: production.url, RUBRICA_DOCUMENTS: "trusted" };
const passedTrusted = await test(settings, "@rubrica/codegen", "@rubrica/relay").finally(production.stop);
process.exitCode = passed && passedTrusted ? 0 : 1;
