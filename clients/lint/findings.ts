import { ESLint } from "eslint";
import { rulesFor } from "./rules.ts";

/**
 * What the rules say to an SDL. The plugin keeps the first schema that a process gives it for the rules
 * that look at the whole: hold unlike schemas against them in test files of their own.
 */
export async function findings(sdl: string): Promise<string[]> {
  const eslint = new ESLint({ overrideConfigFile: true, overrideConfig: rulesFor(sdl) });
  const results = await eslint.lintText(sdl, { filePath: "schema.graphql" });
  return results.flatMap((r) => r.messages.map((m) => `${m.line}:${m.column} ${m.ruleId}: ${m.message}`));
}
