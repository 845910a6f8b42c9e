// Runs every program of the workspace against a server of its own, on the database at DATABASE_URL, which
// should be an empty one that nobody needs afterwards. Arguments are npm's, such as -w @rubrica/apollo.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Server, serve, tokens } from "./server.ts";

const workspace = fileURLToPath(new URL("..", import.meta.url));
const dataDir = mkdtempSync(join(tmpdir(), "rubrica-clients-"));
let server: Server | undefined;
try {
  server = await serve({ RUBRICA_DATA_DIR: dataDir });
  const settings = { ...tokens(dataDir), RUBRICA_URL: server.url };
  const npm = spawn("npm", ["test", "--silent", ...process.argv.slice(2)], {
    cwd: workspace,
    stdio: "inherit",
    env: { ...process.env, ...settings },
  });
  const [code] = await once(npm, "exit");
  process.exitCode = code ?? 1;
} finally {
  await server?.stop();
  rmSync(dataDir, { recursive: true, force: true });
}
