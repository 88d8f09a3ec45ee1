// Package chaos runs the real binaries on a real Kafka in a container. It needs a Docker engine: without one its tests
// say so and are skipped, unless MEANSTREAM_REQUIRE_KAFKA is set.
package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/wait"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// image is the broker that users are shown, too.
const image = "apache/kafka:4.3.1"

// retentionCheck is how often the broker looks for records to delete: so often that a test can wait for it.
const retentionCheck = 5 * time.Second

// shared is one broker for all tests, and the binaries that are run against it: a start takes longer than most of them.
// Each test has topics and groups of its own.
type shared struct {
	once   sync.Once
	err    error
	addr   string
	bin    string // folder of the binaries
	broker testcontainers.Container
}

// common is started by the first test that needs it, and ended by TestMain.
var common shared

func TestMain(m *testing.M) {
	code := m.Run()
	if err := common.end(); err != nil {
		fmt.Fprintln(os.Stderr, "end the broker:", err)
	}
	os.Exit(code)
}

func (s *shared) end() error {
	return errors.Join(testcontainers.TerminateContainer(s.broker), os.RemoveAll(s.bin))
}

func (s *shared) start() {
	if s.bin, s.err = os.MkdirTemp("", "meanstream-chaos-bin-"); s.err != nil {
		return
	}
	build := exec.Command("go", "build", "-o", s.bin+"/", "./services/...")
	build.Dir = repository
	if out, err := build.CombinedOutput(); err != nil {
		s.err = fmt.Errorf("build the services: %w\n%s", err, out)
		return
	}
	if err := s.startBroker(); err != nil {
		s.err = fmt.Errorf("start %s: %w", image, err)
	}
}

// startBroker starts Kafka. Its advertised address must be known before it starts, so the port is chosen here.
func (s *shared) startBroker() error {
	port, err := freePort()
	if err != nil {
		return err
	}
	s.addr = fmt.Sprintf("localhost:%d", port)
	inside := network.MustParsePort("9092/tcp")
	every := fmt.Sprint(retentionCheck.Milliseconds())
	req := testcontainers.ContainerRequest{
		Image:        image,
		ExposedPorts: []string{"9092/tcp"},
		Env: map[string]string{
			"KAFKA_NODE_ID": "1", "KAFKA_PROCESS_ROLES": "broker,controller", "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
			"KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
			// The broker talks to itself, to verify transactions and to end them, by an address that works inside.
			"KAFKA_LISTENERS": "PLAINTEXT://:9092,INTERNAL://localhost:9094,CONTROLLER://localhost:9093", "KAFKA_INTER_BROKER_LISTENER_NAME": "INTERNAL",
			"KAFKA_ADVERTISED_LISTENERS":           "PLAINTEXT://" + s.addr + ",INTERNAL://localhost:9094",
			"KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT",
			"KAFKA_AUTO_CREATE_TOPICS_ENABLE":      "false", "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
			"KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1", "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
			"KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0", "KAFKA_HEAP_OPTS": "-Xmx512m -Xms256m",
			"KAFKA_LOG_RETENTION_CHECK_INTERVAL_MS": every, "KAFKA_LOG_INITIAL_TASK_DELAY_MS": every,
		},
		HostConfigModifier: func(h *container.HostConfig) {
			h.PortBindings = network.PortMap{inside: {{HostIP: netip.MustParseAddr("127.0.0.1"), HostPort: fmt.Sprint(port)}}}
		},
		WaitingFor: wait.ForLog("Kafka Server started").WithStartupTimeout(90 * time.Second),
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	s.broker, err = testcontainers.GenericContainer(ctx, testcontainers.GenericContainerRequest{ContainerRequest: req, Started: true})
	return err
}

// cluster is a broker as one test sees it.
type cluster struct {
	t        *testing.T
	addr     string
	bin      string
	logs     string      // folder of the services' logs, kept if the test fails
	client   *kgo.Client // to send with
	admin    *kadm.Client
	services []*service
}

// start gives a test the broker, or skips it where there is no Docker. Tests with a broker run side by side: most of
// their time is waiting.
func start(t *testing.T) *cluster {
	t.Helper()
	needDocker(t)
	common.once.Do(common.start)
	if common.err != nil {
		t.Fatal(common.err)
	}
	c := at(t, common.addr, common.bin)
	t.Cleanup(func() { c.keepBrokersLog() })
	return c
}

// at is a broker at an address.
func at(t *testing.T, addr, bin string) *cluster {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.MetadataMinAge(50*time.Millisecond))
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

// in is the same cluster for a subtest.
func (c *cluster) in(t *testing.T) *cluster { return at(t, c.addr, c.bin) }

// keepBrokersLog puts the broker's log beside those of the services if the test has failed.
func (c *cluster) keepBrokersLog() {
	if !c.t.Failed() {
		return
	}
	log, err := common.broker.Logs(context.Background())
	if err != nil {
		c.t.Logf("the broker's log can't be had: %v", err)
		return
	}
	defer func() { _ = log.Close() }()
	f, err := os.Create(filepath.Join(c.logs, "kafka.log"))
	if err != nil {
		c.t.Logf("the broker's log can't be kept: %v", err)
		return
	}
	if _, err := io.Copy(f, log); err != nil {
		c.t.Logf("the broker's log is not whole: %v", err)
	}
	_ = f.Close()
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

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}
