package demo

const questionsQuery = `query Questions {
  viewer { role user { name } }
  tracks(first: 20) { edges { node { questions(first: 50) { edges { node { id slug title prompt } } } } } }
}`

const submitMutation = `mutation Submit($input: EssaySubmitInput!) {
  essaySubmit(input: $input) { essay { id } userErrors { code message } }
}`

const progressQuery = `subscription Progress($id: ID!) {
  essayProgress(id: $id) { seq stage percent }
}`

// resultQuery reads everything that a results page shows, at once.
const resultQuery = `query Result($id: ID!) {
  essay(id: $id) { latestRun {
    stage flags failure { code message }
    engine { name version model }
    overall { percent interval { low high } }
    scores {
      value provisional interval { low high }
      criterion { title weight scale { min max } }
      explanation {
        summary
        evidence { quote points polarity keyPointLabel reason }
        keyPoints { label status degree }
        citations { quote similarity passage { title } }
      }
    }
    recommendations {
      note degraded
      items {
        rank score rationale
        credential { title provider level price duration }
        parts { signal value weight contribution }
        traces { text }
      }
    }
  } }
}`

type progressEvent struct {
	Progress struct {
		Seq     int64
		Stage   string
		Percent int
	} `json:"essayProgress"`
}

type resultData struct {
	Essay *struct {
		LatestRun *run
	}
}

type run struct {
	Stage   string
	Flags   []string
	Failure *struct{ Code, Message string }
	Engine  *struct{ Name, Version, Model string }
	Overall *struct {
		Percent  float64
		Interval interval
	}
	Scores          []score
	Recommendations *struct {
		Note     string
		Degraded bool
		Items    []item
	}
}

type interval struct{ Low, High float64 }

type score struct {
	Value       float64
	Provisional bool
	Interval    interval
	Criterion   struct {
		Title  string
		Weight float64
		Scale  struct{ Min, Max float64 }
	}
	Explanation *explanation
}

type explanation struct {
	Summary  string
	Evidence []struct {
		Quote, Polarity, Reason string
		KeyPointLabel           string
		Points                  float64
	}
	KeyPoints []struct {
		Label, Status string
		Degree        float64
	}
	Citations []struct {
		Quote      string
		Similarity float64
		Passage    *struct{ Title string }
	}
}

type item struct {
	Rank       int
	Score      float64
	Rationale  string
	Credential *struct{ Title, Provider, Level, Price, Duration string }
	Parts      []struct {
		Signal                      string
		Value, Weight, Contribution float64
	}
	Traces []struct{ Text string }
}
