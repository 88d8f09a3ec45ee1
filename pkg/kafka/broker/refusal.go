package broker

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/apiversions"
	"github.com/segmentio/kafka-go/protocol/saslhandshake"
)

// ErrSecurity means that a connection was refused, by the broker or by us, for a reason that only a person can mend.
type ErrSecurity struct {
	Addr    string
	Problem string // what is wrong
	Fix     string // what would be right; "" where Problem says that, too
}

// Error is one line.
func (e *ErrSecurity) Error() string {
	text := fmt.Sprintf("connect to %s: %s", e.Addr, e.Problem)
	if e.Fix != "" {
		text += ": " + e.Fix
	}
	return strings.ReplaceAll(text, "\n", "; ")
}

// explainTLS names what is wrong with a handshake, or with the first exchange behind it; other errors stay as they are.
func (s *secured) explainTLS(ctx context.Context, addr string, err error) error {
	wrong := func(problem, fix string) error { return &ErrSecurity{Addr: addr, Problem: problem, Fix: fix} }
	var (
		unverified *tls.CertificateVerificationError
		noTLS      tls.RecordHeaderError
		remote     *net.OpError
		named      *ErrSecurity
	)
	switch {
	case err == nil || errors.As(err, &named):
		return err
	case errors.As(err, &unverified):
		return s.explainCertificate(addr, unverified)
	case errors.As(err, &noTLS):
		return wrong("this port does not speak TLS", "leave --tls out, or name the port of a TLS listener")
	case errors.As(err, &remote) && remote.Op == "remote error":
		return s.explainAlert(addr, remote.Err.Error())
	case s.TLS && hungUp(err) && s.answersPlainly(ctx, addr):
		return wrong("this port speaks plaintext, and we speak TLS", "leave --tls out, or name the port of a TLS listener")
	}
	return fmt.Errorf("connect to %s: %w", addr, err)
}

// answersPlainly tells whether a port that hung up on a handshake is one of a Kafka listener without TLS. Others hang up,
// too: a container's port whose broker does not listen yet.
func (s *secured) answersPlainly(ctx context.Context, addr string) bool {
	conn, err := s.dial(ctx, "tcp", addr)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	if end, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(end)
	}
	_, err = protocol.NewConn(conn, s.clientID).RoundTrip(&apiversions.Request{})
	return err == nil
}

// explainCertificate names what is wrong with the broker's certificate.
func (s *secured) explainCertificate(addr string, err *tls.CertificateVerificationError) error {
	var (
		unknown x509.UnknownAuthorityError
		invalid x509.CertificateInvalidError
		name    x509.HostnameError
		e       = &ErrSecurity{Addr: addr}
		leaf    = err.UnverifiedCertificates[0]
	)
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && time.Now().Before(invalid.Cert.NotBefore):
		e.Problem = fmt.Sprintf("the broker's certificate is valid from %s on only", invalid.Cert.NotBefore.Format(time.RFC3339))
		e.Fix = fmt.Sprintf("wait, or set this machine's clock right (it says %s)", time.Now().UTC().Format(time.RFC3339))
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		e.Problem = fmt.Sprintf("the broker's certificate expired at %s", invalid.Cert.NotAfter.Format(time.RFC3339))
		e.Fix = fmt.Sprintf("renew it at the broker, or set this machine's clock right (it says %s)", time.Now().UTC().Format(time.RFC3339))
	case errors.As(err, &name):
		e.Problem = fmt.Sprintf("the broker's certificate is for %s, not for %q", names(leaf), name.Host)
		e.Fix = "name the broker so in --brokers (and in its advertised.listeners), or say the name in --tls-server-name"
	case errors.As(err, &unknown):
		known := "this machine knows no authority that signed it"
		if s.CA != "" {
			known = fmt.Sprintf("--tls-ca %q holds no authority that signed it", s.CA)
		}
		e.Problem = fmt.Sprintf("the broker's certificate is not trusted: it was signed by %q, and %s", leaf.Issuer, known)
		e.Fix = "give the file of that authority's certificate by --tls-ca"
	default:
		e.Problem = fmt.Sprintf("the broker's certificate is not accepted: %v", err.Err)
		e.Fix = "replace it at the broker"
	}
	return e
}

// names are those that a certificate is for.
func names(c *x509.Certificate) string {
	all := c.DNSNames
	for _, ip := range c.IPAddresses {
		all = append(all, ip.String())
	}
	if len(all) == 0 {
		return "no name at all"
	}
	return strings.Join(all, ", ")
}

// explainAlert says what the broker has against us, from the alert by which it ended the handshake.
func (s *secured) explainAlert(addr, alert string) error {
	e := &ErrSecurity{Addr: addr, Problem: fmt.Sprintf("the broker ended the TLS handshake: %s", strings.TrimPrefix(alert, "tls: "))}
	switch {
	case s.Cert == "" && (strings.Contains(alert, "certificate") || strings.Contains(alert, "handshake failure")):
		e.Problem, e.Fix = "the broker wants a certificate of us (mutual TLS)", "give one by --tls-cert and --tls-key"
	case strings.Contains(alert, "certificate"):
		e.Fix = fmt.Sprintf("see that --tls-cert %q is valid now and signed by an authority in the broker's truststore", s.Cert)
	default:
		e.Fix = "see ssl.enabled.protocols and ssl.cipher.suites of the broker: we speak TLS 1.2 and 1.3"
	}
	return e
}

// noMechanism explains a refused handshake of SASL.
func (s *secured) noMechanism(addr string, code Code, offered []string) error {
	if code == kafka.UnsupportedSASLMechanism {
		return &ErrSecurity{Addr: addr, Problem: fmt.Sprintf("the broker does not take SASL %s on this port", mechanismName(s.SASL)),
			Fix: fmt.Sprintf("it takes %s: set --sasl, or enable the mechanism there", strings.Join(offered, ", "))}
	}
	return &ErrSecurity{Addr: addr, Problem: "the broker does no SASL on this port", Fix: "leave --sasl out, or name the port of a SASL listener"}
}

// badPassword explains a refused authentication. What the broker says never has the password in it.
func (s *secured) badPassword(addr, said string) error {
	source := "$MEANSTREAM_SASL_PASSWORD"
	if s.PasswordFile != "" {
		source = fmt.Sprintf("--sasl-password-file %q", s.PasswordFile)
	}
	problem := fmt.Sprintf("authentication as user %q by %s failed", s.User, mechanismName(s.SASL))
	if said != "" {
		problem += fmt.Sprintf(" (%s)", said)
	}
	return &ErrSecurity{Addr: addr, Problem: problem,
		Fix: fmt.Sprintf("see that the user exists at the broker for this mechanism, and that its password is the one in %s", source)}
}

// wantsSASL finds out why a broker hangs up on us though we have got so far as to speak to it: nil, or an *ErrSecurity.
func (c *Client) wantsSASL(ctx context.Context) error {
	if c.conf.Security.SASL != "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	for _, addr := range c.conf.Brokers {
		conn, err := c.conf.Dial(ctx, "tcp", addr)
		if err != nil {
			continue
		}
		end, _ := ctx.Deadline()
		_ = conn.SetDeadline(end)
		answer, err := protocol.NewConn(conn, c.conf.ClientID).RoundTrip(&saslhandshake.Request{Mechanism: "?"})
		_ = conn.Close()
		if shake, ok := answer.(*saslhandshake.Response); err == nil && ok && Code(shake.ErrorCode) == kafka.UnsupportedSASLMechanism {
			return &ErrSecurity{Addr: addr, Problem: "this port wants SASL, and we have not said who we are",
				Fix: fmt.Sprintf("set --sasl (the broker takes %s), --sasl-user and --sasl-password-file", strings.Join(shake.Mechanisms, ", "))}
		}
	}
	return nil
}
