// The contract as the server has it.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const binary = process.env.RUBRICA_BIN ?? fileURLToPath(new URL("../../bin/rubrica", import.meta.url));

export const served = (): string => execFileSync(binary, ["schema"], { encoding: "utf8" });
