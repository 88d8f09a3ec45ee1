package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// compose is the shipped compose file under a project name of its own, so that nobody's running river is touched.
type compose struct {
	t       *testing.T
	project string
	files   []string // the shipped one alone if there are none
	ports   []int    // on this machine, of each broker that there may be
}

// newCompose starts nothing yet; in the end everything is taken down, whatever happened.
func newCompose(t *testing.T, name string, files ...string) *compose {
	t.Helper()
	needDocker(t)
	c := &compose{t: t, project: fmt.Sprintf("meanstream-%s-%d", name, os.Getpid()), files: files}
	for range 3 {
		port, err := freePort()
		if err != nil {
			t.Fatal(err)
		}
		c.ports = append(c.ports, port)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		defer cancel()
		if t.Failed() {
			c.keepLogs(ctx)
		}
		if out, err := c.command(ctx, "down", "-v", "--timeout=5").CombinedOutput(); err != nil {
			t.Errorf("docker compose down: %v\n%s", err, out)
		}
	})
	return c
}

// keepLogs shows how each service's log ends, and keeps those of all containers.
func (c *compose) keepLogs(ctx context.Context) {
	shown, err := c.command(ctx, "logs", "--no-color", "--tail=20", "generator", "processor", "sink").CombinedOutput()
	c.t.Logf("the end of each service's log: %v\n%s", err, shown)
	f, err := os.CreateTemp("", "meanstream-chaos-compose-*.log")
	if err != nil {
		c.t.Logf("the containers' logs can't be kept: %v", err)
		return
	}
	defer func() { _ = f.Close() }()
	cmd := c.command(ctx, "logs", "--no-color")
	cmd.Stdout = f
	c.t.Logf("all logs are kept in %s: %v", f.Name(), cmd.Run())
}

func (c *compose) command(ctx context.Context, args ...string) *exec.Cmd {
	all := []string{"compose", "-p", c.project}
	for _, file := range c.files {
		all = append(all, "-f", file)
	}
	cmd := exec.CommandContext(ctx, "docker", append(all, args...)...)
	cmd.Dir = repository
	cmd.Env = append(os.Environ(), fmt.Sprintf("MEANSTREAM_KAFKA_PORT=%d", c.ports[0]),
		fmt.Sprintf("MEANSTREAM_KAFKA2_PORT=%d", c.ports[1]), fmt.Sprintf("MEANSTREAM_KAFKA3_PORT=%d", c.ports[2]))
	return cmd
}

// do is docker compose with the arguments, and what it printed.
func (c *compose) do(args ...string) string {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 5*time.Minute)
	defer cancel()
	var stderr strings.Builder
	cmd := c.command(ctx, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		c.t.Fatalf("docker compose %s: %v\n%s%s", strings.Join(args, " "), err, out, stderr.String())
	}
	return string(out)
}

// tool runs one of Kafka's own tools where README says that they are.
func (c *compose) tool(name string, args ...string) string {
	c.t.Helper()
	return c.do(append([]string{"exec", "-T", "kafka", "/opt/kafka/bin/" + name, "--bootstrap-server", "localhost:9092"}, args...)...)
}

// state is what Docker says of a container.
type state struct {
	Service, Name, State string
	ExitCode             int
}

// containers are those of the project, running or not.
func (c *compose) containers() []state {
	c.t.Helper()
	var all []state
	for line := range strings.Lines(c.do("ps", "-a", "--format", "json")) {
		var s state
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			c.t.Fatalf("docker compose ps says %s: %v", line, err)
		}
		all = append(all, s)
	}
	return all
}

// owners says which partitions of a topic each member of a group has and how much is not committed yet, in the words of
// kafka-consumer-groups.sh.
func (c *compose) owners(group, topic string) (members map[string][]string, lags []string) {
	c.t.Helper()
	members = map[string][]string{}
	for line := range strings.Lines(c.tool("kafka-consumer-groups.sh", "--describe", "--group", group)) {
		// GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG CONSUMER-ID HOST CLIENT-ID
		if f := strings.Fields(line); len(f) >= 7 && f[0] == group && f[1] == topic {
			members[f[6]] = append(members[f[6]], f[2])
			lags = append(lags, f[5])
		}
	}
	return members, lags
}

// network connects a broker's container with the project's network, or disconnects it.
func (c *compose) network(verb string, id int32, args ...string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	all := append(append([]string{"network", verb}, args...), c.project+"_default", fmt.Sprintf("%s-%s-1", c.project, brokerOf(id)))
	if out, err := exec.CommandContext(ctx, "docker", all...).CombinedOutput(); err != nil {
		c.t.Fatalf("docker %s: %v\n%s", strings.Join(all, " "), err, out)
	}
}
