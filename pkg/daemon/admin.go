package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"
)

// adminServer answers questions about the process. It starts before the work
// and ends after it, so that a slow start or stop can be looked at.
type adminServer struct {
	http   *http.Server
	addr   net.Addr
	failed chan error // the reason, if serving ends by itself
	ended  chan struct{}
}

// startAdmin listens at once, so that a taken port is an error here, and serves
// until close. Without an address it returns nil, which is a valid server that
// never fails.
func startAdmin(a Admin, p *Process) (*adminServer, error) {
	if a.AdminAddr == "" {
		return nil, nil
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", string(a.AdminAddr))
	if err != nil {
		var op *net.OpError
		if errors.As(err, &op) {
			err = op.Err // the rest repeats the address
		}
		return nil, fmt.Errorf("--admin-addr: listen on %q: %w: give an address of this machine with a free port, such as 127.0.0.1:9100, or leave the flag out",
			a.AdminAddr, err)
	}
	s := &adminServer{
		http: &http.Server{
			Handler:           adminHandler(p, a.Pprof),
			ReadHeaderTimeout: 5 * time.Second,
			ReadTimeout:       10 * time.Second,
			// pprof's handlers extend it by the seconds they are asked for.
			WriteTimeout:   30 * time.Second,
			IdleTimeout:    time.Minute,
			MaxHeaderBytes: 64 << 10,
			ErrorLog:       zap.NewStdLog(p.Log.Named("admin")),
		},
		addr:   listener.Addr(),
		failed: make(chan error, 1),
		ended:  make(chan struct{}),
	}
	go func() {
		defer close(s.ended)
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- fmt.Errorf("serve admin address %s: %w", s.addr, err)
		}
	}()
	return s, nil
}

// failure receives the reason if serving ends by itself.
func (s *adminServer) failure() <-chan error {
	if s == nil {
		return nil
	}
	return s.failed
}

// close lets answers that are being written finish for the given time.
func (s *adminServer) close(patience time.Duration) {
	if s == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close() // a profile may run for minutes; nobody waits for it
	}
	<-s.ended
}

// adminHandler routes on a mux of its own: the default one carries whatever any
// imported package has put there, pprof first of all.
func adminHandler(p *Process, profiles bool) http.Handler {
	paths := []string{"/healthz", "/readyz", "/metrics"}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", report("healthy", p.Health.Failing))
	mux.HandleFunc("GET /readyz", report("ready", p.Ready.Waiting))
	mux.Handle("GET /metrics", promhttp.HandlerFor(p.Metrics, promhttp.HandlerOpts{
		Registry: p.Metrics,
		ErrorLog: zap.NewStdLog(p.Log.Named("metrics")),
	}))
	if profiles {
		paths = append(paths, "/debug/pprof/")
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("POST /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, append([]string{p.Name + " " + p.Version.String()}, paths...))
	})
	return mux
}

// report answers 200 and the good word, or 503 and the reasons, one a line.
func report(good string, reasons func() []string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if bad := reasons(); len(bad) > 0 {
			answer(w, http.StatusServiceUnavailable, bad)
			return
		}
		answer(w, http.StatusOK, []string{good})
	}
}

func answer(w http.ResponseWriter, status int, lines []string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// An asker that has gone away needs no answer.
	_, _ = fmt.Fprintln(w, strings.Join(lines, "\n"))
}
