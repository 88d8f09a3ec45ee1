// Package chaos runs the real binaries on a real Kafka in a container. It needs a Docker engine: without one its tests
// say so and are skipped, unless MEANSTREAM_REQUIRE_KAFKA is set.
package chaos

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/wait"
	"github.com/twmb/franz-go/pkg/kgo"
)

// image is the broker that users are shown, too.
const image = "apache/kafka:4.3.1"

// cluster is one broker in a container, and the binaries to be run against it.
type cluster struct {
	t    *testing.T
	addr string
	bin  string
}

// start brings a broker up, or skips the test where there is no Docker.
func start(t *testing.T) *cluster {
	t.Helper()
	if err := exec.CommandContext(t.Context(), "docker", "info").Run(); err != nil {
		if os.Getenv("MEANSTREAM_REQUIRE_KAFKA") != "" {
			t.Fatalf("no Docker engine answers, and MEANSTREAM_REQUIRE_KAFKA is set: %v", err)
		}
		t.Skip("no Docker engine answers: the tests on a real Kafka are skipped")
	}
	port := freePort(t)
	c := &cluster{t: t, addr: fmt.Sprintf("localhost:%d", port), bin: t.TempDir()}
	c.broker(port)
	build := exec.CommandContext(t.Context(), "go", "build", "-o", c.bin+"/", "./services/...")
	build.Dir = filepath.Join("..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the services: %v\n%s", err, out)
	}
	return c
}

// in is the same cluster for a subtest.
func (c *cluster) in(t *testing.T) *cluster { return &cluster{t: t, addr: c.addr, bin: c.bin} }

// broker starts Kafka. Its advertised address must be known before it starts, so the port is chosen here.
func (c *cluster) broker(port int) {
	c.t.Helper()
	inside := network.MustParsePort("9092/tcp")
	req := testcontainers.ContainerRequest{
		Image:        image,
		ExposedPorts: []string{"9092/tcp"},
		Env: map[string]string{
			"KAFKA_NODE_ID": "1", "KAFKA_PROCESS_ROLES": "broker,controller", "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
			"KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
			// The broker talks to itself, to verify transactions and to end them, by an address that works inside.
			"KAFKA_LISTENERS": "PLAINTEXT://:9092,INTERNAL://localhost:9094,CONTROLLER://localhost:9093", "KAFKA_INTER_BROKER_LISTENER_NAME": "INTERNAL",
			"KAFKA_ADVERTISED_LISTENERS":           "PLAINTEXT://" + c.addr + ",INTERNAL://localhost:9094",
			"KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT",
			"KAFKA_AUTO_CREATE_TOPICS_ENABLE":      "false", "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
			"KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1", "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
			"KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0", "KAFKA_HEAP_OPTS": "-Xmx512m -Xms256m",
		},
		HostConfigModifier: func(h *container.HostConfig) {
			h.PortBindings = network.PortMap{inside: {{HostIP: netip.MustParseAddr("127.0.0.1"), HostPort: fmt.Sprint(port)}}}
		},
		WaitingFor: wait.ForLog("Kafka Server started").WithStartupTimeout(90 * time.Second),
	}
	started, err := testcontainers.GenericContainer(c.t.Context(), testcontainers.GenericContainerRequest{ContainerRequest: req, Started: true})
	testcontainers.CleanupContainer(c.t, started)
	if err != nil {
		c.t.Fatalf("start %s: %v", image, err)
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

// service is one running binary.
type service struct {
	cmd  *exec.Cmd
	log  *os.File
	done chan error
}

// run starts a binary against the cluster.
func (c *cluster) run(name string, args ...string) *service {
	c.t.Helper()
	log, err := os.CreateTemp(c.t.TempDir(), name+"-*.log")
	if err != nil {
		c.t.Fatal(err)
	}
	s := &service{cmd: exec.Command(filepath.Join(c.bin, name), append([]string{"--brokers", c.addr}, args...)...), log: log, done: make(chan error, 1)}
	s.cmd.Stderr = log
	if err := s.cmd.Start(); err != nil {
		c.t.Fatalf("start %s: %v", name, err)
	}
	go func() { s.done <- s.cmd.Wait() }()
	c.t.Cleanup(func() { _ = s.cmd.Process.Kill() })
	return s
}

// kill is kill -9.
func (s *service) kill() {
	_ = s.cmd.Process.Kill()
	<-s.done
}

// wait waits until a service has ended by itself, and fails if not with exit code 0.
func (c *cluster) wait(ss ...*service) {
	c.t.Helper()
	for _, s := range ss {
		select {
		case err := <-s.done:
			if err != nil {
				text, _ := os.ReadFile(s.log.Name())
				c.t.Fatalf("%s: %v\n%s", filepath.Base(s.cmd.Path), err, text)
			}
		case <-time.After(time.Minute):
			for _, s := range ss {
				text, _ := os.ReadFile(s.log.Name())
				c.t.Errorf("%s\n%s", filepath.Base(s.cmd.Path), text)
			}
			c.t.Fatalf("%s has not ended in time", filepath.Base(s.cmd.Path))
		}
	}
}

// read reads what an independent client sees of a topic in read_committed, until nothing more comes.
func (c *cluster) read(topic string) []*kgo.Record {
	c.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(c.addr), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	if err != nil {
		c.t.Fatal(err)
	}
	defer client.Close()
	var all []*kgo.Record
	for {
		ctx, cancel := context.WithTimeout(c.t.Context(), 3*time.Second)
		fetched := client.PollFetches(ctx)
		cancel()
		if fetched.Empty() {
			return all
		}
		all = append(all, fetched.Records()...)
	}
}
