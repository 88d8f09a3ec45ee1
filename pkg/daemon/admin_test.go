package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// served runs a service with an admin server and hands its process and base URL
// to visit, while the work waits; it returns the exit code and what was said.
func served(t *testing.T, visit func(p *Process, url string), args ...string) (int, string) {
	t.Helper()
	signals := make(chan os.Signal, 1)
	host, said := quiet(signals, append(args, "--admin-addr=127.0.0.1:0")...)
	code := Run(Program{Name: "svc", Version: Version{Version: "v9", Commit: "abc", Date: "today"}}, &plain{},
		func(ctx context.Context, p *Process) error {
			visit(p, "http://"+p.AdminAddr.String())
			signals <- syscall.SIGTERM
			<-ctx.Done()
			return nil
		}, host)
	return code, said.String()
}

// get returns status and body.
func get(t *testing.T, url string) (int, string) {
	t.Helper()
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get(url)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Error(err)
	}
	return answer.StatusCode, string(body)
}

func TestAdminEndpoints(t *testing.T) {
	ask := func(path string, status int, body string) func(*testing.T, *Process, string) {
		return func(t *testing.T, _ *Process, url string) {
			t.Helper()
			if s, b := get(t, url+path); s != status || b != body {
				t.Errorf("GET %s = %d %q, want %d %q", path, s, b, status, body)
			}
		}
	}
	code, said := served(t, func(p *Process, url string) {
		ask("/", 200, "svc "+p.Version.String()+"\n/healthz\n/readyz\n/metrics\n")(t, p, url)
		ask("/healthz", 200, "healthy\n")(t, p, url)
		ask("/readyz", 503, "starting: nothing has been reported yet\n")(t, p, url)

		p.Ready.Set("topics", false, "waiting for partials")
		p.Ready.Set("brokers", false, "")
		p.Ready.Set("group", true, "left over from before")
		ask("/readyz", 503, "brokers: not ready\ntopics: waiting for partials\n")(t, p, url)
		if _, body := get(t, url+"/metrics"); !strings.Contains(body, "\nmeanstream_ready 0\n") {
			t.Error("the metric says that an unready process is ready")
		}
		p.Ready.Set("topics", true, "")
		p.Ready.Set("brokers", true, "")
		ask("/readyz", 200, "ready\n")(t, p, url)
		p.Ready.Set("topics", false, "gone again")
		ask("/readyz", 503, "topics: gone again\n")(t, p, url)
		p.Ready.Set("topics", true, "")

		sick := errors.New("no commit for 2m0s")
		p.Health.Check("committer", func() error { return sick })
		p.Health.Check("brokers", func() error { return nil })
		ask("/healthz", 503, "committer: no commit for 2m0s\n")(t, p, url)
		sick = nil
		ask("/healthz", 200, "healthy\n")(t, p, url)

		ask("/debug/pprof/", 404, "404 page not found\n")(t, p, url)
		ask("/nowhere", 404, "404 page not found\n")(t, p, url)
		status, body := get(t, url+"/metrics")
		for _, want := range []string{
			"\nmeanstream_build_info{commit=\"abc\",go=\"go1.", "service=\"svc\",version=\"v9\"} 1\n",
			"\nmeanstream_ready 1\n", "\ngo_goroutines ", "\nprocess_cpu_seconds_total ",
		} {
			if status != 200 || !strings.Contains(body, want) {
				t.Errorf("GET /metrics = %d without %q", status, want)
			}
		}
	})
	if code != 0 || !strings.Contains(said, "admin address open") || !strings.Contains(said, "127.0.0.1:") {
		t.Errorf("exit code %d, said:\n%s", code, said)
	}
}

func TestProfilesOnlyWhenAskedFor(t *testing.T) {
	served(t, func(_ *Process, url string) {
		for _, path := range []string{"/debug/pprof/", "/debug/pprof/goroutine?debug=1", "/debug/pprof/cmdline", "/debug/pprof/profile?seconds=1"} {
			if status, _ := get(t, url+path); status != 200 {
				t.Errorf("GET %s = %d, want 200", path, status)
			}
		}
	}, "--pprof")
}

func TestAdminServerIsThereUntilTheWorkHasEnded(t *testing.T) {
	signals := make(chan os.Signal, 1)
	host, said := quiet(signals, "--admin-addr=127.0.0.1:0")
	var address string
	code := Run(Program{Name: "svc"}, &plain{}, func(ctx context.Context, p *Process) error {
		address = p.AdminAddr.String()
		signals <- syscall.SIGTERM
		<-ctx.Done()
		if status, body := get(t, "http://"+address+"/readyz"); status != 503 || !strings.HasPrefix(body, "stopping") {
			return fmt.Errorf("while stopping /readyz = %d %q", status, body)
		}
		return nil
	}, host)
	if code != 0 {
		t.Errorf("exit code %d, said:\n%s", code, said)
	}
	if c, err := net.Dial("tcp", address); err == nil {
		_ = c.Close()
		t.Error("the admin server outlived the process")
	}
}

func TestWithoutAnAddressNothingListens(t *testing.T) {
	host, _ := quiet(nil)
	Run(Program{Name: "svc"}, &plain{}, func(_ context.Context, p *Process) error {
		if p.AdminAddr != nil {
			t.Errorf("listens at %s", p.AdminAddr)
		}
		return nil
	}, host)
}

func TestTakenAddressIsAnErrorThatNamesTheFlag(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	host, said := quiet(nil, "--admin-addr="+taken.Addr().String())
	code := Run(Program{Name: "svc"}, &plain{}, func(context.Context, *Process) error {
		t.Error("the work was started")
		return nil
	}, host)
	want := fmt.Sprintf("--admin-addr: listen on %q: bind: address already in use: give an address", taken.Addr())
	if code != 1 || !strings.Contains(said.String(), want) {
		t.Errorf("exit code %d, said:\n%swant %s", code, said, want)
	}
}

func TestSlowAnswerDoesNotHoldTheExit(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	asked := make(chan struct{})
	start := time.Now()
	code, said := served(t, func(p *Process, url string) {
		p.Health.Check("slow", func() error { close(entered); <-release; return nil })
		go func() {
			defer close(asked)
			client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			if answer, err := client.Get(url + "/healthz"); err == nil {
				_ = answer.Body.Close()
			}
		}()
		<-entered
	})
	if code != 0 {
		t.Fatalf("exit code %d, said:\n%s", code, said)
	}
	<-asked // the asker is not left hanging either
	close(release)
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("took %s to end", took)
	}
}
