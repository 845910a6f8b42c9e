package server_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/internal/server"
)

func TestClientAddress(t *testing.T) {
	direct := server.ClientAddress(nil)
	proxied := server.ClientAddress([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/64")})
	for _, c := range []struct {
		remote    string
		forwarded []string
		direct    string
		proxied   string
	}{
		{remote: "192.0.2.7:1", direct: "192.0.2.7", proxied: "192.0.2.7"},
		{remote: "192.0.2.7:1", forwarded: []string{"198.51.100.1"}, direct: "192.0.2.7", proxied: "192.0.2.7"}, // no proxy of ours
		{remote: "10.0.0.1:1", direct: "10.0.0.1", proxied: "10.0.0.1"},
		{remote: "10.0.0.1:1", forwarded: []string{"198.51.100.1"}, direct: "10.0.0.1", proxied: "198.51.100.1"},
		{remote: "10.0.0.1:1", forwarded: []string{"203.0.113.9, 198.51.100.1, 10.0.0.2"}, direct: "10.0.0.1", proxied: "198.51.100.1"},
		{remote: "10.0.0.1:1", forwarded: []string{"203.0.113.9", "198.51.100.1"}, direct: "10.0.0.1", proxied: "198.51.100.1"},
		{remote: "10.0.0.1:1", forwarded: []string{"made up"}, direct: "10.0.0.1", proxied: "10.0.0.1"},
		{remote: "10.0.0.1:1", forwarded: []string{"10.0.0.3"}, direct: "10.0.0.1", proxied: "10.0.0.3"},
		{remote: "[2001:db8::1]:1", forwarded: []string{"2001:db8:1::5"}, direct: "2001:db8::1", proxied: "2001:db8:1::5"},
		{remote: "[::ffff:10.0.0.1]:1", forwarded: []string{"::ffff:198.51.100.1"}, direct: "10.0.0.1", proxied: "198.51.100.1"},
		{remote: "pipe"},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.RemoteAddr = c.remote
		r.Header["X-Forwarded-For"] = c.forwarded
		require.Equal(t, c.direct, shown(direct(r)), c)
		require.Equal(t, c.proxied, shown(proxied(r)), c)
	}
}

func shown(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}
