package auth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/logging"
	"github.com/rubrica/rubrica/internal/server"
	"github.com/rubrica/rubrica/internal/viewer"
)

// whoami answers with the viewer's id, or "nobody".
var whoami = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	if v, ok := viewer.FromContext(r.Context()); ok {
		_, _ = w.Write([]byte(v.ID.String()))
		return
	}
	_, _ = w.Write([]byte("nobody"))
})

func TestMiddleware(t *testing.T) {
	a, source, clock := authority(t)
	var log bytes.Buffer
	h := a.Middleware(whoami, logging.New(&log, logging.Options{}))
	ask := func(headers ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "/graphql", nil)
		r = r.WithContext(server.WithRequestID(r.Context(), "r-1"))
		for _, v := range headers {
			r.Header.Add("Authorization", v)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	good := issue(t, a, lena, time.Hour).Raw
	unknown := issue(t, a, uuid.New(), time.Hour).Raw
	short := issue(t, a, lena, time.Second).Raw
	sleeping := uuid.New()
	source.set(sleeping, Account{enums.RoleAdmin, false})
	inactive := issue(t, a, sleeping, time.Hour).Raw
	clock.advance(time.Minute)

	assert.Equal(t, "nobody", ask().Body.String())
	assert.Equal(t, lena.String(), ask("Bearer "+good).Body.String())
	assert.Equal(t, lena.String(), ask("bearer  "+good+" ").Body.String())

	const invalid = "The access token is not valid here. Get a new one."
	const header = "The Authorization header is not understood. Send it once, as: Bearer TOKEN."
	for name, c := range map[string]struct {
		headers []string
		message string
	}{
		"expired":         {[]string{"Bearer " + short}, "The access token has expired. Get a new one."},
		"malformed":       {[]string{"Bearer x.y.z"}, invalid},
		"unknown account": {[]string{"Bearer " + unknown}, invalid},
		"inactive":        {[]string{"Bearer " + inactive}, "The account is not active. Ask an admin."},
		"another scheme":  {[]string{"Basic bGVuYTpsZW5h"}, header},
		"empty":           {[]string{""}, header},
		"no token":        {[]string{"Bearer "}, header},
		"no scheme":       {[]string{good}, header},
		"two in one":      {[]string{"Bearer " + good + ", Bearer " + good}, header},
		"two":             {[]string{"Bearer " + good, "Bearer " + good}, header},
	} {
		t.Run(name, func(t *testing.T) {
			w := ask(c.headers...)
			assert.Equal(t, http.StatusUnauthorized, w.Code)
			assert.Contains(t, w.Header().Get("WWW-Authenticate"), "Bearer")
			var body struct {
				Errors []struct {
					Message    string
					Extensions map[string]string
				}
			}
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
			require.Len(t, body.Errors, 1)
			assert.Equal(t, c.message, body.Errors[0].Message)
			assert.Equal(t, map[string]string{"code": "UNAUTHENTICATED", "requestId": "r-1"}, body.Errors[0].Extensions)
		})
	}

	a.Forget(lena)
	source.err = errors.New("connection refused by db-internal")
	w := ask("Bearer " + good)
	assert.Equal(t, http.StatusServiceUnavailable, w.Code)
	assert.Contains(t, w.Body.String(), `"code":"UNAVAILABLE"`)
	assert.NotContains(t, w.Body.String(), "db-internal")
	assert.NotEmpty(t, w.Header().Get("Retry-After"))
	assert.Contains(t, log.String(), "db-internal")
	assert.NotContains(t, log.String(), good)
}

func TestConnection(t *testing.T) {
	a, _, _ := authority(t)
	token := issue(t, a, lena, time.Hour)
	who := func(ctx context.Context) string {
		w := httptest.NewRecorder()
		whoami.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil).WithContext(ctx))
		return w.Body.String()
	}
	for _, name := range []string{"Authorization", "authorization", "AUTHORIZATION"} {
		ctx, until, err := a.Connection(t.Context(), map[string]any{name: "Bearer " + token.Raw})
		require.NoError(t, err)
		assert.Equal(t, lena.String(), who(ctx))
		assert.True(t, token.ExpiresAt.Equal(until))
	}

	ctx, until, err := a.Connection(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, "nobody", who(ctx))
	assert.True(t, until.IsZero())

	arno := viewer.Viewer{ID: uuid.New(), Role: enums.RoleAdvisor}
	upgraded := NewContext(t.Context(), Principal{Viewer: arno, ExpiresAt: token.ExpiresAt.Add(time.Hour)})
	ctx, until, err = a.Connection(upgraded, map[string]any{"other": 1})
	require.NoError(t, err)
	assert.Equal(t, arno.ID.String(), who(ctx), "the header of the upgrade request counts")
	assert.True(t, token.ExpiresAt.Add(time.Hour).Equal(until))
	ctx, _, err = a.Connection(upgraded, map[string]any{"Authorization": "Bearer " + token.Raw})
	require.NoError(t, err)
	assert.Equal(t, lena.String(), who(ctx), "what the payload says goes before it")

	for _, payload := range []map[string]any{
		{"Authorization": 7}, {"Authorization": nil}, {"Authorization": ""}, {"Authorization": token.Raw},
		{"Authorization": "Bearer nonsense"},
		{"Authorization": "Bearer " + token.Raw, "authorization": "Bearer " + token.Raw},
	} {
		_, _, err := a.Connection(upgraded, payload)
		assert.ErrorIs(t, err, ErrMalformed, payload)
	}
}
