package jobs

import (
	"strings"
	"testing"

	"github.com/riverqueue/river"
	"github.com/stretchr/testify/require"
)

// What admins read of a job's kind is one of the kinds that the contract names.
func TestKindsAreNamed(t *testing.T) {
	t.Parallel()
	for kind, args := range map[Kind]river.JobArgs{
		KindScore: ScoreArgs{}, KindRecommend: RecommendArgs{}, KindIndex: IndexArgs{}, KindRescore: RescoreArgs{},
		KindCalibrate: CalibrateArgs{}, KindRelist: RelistArgs{}, KindLearn: LearnArgs{}, KindRefit: RefitArgs{},
	} {
		require.Equal(t, string(kind), strings.ToUpper(args.Kind()))
	}
}
