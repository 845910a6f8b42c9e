package seeding

import (
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent/enums"
)

// namespace is that of all ids made here. It never changes: the ids stand in other people's databases.
var namespace = uuid.MustParse("6f1c7a52-9b0e-5d43-8f27-c1d5e0a4b3f8")

// id is the UUIDv5 of a kind and a path of slugs, which hold no slash: the same in every database.
// Rows that people make have ids of version 7, so that version 5 tells what the seeds own.
func id(kind string, path ...string) uuid.UUID {
	return uuid.NewSHA1(namespace, []byte(kind+"/"+strings.Join(path, "/")))
}

func seeded(id uuid.UUID) bool { return id.Version() == 5 }

// SkillID is the id of a skill of the seeds.
func SkillID(skill string) uuid.UUID { return id("skill", skill) }

// TrackID is the id of a track of the seeds.
func TrackID(track string) uuid.UUID { return id("track", track) }

// PassageID is the id of a passage of a track of the seeds.
func PassageID(track, passage string) uuid.UUID { return id("passage", track, passage) }

// QuestionID is the id of a question of a track of the seeds.
func QuestionID(track, question string) uuid.UUID { return id("question", track, question) }

// RubricID is the id of one version of the rubric of a question of the seeds.
func RubricID(track, question string, version int) uuid.UUID {
	return id("rubric", track, question, strconv.Itoa(version))
}

// CriterionID is the id of a criterion of a rubric of the seeds.
func CriterionID(track, question string, version int, key string) uuid.UUID {
	return id("criterion", track, question, strconv.Itoa(version), key)
}

// KeyPointID is the id of a key point of a rubric of the seeds.
func KeyPointID(track, question string, version int, key string) uuid.UUID {
	return id("key_point", track, question, strconv.Itoa(version), key)
}

// ReferenceAnswerID is the id of the model answer or a sample answer of a rubric of the seeds.
func ReferenceAnswerID(track, question string, version int, kind enums.ReferenceKind) uuid.UUID {
	return id("reference_answer", track, question, strconv.Itoa(version), string(kind))
}

// CredentialID is the id of a credential of the seeds.
func CredentialID(credential string) uuid.UUID { return id("credential", credential) }

// UserID is the id of a person of the development mode.
func UserID(user string) uuid.UUID { return id("user", user) }

// CohortID is the id of a cohort of the development mode.
func CohortID(cohort string) uuid.UUID { return id("cohort", cohort) }

func membershipID(cohort, user string) uuid.UUID { return id("membership", cohort, user) }
