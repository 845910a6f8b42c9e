package migrations

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var good = facts{serverVersion: 180004, schema: "public", available: "0.8.5", installed: "0.8.5", vectorSchema: "public", visible: true}

// Servers that cannot be started here are told by what their catalogues would say.
func TestRequirements(t *testing.T) {
	t.Parallel()
	require.NoError(t, good.check())
	for name, c := range map[string]struct {
		change func(*facts)
		want   Requirement
		fix    string
	}{
		"old server":        {func(f *facts) { f.serverVersion = 150018 }, ServerVersion, "PostgreSQL 16"},
		"no schema":         {func(f *facts) { f.schema = "" }, SchemaExists, "CREATE SCHEMA"},
		"no vector":         {func(f *facts) { f.installed, f.available, f.visible = "", "", false }, VectorInstalled, "postgresql-18-pgvector"},
		"old package":       {func(f *facts) { f.installed, f.available, f.visible = "", "0.7.4", false }, VectorVersion, "install pgvector"},
		"old extension":     {func(f *facts) { f.installed = "0.7.4" }, VectorVersion, "run ALTER EXTENSION"},
		"both old":          {func(f *facts) { f.installed, f.available = "0.5.0", "0.7.4" }, VectorVersion, "install pgvector"},
		"in another schema": {func(f *facts) { f.visible, f.vectorSchema = false, "ext" }, VectorVisible, "append ext"},
	} {
		f := good
		c.change(&f)
		var e *RequirementError
		require.ErrorAs(t, f.check(), &e, name)
		assert.Equal(t, c.want, e.Requirement, name)
		assert.Contains(t, e.Fix, c.fix, name)
	}
	available := good
	available.installed, available.visible, available.vectorSchema = "", false, ""
	assert.NoError(t, available.check(), "the first file creates it")
}

func TestVersionOrder(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b  string
		older bool
	}{{"0.8.5", "0.8", false}, {"0.8", "0.8.0", false}, {"0.7.9", "0.8", true}, {"0.10", "0.8", false}, {"1", "0.8", false}, {"", "0.8", true}} {
		assert.Equal(t, c.older, older(c.a, c.b), "%s < %s", c.a, c.b)
	}
}

func TestHashCoversRiver(t *testing.T) {
	t.Parallel()
	assert.Len(t, Hash(), 12)
	assert.NotEmpty(t, riverVersions())
}
