// Package secure runs the real binaries on a real Kafka that encrypts, authenticates and authorizes. It needs a Docker
// engine: without one its tests say so and are skipped, unless MEANSTREAM_REQUIRE_KAFKA is set.
package secure

import (
	"bytes"
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

// Listeners of the broker, by the port inside the container.
const (
	securePort  = 9092 // SASL_SSL with SCRAM-SHA-512; advertised is a proxy before it
	expiredPort = 9095 // the same with a certificate that has expired
	mutualPort  = 9096 // SSL that wants a certificate
	saslPort    = 9097 // SASL_PLAINTEXT with SCRAM-SHA-256
	adminPort   = 9098 // plaintext, for the test itself, which may do everything there
)

// shared is one broker for all tests, and the binaries that are run against it.
type shared struct {
	once   sync.Once
	err    error
	dir    string // of binaries and secrets
	broker testcontainers.Container
	ports  map[int]string // host:port by the port inside
	proxy  *proxy         // before securePort
	client *kgo.Client
	admin  *kadm.Client
}

// common is started by the first test that needs it, and ended by TestMain.
var common shared

func TestMain(m *testing.M) {
	code := m.Run()
	if common.client != nil {
		common.client.Close()
	}
	if err := errors.Join(testcontainers.TerminateContainer(common.broker), os.RemoveAll(common.dir)); err != nil {
		fmt.Fprintln(os.Stderr, "end the broker:", err)
	}
	os.Exit(code)
}

// start gives a test the broker, or skips it where there is no Docker.
func start(t *testing.T) *shared {
	t.Helper()
	if err := exec.CommandContext(t.Context(), "docker", "info").Run(); err != nil {
		if os.Getenv("MEANSTREAM_REQUIRE_KAFKA") != "" {
			t.Fatalf("no Docker engine answers, and MEANSTREAM_REQUIRE_KAFKA is set: %v", err)
		}
		t.Skip("no Docker engine answers: the tests on a secured Kafka are skipped")
	}
	common.once.Do(func() { common.err = common.begin() })
	if common.err != nil {
		t.Fatal(common.err)
	}
	return &common
}

func (s *shared) begin() error {
	var err error
	if s.dir, err = os.MkdirTemp("", "meanstream-secure-"); err != nil {
		return err
	}
	built := make(chan error, 1)
	go func() { built <- build(s.dir) }()
	if err := secrets(s.dir); err != nil {
		return fmt.Errorf("make certificates: %w", err)
	}
	if err := s.startBroker(); err != nil {
		return fmt.Errorf("start %s: %w", image, err)
	}
	if s.client, err = kgo.NewClient(kgo.SeedBrokers(s.ports[adminPort]), kgo.MetadataMinAge(50*time.Millisecond)); err != nil {
		return err
	}
	s.admin = kadm.NewClient(s.client)
	return errors.Join(s.makeUsers(), s.makeTopics(), s.grant(), <-built)
}

func build(dir string) error {
	cmd := exec.Command("go", "build", "-o", dir+"/", "./services/generator", "./services/processor", "./services/sink")
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the services: %w\n%s", err, out)
	}
	return nil
}

func (s *shared) startBroker() error {
	s.ports = map[int]string{}
	var exposed []string
	bound := network.PortMap{}
	for _, port := range []int{securePort, expiredPort, mutualPort, saslPort, adminPort} {
		free, err := freePort()
		if err != nil {
			return err
		}
		s.ports[port] = fmt.Sprintf("localhost:%d", free)
		inside := fmt.Sprintf("%d/tcp", port)
		exposed = append(exposed, inside)
		bound[network.MustParsePort(inside)] = []network.PortBinding{{HostIP: netip.MustParseAddr("127.0.0.1"), HostPort: fmt.Sprint(free)}}
	}
	var err error
	if s.proxy, err = newProxy(s.ports[securePort]); err != nil {
		return err
	}
	var files []testcontainers.ContainerFile
	for _, name := range []string{"broker.pem", "expired.pem", "ca.pem"} {
		files = append(files, testcontainers.ContainerFile{HostFilePath: filepath.Join(s.dir, name), ContainerFilePath: "/tmp/" + name, FileMode: 0o644})
	}
	files = append(files, testcontainers.ContainerFile{HostFilePath: filepath.Join("..", "..", "deploy", "secure", "acls.sh"), ContainerFilePath: "/tmp/acls.sh", FileMode: 0o755})
	req := testcontainers.ContainerRequest{
		Image: image, ExposedPorts: exposed, Env: s.environment(), Files: files,
		HostConfigModifier: func(h *container.HostConfig) { h.PortBindings = bound },
		WaitingFor:         wait.ForLog("Kafka Server started").WithStartupTimeout(3 * time.Minute),
	}
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	s.broker, err = testcontainers.GenericContainer(ctx, testcontainers.GenericContainerRequest{ContainerRequest: req, Started: true})
	return err
}

// environment is the broker's configuration. The listeners' names say nothing of their protocol: with names like SASL_SSL
// the image's own start script wants Java keystores.
func (s *shared) environment() map[string]string {
	const scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
	env := map[string]string{
		"KAFKA_NODE_ID": "1", "KAFKA_PROCESS_ROLES": "broker,controller", "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
		"KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER", "KAFKA_INTER_BROKER_LISTENER_NAME": "INSIDE",
		"KAFKA_LISTENERS": "SECURE://:9092,INSIDE://localhost:9094,EXPIRED://:9095,MUTUAL://:9096,OPEN://:9097,ADMIN://:9098,CONTROLLER://localhost:9093",
		"KAFKA_ADVERTISED_LISTENERS": "SECURE://" + s.proxy.addr + ",INSIDE://localhost:9094,EXPIRED://" + s.ports[expiredPort] +
			",MUTUAL://" + s.ports[mutualPort] + ",OPEN://" + s.ports[saslPort] + ",ADMIN://" + s.ports[adminPort],
		"KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "SECURE:SASL_SSL,INSIDE:PLAINTEXT,EXPIRED:SASL_SSL,MUTUAL:SSL,OPEN:SASL_PLAINTEXT,ADMIN:PLAINTEXT,CONTROLLER:PLAINTEXT",
		"KAFKA_AUTHORIZER_CLASS_NAME":          "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
		// The broker itself and this test come without a name, by listeners that nobody else reaches.
		"KAFKA_SUPER_USERS":               "User:ANONYMOUS",
		"KAFKA_SASL_ENABLED_MECHANISMS":   "SCRAM-SHA-512",
		"KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false", "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
		"KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "3", "KAFKA_TRANSACTION_STATE_LOG_NUM_PARTITIONS": "3",
		"KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1", "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
		"KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0", "KAFKA_HEAP_OPTS": "-Xmx512m -Xms256m -XX:TieredStopAtLevel=1",
		"KAFKA_LISTENER_NAME_MUTUAL_SSL_CLIENT_AUTH":                     "required",
		"KAFKA_LISTENER_NAME_SECURE_SCRAM___SHA___512_SASL_JAAS_CONFIG":  scram,
		"KAFKA_LISTENER_NAME_EXPIRED_SCRAM___SHA___512_SASL_JAAS_CONFIG": scram,
		"KAFKA_LISTENER_NAME_OPEN_SASL_ENABLED_MECHANISMS":               "SCRAM-SHA-256",
		"KAFKA_LISTENER_NAME_OPEN_SCRAM___SHA___256_SASL_JAAS_CONFIG":    scram,
	}
	for listener, file := range map[string]string{"SECURE": "broker.pem", "EXPIRED": "expired.pem", "MUTUAL": "broker.pem"} {
		prefix := "KAFKA_LISTENER_NAME_" + listener + "_SSL_"
		env[prefix+"KEYSTORE_TYPE"], env[prefix+"KEYSTORE_LOCATION"] = "PEM", "/tmp/"+file
		env[prefix+"TRUSTSTORE_TYPE"], env[prefix+"TRUSTSTORE_LOCATION"] = "PEM", "/tmp/ca.pem"
	}
	return env
}

func (s *shared) makeUsers() error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for _, m := range []kadm.ScramMechanism{kadm.ScramSha256, kadm.ScramSha512} {
		var all []kadm.UpsertSCRAM
		for _, user := range users() {
			all = append(all, kadm.UpsertSCRAM{User: user, Mechanism: m, Iterations: 4096, Password: password(user)})
		}
		got, err := s.admin.AlterUserSCRAMs(ctx, nil, all)
		if err = errors.Join(err, got.Error()); err != nil {
			return fmt.Errorf("make users: %w", err)
		}
	}
	return nil
}

func (s *shared) makeTopics() error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	stamped := "LogAppendTime"
	got, err := s.admin.CreateTopics(ctx, 3, 1, map[string]*string{"message.timestamp.type": &stamped}, "records", "partials", "results", "rejects")
	return errors.Join(err, got.Error())
}

// grant runs the script that the documentation shows, as it is.
func (s *shared) grant() error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	code, out, err := s.broker.Exec(ctx, []string{"env", "BROKER=localhost:9094", "KAFKA_HEAP_OPTS=-Xmx128m -XX:TieredStopAtLevel=1", "/tmp/acls.sh"})
	if err != nil || code != 0 {
		var text bytes.Buffer
		if out != nil {
			_, _ = io.Copy(&text, out)
		}
		return fmt.Errorf("acls.sh: exit code %d, %w: %s", code, err, text.String())
	}
	return nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}
