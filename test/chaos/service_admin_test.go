package chaos

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// ask asks the admin address of a service.
func (c *cluster) ask(addr, path string) (status int, body string, err error) {
	c.t.Helper()
	client := http.Client{Timeout: 5 * time.Second}
	answer, err := client.Get("http://" + addr + path)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text), err
}

// answers waits until a service answers with a status and a text that matches.
func (c *cluster) answers(addr, path string, status int, text string) {
	c.t.Helper()
	matching := regexp.MustCompile(text)
	c.within(20*time.Second, func() error {
		got, body, err := c.ask(addr, path)
		if err == nil && (got != status || !matching.MatchString(body)) {
			err = fmt.Errorf("%s%s answers %d %q, want %d and a match of %q", addr, path, got, body, status, text)
		}
		return err
	})
}

// freeAddr is an address on which nothing listens yet.
func (c *cluster) freeAddr() string {
	c.t.Helper()
	port, err := freePort()
	if err != nil {
		c.t.Fatal(err)
	}
	return fmt.Sprintf("127.0.0.1:%d", port)
}

// forward lets an address lead to the broker from now on.
func (c *cluster) forward(addr string) {
	c.t.Helper()
	d, err := newDoor(addr, c.addr)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(d.end)
}

// TestAServiceIsReadyOnceItFetches starts services before there is a Kafka: they are healthy and not ready. With Kafka
// there they become ready, count what they read, and then, while records flow steadily, write not one line more.
func TestAServiceIsReadyOnceItFetches(t *testing.T) {
	t.Parallel()
	r := start(t).river("admin", time.Second)
	broker, processor, sink := r.freeAddr(), r.freeAddr(), r.freeAddr()
	p := r.runAt(broker, "processor", append(r.processorFlags(), "--admin-addr", processor)...)
	s := r.runAt(broker, "sink", append(r.sinkFlags(), "--admin-addr", sink)...)
	for _, addr := range []string{processor, sink} {
		r.answers(addr, "/readyz", http.StatusServiceUnavailable, "waiting for Kafka")
		r.answers(addr, "/healthz", http.StatusOK, "healthy")
	}
	r.forward(broker)
	for _, addr := range []string{processor, sink} {
		r.answers(addr, "/readyz", http.StatusOK, "ready")
		r.answers(addr, "/healthz", http.StatusOK, "healthy")
	}
	r.spread(1)

	g := r.generator("--rate", "2000")
	r.answers(processor, "/metrics", http.StatusOK, `meanstream_processor_records_total\{verdict="kept"\} [1-9]`)
	r.answers(sink, "/metrics", http.StatusOK, `meanstream_sink_results_total [1-9]`)
	r.flows()
	r.flows()
	before := []int{len(p.log()), len(s.log()), len(g.log())}
	read := len(r.recorded())
	time.Sleep(6 * time.Second) // what is waited for is that nothing happens
	if n := len(r.recorded()) - read; n < 8_000 {
		t.Errorf("%d records came in six seconds, want 2000 a second", n)
	}
	for i, service := range []*service{p, s, g} {
		if more := service.log()[before[i]:]; len(more) > 0 {
			t.Errorf("%s writes while records flow steadily:\n%s", service.name, strings.Join(more, ""))
		}
	}
	r.stop(g, p, s)
}
