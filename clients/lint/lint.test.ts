import assert from "node:assert/strict";
import { test } from "node:test";
import { findings } from "./findings.ts";
import { served } from "./served.ts";

test("the served SDL has no findings", async () => {
  assert.deepEqual(await findings(served()), []);
});
