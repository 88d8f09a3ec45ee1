package secure

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// TestARefusedConnectionIsNamedAndNotTriedAgain has one thing wrong at a time.
func TestARefusedConnectionIsNamedAndNotTriedAgain(t *testing.T) {
	s := start(t)
	to := func(port int, args ...string) []string { return append([]string{"--brokers", s.ports[port]}, args...) }
	for _, c := range []struct {
		name  string
		plain bool // args alone
		args  []string
		wants []string
	}{
		{"wrong authority", false, []string{"--tls-ca", s.file("other-ca.pem")}, []string{"the broker's certificate is not trusted", "the river's authority", "--tls-ca"}},
		{"expired certificate", false, to(expiredPort), []string{"the broker's certificate expired at", "renew it at the broker"}},
		{"wrong server name", false, []string{"--tls-server-name", "kafka.example.com"}, []string{`is for localhost, 127.0.0.1, not for "kafka.example.com"`, "--tls-server-name"}},
		{"wrong password", false, []string{"--sasl-password-file", s.file("wrong.password")}, []string{`authentication as user "processor" by SCRAM-SHA-512 failed`, "wrong.password"}},
		{"unknown user", false, []string{"--sasl-user", "nobody"}, []string{`authentication as user "nobody"`, "exists at the broker"}},
		{"another mechanism", false, []string{"--sasl", "plain"}, []string{"does not take SASL PLAIN", "it takes SCRAM-SHA-512"}},
		{"plaintext to a TLS port", true, []string{"--brokers", s.proxy.addr}, []string{"this port speaks TLS, and we speak plaintext", "add --tls"}},
		{"SASL in plaintext to a TLS port", true, []string{"--brokers", s.proxy.addr, "--sasl", "scram-sha-512", "--sasl-user", "processor", "--sasl-password-file", s.file("processor.password")}, []string{"this port speaks TLS, and we speak plaintext", "add --tls"}},
		{"TLS to a plaintext port", false, to(adminPort), []string{"this port speaks plaintext, and we speak TLS", "leave --tls out"}},
		{"no SASL to a SASL port", true, to(saslPort), []string{"this port wants SASL", "SCRAM-SHA-256", "--sasl-user"}},
		{"no SASL to a SASL_SSL port", true, []string{"--brokers", s.proxy.addr, "--tls", "--tls-ca", s.file("ca.pem")}, []string{"this port wants SASL", "SCRAM-SHA-512"}},
		{"SASL to a port without", false, to(mutualPort, "--tls-cert", s.file("client.crt"), "--tls-key", s.file("client.key")), []string{"the broker does no SASL on this port"}},
		{"no certificate of ours", true, to(mutualPort, "--tls", "--tls-ca", s.file("ca.pem")), []string{"wants a certificate of us", "--tls-cert and --tls-key"}},
		{"a certificate of another authority", true, to(mutualPort, "--tls", "--tls-ca", s.file("ca.pem"), "--tls-cert", s.file("stranger.crt"), "--tls-key", s.file("stranger.key")), []string{"the broker ended the TLS handshake", "truststore"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			run := s.run
			if c.plain {
				run = s.runPlain
			}
			before := s.proxy.asked()
			run(t, "processor", c.args...).fails(c.wants...)
			if n := s.proxy.asked() - before; n > 6 {
				t.Errorf("%d connections were made", n)
			}
			r := run(t, "processor", append(c.args, "--check")...)
			if code := r.wait(); code != 1 || !strings.Contains(r.stdout.String(), "wrong    ") || !strings.Contains(r.stdout.String(), c.wants[0]) {
				t.Errorf("--check ended with exit code %d", code)
			}
		})
	}
}

func TestOtherWaysToConnect(t *testing.T) {
	s := start(t)
	for name, args := range map[string][]string{
		"SCRAM-SHA-256 without TLS": {"--brokers", s.ports[saslPort], "--sasl", "scram-sha-256", "--sasl-user", "generator", "--sasl-password-file", s.file("generator.password")},
	} {
		r := s.runPlain(t, "generator", append(args, "--create-topics=false", "--check")...)
		if code := r.wait(); code != 0 {
			t.Errorf("%s: exit code %d", name, code)
		}
	}
	// Who may see the cluster sees its clock, too.
	r := s.runPlain(t, "generator", "--brokers", s.ports[adminPort], "--check")
	if code := r.wait(); code != 0 || !strings.Contains(r.stdout.String(), "ok       clock: this machine's is") || !strings.Contains(r.stdout.String(), "message.timestamp.type=LogAppendTime") {
		t.Errorf("--check ended with exit code %d", code)
	}
	// Whoever comes by the mutual listener is the subject of his certificate, to whom nothing was granted.
	r = s.runPlain(t, "generator", "--brokers", s.ports[mutualPort], "--tls", "--tls-ca", s.file("ca.pem"), "--tls-cert", s.file("client.crt"), "--tls-key", s.file("client.key"))
	r.fails("not allowed", `on topic "records"`)
}

// right is one that the script grants.
type right struct{ user, operation, kind, name string }

// granted reads the script: one right for each operation and resource.
func granted(t *testing.T) (all []right) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "deploy", "secure", "acls.sh"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] != "acl" {
			continue
		}
		r := right{}
		for i := 1; i+1 < len(f); i += 2 {
			switch f[i] {
			case "--allow-principal":
				r.user = strings.TrimPrefix(f[i+1], "User:")
			case "--operation":
				r.operation = f[i+1]
			case "--topic", "--group", "--transactional-id":
				all = append(all, right{r.user, r.operation, f[i], f[i+1]})
			}
		}
	}
	if len(all) < 11 {
		t.Fatalf("the script grants only %v", all)
	}
	return all
}

// TestTheDocumentationShowsTheScript holds the page to what is tested.
func TestTheDocumentationShowsTheScript(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "security.md"))
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile(filepath.Join("..", "..", "deploy", "secure", "acls.sh"))
	if err != nil {
		t.Fatal(err)
	}
	_, commands, found := strings.Cut(string(script), "acl() {")
	if !found || !strings.Contains(string(page), "acl() {"+commands+"```") {
		t.Error("docs/security.md does not show the commands of deploy/secure/acls.sh")
	}
}

// builder is the right as an independent client writes it.
func (r right) builder(t *testing.T) *kadm.ACLBuilder {
	t.Helper()
	op, err := map[string]kadm.ACLOperation{"Read": kadm.OpRead, "Write": kadm.OpWrite, "Describe": kadm.OpDescribe}[r.operation], error(nil)
	b := kadm.NewACLs().Allow("User:" + r.user).AllowHosts("*").Operations(op).ResourcePatternType(kadm.ACLPatternLiteral)
	switch r.kind {
	case "--topic":
		b = b.Topics(r.name)
	case "--group":
		b = b.Groups(r.name)
	default:
		b = b.TransactionalIDs(r.name).ResourcePatternType(kadm.ACLPatternPrefixed)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestEachMissingRightIsNamed takes one right of the script away at a time: the service says which, and so does --check.
// So the script has no right too many, either.
func TestEachMissingRightIsNamed(t *testing.T) {
	s := start(t)
	for _, r := range granted(t) {
		t.Run(fmt.Sprintf("%s: %s on %s %s", r.user, r.operation, r.kind, r.name), func(t *testing.T) {
			gone, err := s.admin.DeleteACLs(t.Context(), r.builder(t).DenyHosts())
			if err != nil || len(gone) != 1 || len(gone[0].Deleted) != 1 {
				t.Fatalf("%d filters, %v", len(gone), err)
			}
			defer func() {
				if _, err := s.admin.CreateACLs(t.Context(), r.builder(t)); err != nil {
					t.Fatal(err)
				}
			}()
			before := s.proxy.asked()
			var args []string
			if r.user == "generator" {
				args = []string{"--count", "1"}
			}
			check := s.run(t, r.user, "--check")
			service := s.run(t, r.user, args...)
			service.fails("not allowed", fmt.Sprintf("%q", r.name))
			if !strings.Contains(service.out.String(), "grant") {
				t.Error("the way out is not said")
			}
			if code := check.wait(); code != 1 || !strings.Contains(check.stdout.String(), "wrong    ") || !strings.Contains(check.stdout.String(), fmt.Sprintf("%q", r.name)) {
				t.Errorf("--check ended with exit code %d", code)
			}
			if n := s.proxy.asked() - before; n > 25 {
				t.Errorf("%d connections were made", n)
			}
		})
	}
}

// TestARotatedPasswordIsUsedWithoutARestart changes a password at the broker while a processor runs, and then in its file.
func TestARotatedPasswordIsUsedWithoutARestart(t *testing.T) {
	s := start(t)
	file := filepath.Join(t.TempDir(), "password")
	put := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	change := func(to string) {
		got, err := s.admin.AlterUserSCRAMs(t.Context(), nil, []kadm.UpsertSCRAM{{User: "processor", Mechanism: kadm.ScramSha512, Iterations: 4096, Password: to}})
		if err != nil || got.Error() != nil {
			t.Fatal(err, got.Error())
		}
	}
	put(password("processor"))
	r := s.run(t, "processor", "--sasl-password-file", file)
	r.says("reading 3 partitions")
	change("another")
	defer change(password("processor"))
	time.Sleep(500 * time.Millisecond) // the broker hears of it by its metadata log
	s.proxy.cut()
	before := s.proxy.asked()
	r.says("authentication as user")
	time.Sleep(4 * time.Second) // what is waited for is that not much happens
	if n := s.proxy.asked() - before; n > 12 {
		t.Errorf("%d connections were tried in 4 seconds", n)
	}
	about := func(line string) bool { return !strings.Contains(line, "authentication as user") }
	lines := slices.DeleteFunc(slices.Collect(strings.Lines(r.out.String())), about)
	if len(lines) == 0 || len(lines) > 4 {
		t.Errorf("%d lines say what is wrong:\n%s", len(lines), strings.Join(lines, ""))
	}
	t.Logf("%d connections tried in 4 s, %d lines:\n%s", s.proxy.asked()-before, len(lines), strings.Join(lines, ""))
	put("another\n")
	within(t, 20*time.Second, func() error {
		if n := strings.Count(r.out.String(), "reading 3 partitions"); n < 2 {
			return fmt.Errorf("it has begun to read %d times", n)
		}
		return nil
	})
	if !strings.Contains(r.out.String(), "work again") {
		t.Error("it does not say that it is over")
	}
	if code := r.stop(); code != 0 {
		t.Errorf("it ended with exit code %d", code)
	}
}
