// Starts the program under test and stops it, by its process id.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** The binary that the programs run against: $RUBRICA_BIN, else what `make build` makes. */
export const binary = process.env.RUBRICA_BIN ?? fileURLToPath(new URL("../../bin/rubrica", import.meta.url));

export interface Server {
  /** Of the API. */
  url: string;
  /** Returns when the process is gone. */
  stop(): Promise<void>;
}

/** How long a server may take to begin or to end, in milliseconds. */
const patience = 60_000;

/** Starts `rubrica serve` on a free port of the loopback interface and waits until it serves. */
export async function serve(settings: Record<string, string>, flags: string[] = []): Promise<Server> {
  const process_ = spawn(binary, ["serve", ...flags], {
    env: { ...process.env, ...settings, RUBRICA_ADDRESS: "127.0.0.1:0", RUBRICA_LOG_FORMAT: "json", RUBRICA_LOG_LEVEL: "info" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const log: string[] = [];
  const address = await new Promise<string>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`the server did not begin:\n${log.join("\n")}`)), patience);
    process_.once("error", reject);
    process_.once("exit", (code) => reject(new Error(`the server ended with ${code}:\n${log.join("\n")}`)));
    createInterface({ input: process_.stderr! }).on("line", (line) => {
      log.push(line);
      const entry = parse(line);
      if (entry?.msg === "serving") {
        clearTimeout(late);
        resolve(String(entry.address));
      } else if (entry?.level === "ERROR") {
        console.error(line);
      }
    });
  }).catch(async (error: unknown) => {
    await stop(process_);
    throw error;
  });
  return { url: `http://${address}/graphql`, stop: () => stop(process_) };
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** Asks the process to stop, and makes it when it does not. */
async function stop(process_: ChildProcess): Promise<void> {
  if (process_.exitCode !== null || process_.signalCode !== null) return;
  const gone = once(process_, "exit");
  process_.kill("SIGTERM");
  const late = setTimeout(() => process_.kill("SIGKILL"), patience);
  await gone;
  clearTimeout(late);
}

/** The tokens that a development server leaves in its data folder, as settings of the programs. */
export function tokens(dataDir: string): Record<string, string> {
  const { tokens } = JSON.parse(readFileSync(join(dataDir, "server.json"), "utf8")) as { tokens: Record<string, string> };
  return { LEARNER_TOKEN: tokens.lena!, ADVISOR_TOKEN: tokens.arno!, ADMIN_TOKEN: tokens.ada! };
}
