package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
)

// countStatements runs each server on a connection that counts, which costs time: nothing else is
// measured by it.
func countStatements(ctx context.Context, servers []*server, db *benchDatabase) error {
	for _, s := range servers {
		p, err := listen(ctx, db.url)
		if err != nil {
			return err
		}
		if err := s.start(ctx, p.url); err != nil {
			return err
		}
		err = p.count(ctx, s)
		if err := errors.Join(err, s.stop(), p.listener.Close()); err != nil {
			return err
		}
	}
	return nil
}

// proxy stands before the database and counts the statements that clients execute.
type proxy struct {
	url      string
	listener net.Listener
	network  string
	address  string
	executed atomic.Int64
}

func (p *proxy) count(ctx context.Context, s *server) error {
	const before, requests = 30, 50 // until every connection has prepared what it prepares
	for i := range before + requests {
		if i == before {
			p.executed.Store(0)
		}
		if _, err := s.ask(ctx); err != nil {
			return err
		}
	}
	s.statements = float64(p.executed.Load()) / requests
	return nil
}

func listen(ctx context.Context, databaseURL string) (*proxy, error) {
	u, err := url.Parse(databaseURL)
	if err != nil {
		return nil, err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{listener: l, network: "tcp", address: u.Host}
	q := u.Query()
	port := u.Port()
	if v := q.Get("port"); v != "" {
		port = v
	}
	if port == "" {
		port = "5432"
	}
	if dir := q.Get("host"); dir != "" {
		p.network, p.address = "unix", filepath.Join(dir, ".s.PGSQL."+port)
	}
	q.Del("host")
	q.Del("port")
	q.Set("sslmode", "disable")
	u.Host, u.RawQuery = l.Addr().String(), q.Encode()
	p.url = u.String()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // closed
			}
			go p.serve(c)
		}
	}()
	return p, nil
}

func (p *proxy) serve(client net.Conn) {
	defer func() { _ = client.Close() }()
	database, err := net.Dial(p.network, p.address) //nolint:noctx // both ends are closed with the servers
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: the counting proxy reaches no database:", err)
		return
	}
	defer func() { _ = database.Close() }()
	go func() {
		_, _ = io.Copy(client, database)
		_ = client.Close()
	}()
	if err := p.forward(bufio.NewReader(client), database); !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
		fmt.Fprintln(os.Stderr, "bench: the counting proxy:", err)
	}
}

// forward copies the messages of a client: the first has no type, each other has one, and a length that
// counts itself. It ends with an error: io.EOF when the client has closed the connection.
func (p *proxy) forward(from *bufio.Reader, to io.Writer) error {
	first := true
	for {
		head := make([]byte, 5)
		if first {
			head = head[:4]
		}
		if _, err := io.ReadFull(from, head); err != nil {
			return err
		}
		length := int(binary.BigEndian.Uint32(head[len(head)-4:]))
		if length < 4 || length > 1<<24 {
			return errors.New("a message of " + strconv.Itoa(length) + " bytes is none of Postgres")
		}
		if !first && (head[0] == 'Q' || head[0] == 'E') { // a simple query, or the execution of a prepared one
			p.executed.Add(1)
		}
		first = false
		message := make([]byte, len(head)+length-4)
		copy(message, head)
		if _, err := io.ReadFull(from, message[len(head):]); err != nil {
			return err
		}
		if _, err := to.Write(message); err != nil {
			return err
		}
	}
}
