package chaos

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// disk holds a broker's data in memory: what is tested is how services bear a broker that comes and goes, not how long
// a busy machine's disk takes to sync, which may be half a minute. A container of its own keeps the data while the broker
// is down, and does to them what an operator would see: another tool's output that fills the disk, say.
type disk struct {
	volume, keeper string // names of the volume and of the container
}

// dataFolder is where the image expects its volume.
const dataFolder = "/var/lib/kafka/data"

// usualSize of a disk; it takes up what is in it.
const usualSize = 4096

// disks counts those made by this process, for their names.
var disks atomic.Int32

// newDisk makes a disk of so many MiB.
func newDisk(size int) (*disk, error) {
	name := fmt.Sprintf("meanstream-disk-%d-%d", os.Getpid(), disks.Add(1))
	d := &disk{volume: name, keeper: name}
	err := docker("volume", "create", "--opt", "type=tmpfs", "--opt", "device=tmpfs", "--opt", fmt.Sprintf("o=size=%dm,mode=1777", size), d.volume)
	if err == nil {
		err = docker("run", "-d", "--name", d.keeper, "-u", "0", "-v", d.volume+":"+dataFolder, "--entrypoint", "sleep", image, "infinity")
	}
	if err != nil {
		return nil, errors.Join(err, d.end())
	}
	return d, nil
}

func (d *disk) end() error {
	if d == nil {
		return nil
	}
	return errors.Join(docker("rm", "-f", d.keeper), docker("volume", "rm", "-f", d.volume))
}

// shell runs a command on the disk.
func (d *disk) shell(command string) error {
	return docker("exec", "-w", dataFolder, d.keeper, "sh", "-c", command)
}

// docker runs a command of the engine.
func docker(args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if out, err := exec.CommandContext(ctx, "docker", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("docker %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
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
	all := append(append(running(f.generator), running(f.processors...)...), running(f.sinks...)...)
	if len(all) != 1+len(f.processors)+len(f.sinks) {
		f.t.Fatalf("only %d services still run while the broker is away", len(all))
	}
	for _, s := range all {
		s.says(bound, "trying again")
	}
}

// TestTheBrokersDiskFails fills the disk of the only broker under traffic, and then forbids it to write there. A broker
// ends over either; when it has room and rights again, it goes on, and so does the river.
func TestTheBrokersDiskFails(t *testing.T) {
	long(t)
	t.Parallel()
	f := startAs(t, own{disk: 256, env: map[string]string{"KAFKA_REPLICA_HIGH_WATERMARK_CHECKPOINT_INTERVAL_MS": "1000"}}).
		river("disk", time.Second).fleet(2000, 2, 1)
	fails := func(name, command, undo string) fault {
		return fault{name, func(f *fleet) {
			f.must(f.broker.disk.shell(command))
			f.dies()
			f.complain()
			f.must(f.broker.disk.shell(undo))
			f.startBroker()
			f.brokerAnswers()
		}}
	}
	suffer(t, f,
		fails("the disk was full", "dd if=/dev/zero of=filler bs=64k 2>/dev/null; test -s filler", "rm filler"),
		fails("the disk was read-only", "chmod -R a-w .", "chmod -R a+w ."))
}
