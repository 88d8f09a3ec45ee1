package broker

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
)

// The ways to authenticate, as settings call them.
const (
	Plain       = "plain"
	ScramSHA256 = "scram-sha-256"
	ScramSHA512 = "scram-sha-512"
)

// Security says how connections are protected and who we are. The zero value is plaintext without a name. What files
// hold is read anew for every connection: a certificate or password that is replaced is used from the next one on.
type Security struct {
	TLS        bool
	CA         string // PEM file of the authorities that may have signed the brokers' certificates; "": the system's
	Cert, Key  string // PEM files by which we show who we are (mutual TLS); "": we don't
	ServerName string // the name that brokers' certificates must be for; "": the host that was dialled

	SASL         string // Plain, ScramSHA256 or ScramSHA512; "": none
	User         string
	PasswordFile string // of the password; a line break at its end is no part of it
	Password     string // where there is no file
}

// Problem is something wrong with one setting of Security.
type Problem struct {
	Setting string // the name of its flag: tls-ca, tls-cert, tls-key or sasl-password-file
	Text    string // completes the sentence that begins with the file's name
}

// Problems reads all files, and says what is wrong with them.
func (s *Security) Problems() []Problem {
	_, all := s.read()
	return all
}

// On tells whether anything differs from plain TCP.
func (s *Security) On() bool { return s.TLS || s.SASL != "" }

// String is how we connect, in words, without a secret.
func (s *Security) String() string {
	way := "plaintext"
	switch {
	case s.Cert != "":
		way = "mutual TLS"
	case s.TLS:
		way = "TLS"
	}
	if s.SASL != "" {
		way += fmt.Sprintf(" and SASL %s as user %q", mechanismName(s.SASL), s.User)
	}
	return way
}

// credentials are what the files held at one moment.
type credentials struct {
	tls      *tls.Config // nil without TLS
	password string
	seen     string // all bytes that were read: they are the same exactly if nothing was replaced
}

// read reads the files.
func (s *Security) read() (credentials, []Problem) {
	r := &reader{}
	c := credentials{password: s.Password}
	if s.TLS {
		c.tls = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: s.ServerName, RootCAs: r.authorities(s.CA)}
		if s.Cert != "" || s.Key != "" {
			c.tls.Certificates = r.pair(s.Cert, s.Key)
		}
	}
	if s.PasswordFile != "" {
		c.password = strings.TrimRight(string(r.file("sasl-password-file", s.PasswordFile)), "\r\n")
		if c.password == "" {
			r.wrong("sasl-password-file", "is empty: write the password into it")
		}
	}
	c.seen = r.seen.String()
	return c, r.problems
}

// reader reads files, and collects what is wrong with them: one problem for each setting.
type reader struct {
	seen     bytes.Buffer
	problems []Problem
}

func (r *reader) wrong(setting, format string, args ...any) {
	for _, p := range r.problems {
		if p.Setting == setting {
			return // the first says why
		}
	}
	r.problems = append(r.problems, Problem{setting, fmt.Sprintf(format, args...)})
}

func (r *reader) file(setting, name string) []byte {
	text, err := os.ReadFile(name)
	if err != nil {
		var path *os.PathError
		if errors.As(err, &path) {
			err = path.Err // the rest repeats the name
		}
		r.wrong(setting, "can't be read: %v: give the path of a file that this process may read", err)
	}
	fmt.Fprintf(&r.seen, "%s %d ", setting, len(text))
	r.seen.Write(text)
	return text
}

func (r *reader) authorities(name string) *x509.CertPool {
	if name == "" {
		return nil
	}
	text := r.file("tls-ca", name)
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		r.wrong("tls-ca", "holds no certificate: it must be a PEM file with -----BEGIN CERTIFICATE-----")
	}
	return pool
}

func (r *reader) pair(certName, keyName string) []tls.Certificate {
	cert, key := r.file("tls-cert", certName), r.file("tls-key", keyName)
	if len(r.problems) > 0 {
		return nil
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		about := "tls-key"
		if !bytes.Contains(cert, []byte("BEGIN CERTIFICATE")) {
			about = "tls-cert"
		}
		r.wrong(about, "is of no use: %s: --tls-cert and --tls-key must be PEM files of one certificate and its key, not encrypted", strings.TrimPrefix(err.Error(), "tls: "))
		return nil
	}
	return []tls.Certificate{pair}
}

// mechanismName is what brokers call a way to authenticate.
func mechanismName(way string) string { return strings.ToUpper(way) }

// mechanism is how we authenticate with a password.
func (s *Security) mechanism(password string) (sasl.Mechanism, error) {
	switch s.SASL {
	case ScramSHA256:
		return scram.Mechanism(scram.SHA256, s.User, password)
	case ScramSHA512:
		return scram.Mechanism(scram.SHA512, s.User, password)
	}
	return plain.Mechanism{Username: s.User, Password: password}, nil
}
