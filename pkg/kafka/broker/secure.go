package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/apiversions"
	"github.com/segmentio/kafka-go/protocol/saslauthenticate"
	"github.com/segmentio/kafka-go/protocol/saslhandshake"
	"go.uber.org/zap"
)

// dialFunc makes a connection.
type dialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

// Pauses after a connection that was refused: kafka-go's pools and its group code each try again several times a
// second, and a broker must not be kept busy with handshakes, nor a user be locked out.
const (
	firstRefusal = time.Second
	maxRefusal   = 30 * time.Second
)

// secured makes connections that are encrypted and authenticated when they are handed out. kafka-go could do both by
// itself, in two places with two sets of errors, and without a time limit in one of them; here all connections of a
// client are made alike, what is wrong has a name, and files are read when they are needed.
type secured struct {
	Security
	dial     dialFunc
	clientID string
	log      *zap.Logger

	mu      sync.Mutex
	worked  bool                // some connection has been made: from then on refusals are logged, before they end a start
	refused map[string]*refusal // by address
}

// refusal is what keeps us from trying again at once.
type refusal struct {
	err   *ErrSecurity
	seen  string // credentials
	pause time.Duration
	until time.Time
}

// Dial connects to addr. An error that only a person can mend is an *ErrSecurity; for some time it is given again
// without a try, unless what the files hold has changed.
func (s *secured) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	c, problems := s.read()
	if err := s.held(addr, c.seen); err != nil {
		return nil, err
	}
	if len(problems) > 0 {
		p := problems[0]
		return nil, s.hold(addr, c.seen, &ErrSecurity{Addr: addr, Problem: fmt.Sprintf("--%s %s", p.Setting, p.Text)})
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	raw, err := s.dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	conn, err := s.secure(ctx, raw, addr, c)
	if err == nil {
		s.works(addr)
		return conn, nil
	}
	_ = raw.Close()
	var named *ErrSecurity
	if errors.As(err, &named) {
		return nil, s.hold(addr, c.seen, named)
	}
	return nil, err
}

// held is what a try would end in, as far as we know.
func (s *secured) held(addr, seen string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.refused[addr]; r != nil && r.seen == seen && time.Now().Before(r.until) {
		return r.err
	}
	return nil
}

// hold remembers an error, for longer each time.
func (s *secured) hold(addr, seen string, err *ErrSecurity) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.refused[addr]
	if r == nil || r.seen != seen || r.err.Problem != err.Problem {
		if s.worked {
			s.log.Warn(fmt.Sprintf("%v; trying again every %s, and at once when the files have changed", err, maxRefusal))
		}
		r = &refusal{seen: seen}
		s.refused[addr] = r
	}
	r.err, r.pause = err, min(max(2*r.pause, firstRefusal), maxRefusal)
	r.until = time.Now().Add(r.pause)
	return err
}

// works tells that an address takes us.
func (s *secured) works(addr string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.worked && s.refused[addr] != nil {
		s.log.Info(fmt.Sprintf("connections to %s work again", addr))
	}
	delete(s.refused, addr)
	s.worked = true
}

// secure does the handshakes on a fresh connection.
func (s *secured) secure(ctx context.Context, raw net.Conn, addr string, c credentials) (net.Conn, error) {
	end, _ := ctx.Deadline()
	if err := raw.SetDeadline(end); err != nil {
		return nil, err
	}
	var conn net.Conn = &sniffed{Conn: raw, addr: addr}
	if c.tls != nil {
		if c.tls.ServerName == "" {
			host, _, err := net.SplitHostPort(addr)
			if err != nil {
				return nil, err
			}
			c.tls.ServerName = host
		}
		t := tls.Client(raw, c.tls)
		if err := t.HandshakeContext(ctx); err != nil {
			return nil, s.explainTLS(ctx, addr, err)
		}
		conn = t
	}
	if err := s.introduce(ctx, conn, addr, c); err != nil {
		return nil, err
	}
	return conn, raw.SetDeadline(time.Time{})
}

// introduce authenticates. Without SASL it asks for the broker's versions: a broker that wants a certificate of us says
// so behind the handshake, to whoever reads first.
func (s *secured) introduce(ctx context.Context, conn net.Conn, addr string, c credentials) error {
	pc := protocol.NewConn(conn, s.clientID)
	if s.SASL == "" {
		_, err := pc.RoundTrip(&apiversions.Request{})
		return s.explainTLS(ctx, addr, err)
	}
	pc.SetVersions(map[protocol.ApiKey]int16{protocol.SaslHandshake: 1, protocol.SaslAuthenticate: 1})
	answer, err := pc.RoundTrip(&saslhandshake.Request{Mechanism: mechanismName(s.SASL)})
	if err != nil {
		return s.explainTLS(ctx, addr, err)
	}
	shake := answer.(*saslhandshake.Response)
	if shake.ErrorCode != 0 {
		return s.noMechanism(addr, Code(shake.ErrorCode), shake.Mechanisms)
	}
	return s.authenticate(ctx, pc, addr, c.password)
}

// authenticate is the exchange of SASL behind its handshake.
func (s *secured) authenticate(ctx context.Context, pc *protocol.Conn, addr, password string) error {
	mechanism, err := s.mechanism(password)
	if err != nil {
		return s.badPassword(addr, "user name or password have characters that SASL does not allow")
	}
	session, word, err := mechanism.Start(ctx)
	for done := false; !done && err == nil; {
		var answer protocol.Message
		answer, err = pc.RoundTrip(&saslauthenticate.Request{AuthBytes: word})
		switch {
		case err != nil && hungUp(err): // so do some who speak Kafka's protocol, instead of an answer
			return s.badPassword(addr, "the broker hung up")
		case err != nil:
			return s.explainTLS(ctx, addr, err)
		}
		res := answer.(*saslauthenticate.Response)
		switch Code(res.ErrorCode) {
		case OK:
		case kafka.SASLAuthenticationFailed:
			return s.badPassword(addr, res.ErrorMessage)
		default:
			return fmt.Errorf("connect to %s: authenticate as user %q: %w", addr, s.User, Code(res.ErrorCode))
		}
		done, word, err = session.Next(ctx, res.AuthBytes)
	}
	if err != nil { // the broker's proof that it knows the password, too, does not hold
		return s.badPassword(addr, err.Error())
	}
	return nil
}

// sniffed is a plaintext connection that knows TLS when it hears it.
type sniffed struct {
	net.Conn
	addr  string
	heard bool
}

// Read reads; it fails with an *ErrSecurity if the first word is a TLS alert.
func (s *sniffed) Read(b []byte) (int, error) {
	n, err := s.Conn.Read(b)
	if n > 0 && !s.heard {
		s.heard = true
		if isAlert(b[:n]) {
			return 0, &ErrSecurity{Addr: s.addr, Problem: "this port speaks TLS, and we speak plaintext", Fix: "add --tls, or name the port of a plaintext listener"}
		}
	}
	return n, err
}

// isAlert tells whether the first bytes of an answer begin a TLS alert. As the length of a Kafka answer they would be
// more than 340 MB.
func isAlert(b []byte) bool { return len(b) >= 2 && b[0] == 21 && b[1] == 3 }

// sniff wraps what dial makes, plain TCP where it is nil.
func sniff(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &sniffed{Conn: conn, addr: addr}, nil
	}
}

// hungUp tells whether the other side closed the connection.
func hungUp(err error) bool {
	var op *net.OpError
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &op) && op.Op == "read" && !op.Timeout()
}
