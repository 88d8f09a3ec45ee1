// Package chaos runs the real binaries on a real Kafka in a container, and breaks both. It needs a Docker engine:
// without one its tests say so and are skipped, unless MEANSTREAM_REQUIRE_KAFKA is set.
//
// One fault at a time is in tests of its own. TestMixedChaos draws many from a seed while traffic flows, for 20 seconds
// or as long as CHAOS says: CHAOS=10m CHAOS_SEED=7 go test -run TestMixedChaos -timeout 90m ./test/chaos
package chaos

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// shared is one broker for all tests that do it no harm, and the binaries that are run against any: a start takes
// longer than most tests. Each test has topics and groups of its own.
type shared struct {
	building sync.Once
	bin      string // folder of the binaries
	buildErr error

	starting sync.Once
	broker   *broker
	startErr error
}

// common is started by the first test that needs it, and ended by TestMain.
var common shared

// sideBySide is how many tests run at a time unless -parallel says so: most of their time is waiting, on few cores, too.
const sideBySide = "4"

func TestMain(m *testing.M) {
	flag.Parse()
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "test.parallel" })
	if !said {
		if err := flag.Set("test.parallel", sideBySide); err != nil {
			panic(err) // there is such a flag
		}
	}
	code := m.Run()
	if err := errors.Join(common.broker.end(), os.RemoveAll(common.bin)); err != nil {
		fmt.Fprintln(os.Stderr, "end the broker:", err)
	}
	os.Exit(code)
}

// binaries gives the folder of the services, built once.
func (s *shared) binaries(t *testing.T) string {
	t.Helper()
	s.building.Do(func() {
		if s.bin, s.buildErr = os.MkdirTemp("", "meanstream-chaos-bin-"); s.buildErr != nil { //nolint:usetesting // all tests use it
			return
		}
		build := exec.Command("go", "build", "-o", s.bin+"/", "./services/...")
		build.Dir = repository
		if out, err := build.CombinedOutput(); err != nil {
			s.buildErr = fmt.Errorf("build the services: %w\n%s", err, out)
		}
	})
	if s.buildErr != nil {
		t.Fatal(s.buildErr)
	}
	return s.bin
}

// cluster is a broker as one test sees it.
type cluster struct {
	t        *testing.T
	broker   *broker // nil if it runs elsewhere
	addr     string
	bin      string
	logs     string      // folder of the services' logs, kept if the test fails
	client   *kgo.Client // to send with
	admin    *kadm.Client
	services []*service
}

// start gives a test the common broker, or skips it where there is no Docker.
func start(t *testing.T) *cluster {
	t.Helper()
	needDocker(t)
	bin := common.binaries(t)
	common.starting.Do(func() { common.broker, common.startErr = newBroker(own{}) })
	if common.startErr != nil {
		t.Fatal(common.startErr)
	}
	return of(t, common.broker, bin)
}

// startOwn gives a test a broker that it may break, with so many doors.
func startOwn(t *testing.T, doors int) *cluster {
	t.Helper()
	return startAs(t, own{doors: doors})
}

// startAs gives a test a broker of its own, as it wants it.
func startAs(t *testing.T, o own) *cluster {
	t.Helper()
	needDocker(t)
	bin := common.binaries(t)
	b, err := newBroker(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.end(); err != nil {
			t.Errorf("end the broker: %v", err)
		}
	})
	return of(t, b, bin)
}

// of is a broker in a container.
func of(t *testing.T, b *broker, bin string) *cluster {
	t.Helper()
	c := at(t, b.addr, bin)
	c.broker = b
	t.Cleanup(func() { b.keepLog(t, c.logs) })
	return c
}

// at is a broker at an address, or several at the addresses between commas.
func at(t *testing.T, addr, bin string) *cluster {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(addr, ",")...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.MetadataMinAge(50*time.Millisecond),
		kgo.MaxBufferedRecords(1<<20),                     // a burst never waits for a broker that is down
		kgo.ProducerBatchCompression(kgo.NoCompression())) // what fits a fetch can be told
	if err != nil {
		t.Fatal(err)
	}
	logs, err := os.MkdirTemp("", "meanstream-chaos-logs-") //nolint:usetesting // it outlives a test that fails
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{t: t, addr: addr, bin: bin, logs: logs, client: client, admin: kadm.NewClient(client)}
	t.Cleanup(func() {
		client.Close()
		c.showLogs()
	})
	return c
}

// long skips a test that takes minutes unless CHAOS_LONG asks for it.
func long(t *testing.T) {
	t.Helper()
	if os.Getenv("CHAOS_LONG") == "" {
		t.Skip("takes minutes: CHAOS_LONG=1 go test -timeout 60m ./test/chaos")
	}
}

// in is the same cluster for a subtest.
func (c *cluster) in(t *testing.T) *cluster {
	t.Helper()
	return of(t, c.broker, c.bin)
}

// repository is where the module begins, seen from here.
var repository = filepath.Join("..", "..")

func needDocker(t *testing.T) {
	t.Helper()
	if err := exec.CommandContext(t.Context(), "docker", "info").Run(); err != nil {
		if os.Getenv("MEANSTREAM_REQUIRE_KAFKA") != "" {
			t.Fatalf("no Docker engine answers, and MEANSTREAM_REQUIRE_KAFKA is set: %v", err)
		}
		t.Skip("no Docker engine answers: the tests on a real Kafka are skipped")
	}
}
