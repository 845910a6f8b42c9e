package dataset

import "strconv"

// Answer is a short answer with its question.
type Answer struct {
	ID         string // unique within the set
	Split      string // SAF: "training" or "unseen_answers"; Mohler: the assignment
	QuestionID string
	Question   string
	Reference  string // an answer that would be given all points
	Text       string
	Score      float64
	MaxScore   float64
	Raters     []float64 // Mohler: the two people's scores, of which Score is the mean
	Feedback   string    // SAF: what the grader wrote
}

// Share is the score as a share of the points, 0 to 1.
func (a *Answer) Share() float64 { return a.Score / a.MaxScore }

// SAF reads the English half of SAF 2 (Filighera et al. 2022): answers on communication networks.
func SAF(folder string) ([]Answer, error) {
	var out []Answer
	seen := once{}
	columns := []string{"split", "question_id", "answer_id", "question", "reference_answer", "answer", "score", "max_score", "feedback"}
	err := read(folder, "short_answers/saf.csv.gz", columns, func(t *table) error {
		a := answer(t)
		a.Split, a.Feedback = t.text("split"), t.row[t.columns["feedback"]]
		a.ID = a.Split + " " + t.text("answer_id")
		seen.add(t, a.ID)
		out = append(out, a)
		return nil
	})
	return out, err
}

// Mohler reads the short answers of Mohler, Bunescu and Mihalcea (2011) on computer science.
func Mohler(folder string) ([]Answer, error) {
	var out []Answer
	columns := []string{"assignment", "question_id", "question", "reference_answer", "answer", "score", "max_score", "rater1", "rater2"}
	err := read(folder, "short_answers/mohler.csv.gz", columns, func(t *table) error {
		a := answer(t)
		a.Split = t.text("assignment")
		a.ID = a.QuestionID + "#" + strconv.Itoa(t.line) // the set names no answers, and two may be alike
		a.Raters = []float64{t.number("rater1"), t.number("rater2")}
		for _, v := range a.Raters {
			t.within("a rater's score", v, 0, a.MaxScore)
		}
		out = append(out, a)
		return nil
	})
	return out, err
}

func answer(t *table) Answer {
	a := Answer{
		QuestionID: t.text("question_id"), Question: t.text("question"), Reference: t.text("reference_answer"),
		Text: t.row[t.columns["answer"]], Score: t.number("score"), MaxScore: t.number("max_score"),
	}
	if a.MaxScore <= 0 && t.fault == nil {
		t.within("max_score", a.MaxScore, 1e-9, 1e9)
	}
	t.within("score", a.Score, 0, a.MaxScore)
	return a
}
