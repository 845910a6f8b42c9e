// Writes the served SDL to generated/schema.graphql, from which the other packages generate.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const binary = process.env.RUBRICA_BIN ?? fileURLToPath(new URL("../../bin/rubrica", import.meta.url));
const folder = new URL("generated/", import.meta.url);
mkdirSync(folder, { recursive: true });
writeFileSync(new URL("schema.graphql", folder), execFileSync(binary, ["schema"]));
