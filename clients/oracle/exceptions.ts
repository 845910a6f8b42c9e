// Where the API and graphql-js 16.15.0 differ on purpose. Each exception is as narrow as its reason.
import type { Verdict } from "./judge.ts";

export type Ours = {
  query: string;
  operationName?: string;
  variables?: Record<string, unknown>;
  faults?: string[];
  accepted: boolean;
  code?: string;
  message?: string;
};

type Exception = { reason: string; applies: (ours: Ours, theirs: Verdict) => boolean };

const weRefuse = (part: string) => (ours: Ours, theirs: Verdict) => theirs.accepted && (ours.message ?? "").includes(part);

export const exceptions: Exception[] = [
  {
    // Section 5.2.4.1, CollectSubscriptionFields. graphql-js skips such a field if it can, or throws.
    reason: "The specification of September 2025 allows neither @skip nor @include at the root of a subscription.",
    applies: (ours, theirs) =>
      weRefuse("The root field of a subscription cannot be skipped")(ours, theirs) ||
      (weRefuse("must not select an introspection top level field")(ours, theirs) && /@(skip|include)\b/.test(ours.query)),
  },
  {
    // Section 5.8.5, IsNonNullPosition. graphql-js has the rule, but does not find the parent of the field.
    reason: "A variable that may be null must not be given to a field of a @oneOf input.",
    applies: (ours, theirs) =>
      weRefuse("must be of a type that is never null")(ours, theirs) || weRefuse("must be non-nullable to be used for OneOf Input Object")(ours, theirs),
  },
  {
    // graphql-js takes the operation, and gives the field that error (section 6.4.1). We refuse the whole,
    // because the library would hand null to a resolver that is promised a value.
    reason: "A variable with a default value is null where null may not stand.",
    applies: (ours, theirs) =>
      weRefuse("The variable is null where a value of")(ours, theirs) && Object.values(ours.variables ?? {}).includes(null),
  },
  {
    // Section 3.5.5 leaves the form of ids to the service. Ours are texts; a number that long is not kept exactly.
    reason: "An id written as a whole number beyond 64 bits is none.",
    applies: (ours, theirs) => theirs.accepted && !ours.accepted && ours.query.includes("99999999999999999999"),
  },
  {
    // The grammar of October 2021; that of September 2025 takes every character. Escaped they are taken.
    reason: "Control characters must be escaped.",
    // eslint-disable-next-line no-control-regex
    applies: (ours, theirs) => theirs.accepted && ours.code === "GRAPHQL_PARSE_FAILED" && /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/.test(ours.query),
  },
  {
    // Section 5.3.2, SameResponseShape. graphql-js knows no type of __typename when it compares two fields.
    reason: "__typename and a field of another type must not be asked for by one name.",
    applies: (ours, theirs) => weRefuse("conflict")(ours, theirs) && ours.query.includes(": __typename"),
  },
];
