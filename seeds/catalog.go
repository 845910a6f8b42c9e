package seeds

// Catalog is everything that a set of seed files says, checked: references lead somewhere, slugs
// are unique where they have to be. Texts are free of surrounding white space, their paragraphs
// stand on one line each with an empty line between them.
type Catalog struct {
	Skills      []Skill      // in the order of the file
	Tracks      []Track      // by slug
	Credentials []Credential // by area, then in the order of the file
	People      People       // empty when there is no people.yaml
}

// Skill is one entry of the vocabulary that questions, credentials and tracks share.
type Skill struct {
	Slug string `yaml:"slug"`
	Name string `yaml:"name"`
	ONet string `yaml:"onet"` // element or technology category of O*NET 29
}

// Track is one path of learning.
type Track struct {
	Slug       string     `yaml:"slug"`
	Title      string     `yaml:"title"`
	Summary    string     `yaml:"summary"`
	Occupation string     `yaml:"occupation"` // O*NET-SOC code
	Skills     []string   `yaml:"skills"`     // slugs, most central first
	Passages   []Passage  `yaml:"-"`          // in the order of the file
	Questions  []Question `yaml:"-"`          // by slug
}

// Passage is a reference text that a grader could check an answer against.
type Passage struct {
	Slug   string   `yaml:"slug"` // unique within the track
	Title  string   `yaml:"title"`
	Skills []string `yaml:"skills"`
	Text   string   `yaml:"text"`
}

// Level says how much a question or a credential asks of a learner.
type Level string

// The levels, easiest first.
const (
	Foundation   Level = "FOUNDATION"
	Intermediate Level = "INTERMEDIATE"
	Advanced     Level = "ADVANCED"
)

// Question is an essay question with all that scores it.
type Question struct {
	Slug    string    `yaml:"slug"` // unique within the track
	Title   string    `yaml:"title"`
	Prompt  string    `yaml:"prompt"`
	Level   Level     `yaml:"level"`
	Skills  []string  `yaml:"skills"` // most central first
	Words   WordRange `yaml:"words"`
	Rubric  Rubric    `yaml:"rubric"`
	Samples Samples   `yaml:"samples"`
}

// WordRange is the advised length of an answer, in words; Min is below Max.
type WordRange struct {
	Min int `yaml:"min"`
	Max int `yaml:"max"`
}

// Rubric is one version of the rules by which the answers to a question are scored.
type Rubric struct {
	Version     int         `yaml:"version"`
	Criteria    []Criterion `yaml:"criteria"` // one for each trait; the weights add up to 1
	KeyPoints   []KeyPoint  `yaml:"keyPoints"`
	ModelAnswer string      `yaml:"modelAnswer"` // never shown to a learner
}

// Criterion is one line of a rubric.
type Criterion struct {
	Key         string           `yaml:"key"`   // unique within the rubric
	Trait       string           `yaml:"trait"` // CONTENT, REASONING, ORGANIZATION or CLARITY
	Title       string           `yaml:"title"`
	Description string           `yaml:"description"`
	Weight      float64          `yaml:"weight"` // 0…1
	Scale       Scale            `yaml:"scale"`
	Levels      []CriterionLevel `yaml:"levels"` // ascending, from Scale.Min to Scale.Max
}

// Scale lists the scores that may be given: Min, Min + Step, … Max.
type Scale struct {
	Min  float64 `yaml:"min"`
	Max  float64 `yaml:"max"`
	Step float64 `yaml:"step"`
}

// CriterionLevel describes what one score of a criterion looks like.
type CriterionLevel struct {
	Score      float64 `yaml:"score"`
	Descriptor string  `yaml:"descriptor"`
}

// KeyPoint is a statement that a grader looks for. Label may be shown to a learner, Text may not.
type KeyPoint struct {
	Key    string   `yaml:"key"` // unique within the rubric
	Label  string   `yaml:"label"`
	Text   string   `yaml:"text"`
	Weight float64  `yaml:"weight"` // relative to the other key points
	Skills []string `yaml:"skills"` // what is missing when the point is missed
}

// Samples are answers that learners might have written, one of each quality.
type Samples struct {
	Strong   string `yaml:"strong"`
	Middling string `yaml:"middling"`
	Weak     string `yaml:"weak"`
}

// Credential is a real micro-credential.
type Credential struct {
	Area        string         `yaml:"-"`    // name of its file, without the ending
	Slug        string         `yaml:"slug"` // unique in the catalogue
	Title       string         `yaml:"title"`
	Provider    string         `yaml:"provider"`
	URL         string         `yaml:"url"` // the provider's own page, absolute, https; empty where there is none to rely on
	Kind        CredentialKind `yaml:"kind"`
	Level       Level          `yaml:"level"`
	Duration    Duration       `yaml:"duration"`
	Price       Price          `yaml:"price"`
	Teaches     []string       `yaml:"teaches"`  // skill slugs, most central first
	Requires    []string       `yaml:"requires"` // skill slugs; none that it teaches
	Description string         `yaml:"description"`
}

// CredentialKind says what a credential is awarded for.
type CredentialKind string

// The kinds of credential.
const (
	Certification CredentialKind = "CERTIFICATION" // an examination
	Certificate   CredentialKind = "CERTIFICATE"   // a programme of courses
	Course        CredentialKind = "COURSE"        // a single course
)

// Duration is a class of learning time.
type Duration string

// The classes of learning time.
const (
	DurationShort   Duration = "SHORT"  // below 10 hours
	DurationMedium  Duration = "MEDIUM" // 10 to 40 hours
	DurationLong    Duration = "LONG"   // above 40 hours
	DurationUnknown Duration = "UNKNOWN"
)

// Price is a class of price.
type Price string

// The classes of price.
const (
	PriceFree    Price = "FREE"
	PricePaid    Price = "PAID"
	PriceUnknown Price = "UNKNOWN"
)

// People are the users and cohorts that the development mode starts with.
type People struct {
	Users   []User   `yaml:"users"`
	Cohorts []Cohort `yaml:"cohorts"`
}

// Role says what a user may do.
type Role string

// The roles.
const (
	RoleLearner Role = "LEARNER"
	RoleAdvisor Role = "ADVISOR"
	RoleAdmin   Role = "ADMIN"
)

// User is someone who can sign in to the development mode.
type User struct {
	Slug   string   `yaml:"slug"`
	Name   string   `yaml:"name"`
	Email  string   `yaml:"email"` // unique, in example.org
	Role   Role     `yaml:"role"`
	Tracks []string `yaml:"tracks"` // slugs of the tracks a learner is interested in, keenest first
}

// Cohort is a group of learners who follow one track, with their advisors.
type Cohort struct {
	Slug     string   `yaml:"slug"`
	Title    string   `yaml:"title"`
	Track    string   `yaml:"track"`    // slug of a track
	Advisors []string `yaml:"advisors"` // slugs of users
	Learners []string `yaml:"learners"` // slugs of users
}
