// Writes what the binary serves to generated/: the SDL, from which the other packages generate, and the answer
// to the introspection query, for caches that want to know the schema.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { buildSchema, introspectionFromSchema } from "graphql";
import { binary } from "./server.ts";

const folder = new URL("generated/", import.meta.url);
const sdl = execFileSync(binary, ["schema"], { encoding: "utf8" });
mkdirSync(folder, { recursive: true });
writeFileSync(new URL("schema.graphql", folder), sdl);
writeFileSync(new URL("introspection.json", folder), JSON.stringify(introspectionFromSchema(buildSchema(sdl))));
