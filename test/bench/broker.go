package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/netip"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/wait"
)

// image is the broker that users are shown, too.
const image = "apache/kafka:4.3.1"

// dataFolder is in memory, for disks are not what is compared; and not where the image declares a volume, which would be
// root's.
const dataFolder = "/mnt/kafka"

// broker is one Kafka in a container.
type broker struct {
	container testcontainers.Container
	addr      string
}

// startBroker starts Kafka. The address that it tells to clients must be known before it starts, so the port is chosen here.
func startBroker(ctx context.Context) (*broker, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	req := testcontainers.ContainerRequest{
		Image: image, Env: settings(addr), ExposedPorts: []string{"9092/tcp"},
		WaitingFor: wait.ForLog("Kafka Server started").WithStartupTimeout(3 * time.Minute),
		HostConfigModifier: func(h *container.HostConfig) {
			h.PortBindings = network.PortMap{network.MustParsePort("9092/tcp"): {{HostIP: netip.MustParseAddr("127.0.0.1"), HostPort: fmt.Sprint(port)}}}
			h.Tmpfs = map[string]string{dataFolder: "rw,mode=1777,size=6g"}
		},
	}
	c, err := testcontainers.GenericContainer(ctx, testcontainers.GenericContainerRequest{ContainerRequest: req, Started: true, Logger: log.New(io.Discard, "", 0)})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start %s, or name a broker with -broker: %w", image, err), testcontainers.TerminateContainer(c))
	}
	return &broker{c, addr}, nil
}

// settings are the environment of a lone broker.
func settings(addr string) map[string]string {
	return map[string]string{
		"KAFKA_LOG_DIRS": dataFolder,
		"KAFKA_NODE_ID":  "1", "KAFKA_PROCESS_ROLES": "broker,controller", "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
		"KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER", "KAFKA_INTER_BROKER_LISTENER_NAME": "INTERNAL",
		"KAFKA_LISTENERS":                      "PLAINTEXT://:9092,INTERNAL://localhost:9094,CONTROLLER://localhost:9093",
		"KAFKA_ADVERTISED_LISTENERS":           "PLAINTEXT://" + addr + ",INTERNAL://localhost:9094",
		"KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT",
		"KAFKA_AUTO_CREATE_TOPICS_ENABLE":      "false", "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
		"KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1", "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
		"KAFKA_LOG_SEGMENT_DELETE_DELAY_MS":      "1000", // a topic of gigabytes follows the other, in memory
		"KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0", "KAFKA_HEAP_OPTS": "-Xmx1g -Xms1g",
	}
}

func (b *broker) end() error { return testcontainers.TerminateContainer(b.container) }

// pid is the process of the broker, as this machine counts them.
func (b *broker) pid(ctx context.Context) (int, error) {
	about, err := b.container.Inspect(ctx)
	if err != nil {
		return 0, fmt.Errorf("ask for the broker's process: %w", err)
	}
	return about.State.Pid, nil
}

func freePort() (int, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}
