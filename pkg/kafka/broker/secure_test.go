package broker

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// selfSigned is a certificate for 127.0.0.1 that is its own authority.
func selfSigned(t *testing.T) (pair tls.Certificate, asPEM []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "broker"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// guard is a broker on TLS with one user, and files that a client is told.
type guard struct {
	addr     string
	good     []byte // the right authority
	ca, pass string
	dials    atomic.Int32
}

func newGuard(t *testing.T) *guard {
	t.Helper()
	pair, authority := selfSigned(t)
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "in"), kfake.EnableSASL(),
		kfake.User("SCRAM-SHA-256", "me", "secret"), kfake.TLS(&tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	dir := t.TempDir()
	g := &guard{addr: cluster.ListenAddrs()[0], good: authority, ca: filepath.Join(dir, "ca.pem"), pass: filepath.Join(dir, "password")}
	g.put(t, g.ca, string(authority))
	g.put(t, g.pass, "secret\n")
	return g
}

func (g *guard) put(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// dial makes connections as a client with the settings does.
func (g *guard) dial(s Security) func(t *testing.T) error {
	c := New(Config{Brokers: []string{g.addr}, Security: s, Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
		g.dials.Add(1)
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}})
	return func(t *testing.T) error {
		conn, err := c.Config().Dial(t.Context(), "tcp", g.addr)
		if err == nil {
			_ = conn.Close()
		}
		return err
	}
}

func (g *guard) settings() Security {
	return Security{TLS: true, CA: g.ca, SASL: ScramSHA256, User: "me", PasswordFile: g.pass}
}

func TestReplacedFilesAreUsedByTheNextConnection(t *testing.T) {
	_, other := selfSigned(t)
	for name, file := range map[string]func(*guard) (path, bad, good string){
		"password":  func(g *guard) (string, string, string) { return g.pass, "guessed", "secret" },
		"authority": func(g *guard) (string, string, string) { return g.ca, string(other), string(g.good) },
		"cut short": func(g *guard) (string, string, string) { return g.ca, string(g.good[:50]), string(g.good) },
	} {
		t.Run(name, func(t *testing.T) {
			g := newGuard(t)
			dial := g.dial(g.settings())
			if err := dial(t); err != nil {
				t.Fatal(err)
			}
			path, bad, good := file(g)
			g.put(t, path, bad)
			var refused *ErrSecurity
			if err := dial(t); !errors.As(err, &refused) {
				t.Errorf("got %v, want an *ErrSecurity", err)
			} else if text := err.Error(); strings.Contains(text, "guessed") || strings.Contains(text, "\n") {
				t.Errorf("the error is %q", text)
			}
			before := g.dials.Load()
			for range 10 {
				if err := dial(t); !errors.As(err, &refused) {
					t.Errorf("got %v, want the same again", err)
				}
			}
			if n := g.dials.Load() - before; n > 0 {
				t.Errorf("%d connections were made though nothing has changed", n)
			}
			g.put(t, path, good)
			if err := dial(t); err != nil {
				t.Errorf("after the repair: %v", err)
			}
		})
	}
}

func TestAClientWorksOverTLSAndSASL(t *testing.T) {
	g := newGuard(t)
	c := New(Config{Brokers: []string{g.addr}, Security: g.settings()})
	defer c.Close()
	if topic, err := c.LookUp(t.Context(), "in"); err != nil || topic.Code != OK || topic.Partitions() != 1 {
		t.Errorf("got %+v, %v", topic, err)
	}
}

func TestEachRefusalHasItsWords(t *testing.T) {
	g := newGuard(t)
	for name, c := range map[string]struct {
		change func(*Security)
		want   string
	}{
		"another name":      {func(s *Security) { s.ServerName = "kafka" }, `is for 127.0.0.1, not for "kafka"`},
		"no authority":      {func(s *Security) { s.CA = "" }, "this machine knows no authority"},
		"another mechanism": {func(s *Security) { s.SASL = ScramSHA512 }, "SCRAM-SHA-512"},
		"a missing file":    {func(s *Security) { s.PasswordFile += "-gone" }, "--sasl-password-file can't be read"},
	} {
		s := g.settings()
		c.change(&s)
		var refused *ErrSecurity
		if err := g.dial(s)(t); !errors.As(err, &refused) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an *ErrSecurity that says %q", name, err, c.want)
		}
	}
}

func TestATLSAlertIsKnownForWhatItIs(t *testing.T) {
	for text, want := range map[string]bool{"\x15\x03\x03\x00\x02\x02\x50": true, "\x15": false, "\x00\x00\x00\x15\x03": false, "\x16\x03\x01": false} {
		if got := isAlert([]byte(text)); got != want {
			t.Errorf("%q is an alert: %v, want %v", text, got, want)
		}
	}
}
