// The audits of the package graphql-http: every MUST, SHOULD and MAY holds.
import { auditServer } from "graphql-http";
import { type Expect, httpUrl, program } from "@rubrica/support";

/** How many audits of each kind graphql-http has at the version that package.json pins. */
const wanted = { MUST: 13, SHOULD: 23, MAY: 25 };

await program("audits", async (expect: Expect) => {
  const results = await auditServer({ url: httpUrl() });
  for (const [kind, count] of Object.entries(wanted)) {
    const of = results.filter((r) => r.name.startsWith(`${kind} `));
    const failed = of.filter((r) => r.status !== "ok");
    const reasons = failed.map((r) => `${r.id} ${r.name}: ${"reason" in r ? r.reason : ""}`);
    expect.that(`${kind} ${of.length - failed.length}/${of.length}`, of.length === count && failed.length === 0, reasons);
  }
  expect.equal("no audit was left out", results.length, Object.values(wanted).reduce((a, b) => a + b));
});
