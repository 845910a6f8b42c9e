// Runs relay-compiler on documents/. It writes the manifest of persisted documents only into a file that is
// there, and imports without the extension that Node.js asks for.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";

const folder = new URL("__generated__/", import.meta.url);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
writeFileSync(new URL("persisted.json", folder), "{}\n");
execFileSync("relay-compiler", ["relay.config.json"], { stdio: ["ignore", "ignore", "inherit"] });
for (const name of readdirSync(folder).filter((n) => n.endsWith(".ts"))) {
  const file = new URL(name, folder);
  const source = readFileSync(file, "utf8");
  writeFileSync(file, source.replaceAll(/(from ['"]\.\/[^'"]+\.graphql)(['"])/g, "$1.ts$2"));
}
