package chaos

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// disk is a small volume in memory. A container of its own keeps it when the broker is down, and does to it what an
// operator would see: a tool's output of another kind, say, that fills it.
type disk struct {
	t      *testing.T
	volume string
	keeper string // the container
}

// newDisk makes a disk of so many MiB.
func newDisk(t *testing.T, size int) *disk {
	t.Helper()
	needDocker(t)
	name := fmt.Sprintf("meanstream-disk-%d", os.Getpid())
	d := &disk{t: t, volume: name, keeper: name}
	d.docker("volume", "create", "--opt", "type=tmpfs", "--opt", "device=tmpfs", "--opt", fmt.Sprintf("o=size=%dm,mode=1777", size), d.volume)
	t.Cleanup(func() { d.docker("volume", "rm", d.volume) })
	d.docker("run", "-d", "--name", d.keeper, "-u", "0", "-v", d.volume+":"+dataFolder, "--entrypoint", "sleep", image, "infinity")
	t.Cleanup(func() { d.docker("rm", "-f", d.keeper) })
	return d
}

func (d *disk) docker(args ...string) {
	d.t.Helper()
	if out, err := exec.Command("docker", args...).CombinedOutput(); err != nil {
		d.t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// shell runs a command on the disk.
func (d *disk) shell(command string) {
	d.t.Helper()
	d.docker("exec", "-w", dataFolder, d.keeper, "sh", "-c", command)
}

// dies waits until the broker has ended by itself.
func (c *cluster) dies() {
	c.t.Helper()
	c.within(2*time.Minute, func() error {
		out, err := exec.Command("docker", "inspect", "-f", "{{.State.Running}}", c.broker.container.GetContainerID()).CombinedOutput()
		if err != nil || strings.TrimSpace(string(out)) != "false" {
			return fmt.Errorf("the broker still runs: %s, %w", out, err)
		}
		return nil
	})
}

// complain waits until each service has said that it can't go on for now, and sees that none has ended.
func (f *fleet) complain() {
	f.t.Helper()
	for _, s := range append(append(running(f.generator), running(f.processors...)...), running(f.sinks...)...) {
		s.says(bound, "trying again")
	}
	if n := len(running(f.processors...)) + len(running(f.sinks...)) + len(running(f.generator)); n != len(f.processors)+len(f.sinks)+1 {
		f.t.Fatalf("only %d services still run while the broker is away", n)
	}
}

// TestTheBrokersDiskFails fills the disk of the only broker under traffic, and then forbids it to write there. A broker
// ends over either; when it has room and rights again, it goes on, and so does the river.
func TestTheBrokersDiskFails(t *testing.T) {
	t.Parallel()
	d := newDisk(t, 256)
	f := startAs(t, own{volume: d.volume, env: map[string]string{"KAFKA_REPLICA_HIGH_WATERMARK_CHECKPOINT_INTERVAL_MS": "1000"}}).
		river("disk", time.Second).fleet(2000, 2, 1)
	suffer(t, f,
		fault{"the disk was full", func(f *fleet) {
			d.shell("dd if=/dev/zero of=filler bs=64k 2>/dev/null; test -s filler")
			f.dies()
			f.complain()
			d.shell("rm filler")
			f.startBroker()
			f.brokerAnswers()
		}},
		fault{"the disk was read-only", func(f *fleet) {
			d.shell("chmod -R a-w .")
			f.dies()
			f.complain()
			d.shell("chmod -R a+w .")
			f.startBroker()
			f.brokerAnswers()
		}})
}
