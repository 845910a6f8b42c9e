package main

import (
	"github.com/rubrica/rubrica/graph/cost"
	"github.com/rubrica/rubrica/internal/config"
)

// limits are the configured limits of cost.
func limits(c *config.Config) *cost.Limits {
	return &cost.Limits{
		Anonymous: cost.Limit(c.LimitAnonymous), Learner: cost.Limit(c.LimitLearner),
		Advisor: cost.Limit(c.LimitAdvisor), Admin: cost.Limit(c.LimitAdmin),
	}
}
