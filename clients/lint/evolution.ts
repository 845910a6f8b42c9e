// What a change of the contract means to those who use it, by graphql-inspector and the promise of
// CHANGELOG.md: nothing is taken away that was not deprecated, with its date, for at least 90 days.
import { type Change, CriticalityLevel, diff } from "@graphql-inspector/core";
import {
  buildSchema, getNamedType, type GraphQLArgument, type GraphQLEnumValue, type GraphQLField, type GraphQLInputField, type GraphQLSchema,
  isEnumType, isInputObjectType, isInterfaceType, isIntrospectionType, isObjectType, isUnionType,
} from "graphql";
import { removal } from "./rules.ts";

/** For how long a deprecated element stays at least, in days. */
export const grace = 90;

const day = 24 * 60 * 60 * 1000;

type Element = { deprecationReason?: string | null; uses?: string };

/** All elements that can be deprecated, by their paths, and what type each one is of. */
function elements(schema: GraphQLSchema): Map<string, Element> {
  const all = new Map<string, Element>();
  const add = (path: string, e: GraphQLField<unknown, unknown> | GraphQLArgument | GraphQLInputField | GraphQLEnumValue) =>
    all.set(path, { deprecationReason: e.deprecationReason, uses: "type" in e ? getNamedType(e.type).name : undefined });
  for (const type of Object.values(schema.getTypeMap())) {
    if (isIntrospectionType(type)) continue;
    if (isObjectType(type) || isInterfaceType(type)) {
      for (const f of Object.values(type.getFields())) {
        add(`${type.name}.${f.name}`, f);
        for (const a of f.args) add(`${type.name}.${f.name}.${a.name}`, a);
      }
      for (const i of type.getInterfaces()) all.set(`${type.name} implements ${i.name}`, { uses: i.name });
    } else if (isInputObjectType(type)) {
      for (const f of Object.values(type.getFields())) add(`${type.name}.${f.name}`, f);
    } else if (isEnumType(type)) {
      for (const v of type.getValues()) add(`${type.name}.${v.name}`, v);
    } else if (isUnionType(type)) {
      for (const t of type.getTypes()) all.set(`${type.name} | ${t.name}`, { uses: t.name });
    }
  }
  return all;
}

const removalDate = (e: Element | undefined): number => Date.parse(removal.exec(e?.deprecationReason ?? "")?.[1] ?? "");

/** Tells whether an element of the release may be gone today: it, or what it stands in, was deprecated until now. */
function mayGo(path: string, released: Map<string, Element>, today: Date, above: Set<string> = new Set()): boolean {
  if (above.has(path)) return true; // a circle of types goes when all that leads to it goes
  above.add(path);
  if (removalDate(released.get(path)) <= today.getTime()) return true;
  const parent = path.replace(/( implements | \| |\.)\w+$/, "");
  if (parent !== path) return mayGo(parent, released, today, above);
  const uses = [...released].filter(([, e]) => e.uses === path).map(([p]) => p); // path is a type
  return uses.length > 0 && uses.every((p) => mayGo(p, released, today, above));
}

export type Report = { problems: string[]; changes: readonly Change[] };

/** Compares the contract with its last release. changelog is the text of what is not released yet. */
export async function evolution(releasedSDL: string, servedSDL: string, changelog: string, today: Date): Promise<Report> {
  const [released, served] = [buildSchema(releasedSDL), buildSchema(servedSDL)];
  const changes = await diff(released, served);
  const problems: string[] = [];
  const before = elements(released);
  for (const { message, path = "", criticality } of changes) {
    if (criticality.level === CriticalityLevel.Breaking && !(wasRemoved(path, served) && mayGo(path, before, today))) {
      problems.push(`breaking: ${message} (${path}). Deprecate it first, and keep it for ${grace} days`);
    }
    if (path.includes(".@deprecated")) continue; // looked at below
    if (criticality.level === CriticalityLevel.Dangerous && !changelog.includes(`\`${path}\``)) {
      problems.push(`dangerous: ${message}. Name \`${path}\` under "Unreleased" in CHANGELOG.md, and say what clients should look at`);
    }
  }
  for (const [path, e] of elements(served)) {
    if (!e.deprecationReason || before.get(path)?.deprecationReason === e.deprecationReason) continue;
    if (!(removalDate(e) >= today.getTime() + grace * day)) {
      problems.push(`${path} is newly deprecated: its reason must end with "Removal: YYYY-MM-DD", at least ${grace} days from now`);
    }
  }
  return { problems, changes };
}

/** A changed type or nullability is breaking too, and no deprecation allows it. */
function wasRemoved(path: string, served: GraphQLSchema): boolean {
  return !elements(served).has(path) && !served.getType(path);
}

/** The part of a changelog between the heading "Unreleased" and the next one. */
export function unreleased(changelog: string): string {
  return /^## Unreleased$(.*?)(?=^## |(?![\s\S]))/ms.exec(changelog)?.[1] ?? "";
}
