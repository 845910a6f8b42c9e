// What the client programs share: where the server is, who they are, and how they report.
import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import type { IntrospectionQuery } from "graphql";

/** Reads a setting that clients/README.md names. */
function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: clients/README.md says how to run a program by hand`);
  return value;
}

/** The API's address for HTTP and server-sent events, such as http://127.0.0.1:8080/graphql. */
export const httpUrl = (): string => setting("RUBRICA_URL");

/** The same address for WebSockets. */
export const webSocketUrl = (): string => httpUrl().replace(/^http/, "ws");

export type Role = "LEARNER" | "ADVISOR" | "ADMIN";

/** The headers, or the parameters of a WebSocket's connection_init, by which a role is signed in. */
export const signedIn = (role: Role): { Authorization: string } => ({
  Authorization: `Bearer ${setting(`${role}_TOKEN`)}`,
});

/** What a program expects. Each method prints a line, or ends the program with what was there instead. */
export interface Expect {
  that(what: string, holds: boolean, instead?: unknown): asserts holds;
  equal<T>(what: string, got: unknown, want: T): asserts got is T;
}

class Disappointed extends Error {}

/** Bounds a program that waits for what never comes. */
const limit = 60_000;

/** Runs a program. It ends the process with 1 when an expectation does not hold. */
export async function program(name: string, run: (expect: Expect) => Promise<void>): Promise<never> {
  const watch = setTimeout(() => {
    console.error(`FAIL ${name}: not finished after ${limit / 1000} s`);
    process.exit(1);
  }, limit);
  const expect: Expect = {
    that(what, holds, instead) {
      if (!holds) throw new Disappointed(`${what}${instead === undefined ? "" : `; got ${JSON.stringify(instead)}`}`);
      console.log(`ok   ${name}: ${what}`);
    },
    equal(what, got, want) {
      if (!isDeepStrictEqual(got, want)) {
        throw new Disappointed(`${what}; got ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);
      }
      console.log(`ok   ${name}: ${what}`);
    },
  };
  try {
    await run(expect);
  } catch (error) {
    console.error(`FAIL ${name}: ${error instanceof Disappointed ? error.message : (error as Error).stack}`);
    process.exit(1);
  }
  clearTimeout(watch);
  process.exit(0); // whatever a library still holds open
}

/** The question that the programs answer. */
export const track = "backend-engineer";

/** An essay, different each time, so that no two programs submit the same. */
export const essay = (): string => `Attempt ${crypto.randomUUID()}. When a service keeps answers in a cache it trades freshness
for speed, because the copy no longer follows the row that it was made from. I would remove the entry in the same step
that writes the new value, and let every entry expire after a short time besides, so that a removal that was lost heals
by itself. When an entry that many readers want disappears, they all go to the database at once; therefore only one of
them should compute it while the others wait for the result or get the old one. Whatever must be correct to the cent,
such as what a customer pays, should be read from the database itself.`;

/** The stages that end a scoring run. */
export const ended = (stage: string): boolean => stage === "COMPLETED" || stage === "FAILED";

/** The states of a run as a subscription must tell them: seq grows, and the last state alone is an end. */
export function checkStates(expect: Expect, states: readonly { seq: number; stage: string }[]): void {
  const seqs = states.map((s) => s.seq);
  expect.that(`${states.length} states, each newer than the one before`, seqs.every((s, i) => i === 0 || s > seqs[i - 1]!), seqs);
  expect.that("the last state, and no other, is an end", states.every((s, i) => ended(s.stage) === (i === states.length - 1)), states);
  expect.equal("the run was completed", states.at(-1)?.stage, "COMPLETED");
}

/** A list that was read to its end, page by page. */
export function checkPages(expect: Expect, ids: readonly string[], pages: number, total: number): void {
  expect.that(`${total} objects came in ${pages} pages`, pages > 1 && ids.length === total, ids.length);
  expect.equal("no object came twice", new Set(ids).size, ids.length);
}

/** Whether documents are to be sent by the ids of their manifests, as to a server in production. */
export const trusted = (): boolean => process.env.RUBRICA_DOCUMENTS === "trusted";

/** The schema that the programs were generated from. */
export const introspection = (): IntrospectionQuery =>
  JSON.parse(readFileSync(new URL("generated/introspection.json", import.meta.url), "utf8")) as IntrospectionQuery;
