// The way of an essay: the question, the submission, the states, and the result, which can be fetched again
// by the essay's global id.
import { graphql } from "relay-runtime";

export const question = graphql`
  query EssayQuestionQuery($track: String!) {
    track(slug: $track) {
      id
      title
      questions(first: 1) {
        edges {
          node {
            id
            title
          }
        }
      }
    }
  }
`;

export const submit = graphql`
  mutation EssaySubmitMutation($input: EssaySubmitInput!) {
    essaySubmit(input: $input) {
      essay {
        ...Essay_result
      }
      userErrors {
        field
        code
        message
      }
    }
  }
`;

export const progress = graphql`
  subscription EssayProgressSubscription($essay: ID!) {
    essayProgress(id: $essay) {
      seq
      stage
      run {
        id
        stage
        percent
      }
    }
  }
`;

export const result = graphql`
  fragment Essay_result on Essay @refetchable(queryName: "EssayResultRefetchQuery") {
    id
    latestRun {
      id
      stage
      percent
      overall {
        percent
      }
      scores {
        id
        value
        criterion {
          id
          title
        }
      }
    }
  }
`;
