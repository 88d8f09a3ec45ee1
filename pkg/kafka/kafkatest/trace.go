package kafkatest

import (
	"fmt"
	"hash/fnv"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// trace is a bounded log of what happened: a failing simulation needs its last requests, not its first million.
type trace struct {
	mu    sync.Mutex
	on    bool
	start time.Time
	log   []string
	next  int    // where the oldest line stands, once the log is full
	sum   uint64 // see TraceSum
}

const traceLines = 4096

func (t *trace) begin(on bool) { t.on, t.start = on, time.Now() }

// add writes one line; what is a request's name, or empty.
func (t *trace) add(host, what, format string, args ...any) {
	if !t.on {
		return
	}
	line := fmt.Sprintf("%12s %-8s %-28s %s", time.Since(t.start), host, what, fmt.Sprintf(format, args...))
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.log) < traceLines {
		t.log = append(t.log, line)
		return
	}
	t.log[t.next] = line
	t.next = (t.next + 1) % traceLines
}

// count adds an answer to the sum. The order does not count, for those of one instant have none.
func (t *trace) count(host string, a Answer) {
	if !t.on || onlyLooks(a.Request.Key) {
		return
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %s %s %d%s", time.Since(t.start), host, a.Request.Broker, a.Request.Key, codes(a))
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sum += scatter(h.Sum64())
}

// onlyLooks tells requests that have no effect and that clients send to any broker, or in any order.
func onlyLooks(key kmsg.Key) bool {
	switch key {
	case kmsg.ApiVersions, kmsg.Metadata, kmsg.FindCoordinator, kmsg.ListOffsets:
		return true
	}
	return false
}

func (t *trace) lines() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append(append([]string(nil), t.log[t.next:]...), t.log[:t.next]...)
}

// codes lists the error codes in an answer, " 16 88" for two partitions refused: the first thing one wants to know.
func codes(a Answer) string {
	resp, err := a.Parse()
	if err != nil {
		return " (unreadable: " + err.Error() + ")"
	}
	var b strings.Builder
	eachCode(reflect.ValueOf(resp), func(code int64) {
		if code != 0 {
			fmt.Fprintf(&b, " %d", code)
		}
	})
	return b.String()
}

// eachCode walks a response for its fields named ErrorCode, wherever in topics and partitions they are.
func eachCode(v reflect.Value, f func(int64)) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			eachCode(v.Elem(), f)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.Struct {
			return
		}
		for i := range v.Len() {
			eachCode(v.Index(i), f)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Field(i)
			if v.Type().Field(i).Name == "ErrorCode" {
				f(field.Int())
				continue
			}
			eachCode(field, f)
		}
	}
}
