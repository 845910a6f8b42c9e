// What the compiler must refuse. A line below @ts-expect-error that compiles is an error.
import type { FragmentType } from "./generated/index.ts";
import { readFragment } from "./generated/index.ts";
import type * as documents from "./generated/graphql.ts";
import type { HomeEssayFragmentDoc, SubmitRunFragmentDoc } from "./generated/graphql.ts";

/** A component reads its own fragment and no more. */
export function masked(home: documents.LearnerHomeQuery, essay: FragmentType<typeof HomeEssayFragmentDoc>, fragment: typeof HomeEssayFragmentDoc): number {
  // @ts-expect-error the fields of a fragment are for the component that owns it
  void home.essays?.edges;
  // @ts-expect-error another component's fragment
  void readFragment(fragment, {} as FragmentType<typeof SubmitRunFragmentDoc>);
  return readFragment(fragment, essay).words;
}

/** Scalars have types of their own. */
export function scalars(state: NonNullable<documents.SubmitProgressSubscription["essayProgress"]>): [number, string] {
  // @ts-expect-error a Sequence is a number
  const seq: string = state.seq;
  void seq;
  return [state.seq, state.changedAt];
}

/** A @oneOf input takes one field, and an order names a known one. */
export const whole: documents.LiveActivitySubscriptionVariables = { scope: { everything: true } };
// @ts-expect-error two scopes at once
export const both: documents.LiveActivitySubscriptionVariables = { scope: { everything: true, cohortId: "cohort_1" } };
// @ts-expect-error no such order
export const order: documents.AdvisorCohortQueryVariables = { cohort: "cohort_1", orderBy: { field: "WORDS" } };
