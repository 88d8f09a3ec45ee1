package chaos

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/wait"
)

// image is the broker that users are shown, too.
const image = "apache/kafka:4.3.1"

// retentionCheck is how often the broker looks for records to delete: so often that a test can wait for it.
const retentionCheck = 5 * time.Second

// broker is one Kafka in a container.
type broker struct {
	container testcontainers.Container
	disk      *disk
	addr      string  // that nothing can cut off, for the test itself
	doors     []*door // each leads to a listener of its own, so that whoever begins there stays there
}

// own is what a test wants of a broker that it does not share.
type own struct {
	doors int
	disk  int               // size of its disk in MiB, if not the usual
	env   map[string]string // beside the settings of all
}

// newBroker starts Kafka. Its advertised addresses must be known before it starts, so the ports are chosen here.
func newBroker(o own) (*broker, error) {
	b := &broker{}
	req := testcontainers.ContainerRequest{Image: image, WaitingFor: wait.ForLog("Kafka Server started").WithStartupTimeout(3 * time.Minute)}
	ports := network.PortMap{}
	publish := func(inside string) (string, error) {
		port, err := freePort()
		ports[network.MustParsePort(inside+"/tcp")] = []network.PortBinding{{HostIP: netip.MustParseAddr("127.0.0.1"), HostPort: fmt.Sprint(port)}}
		req.ExposedPorts = append(req.ExposedPorts, inside+"/tcp")
		return fmt.Sprintf("127.0.0.1:%d", port), err
	}
	var err error
	if b.addr, err = publish("9092"); err != nil {
		return nil, err
	}
	// The broker talks to itself, to verify transactions and to end them, by an address that works inside.
	listeners := "PLAINTEXT://:9092,INTERNAL://localhost:9094,CONTROLLER://localhost:9093"
	advertised := "PLAINTEXT://" + b.addr + ",INTERNAL://localhost:9094"
	protocols := "PLAINTEXT:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT"
	for i := range o.doors {
		inside := fmt.Sprint(9100 + i)
		target, err := publish(inside)
		if err != nil {
			return nil, errors.Join(err, b.end())
		}
		d, err := newDoor("127.0.0.1:0", target)
		if err != nil {
			return nil, errors.Join(err, b.end())
		}
		b.doors = append(b.doors, d)
		name := fmt.Sprintf("DOOR%d", i)
		listeners += fmt.Sprintf(",%s://:%s", name, inside)
		advertised += fmt.Sprintf(",%s://%s", name, d.addr)
		protocols += fmt.Sprintf(",%s:PLAINTEXT", name)
	}
	req.Env = settings(listeners, advertised, protocols)
	maps.Copy(req.Env, o.env)
	if b.disk, err = newDisk(cmp.Or(o.disk, usualSize)); err != nil {
		return nil, errors.Join(err, b.end())
	}
	req.HostConfigModifier = func(h *container.HostConfig) {
		h.PortBindings = ports
		h.Binds = append(h.Binds, b.disk.volume+":"+dataFolder)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	b.container, err = testcontainers.GenericContainer(ctx, testcontainers.GenericContainerRequest{ContainerRequest: req, Started: true})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", image, err), b.end())
	}
	return b, nil
}

// settings are the environment of a lone broker.
func settings(listeners, advertised, protocols string) map[string]string {
	every := fmt.Sprint(retentionCheck.Milliseconds())
	return map[string]string{
		"KAFKA_LOG_DIRS": dataFolder,
		"KAFKA_NODE_ID":  "1", "KAFKA_PROCESS_ROLES": "broker,controller", "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
		"KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER", "KAFKA_INTER_BROKER_LISTENER_NAME": "INTERNAL",
		"KAFKA_LISTENERS": listeners, "KAFKA_ADVERTISED_LISTENERS": advertised, "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": protocols,
		"KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false", "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
		"KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1", "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
		"KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0", "KAFKA_HEAP_OPTS": "-Xmx512m -Xms256m",
		"KAFKA_LOG_RETENTION_CHECK_INTERVAL_MS": every, "KAFKA_LOG_INITIAL_TASK_DELAY_MS": every,
	}
}

func (b *broker) end() error {
	if b == nil {
		return nil
	}
	for _, d := range b.doors {
		d.end()
	}
	return errors.Join(testcontainers.TerminateContainer(b.container), b.disk.end())
}

// docker runs a command of the engine on the broker's container: docker VERB ARGS CONTAINER.
func (b *broker) docker(verb string, args ...string) error {
	return docker(append(append([]string{verb}, args...), b.container.GetContainerID())...)
}

// lostMarkers tells whether the broker has taken the only replica of partitions, which it was just giving up, for deleted
// ones, and so left out the end of transactions there that had been answered. Seen on Kafka 4.3.1 when it is told to end in
// the 50 ms after a commit; and after kill -9 amid a commit, when it is back before its former session ends and is fenced
// while it makes up for the markers: an offset, or a record, then hangs for ever. No service can know.
func (b *broker) lostMarkers() (bool, error) {
	out, err := exec.Command("docker", "logs", b.container.GetContainerID()).CombinedOutput()
	return bytes.Contains(out, []byte("these partitions are likely deleted already and hence can be skipped")), err
}

// keepLog puts the broker's log beside those of a test's services if the test has failed.
func (b *broker) keepLog(t *testing.T, logs string) {
	if !t.Failed() {
		return
	}
	log, err := b.container.Logs(context.Background())
	if err != nil {
		t.Logf("the broker's log can't be had: %v", err)
		return
	}
	defer func() { _ = log.Close() }()
	f, err := os.Create(filepath.Join(logs, "kafka.log"))
	if err != nil {
		t.Logf("the broker's log can't be kept: %v", err)
		return
	}
	if _, err := io.Copy(f, log); err != nil {
		t.Logf("the broker's log is not whole: %v", err)
	}
	_ = f.Close()
}

// must ends the test if something could not be done to the broker.
func (c *cluster) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// terminateBroker tells the broker to end in order, with its logs closed, and does not wait.
func (c *cluster) terminateBroker() { c.t.Helper(); c.must(c.broker.docker("kill", "-s", "TERM")) }

// killBroker is kill -9.
func (c *cluster) killBroker() { c.t.Helper(); c.must(c.broker.docker("kill")) }

// startBroker starts a broker once it has ended, and does not wait until it answers. One that was told to end while it was
// still starting may not have heard it, and is told again.
func (c *cluster) startBroker() {
	c.t.Helper()
	c.must(c.broker.docker("stop", "-t", "10"))
	c.must(c.broker.docker("start"))
}

// restartBroker stops a broker in order and starts it.
func (c *cluster) restartBroker() {
	c.t.Helper()
	c.terminateBroker()
	c.startBroker()
	c.brokerAnswers()
}

// pauseBroker stops the broker in its tracks; connections stay, nothing is answered. Docker gives up when a busy machine
// does not freeze all threads in time, and has let them go on then.
func (c *cluster) pauseBroker() {
	c.t.Helper()
	c.within(bound, func() error { return c.broker.docker("pause") })
}

// resumeBroker lets a paused broker go on, as if no time had passed.
func (c *cluster) resumeBroker() { c.t.Helper(); c.must(c.broker.docker("unpause")) }

// brokerAnswers waits until the broker does, and can say who coordinates groups.
func (c *cluster) brokerAnswers() {
	c.t.Helper()
	c.within(2*time.Minute, func() error {
		ctx, cancel := context.WithTimeout(c.t.Context(), 2*time.Second)
		defer cancel()
		offsets, err := c.admin.FetchOffsets(ctx, "nobody")
		return errors.Join(err, offsets.Error())
	})
}

// kafka runs one of Kafka's own tools beside the broker, with the text on its standard input, and gives what it printed.
func (c *cluster) kafka(stdin, tool string, args ...string) string {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	args = append([]string{"exec", "-i", "-e", "KAFKA_HEAP_OPTS=-Xmx128m", c.broker.container.GetContainerID(),
		"/opt/kafka/bin/" + tool, "--bootstrap-server", "localhost:9094"}, args...)
	cmd := exec.CommandContext(ctx, "docker", args...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.t.Fatalf("%s %s: %v\n%s", tool, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}
