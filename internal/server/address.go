package server

import (
	"net/http"
	"net/netip"
	"strings"
)

// ClientAddress returns how the address of a request's client is found: where the connection comes from
// or, when that is one of the proxies, the last address in X-Forwarded-For that is none of them. What
// stands before that is the client's own claim. The zero address stands for one that cannot be told.
func ClientAddress(proxies []netip.Prefix) func(*http.Request) netip.Addr {
	known := func(a netip.Addr) bool {
		for _, p := range proxies {
			if p.Contains(a) {
				return true
			}
		}
		return false
	}
	return func(r *http.Request) netip.Addr {
		peer, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil {
			return netip.Addr{}
		}
		address := peer.Addr().Unmap()
		if !known(address) {
			return address
		}
		hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		for i := len(hops) - 1; i >= 0; i-- {
			hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
			if err != nil {
				return address
			}
			if address = hop.Unmap().WithZone(""); !known(address) {
				return address
			}
		}
		return address
	}
}
