// The contract as it was last released.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const file = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));

export const releasedFile = file("release/schema.graphql");
export const changelogFile = file("CHANGELOG.md");

/** Undefined before the first release. */
export const releasedSDL = (): string | undefined => (existsSync(releasedFile) ? readFileSync(releasedFile, "utf8") : undefined);
